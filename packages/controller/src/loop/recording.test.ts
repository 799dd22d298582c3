import { setReplicas, TraceEncoder } from "@hitless/core";
import { anonymisedTrace, replayTrace } from "@hitless/core/testing";
import { expect, test } from "vitest";
import { ControllerBed, releaseBody } from "../testing/controller-bed.ts";

/** A bed on which a release, a change of scale and the loss of a replica were recorded. */
async function recorded(): Promise<readonly string[]> {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  const lines: string[] = [];
  const encoder = new TraceEncoder();
  bed.recorder = {
    turn: (input, decision) => lines.push(encoder.turn(input, decision)),
    saved: (app, by) => lines.push(encoder.saved(app, by)),
  };
  await bed.start();
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await bed.settle();
  await bed.controller.transact((app) => setReplicas(app, 3), { said: "alice: scale 3" });
  await bed.settle();
  bed.engine.kill(2);
  await bed.settle();
  return lines;
}

test("what a controller recorded is decided again the same", async () => {
  const lines = await recorded();
  const report = replayTrace(lines);
  expect(report.differences).toEqual([]);
  expect(report.turns).toBeGreaterThan(10);
  expect(report.mutations).toBeGreaterThan(5);
  expect(report.interventions).toBe(2);
  // It says what changed, not all that is.
  expect(lines.join("").length / lines.length).toBeLessThan(1000);
});

test("a decision that was changed is found, with its line and what it should be", async () => {
  const lines = [...(await recorded())];
  const index = lines.findIndex((line) => line.includes('"kind":"mutate"'));
  const line = lines[index] ?? "";
  lines[index] = line.replace(/"replicas":(\d+)/, (_, n: string) => `"replicas":${Number(n) + 1}`);
  expect(lines[index]).not.toBe(line);
  const [difference] = replayTrace(lines).differences;
  expect(difference).toMatchObject({ line: index + 1, what: expect.stringContaining("mutate") });
  expect(difference?.changes.map(([path]) => path.join("."))).toContain("mutation.replicas");
});

test("an app that nothing changed, and one that was not decided, are found", async () => {
  const lines = await recorded();
  const intervention = lines.findIndex((line) => line.includes('"alice: scale 3"'));
  const without = lines.filter((_, index) => index !== intervention);
  expect(replayTrace(without).differences[0]?.what).toContain("nothing says what changed the app");
  const claimed = lines.map((line) => line.replace('"alice: scale 3"', "null"));
  expect(replayTrace(claimed).differences[0]).toMatchObject({ line: intervention + 1 });
});

test("a line that a killed controller left torn is no fault, at the end", async () => {
  const lines = await recorded();
  const torn = [...lines.slice(0, -1), lines.at(-1)?.slice(0, 20) ?? ""];
  expect(replayTrace(torn).differences).toEqual([]);
  expect(() => replayTrace([...torn, lines[0] ?? ""])).toThrow("no trace line");
});

test("an anonymised trace is decided the same, at other times and by other people", async () => {
  const lines = anonymisedTrace(await recorded(), new Map([["alice", "somebody"]]));
  expect(lines.join("")).not.toMatch(/alice|1[6-9]\d{11}/);
  expect(replayTrace(lines).differences).toEqual([]);
});
