import { intentKinds } from "../../model/release.ts";
import { dangers } from "../danger.ts";
import { blows, type Fault, outsideTroubles, sickness, troubles } from "./faults.ts";
import { type Stage, stages } from "./stage.ts";
import type { Act } from "./story.ts";

/** What people ask for of releases and the app. */
export const asks = [
  ...intentKinds,
  "promote --full",
  "warm rollback",
  "queue",
  "reject",
  "scale",
  "settings",
] as const;

/** What they say of when releases begin, or what heeds it not. */
export const asksOfBeginning = ["restart", "freeze", "unfreeze", "anytime"] as const;

const allAsks = [...asks, ...asksOfBeginning] as const;
export type Ask = (typeof allAsks)[number];

/** What a story can meet of release windows and of freezing, beside what is asked for where. */
export const circumstances = [
  "windows",
  "windows over midnight",
  "windows around a jump of clocks",
  "windows below a rate",
  "asked for outside a window",
  "waited, and began when a window opened",
  "asked for days before a window opens",
  "windows changed while a release waits",
  "a window closes under way",
  "rollback outside a window",
  "restart outside a window",
  "release refused while frozen",
  "restart refused while frozen",
  "rollback while frozen",
  "waited, and began when a freeze ended",
  "frozen on the way forward",
  "frozen on the way back",
] as const;
export type Circumstance = (typeof circumstances)[number];

const faults: readonly Fault[] = [
  ...sickness,
  ...troubles,
  ...blows,
  ...dangers.map((danger) => `killed ${danger}` as const),
];

export type Cell = `${Fault | Ask} @ ${Stage}` | `${Fault} & ${Ask}` | Circumstance;

/** What an act of a person counts as; null for a fault. */
export function askOf(act: Act): Ask | null {
  switch (act.kind) {
    case "say":
      return act.full === true ? "promote --full" : act.intent;
    case "release":
      return act.busy;
    case "rollback":
    case "scale":
    case "settings":
    case "restart":
    case "freeze":
    case "unfreeze":
    case "anytime":
      return act.kind;
    case "fault":
      return null;
  }
}

/** A table of cells that no story can reach. */
interface Impossible {
  readonly reason: string;
  holds(row: Fault | Ask, column: Stage | Ask): boolean;
}

const outsiders: ReadonlySet<string> = outsideTroubles;
const ends: ReadonlySet<string> = new Set(["finish", "returned"]);
const atEnds: ReadonlySet<string> = new Set(
  ["before record", "after record", "before end", "after end"].map((d) => `killed ${d}`),
);

/** Where something is measured, and where a hook runs. */
const measuredAt: ReadonlySet<string> = new Set<Stage>([
  "roll",
  "preview",
  "checks",
  "switch",
  "step",
  "bake",
  "compare",
  "winner",
  "after",
]);
const hookedAt: ReadonlySet<string> = new Set<Stage>([
  "first",
  "roll",
  "stop",
  "preview",
  "checks",
  "switch",
  "step",
  "compare",
  "after",
  "told",
]);

/** Why some cells stay empty. */
export const impossible: readonly Impossible[] = [
  {
    reason: "a row is written, and a release ended, only past its last waypoint",
    holds: (row, column) => atEnds.has(row) && isStage(column) && !ends.has(column),
  },
  {
    reason: "without a release there is nothing that a new controller has to save first",
    holds: (row, column) => row.endsWith("adoption") && isIdle(column),
  },
  {
    reason: "nothing is measured where nothing holds with requests on the canary",
    holds: (row, column) => row.startsWith("source ") && isStage(column) && !measuredAt.has(column),
  },
  {
    reason: "hooks run before a plan, before checks, after the switch and at the end of a way back",
    holds: (row, column) => row.startsWith("hook ") && isStage(column) && !hookedAt.has(column),
  },
  {
    reason: "a side that is warm is gone back to when no release is under way",
    holds: (row, column) => row === "warm rollback" && isStage(column) && !isIdle(column),
  },
  {
    reason: "what waits for its time is told to begin at any time before it has begun",
    holds: (row, column) => row === "anytime" && isStage(column) && column !== "pending",
  },
];

function isStage(column: string): boolean {
  return stages.some((stage) => stage === column);
}

/** No release is under way. */
function isIdle(column: string): boolean {
  return column === "steady" || column === "pending";
}

/** Wide enough for its name and for five figures. */
function widthOf(column: string): number {
  return Math.max(6, column.length + 1);
}

/** What meets too seldom to be demanded of a run; the table counts it all the same. */
function isRare(row: Fault | Ask, column: Stage | Ask): boolean {
  if (isStage(column)) {
    const alone = row.startsWith("hook ") && column === "switch";
    return alone || (row === "warm rollback" && column === "pending");
  }
  const seldom: readonly Ask[] = ["warm rollback", ...asksOfBeginning];
  return seldom.some((ask) => ask === column) || outsiders.has(row);
}

/** Every cell that a run of many stories has to reach. */
function cells(): readonly Cell[] {
  const rows: readonly (Fault | Ask)[] = [...faults, ...allAsks];
  const possible = (row: Fault | Ask, column: Stage | Ask) =>
    !isRare(row, column) && !impossible.some((each) => each.holds(row, column));
  return [
    ...circumstances,
    ...rows.flatMap((row) =>
      stages.filter((stage) => possible(row, stage)).map((stage) => `${row} @ ${stage}` as const),
    ),
    ...faults.flatMap((fault) =>
      allAsks.filter((ask) => possible(fault, ask)).map((ask) => `${fault} & ${ask}` as const),
    ),
  ];
}

/** In how many stories each cell was met. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  /** The cells that one story met. */
  add(met: Iterable<string>): void {
    for (const cell of met) this.#counts.set(cell, (this.#counts.get(cell) ?? 0) + 1);
  }

  merge(counts: Readonly<Record<string, number>>): void {
    for (const [cell, n] of Object.entries(counts)) {
      this.#counts.set(cell, (this.#counts.get(cell) ?? 0) + n);
    }
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  of(cell: Cell): number {
    return this.#counts.get(cell) ?? 0;
  }

  /** Cells met by fewer stories than that, the rarest first. */
  below(least: number): readonly (readonly [Cell, number])[] {
    return cells()
      .map((cell) => [cell, this.of(cell)] as const)
      .filter(([, n]) => n < least)
      .sort(([, a], [, b]) => a - b);
  }

  /** The stories per cell, a row for each fault and ask, `-` where none can be; then per circumstance. */
  table(): string {
    const columns: readonly (Stage | Ask)[] = [...stages, ...allAsks];
    const rows: readonly (Fault | Ask)[] = [...faults, ...allAsks];
    const lines = rows.map((row) => {
      const counts = columns.map((column) => this.#shown(row, column).padStart(widthOf(column)));
      return `${row.padEnd(22)}${counts.join("")}`;
    });
    const head = columns.map((column) => column.padStart(widthOf(column))).join("");
    const met = circumstances.map((each) => `${String(this.of(each)).padStart(7)}  ${each}`);
    return [`${" ".repeat(22)}${head}`, ...lines, "", ...met].join("\n");
  }

  #shown(row: Fault | Ask, column: Stage | Ask): string {
    if (impossible.some((each) => each.holds(row, column))) return "-";
    if (isStage(column)) return String(this.#counts.get(`${row} @ ${column}`) ?? 0);
    return allAsks.some((ask) => ask === row)
      ? ""
      : String(this.#counts.get(`${row} & ${column}`) ?? 0);
  }

  least(): number {
    return Math.min(...cells().map((cell) => this.of(cell)));
  }
}
