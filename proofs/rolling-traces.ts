import {
  blindIn,
  describe,
  isPartOf,
  levelsIn,
  type RollingTrace,
  type TraceCase,
  traceRolling,
} from "../test/bed/rolling-trace.ts";
import type { Finding, Proof } from "./proof.ts";

interface Case extends TraceCase {
  readonly what: string;
  /** The diagram: levels as old+new. More than one where two replicas may get ready in one go. */
  readonly diagrams?: readonly string[];
  /** The states of it that last until a replica is ready: every one of them has to be sampled. */
  readonly lasting?: string;
}

/** `../shared/seeds/003`: "Deploy by adding a Pod …", "… removing a Pod …", "… as fast as possible". */
const cases: readonly Case[] = [
  {
    what: "adds one, then removes one",
    ...pace(3, { maxSurge: 1, maxUnavailable: 0 }, [1, 0]),
    diagrams: ["3+0 3+1 2+1 2+2 1+2 1+3 0+3"],
    lasting: "3+0 3+1 2+2 1+3 0+3",
  },
  {
    what: "removes one, then adds one",
    ...pace(3, { maxSurge: 0, maxUnavailable: 1 }, [0, 1]),
    diagrams: ["3+0 2+0 2+1 1+1 1+2 0+2 0+3"],
    lasting: "3+0 2+1 1+2 0+3",
  },
  {
    what: "as fast as possible",
    ...pace(3, { maxSurge: 1, maxUnavailable: 1 }, [1, 1]),
    diagrams: ["3+0 3+1 2+1 2+2 1+2 1+3 0+3", "3+0 3+1 2+1 2+2 0+2 0+3"],
    lasting: "3+0 2+2 0+3",
  },
  { what: "two by two", ...pace(4, { maxSurge: 2, maxUnavailable: 0 }, [2, 0]) },
  { what: "two by two", ...pace(4, { maxSurge: 0, maxUnavailable: 2 }, [0, 2]) },
  { what: "percentages", ...pace(4, { maxSurge: "25%", maxUnavailable: "25%" }, [1, 1]) },
  { what: "surge up", ...pace(5, { maxSurge: "50%", maxUnavailable: 0 }, [3, 0]) },
  { what: "unavailable down", ...pace(5, { maxSurge: 0, maxUnavailable: "50%" }, [0, 2]) },
  { what: "both", ...pace(5, { maxSurge: "25%", maxUnavailable: "25%" }, [2, 1]) },
  { what: "both to 0", ...pace(3, { maxSurge: "0%", maxUnavailable: "10%" }, [0, 1]) },
];

/**
 * Rolling releases keep to surge and unavailable at every moment, rounded as Kubernetes rounds. The
 * bounds and the diagram are judged by samples taken from outside: each one shows a state of the
 * diagram, in its order, and every state that lasts is among them. The event log is only the witness
 * of the order of the states between, which last for milliseconds.
 */
export const proof: Proof = {
  title: "rolling releases follow surge and unavailable, sampled every 50 ms from outside",
  seconds: 80,
  async run(): Promise<Finding> {
    let samples = 0;
    let outside = 0;
    let faults = 0;
    let matching = 0;
    let torn = 0;
    let gapMs = 0;
    for (const each of cases) {
      const trace = await traceRolling(each);
      const matches = isDrawn(each, trace);
      print(each, trace, matches);
      samples += trace.samples.length;
      outside += trace.outside;
      torn += trace.torn;
      gapMs = Math.max(gapMs, trace.gapMs);
      faults += trace.faults.length + blindIn(each, trace).length;
      if (matches) matching += 1;
    }
    const drawn = cases.filter((each) => each.diagrams !== undefined).length;
    return {
      figure:
        `${cases.length} traces, ${samples.toLocaleString("en")} samples (at most ${gapMs} ms apart) ` +
        `and ${torn} torn readings, ${outside} outside the bounds, ${matching} of ${drawn} diagrams match`,
      ok: faults === 0 && matching === drawn,
    };
  },
};

/** By the samples, in order; the event log tells the same, with the short states between. */
function isDrawn({ diagrams, lasting }: Case, { levels, seen }: RollingTrace): boolean {
  const diagram = diagrams?.find((each) => each === describe(levels));
  if (diagram === undefined || lasting === undefined) return false;
  return isPartOf(seen, levelsIn(diagram)) && isPartOf(levelsIn(lasting), seen);
}

function pace(
  replicas: number,
  asked: Pick<TraceCase, "maxSurge" | "maxUnavailable">,
  [surge, unavailable]: readonly [number, number],
): TraceCase {
  return { replicas, ...asked, rounded: { surge, unavailable } };
}

function print(each: Case, trace: RollingTrace, matches: boolean): void {
  const { replicas, maxSurge, maxUnavailable, rounded } = each;
  const asked = `${replicas} replicas, surge ${maxSurge}, unavailable ${maxUnavailable}`;
  console.log(`${asked} → ${rounded.surge}, ${rounded.unavailable} (${each.what})`);
  console.log(`  ${describe(trace.levels)} by the event log`);
  console.log(`  ${describe(trace.seen)} by the samples`);
  console.log(
    `  ready ≥ ${trace.fewestAvailable}, running ≤ ${trace.mostRunning}, ` +
      `${trace.samples.length} samples at most ${trace.gapMs} ms apart (${trace.seen.length} of ` +
      `${trace.levels.length} states seen, ${trace.torn} readings torn)${each.diagrams === undefined ? "" : `, the diagram ${matches ? "matches" : "DOES NOT MATCH"}`}`,
  );
  for (const fault of [...trace.faults, ...blindIn(each, trace)]) console.log(`  FAULT ${fault}`);
}
