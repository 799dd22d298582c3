import type { Sample } from "./sample.ts";
import type { ShapeName } from "./shapes.ts";

/** The median sample of a contender at a shape; undefined where it was not measured. */
export type Medians = (contender: string, shape: ShapeName) => Sample | undefined;

/** What is asked of the proxy beside another, of every one of its shapes. */
interface Claim {
  readonly figure: "requests/s" | "CPU per request";
  readonly ours: string;
  readonly theirs: string;
  readonly shapes: readonly ShapeName[];
  readonly asked: number;
  readonly aim: number;
}

const small: readonly ShapeName[] = ["small", "browser", "post"];

const claims: readonly Claim[] = [
  { figure: "requests/s", ours: "Hitless", theirs: "nginx", shapes: small, asked: 0.7, aim: 0.85 },
  { figure: "requests/s", ours: "Hitless", theirs: "node:http", shapes: small, asked: 3, aim: 3 },
  {
    figure: "CPU per request",
    ours: "Hitless",
    theirs: "nginx",
    shapes: small,
    asked: 1.45,
    aim: 1.3,
  },
  { figure: "requests/s", ours: "Hitless", theirs: "nginx", shapes: ["10k"], asked: 0.95, aim: 1 },
  {
    figure: "requests/s",
    ours: "Hitless",
    theirs: "nginx",
    shapes: ["fresh"],
    asked: 0.47,
    aim: 0.47,
  },
  {
    figure: "requests/s",
    ours: "Hitless x2",
    theirs: "nginx",
    shapes: ["fresh"],
    asked: 0.6,
    aim: 0.6,
  },
];

/** What became of one claim at one shape. */
export interface Judged {
  readonly shape: ShapeName;
  /** `Hitless / nginx, requests/s`. */
  readonly text: string;
  readonly asked: string;
  readonly aim: string;
  /** Null: not measured in this run. */
  readonly seen: number | null;
  readonly verdict: "met" | "NOT MET" | "not measured";
}

/** What a run set out to measure. */
export interface Planned {
  readonly contenders: readonly string[];
  readonly shapes: readonly ShapeName[];
}

/** Of the claims, those that a run of these can tell something about. */
export function judge(medians: Medians, { contenders, shapes }: Planned): readonly Judged[] {
  return claims
    .filter(({ ours, theirs }) => contenders.includes(ours) && contenders.includes(theirs))
    .flatMap((claim) =>
      claim.shapes
        .filter((shape) => shapes.includes(shape))
        .map((shape) => judgeOne(claim, shape, medians)),
    );
}

function judgeOne(claim: Claim, shape: ShapeName, medians: Medians): Judged {
  const { figure, asked, aim, ours, theirs } = claim;
  const [mine, other] = [medians(ours, shape), medians(theirs, shape)];
  const key = figure === "requests/s" ? "requestsPerSecond" : "cpuMicros";
  const seen = mine && other ? mine[key] / other[key] : null;
  const sign = figure === "requests/s" ? ">=" : "<=";
  const met = seen !== null && (sign === ">=" ? seen >= asked : seen <= asked);
  return {
    shape,
    text: `${ours} / ${theirs}, ${figure}`,
    asked: `${sign} ${asked}`,
    aim: String(aim),
    seen,
    verdict: seen === null ? "not measured" : met ? "met" : "NOT MET",
  };
}
