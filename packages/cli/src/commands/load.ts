import { HitlessError } from "@hitless/core";
import { type LoadSession, renderReport, startLoad } from "@hitless/load";
import { Command, Option } from "commander";
import { duration, type FileOption, wholeNumber, withFile } from "../options.ts";
import { progress, say, sayJson } from "../output.ts";
import { withController } from "../place.ts";

const progressEveryMs = 10_000;

interface LoadOptions extends FileOption {
  readonly rate: number;
  readonly for: number;
  readonly url?: string;
  readonly expect: "shop" | "any";
  readonly json?: boolean;
}

/** `hitless load [--rate 500] [--for 60s]`: exit code 1 is ours, a lost request is 3. */
export function loadCommand(): Command {
  const command = new Command("load")
    .description(
      "Open-loop load that counts every lost, wrong or late answer. Clients never retry.",
    )
    .option("--rate <n>", "requests per second", wholeNumber, 100)
    .addOption(
      new Option("--for <time>", "how long, e.g. 60s").argParser(duration).default(10_000, "10s"),
    )
    .option("--url <url>", "where; without it, the app of this folder")
    .addOption(
      new Option("--expect <kind>", "shop: also check the answers of examples/shop")
        .choices(["any", "shop"])
        .default("any"),
    )
    .option("--json", "for machines");
  return withFile(command).action(async (options: LoadOptions) => {
    const url = options.url ?? (await ownUrl(options.file));
    const session = startLoad({
      url,
      rate: options.rate,
      expect: options.expect === "shop" ? "shop" : "any",
    });
    const shown = showProgress(session, options.for);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.for);
      process.once("SIGINT", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    clearInterval(shown);
    const report = await session.stop();
    if (options.json) sayJson(report);
    else
      say(
        renderReport(report, { width: process.stdout.columns ?? 80, color: process.stdout.isTTY }),
      );
    const { lost, sent } = report.total;
    if (lost > 0) throw new HitlessError("REQUESTS_LOST", `${lost} of ${sent} requests were lost`);
  });
}

/** A line every ten seconds, so that a long load is seen to go on. */
function showProgress(session: LoadSession, forMs: number): NodeJS.Timeout {
  const began = performance.now();
  return setInterval(() => {
    const { sent, lost } = session.snapshot().total;
    const seconds = Math.round((performance.now() - began) / 1000);
    progress(`${seconds} of ${Math.round(forMs / 1000)} s: ${lost} lost of ${sent}`);
  }, progressEveryMs);
}

function ownUrl(file: string | undefined): Promise<string> {
  return withController(file, async (client) => {
    const { host, port } = (await client.status()).endpoint;
    return `http://${host}:${port}`;
  });
}
