import { expect, it } from "vitest";
import type { Observed } from "../model/observed.ts";
import { type FakeEngine, settledApp } from "../testing/index.ts";
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

function observed(engine: FakeEngine): Observed {
  const schema = { kind: "unknown", reason: "no migrator", since: 0 } as const;
  return { ...engine.view(), schema, verdicts: {}, hooks: {}, lastLogLines: {} };
}
