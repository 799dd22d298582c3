import { z } from "zod";
import { preStopSeconds, spareSeconds } from "../model/drain-budget.ts";
import type { Drain, PreStop } from "../model/revision.ts";
import { argvSchema } from "./command-schema.ts";
import { must } from "./expectation.ts";
import { section } from "./section.ts";
import { wholeSeconds } from "./whole-number.ts";

const preStopRule = must("one of { exec: [COMMAND] } and { sleepSeconds: 5 }");
const execRule = must("a list such as [sh, -c, ./leave.sh]");

const preStopSchema = section(
  {
    exec: z
      .union([argvSchema, section({ command: argvSchema }, execRule)], { error: execRule })
      .optional(),
    sleepSeconds: wholeSeconds(0).optional(),
  },
  preStopRule,
)
  .refine(({ exec, sleepSeconds }) => (exec === undefined) !== (sleepSeconds === undefined), {
    error: preStopRule,
  })
  .transform(({ exec, sleepSeconds = 0 }): PreStop => {
    if (exec === undefined) return { kind: "sleep", seconds: sleepSeconds };
    return { kind: "exec", command: "command" in exec ? exec.command : exec };
  });

const defaultDrain: Drain = {
  delaySeconds: 0,
  timeoutSeconds: 30,
  preStop: null,
  terminationGracePeriodSeconds: 30 + spareSeconds,
};

/**
 * `drain`. A grace period that ends before the drain could is refused: the requests in flight
 * would be cut by SIGKILL (Kubernetes `terminationGracePeriodSeconds` runs from the start of preStop).
 */
export const drainSchema = section(
  {
    delaySeconds: wholeSeconds(0).default(0),
    timeoutSeconds: wholeSeconds(0).default(30),
    preStop: preStopSchema.nullish(),
    terminationGracePeriodSeconds: wholeSeconds(1).optional(),
  },
  must("a mapping such as { timeoutSeconds: 30 }"),
)
  // Not a refinement: those are also held against values that a refinement inside refused.
  .transform((drain, context): Drain => {
    const { delaySeconds, timeoutSeconds, preStop = null } = drain;
    const { least, sum } = timeNeeded({ delaySeconds, timeoutSeconds, preStop });
    const grace = drain.terminationGracePeriodSeconds ?? least + spareSeconds;
    if (grace < least) {
      context.addIssue({
        code: "custom",
        path: ["terminationGracePeriodSeconds"],
        message: must(
          `at least ${least}, which is ${sum}`,
          `leave it out for ${least + spareSeconds}`,
        ),
      });
    }
    return { delaySeconds, timeoutSeconds, preStop, terminationGracePeriodSeconds: grace };
  })
  .default(defaultDrain);

type Phases = Pick<Drain, "delaySeconds" | "timeoutSeconds" | "preStop">;

function timeNeeded({ preStop, delaySeconds, timeoutSeconds }: Phases) {
  const terms = [
    { name: "preStop", seconds: preStopSeconds(preStop) },
    { name: "delaySeconds", seconds: delaySeconds },
    { name: "timeoutSeconds", seconds: timeoutSeconds },
  ].filter(({ name, seconds }) => seconds > 0 || name === "timeoutSeconds");
  return {
    least: terms.reduce((total, { seconds }) => total + seconds, 0),
    sum: terms.map(({ name, seconds }) => `${seconds} (${name})`).join(" + "),
  };
}
