import { setTimeout as after } from "node:timers/promises";
import { Bench } from "./bench.ts";
import type { Clause } from "./clause.ts";
import { draining } from "./clauses/draining.ts";
import { ending } from "./clauses/ending.ts";
import { holding } from "./clauses/holding.ts";
import { probing } from "./clauses/probing.ts";
import { reusing } from "./clauses/reusing.ts";
import { streaming } from "./clauses/streaming.ts";
import type { Kit } from "./kit.ts";
import type { Subject } from "./subject.ts";
import { subjects } from "./subjects/index.ts";

const clauses: readonly Clause[] = [
  ...probing,
  ...draining,
  ...reusing,
  ...holding,
  ...streaming,
  ...ending,
];

/** One clause on one subject. */
export interface Case {
  readonly subject: string;
  readonly clause: string;
  /** @throws when the clause does not hold. */
  run(kit: Kit): Promise<void>;
}

const timeoutMs = 25_000;

/** Every clause on every subject that it applies to. */
export const cases: readonly Case[] = subjects.flatMap((subject) =>
  clauses
    .filter(({ appliesTo = () => true }) => appliesTo(subject))
    .map((clause) => ({
      subject: subject.name,
      clause: clause.name,
      run: (kit) => keeps(kit, subject, clause),
    })),
);

async function keeps(kit: Kit, subject: Subject, clause: Clause): Promise<void> {
  const bench = await Bench.open(kit, subject, clause);
  const over = new AbortController();
  try {
    const late = after(timeoutMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`not done within ${timeoutMs} ms`);
    });
    await Promise.race([clause.run(bench), late]);
  } finally {
    over.abort();
    await bench.close();
  }
}
