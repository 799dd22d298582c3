import { intentKinds } from "../../model/release.ts";
import { dangers } from "../danger.ts";
import { blows, type Fault, outsideTroubles, sickness, troubles } from "./faults.ts";
import { type Stage, stages } from "./stage.ts";
import type { Act } from "./story.ts";

/** What people ask for, as coverage counts it. */
export const asks = [
  ...intentKinds,
  "promote --full",
  "warm rollback",
  "queue",
  "reject",
  "scale",
  "settings",
] as const;
export type Ask = (typeof asks)[number];

const faults: readonly Fault[] = [
  ...sickness,
  ...troubles,
  ...blows,
  ...dangers.map((danger) => `killed ${danger}` as const),
];

export type Cell = `${Fault | Ask} @ ${Stage}` | `${Fault} & ${Ask}`;

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
    holds: (row, column) => row.endsWith("adoption") && column === "steady",
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
    holds: (row, column) => row === "warm rollback" && isStage(column) && column !== "steady",
  },
];

function isStage(column: string): boolean {
  return stages.some((stage) => stage === column);
}

/** Wide enough for its name and for five figures. */
function widthOf(column: string): number {
  return Math.max(6, column.length + 1);
}

/** What meets too seldom to be demanded of a run; the table counts it all the same. */
function isRare(fault: Fault, ask: Ask): boolean {
  return ask === "warm rollback" || outsideTroubles.has(fault);
}

/** Every cell that a run of many stories has to reach. */
function cells(): readonly Cell[] {
  const rows: readonly (Fault | Ask)[] = [...faults, ...asks];
  const possible = (row: Fault | Ask, column: Stage | Ask) =>
    !impossible.some((each) => each.holds(row, column));
  return [
    ...rows.flatMap((row) =>
      stages.filter((stage) => possible(row, stage)).map((stage) => `${row} @ ${stage}` as const),
    ),
    ...faults.flatMap((fault) =>
      asks
        .filter((ask) => possible(fault, ask) && !isRare(fault, ask))
        .map((ask) => `${fault} & ${ask}` as const),
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

  /** The stories per cell, a row for each fault and ask; `-` where none can be. */
  table(): string {
    const columns: readonly (Stage | Ask)[] = [...stages, ...asks];
    const rows: readonly (Fault | Ask)[] = [...faults, ...asks];
    const lines = rows.map((row) => {
      const counts = columns.map((column) => this.#shown(row, column).padStart(widthOf(column)));
      return `${row.padEnd(22)}${counts.join("")}`;
    });
    const head = columns.map((column) => column.padStart(widthOf(column))).join("");
    return [`${" ".repeat(22)}${head}`, ...lines].join("\n");
  }

  #shown(row: Fault | Ask, column: Stage | Ask): string {
    if (impossible.some((each) => each.holds(row, column))) return "-";
    if (isStage(column)) return String(this.#counts.get(`${row} @ ${column}`) ?? 0);
    return asks.some((ask) => ask === row)
      ? ""
      : String(this.#counts.get(`${row} & ${column}`) ?? 0);
  }

  least(): number {
    return Math.min(...cells().map((cell) => this.of(cell)));
  }
}
