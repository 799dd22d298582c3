import { courseOf, type Release, type ReleaseStore } from "@hitless/core";
import { Command } from "commander";
import { readState } from "../follow/read-state.ts";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { describeRelease } from "../render/describe-release.ts";
import { type Reasons, renderWhy } from "../render/render-why.ts";

/** `hitless why [--json]` */
export function whyCommand(): Command {
  const command = new Command("why")
    .description("What is being waited for, and why the last release ended as it did.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    const reasons = await readState<Reasons>(options.file, {
      asked: (client) => client.status(),
      stored: storedReasons,
    });
    const { why, whySince, release, lastRelease, maintenance, frozen } = reasons;
    if (options.json) sayJson({ why, whySince, release, lastRelease, maintenance, frozen });
    else say(renderWhy(reasons, Date.now()));
  });
}

async function storedReasons(store: ReleaseStore): Promise<Reasons> {
  const [app, history] = await Promise.all([store.load(), store.history()]);
  return {
    why: null,
    whySince: null,
    release: app?.release ?? null,
    lastRelease: history.at(-1) ?? null,
    maintenance: app?.maintenance ?? null,
    frozen: app?.frozen ?? null,
    ...(app?.release ? { unfinished: standOf(app.release) } : {}),
  };
}

function standOf(release: Release): string {
  return describeRelease(release, courseOf(release)[release.cursor]?.id);
}
