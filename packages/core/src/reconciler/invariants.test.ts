import { describe, expect, it } from "vitest";
import type { App } from "../model/app.ts";
import type { Mutation } from "../model/mutation.ts";
import type { RouteRule } from "../model/route.ts";
import { begin, type FakeEngine, releaseTo, settledApp } from "../testing/index.ts";
import { violations } from "./invariants.ts";
import { requestRelease } from "./requests.ts";
import { isWhy, readWorld } from "./world.ts";

/** Revision 1 stable with 3 replicas, 2 being released; the engine has the levels given. */
async function midway(levels: readonly (readonly [number, number])[]) {
  const { app, engine } = await settledApp();
  const signal = new AbortController().signal;
  for (const [revision, replicas] of levels) {
    await engine.apply({ kind: "scale", revision, replicas }, signal);
  }
  engine.runTo(engine.now() + 60_000);
  return { app: begin(app, 2, engine.now()), engine };
}

function broken(app: App, engine: FakeEngine, mutation: Mutation): readonly string[] {
  const seen = {
    ...engine.view(),
    schema: { kind: "known", value: { phase: "none" }, asOf: 0 },
    verdicts: {},
    measurements: {},
    rate: { kind: "known", value: 100, asOf: 0 },
    hooks: {},
    lastLogLines: {},
  } as const;
  const world = readWorld(app, seen, { now: engine.now(), facts: new Map() });
  if (isWhy(world)) throw new TypeError(world.kind);
  return violations(app, mutation, world);
}

const scale = (revision: number, replicas: number) =>
  ({ kind: "scale", revision, replicas }) as const;
const weights = (one: number, two: number): RouteRule => ({
  kind: "byWeight",
  weights: [
    { revision: 1, weight: one },
    { revision: 2, weight: two },
  ],
  sticky: null,
});
const route = (rule: RouteRule) => ({ kind: "route", table: { generation: 9, rule } }) as const;

describe("violations", () => {
  it("names a scale that takes available replicas below the limit", async () => {
    const { app, engine } = await midway([]);
    expect(broken(app, engine, scale(1, 2))).toEqual(["1: 2 available is below 3"]);
  });

  it("lets a replica go that is not available anyway, when others make up for it", async () => {
    const { app, engine } = await midway([[2, 1]]);
    engine.kill(1);
    expect(broken(app, engine, scale(1, 2))).toEqual([]);
  });

  it("names a scale that takes what could be available again", async () => {
    const { app, engine } = await midway([]);
    engine.kill(1);
    expect(broken(app, engine, scale(1, 2))).toEqual([
      "1: only 2 replicas could be available again, below 3",
    ]);
  });

  it("a blink of the whole old side is nobody's leave to take it away", async () => {
    const { app, engine } = await midway([[2, 1]]);
    engine.stall(1, 10_000);
    expect(broken(app, engine, scale(1, 2))).toEqual([]);
    expect(broken(app, engine, scale(1, 1))).toEqual([
      "1: only 2 replicas could be available again, below 3",
    ]);
  });

  it("names a scale above the surge", async () => {
    const { app, engine } = await midway([[2, 1]]);
    expect(broken(app, engine, scale(2, 2))).toEqual(["1: 5 replicas is above 4"]);
  });

  it("names a scale to nothing of a revision that gets requests by weight or match", async () => {
    const { app, engine } = await midway([[2, 3]]);
    const weighted = { ...app, route: { generation: 9, rule: weights(50, 50) } };
    expect(broken(weighted, engine, scale(2, 0))).toEqual([
      "2, 4: revision 2 gets 50 % of the requests",
    ]);
    const rule: RouteRule = { kind: "byMatch", rules: [], otherwise: 2 };
    const matched = { ...app, route: { generation: 9, rule } };
    expect(broken(matched, engine, scale(2, 0))).toEqual([
      "2, 4: revision 2 gets 100 % of the requests",
    ]);
  });

  it("names a scale down of a revision that is kept warm", async () => {
    const { app, engine } = await midway([[7, 3]]);
    const kept = { ...app, kept: [{ revision: 7, warm: true, until: Number.POSITIVE_INFINITY }] };
    expect(broken(kept, engine, scale(7, 2))).toEqual(["4: revision 7 is kept warm"]);
  });

  it("names a route to a revision with nobody available", async () => {
    const { app, engine } = await midway([]);
    expect(broken(app, engine, route(weights(90, 10)))).toEqual([
      "2: revision 2 has no available replica",
    ]);
    expect(broken(app, engine, route({ kind: "byReplica", revisions: [1, 2] }))).toEqual([]);
  });

  it("names weights that do not sum to 100 %", async () => {
    const { app, engine } = await midway([[2, 1]]);
    expect(broken(app, engine, route(weights(90, 20)))).toEqual(["7: weights sum to 110 %"]);
    expect(broken(app, engine, route(weights(66.7, 33.3)))).toEqual([]);
  });

  it.each([1, 2])("names the collection of revision %i while a release refers to it", async (n) => {
    const { app, engine } = await midway([]);
    expect(broken(app, engine, { kind: "collect", revision: n })).toEqual([
      `4: revision ${n} is still referred to and must not be collected`,
    ]);
    expect(broken(app, engine, { kind: "collect", revision: 7 })).toEqual([]);
  });

  it("names a collect of whatever is still referred to, and of nothing else", async () => {
    const { app, engine } = await midway([]);
    const waiting = requestRelease(app, releaseTo(6), { now: 0, by: "ann", busy: "queue" });
    const kept = [{ revision: 7, warm: false, until: engine.now() + 1000 }];
    const rule = { kind: "byReplica", revisions: [1, 8] } as const;
    const referring = { ...waiting, kept, route: { generation: 1, rule } };
    const collectable = [1, 2, 5, 6, 7, 8].filter((revision) => {
      return broken(referring, engine, { kind: "collect", revision }).length === 0;
    });
    expect(collectable).toEqual([5]);
  });

  it("names a contract while the old revision runs", async () => {
    const { app, engine } = await midway([[2, 3]]);
    const contract = { kind: "migrate", phase: "contract" } as const;
    expect(broken(app, engine, contract)).toEqual(["6: revision 1 still runs"]);
    expect(broken(app, engine, { kind: "migrate", phase: "expand" })).toEqual([]);
    const { app: gone, engine: without } = await midway([
      [2, 3],
      [1, 0],
    ]);
    expect(broken(gone, without, contract)).toEqual([]);
  });

  it("names a contract while a replica of the old revision still leaves", async () => {
    const { app, engine } = await settledApp({}, { behaviour: { drainMs: 30_000 } });
    const never = new AbortController().signal;
    await engine.apply({ kind: "scale", revision: 2, replicas: 3 }, never);
    await engine.apply({ kind: "scale", revision: 1, replicas: 0 }, never);
    const contract = { kind: "migrate", phase: "contract" } as const;
    const after = begin(app, 2, engine.now());
    expect(broken(after, engine, contract)).toEqual(["6: revision 1 still runs"]);
    engine.runTo(engine.elapsed + 60_000);
    expect(broken(after, engine, contract)).toEqual([]);
  });
});
