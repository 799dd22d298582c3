import { expect, it } from "vitest";
import type { Observed } from "../model/observed.ts";
import { begin, type FakeEngine, settledApp, simulate } from "../testing/index.ts";
import { next } from "./next.ts";

const lagging = ["the proxy does not answer"];

it("is not steady while nobody can reach the replicas, however ready they are", async () => {
  const { app, engine } = await settledApp();
  const at = { now: engine.now(), facts: new Map() };
  const seen = observed(engine);
  expect(next(app, seen, at).kind).toBe("steady");
  const { route } = seen;
  if (route.kind === "unknown") throw new TypeError("the fake engine knows its route");
  const away: Observed = { ...seen, route: { ...route, value: { ...route.value, lagging } } };
  const { generation } = app.route;
  expect(next(app, away, at)).toMatchObject({
    kind: "wait",
    why: { kind: "routeBarrier", generation, lagging },
  });
});

const rate = { kind: "known", value: 100, asOf: 0 } as const;
const unasked = { measurements: {}, rate };

function observed(engine: FakeEngine): Observed {
  const schema = { kind: "unknown", reason: "no migrator", since: 0 } as const;
  return { ...engine.view(), schema, verdicts: {}, hooks: {}, ...unasked, lastLogLines: {} };
}

it("remembers of those that served as many as it keeps, however many there were", async () => {
  const keepRevisions = 3;
  let { app, engine } = await settledApp({ keepRevisions });
  for (const revision of [2, 3, 4, 5, 6]) {
    ({ app } = await simulate({ app: begin(app, revision, engine.now()), engine }));
  }
  expect(app.served).toEqual([4, 5, 6]);
  expect([...engine.levels().keys()].toSorted()).toEqual([4, 5, 6]);
});
