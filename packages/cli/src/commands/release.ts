import { type BusyPolicy, busyPolicies, HitlessError } from "@hitless/core";
import { Command, Option } from "commander";
import { openStores } from "../compose.ts";
import { type ChangeOptions, makeChange } from "../follow/make-change.ts";
import { type OverrideOptions, requestedFile } from "../follow/requested-file.ts";
import { located } from "../located.ts";
import { assignment, checkWait, gather, withAnswer, withWait } from "../options.ts";
import { whoAsks } from "../origin.ts";
import { say } from "../output.ts";
import { placeOf, stateOf } from "../place.ts";
import { metricWarnings } from "../plan/metric-warnings.ts";
import { planOf } from "../plan/plan-of.ts";
import { warnOfPersist } from "../preflight/persist-warnings.ts";
import { preflight } from "../preflight/preflight.ts";
import { renderPlan } from "../render/render-plan.ts";

interface ReleaseOptions extends Omit<ChangeOptions, "release">, OverrideOptions {
  readonly message?: string;
  readonly dryRun?: boolean;
  readonly ifBusy: BusyPolicy;
  readonly anytime?: boolean;
}

/** `hitless release [--set config.KEY=v] [--unset KEY] [-m TEXT] [--wait] [--dry-run]` */
export function releaseCommand(): Command {
  const command = new Command("release")
    .description("Make a revision of the app file as it is now and move the app to it.")
    .option("--set <key=value>", "put a value over the file; it stays until --unset", assignment)
    .option(
      "--unset <key>",
      "take such a value back; `replicas`: also what `hitless scale` set",
      gather,
    )
    .option("-m, --message <text>", "why, for `hitless history`")
    .option("--anytime", "begin outside the release windows of the app file as well")
    .option("--dry-run", "print the plan and change nothing")
    .addOption(
      new Option("--if-busy <policy>", "when another release runs")
        .choices([...busyPolicies])
        .default("queue"),
    );
  return withWait(withAnswer(command)).action(release);
}

async function release(options: ReleaseOptions): Promise<void> {
  checkWait(options);
  const place = placeOf(options.file);
  await stateOf(place);
  const { store } = await openStores(place);
  const known = await store.load();
  const requested = await requestedFile(place.appFile, known, options);
  const { file, overrides, replicasFromFile } = requested;
  await preflight(place, file);
  if (options.dryRun) {
    const plan = await planOf(place, requested);
    const unmeasured = await metricWarnings(place, file, plan.from);
    say(renderPlan({ ...plan, warnings: [...plan.warnings, ...unmeasured] }));
    return;
  }
  await warnOfPersist(place, file.spec);
  const by = whoAsks();
  const body = {
    raw: file.raw,
    ...place,
    overrides,
    overridesBefore: known?.overrides ?? {},
    replicasFromFile,
    cause: options.message ?? `release by ${by}`,
    by,
    busy: options.ifBusy,
    ...(options.anytime ? { anytime: true } : {}),
  };
  await makeChange(options, {
    send: (client) =>
      client.release(body).catch((thrown: unknown) => {
        throw located(file, HitlessError.from(thrown));
      }),
  });
}
