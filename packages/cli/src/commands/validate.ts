import { Command } from "commander";
import { readAppFile } from "../app-file/read-app-file.ts";
import { type FileOption, withFile } from "../options.ts";
import { progress, say, sayJson } from "../output.ts";
import { placeOf } from "../place.ts";
import { metricWarnings } from "../plan/metric-warnings.ts";
import { warnOfPersist } from "../preflight/persist-warnings.ts";
import { preflight, secretsAreSet } from "../preflight/preflight.ts";

/** `hitless validate [--json]` */
export function validateCommand(): Command {
  const command = new Command("validate")
    .description(
      "Check the app file, with a line and column for everything that is wrong. Reads only.",
    )
    .option("--json", "print what the file means, every default filled in");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    const place = placeOf(options.file);
    const file = await readAppFile(place.appFile);
    await preflight(place, file);
    secretsAreSet(file);
    await warnOfPersist(place, file.spec);
    for (const text of await metricWarnings(place, file, null)) progress(`warning: ${text}`);
    if (options.json) sayJson(file.spec);
    else say(`${place.appFile}: good`);
  });
}
