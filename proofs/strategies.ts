import { join } from "node:path";
import { runControl } from "@hitless/load";
import { repository } from "../test/bed/app-bed.ts";
import type { Finding, Proof } from "./proof.ts";
import { badCell } from "./strategies/bad-cell.ts";
import { badCourses } from "./strategies/bad-courses.ts";
import type { CellResult } from "./strategies/cell.ts";
import { courses, getAndPost, rate } from "./strategies/courses.ts";
import { illnesses } from "./strategies/illnesses.ts";
import { matrixCell } from "./strategies/matrix-cell.ts";

interface Cell {
  readonly name: string;
  readonly run: () => Promise<CellResult>;
}

const cells: readonly Cell[] = [
  ...courses.map((course) => ({ name: course.name, run: () => matrixCell(course) })),
  ...badCourses.flatMap((course) =>
    illnesses
      .filter(({ name }) => course.illnesses.includes(name))
      .map((illness) => ({
        name: `${course.name}/${illness.name}`,
        run: () => badCell(course, illness),
      })),
  ),
];

/** Nobody watches the bad ones: the metrics and the crash loops decide. */
export const proof: Proof = {
  title: `each strategy at ${rate} requests/s forward, turned at each step, retried, back to a warm side; bad versions go back by themselves`,
  seconds: 480,
  takes: [{ kind: "names", name: "CELL", what: "only these", of: cells.map(({ name }) => name) }],
  async run(args): Promise<Finding> {
    const wanted = cells.filter(({ name }) => args.length === 0 || args.includes(name));
    const cwd = join(repository, "examples/shop/1.0");
    const load = { rate, mix: getAndPost };
    const control = await runControl({ command: ["node", "server.mjs"], cwd, load });
    const controlLost = control.load.phases.find(({ name }) => name === "swap")?.lost ?? 0;
    console.log(`control, killed and started: ${controlLost} lost`);
    const results: CellResult[] = [];
    const began = performance.now();
    for (const [index, cell] of wanted.entries()) {
      const result = await cell.run().catch((thrown) => broken(cell.name, thrown));
      results.push(result);
      const perCell = (performance.now() - began) / (index + 1) / 1000;
      const left = Math.round((perCell * (wanted.length - index - 1)) / 10) * 10;
      console.log(
        `${index + 1}/${wanted.length} ${cell.name}: ${result.text} (about ${left} s left)`,
      );
      for (const fault of result.faults) console.log(`FAULT  ${cell.name}: ${fault}`);
    }
    return findingOf(results, controlLost);
  },
};

function broken(name: string, thrown: unknown): CellResult {
  return { name, sent: 0, lost: 0, own: 0, faults: [String(thrown)], text: "broke off" };
}

function findingOf(results: readonly CellResult[], controlLost: number): Finding {
  const sum = (count: (result: CellResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const bad = results.filter(({ name }) => name.includes("/") && !name.endsWith("/well")).length;
  const wrong = results.filter(({ faults }) => faults.length > 0).map(({ name }) => name);
  const [sent, lost, own] = [sum((r) => r.sent), sum((r) => r.lost), sum((r) => r.own)];
  return {
    figure:
      `${results.length} cells, ${bad} of them bad versions that went back by themselves; ` +
      `${sent.toLocaleString("en")} requests, ${lost} lost on stable or after the way back (control lost ${controlLost}), ` +
      `${own} on the bad versions' own share${wrong.length === 0 ? "" : `; WRONG: ${wrong.join(", ")}`}`,
    ok: results.length > 0 && wrong.length === 0 && lost === 0 && controlLost > 0,
  };
}
