import { describe, expect, it } from "vitest";
import { noDrains } from "../model/drains.ts";
import { lostRequests, noTraffic, type TrafficView, trafficBetween } from "../model/traffic.ts";
import {
  afterMutations,
  begin,
  exampleSettings,
  type FakeEngine,
  type Scenario,
  type SimEvent,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { account } from "./traffic.ts";

/** Something happens to the engine once so many mutations have been decided. */
function happens(
  mutations: number,
  what: (engine: FakeEngine) => unknown,
  engine: FakeEngine,
): SimEvent {
  const when = afterMutations(mutations);
  return { when, world: () => void what(engine) };
}

/** Releases revision 2; what `history` says of its requests beside what the data plane counted. */
async function released(more: (engine: FakeEngine) => Partial<Scenario> = () => ({})) {
  const { app, engine } = await settledApp();
  const before = engine.dataPlane.traffic();
  const run = await simulate({
    app: begin(app, 2, engine.now()),
    engine,
    until: (simulation) => simulation.app.release === null,
    ...more(engine),
  });
  const row = (await run.history()).at(-1);
  return { row, before, after: engine.dataPlane.traffic() };
}

describe("the account of a release", () => {
  it("is what the data plane counted from its first look to its end", async () => {
    const { row, before, after } = await released();
    expect(row?.traffic).toEqual(trafficBetween(before.totals, after.totals));
    expect(row?.traffic?.answered).toBeGreaterThan(100);
  });

  it("has each loss once, also when the controller dies around every second mutation", async () => {
    const { row, before, after } = await released((engine) => ({
      mishap: (danger, { mutations }) => {
        const due = mutations % 4 === 0 ? "before mutation" : "after mutation";
        return mutations % 2 === 0 && danger === due ? "killed" : null;
      },
      events: [1, 3, 5].map((n) => happens(n, (e) => e.kill(1) || e.kill(2), engine)),
    }));
    expect(row?.traffic?.failed).toEqual({ "upstream-closed": 3 });
    expect(row?.traffic).toEqual(trafficBetween(before.totals, after.totals));
  });

  it("takes a count that started anew whole, and says that there is a gap", async () => {
    const { row, after } = await released((engine) => ({
      events: [happens(3, (e) => e.dataPlane.countAnew(), engine)],
    }));
    expect(row?.traffic?.gaps).toBe(1);
    expect(row?.traffic?.answered).toBeGreaterThan(after.totals.answered);
  });

  it("goes on with the next look when one cannot be read", async () => {
    const { row, before, after } = await released((engine) => ({
      events: [
        happens(1, (e) => e.hide("traffic", "the proxy is away"), engine),
        happens(4, (e) => e.reveal("traffic"), engine),
      ],
    }));
    expect(row?.traffic).toEqual(trafficBetween(before.totals, after.totals));
  });

  it("is absent when nobody could count", async () => {
    const { row } = await released((engine) => {
      engine.hide("traffic", "the proxy is of an older version");
      return {};
    });
    expect(row?.outcome).toBe("succeeded");
    expect(row).not.toHaveProperty("traffic");
  });
});

describe("the account of what replicas said of their end", () => {
  it("has each of those that ended during the release, once, whenever a controller dies", async () => {
    const { row } = await released(() => ({
      mishap: (danger, { mutations }) => {
        const due = mutations % 4 === 0 ? "before mutation" : "after mutation";
        return mutations % 2 === 0 && danger === due ? "killed" : null;
      },
    }));
    const { replicas } = exampleSettings;
    expect(row?.drains).toMatchObject({ receipts: replicas, finished: replicas, cut: 0 });
  });

  it("is absent when nobody left a receipt", async () => {
    const { row } = await released((engine) => {
      engine.hide("drains", "nobody reads them");
      return {};
    });
    expect(row?.outcome).toBe("succeeded");
    expect(row).not.toHaveProperty("drains");
  });

  it("has none of those that had ended before it began", async () => {
    const { app } = await settledApp();
    const look = (receipts: number) => ({
      traffic: { kind: "unknown", reason: "away", since: 0 } as const,
      drains: { kind: "known", value: { ...noDrains, receipts, cut: receipts }, asOf: 0 } as const,
    });
    const first = account(begin(app, 2, 0), look(5));
    expect(first.release?.drains?.counted).toEqual(noDrains);
    const second = account(first, look(7));
    expect(second.release?.drains?.counted).toEqual({ ...noDrains, receipts: 2, cut: 2 });
    expect(account(second, look(7)).release?.drains).toEqual(second.release?.drains);
  });

  it("is left out by a trace of an engine that knew of none", async () => {
    const { app } = await settledApp();
    const seen = { traffic: { kind: "unknown", reason: "away", since: 0 } } as const;
    const begun = begin(app, 2, 0);
    expect(account(begun, seen)).toBe(begun);
  });
});

describe("account", () => {
  const look = (epoch: string, totals: Partial<TrafficView["totals"]>) => ({
    traffic: {
      kind: "known",
      value: { epoch, totals: { ...noTraffic, ...totals } },
      asOf: 0,
    } as const,
  });

  it("counts nothing for what came before the release, and each look once", async () => {
    const { app } = await settledApp();
    const first = account(begin(app, 2, 0), look("a", { answered: 100, cut: { cut: 9 } }));
    expect(first.release?.traffic?.counted).toEqual(noTraffic);
    const next = look("a", { answered: 104, cut: { cut: 9 }, failed: { cut: 2 }, gaps: 1 });
    const counted = { ...noTraffic, answered: 4, failed: { cut: 2 }, gaps: 1 };
    const second = account(first, next);
    expect(second.release?.traffic?.counted).toEqual(counted);
    expect(account(second, next).release?.traffic?.counted).toEqual(counted);
    expect(lostRequests(counted)).toBe(2);
  });

  it("leaves an app without a release as it is", async () => {
    const { app } = await settledApp();
    expect(account(app, look("a", { answered: 1 }))).toBe(app);
  });
});
