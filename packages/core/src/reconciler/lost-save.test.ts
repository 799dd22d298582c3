import { expect, test } from "vitest";
import { begin, loose, settledApp, simulate } from "../testing/index.ts";

const signal = new AbortController().signal;

test("an engine that holds a table which the app has lost gets the app's as a newer one", async () => {
  const { app, engine } = await settledApp();
  const generation = app.route.generation + 2;
  const rule = { kind: "byReplica", revisions: [7] } as const;
  await engine.apply({ kind: "route", table: { generation, rule } }, signal);
  const run = await simulate({ app, engine });
  expect(engine.dataPlane.inForce).toEqual({ generation: generation + 1, rule: app.route.rule });
  expect(run.app.route).toEqual(engine.dataPlane.inForce);
  expect(run.mutations).toBe(1);
});

test("a release goes on from an app that is one save older than the engine's route", async () => {
  const { app, engine } = await settledApp();
  const lost = await simulate({
    app: begin(app, 2, engine.now()),
    engine,
    until: ({ engine: now }) => now.dataPlane.accepted.generation > app.route.generation,
  });
  const older = { ...lost.app, route: app.route, ordered: null };
  const run = await simulate({ app: older, engine });
  expect(run.app.stable).toBe(2);
  expect(loose(run)).toEqual([]);
});
