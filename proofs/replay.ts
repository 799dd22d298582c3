import { mkdir, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { anonymisedTrace, replayTrace } from "@hitless/core/testing";
import { linesOf } from "../scripts/lines-of-difference.ts";
import { type RecordedScene, recordScenes, scenes } from "../test/bed/recorded-scenes.ts";
import type { Finding, Proof } from "./proof.ts";

/** Scenes whose traces are committed and replayed by the unit tests. */
const committed = [
  "first-release",
  "abort",
  "never-ready",
  "controller-killed-under-way",
  "replace",
];
const fixtures = resolve(import.meta.dirname, "../packages/core/src/testing/traces");
const mostBytes = 60_000;

export const proof: Proof = {
  title: "what real controllers decided is decided again the same by a replay of their traces",
  seconds: 240,
  takes: [
    { kind: "names", name: "SCENE", what: "play these alone", of: scenes.map(({ name }) => name) },
    {
      kind: "flag",
      name: "--renew",
      what: "write the committed traces anew, for a change of the reconciler that is meant",
    },
  ],
  async run(args): Promise<Finding> {
    const names = args.filter((arg) => arg !== "--renew");
    const chosen = scenes.filter(({ name }) => names.length === 0 || names.includes(name));
    const recorded = await recordScenes(chosen, (text) => console.log(text));
    let turns = 0;
    let mutations = 0;
    let different = 0;
    let controls = 0;
    for (const { name, lines } of recorded) {
      const report = replayTrace(lines);
      turns += report.turns;
      mutations += report.mutations;
      different += report.differences.length;
      for (const each of report.differences) console.log([name, ...linesOf(each)].join("\n"));
      if (findsTheChange(lines)) controls += 1;
      else console.log(`${name}: a decision that was changed is NOT FOUND`);
    }
    const renewed = args.includes("--renew") ? await renew(recorded) : null;
    return {
      figure:
        `${recorded.length} recorded traces, ${turns} decisions, ${mutations} mutations: ${different} ` +
        `differ; ${controls} of ${recorded.length} changed on purpose found` +
        (renewed === null ? "" : `; ${renewed} committed traces renewed`),
      ok: different === 0 && controls === recorded.length && recorded.length >= chosen.length,
    };
  },
};

/** The control: one decision in the middle says another moment to look, or another reason. */
function findsTheChange(lines: readonly string[]): boolean {
  const turns = lines.flatMap((line, index) => (line.startsWith('{"kind":"turn"') ? [index] : []));
  const index = turns[Math.floor(turns.length / 2)] ?? -1;
  const line: { readonly decision: { readonly why: object } } = JSON.parse(lines[index] ?? "");
  const why = { ...line.decision.why, since: -1 };
  const changed = { ...line, decision: { ...line.decision, why } };
  const report = replayTrace(lines.with(index, JSON.stringify(changed)));
  return report.differences.some((difference) => difference.line === index + 1);
}

async function renew(recorded: readonly RecordedScene[]): Promise<number> {
  const words = new Map([
    [`"${userInfo().username}"`, '"alice"'],
    [` ${userInfo().username}`, " alice"],
    [hostname(), "host"],
  ]);
  await mkdir(fixtures, { recursive: true });
  let renewed = 0;
  for (const { name, lines } of recorded.filter((each) => committed.includes(each.name))) {
    const text = `${anonymisedTrace(lines, words).join("\n")}\n`;
    if (text.length > mostBytes) throw new Error(`the trace of ${name} has ${text.length} bytes`);
    await writeFile(join(fixtures, `${name}.jsonl`), text);
    renewed += 1;
  }
  return renewed;
}
