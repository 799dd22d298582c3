import { Command } from "commander";
import { openStores } from "../compose.ts";
import { type OverrideOptions, requestedFile } from "../follow/requested-file.ts";
import { assignment, type FileOption, gather, wholeNumber, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { placeOf, stateOf } from "../place.ts";
import { compareStrategies } from "../plan/compare-strategies.ts";
import { metricWarnings } from "../plan/metric-warnings.ts";
import { planOf } from "../plan/plan-of.ts";
import { preflight, secretsAreSet } from "../preflight/preflight.ts";
import { renderComparison } from "../render/render-comparison.ts";
import { renderPlan } from "../render/render-plan.ts";

interface PlanOptions extends FileOption, OverrideOptions {
  readonly json?: boolean;
  readonly compare?: boolean;
  readonly rate?: number;
}

/** `hitless plan [--set config.KEY=v] [--json]` */
export function planCommand(): Command {
  const command = new Command("plan")
    .description("What a release of the app file would do. Reads only; needs no controller.")
    .option("--set <key=value>", "as with `hitless release`", assignment)
    .option("--unset <key>", "as with `hitless release`", gather)
    .option("--rate <number>", "requests per second to reckon with, not those of now", wholeNumber)
    .option("--compare", "what each strategy would cost this app, and which fits what")
    .option("--json", "for machines");
  return withFile(command).action(async (options: PlanOptions) => {
    const place = placeOf(options.file);
    await stateOf(place);
    const { store } = await openStores(place);
    const known = await store.load();
    const requested = await requestedFile(place.appFile, known, options);
    const { file } = requested;
    await preflight(place, file);
    // Once there is a controller, its environment counts and not the one of this shell.
    if (known === null) secretsAreSet(file);
    const planned = await planOf(place, { ...requested, rate: options.rate });
    if (options.compare) {
      const comparison = compareStrategies(file.raw, planned.facts);
      if (options.json) sayJson(comparison);
      else say(renderComparison(comparison));
      return;
    }
    const unmeasured = await metricWarnings(place, file, planned.from);
    const plan = { ...planned, warnings: [...planned.warnings, ...unmeasured] };
    if (options.json) sayJson(plan);
    else say(renderPlan(plan));
  });
}
