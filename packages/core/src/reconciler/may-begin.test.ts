import { describe, expect, it } from "vitest";
import { HitlessError } from "../errors.ts";
import type { App, PendingRelease } from "../model/app.ts";
import { type ReleaseWindow, weekdays } from "../model/release-window.ts";
import { releaseTo, rollBack, settledApp, simulate } from "../testing/index.ts";
import { setFrozen } from "./freeze.ts";
import { asksRate, whyNotNow } from "./may-begin.ts";
import { hurryPending, requestRelease, startPending } from "./requests.ts";

/** Sunday 22 November 2026, noon. */
const noon = Date.UTC(2026, 10, 22, 12);
const night: ReleaseWindow = { days: weekdays, from: 120, to: 300, zone: "UTC", below: null };
const quietNow: ReleaseWindow = { ...night, from: 0, to: 0, below: 50 };
const rate = (value: number) => ({ kind: "known", value, asOf: 0 }) as const;
const at = (now: number, requests = 0) => ({ now, rate: rate(requests) });

async function stableApp(windows: readonly ReleaseWindow[] = [night]): Promise<App> {
  const { app } = await settledApp({ windows });
  return app;
}

function ask(app: App, request: Partial<PendingRelease> = {}, now = noon): App {
  return requestRelease(app, { ...releaseTo(2), ...request }, { now, by: "ann", busy: "queue" });
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof HitlessError && thrown.code === "REFUSED") return thrown.message;
    throw thrown;
  }
  throw new Error("it was accepted");
}

describe("a release outside its windows", () => {
  it("waits, and begins when one opens", async () => {
    const app = ask(await stableApp());

    expect(app).toMatchObject({ release: null, pending: { id: 2, to: 2 } });
    expect(startPending(app, at(noon))).toBeNull();
    const two = Date.UTC(2026, 10, 23, 2);
    expect(startPending(app, at(two - 1))).toBeNull();
    expect(startPending(app, at(two))).toMatchObject({
      app: { pending: null, release: { to: 2 } },
    });
  });

  it("is decided by the windows and the clock of now, whatever they were when it was asked for", async () => {
    const app = ask(await stableApp());
    const later = { ...app, settings: { ...app.settings, windows: [] } };
    expect(startPending(later, at(noon))).toMatchObject({ app: { release: { to: 2 } } });

    const inTime = ask(await stableApp(), {}, Date.UTC(2026, 10, 23, 3));
    expect(inTime.release).toMatchObject({ to: 2 });
  });

  it("begins at once with `anytime`, said with it or later", async () => {
    expect(ask(await stableApp(), { anytime: true }).release).toMatchObject({ to: 2 });

    const waiting = hurryPending(ask(await stableApp()));
    expect(startPending(waiting, at(noon))).toMatchObject({ app: { release: { to: 2 } } });
    expect(hurryPending(waiting)).toBe(waiting);
  });

  it("waits for little traffic where the window says so, and only then asks for it", async () => {
    const app = ask(await stableApp([quietNow]));

    expect(asksRate(app)).toBe(true);
    expect(startPending(app, at(noon, 50))).toBeNull();
    expect(startPending(app, at(noon, 49))).toMatchObject({ app: { release: { to: 2 } } });
    expect(asksRate(ask(await stableApp()))).toBe(false);
    expect(asksRate(await stableApp([quietNow]))).toBe(false);
  });

  it("holds back no first release, no restart and no rollback", async () => {
    const app = await stableApp();

    expect(ask({ ...app, stable: null }).release).toMatchObject({ to: 2 });
    expect(ask(app, { kind: "restart" }).release).toMatchObject({ kind: "restart" });
    expect(rollBack({ ...app, stable: 3, served: [1, 3] }, 1, noon).release).toMatchObject({
      to: 1,
    });
  });

  it("keeps its place while a restart goes by", async () => {
    const waiting = ask(await stableApp());

    const restarted = ask(waiting, { to: 3, kind: "restart" });

    expect(restarted).toMatchObject({ release: { id: 3, to: 3 }, pending: { id: 2, to: 2 } });
  });

  it("is why nothing happens, once everything else is as it should be", async () => {
    const { app, engine } = await settledApp({ windows: [night] });
    const waits = ask(app, {}, engine.now());
    const whys: unknown[] = [];
    const run = await simulate({
      app: waits,
      engine,
      onStep: (_, decision) => whys.push(decision?.why),
      until: () => whys.length > 3,
    });

    expect(run.app.release).toBeNull();
    expect(whys.at(-1)).toMatchObject({ kind: "windowClosed", release: 2 });
  });
});

describe("a freeze", () => {
  const on = { kind: "on", reason: "the sale" } as const;
  const by = { now: noon, by: "ann" };

  it("refuses releases and restarts, with who, since when and why", async () => {
    const app = setFrozen(await stableApp([]), on, by);
    const said = "shop is frozen by ann since 2026-11-22T12:00:00.000Z: the sale";

    expect(refusal(() => ask(app))).toBe(said);
    expect(refusal(() => ask(app, { kind: "restart" }))).toBe(said);
  });

  it("lets everything go back", async () => {
    const app = setFrozen({ ...(await stableApp([])), stable: 3, served: [1, 3] }, on, by);

    expect(rollBack(app, 1, noon).release).toMatchObject({ kind: "rollback", to: 1 });
  });

  it("keeps what waits in the queue, and lets it begin when it is over", async () => {
    const waiting = { ...(await stableApp([])), pending: releaseTo(2) };
    const frozen = setFrozen(waiting, on, by);

    expect(startPending(frozen, at(noon))).toBeNull();
    expect(whyNotNow(frozen, releaseTo(2), at(noon))).toEqual({
      kind: "frozen",
      release: 2,
      frozen: { reason: "the sale", since: noon, by: "ann" },
    });
    const over = setFrozen(frozen, { kind: "off" }, by);
    expect(startPending(over, at(noon))).toMatchObject({ app: { release: { to: 2 } } });
    expect(startPending({ ...frozen, pending: releaseTo(2, "rollback") }, at(noon))).not.toBeNull();
  });

  it("takes a new reason and keeps its beginning", async () => {
    const app = setFrozen(await stableApp([]), on, by);

    expect(setFrozen(app, on, { now: noon + 1, by: "bob" })).toBe(app);
    const other = setFrozen(app, { kind: "on", reason: "audit" }, { now: noon + 1, by: "bob" });
    expect(other.frozen).toEqual({ reason: "audit", since: noon, by: "bob" });
  });
});
