import { type BusyPolicy, busyPolicies, HitlessError } from "@hitless/core";
import { Command, Option } from "commander";
import { openStores } from "../compose.ts";
import { followRelease, succeeded } from "../follow/follow-release.ts";
import { type OverrideOptions, requestedFile } from "../follow/requested-file.ts";
import { located } from "../located.ts";
import {
  assignment,
  checkWait,
  type FileOption,
  gather,
  type WaitOptions,
  withFile,
  withWait,
} from "../options.ts";
import { progress, say } from "../output.ts";
import { placeOf, stateOf, whoAsks, withController } from "../place.ts";
import { planOf } from "../plan/plan-of.ts";
import { preflight } from "../preflight/preflight.ts";
import { describeAccepted } from "../render/describe-accepted.ts";
import { renderPlan } from "../render/render-plan.ts";

interface ReleaseOptions extends FileOption, WaitOptions, OverrideOptions {
  readonly message?: string;
  readonly dryRun?: boolean;
  readonly ifBusy: BusyPolicy;
}

/** `hitless release [--set config.KEY=v] [--unset KEY] [-m TEXT] [--wait] [--dry-run]` */
export function releaseCommand(): Command {
  const command = new Command("release")
    .description("Make a revision of the app file as it is now and move the app to it.")
    .option("--set <key=value>", "put a value over the file; it stays until --unset", assignment)
    .option("--unset <key>", "take such a value back", gather)
    .option("-m, --message <text>", "why, for `hitless history`")
    .option("--dry-run", "print the plan and change nothing")
    .addOption(
      new Option("--if-busy <policy>", "when another release runs")
        .choices([...busyPolicies])
        .default("queue"),
    );
  return withWait(withFile(command)).action(release);
}

async function release(options: ReleaseOptions): Promise<void> {
  checkWait(options);
  const place = placeOf(options.file);
  await stateOf(place);
  const { store } = await openStores(place);
  const overridesBefore = (await store.load())?.overrides ?? {};
  const { file, overrides } = await requestedFile(place.appFile, overridesBefore, options);
  await preflight(place, file);
  if (options.dryRun) {
    say(renderPlan(await planOf(place, file)));
    return;
  }
  await withController(options.file, async (client) => {
    const by = whoAsks();
    const body = {
      raw: file.raw,
      ...place,
      overrides,
      overridesBefore,
      cause: options.message ?? `release by ${by}`,
      by,
      busy: options.ifBusy,
    };
    const accepted = await client.release(body).catch((thrown: unknown) => {
      throw located(file, HitlessError.from(thrown));
    });
    progress(describeAccepted(accepted));
    if (!options.wait || accepted.release === null) return;
    await followRelease(client, accepted, {
      timeoutMs: options.timeout ?? null,
      wanted: succeeded,
    });
  });
}
