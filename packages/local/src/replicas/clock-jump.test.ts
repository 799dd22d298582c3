import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Bench, eventually, revisionOf } from "./fixtures/bench.ts";

const day = 86_400_000;
let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

/** Sets the wall clock, and leaves the monotonic one alone as the kernel does. */
function setClock(byMs: number): void {
  const real = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => real() + byMs);
}

it.each([day, -day])("set by %i ms in the middle of a drain cuts off no request", async (jump) => {
  const replica = await bench.ready();
  let inFlight = 1;
  let asked = 0;
  bench.requests = () => {
    asked += 1;
    return inFlight;
  };
  const stopped = replica.stop();
  await eventually("its requests are waited for", () => bench.saved?.drain?.withdrawnAt != null);
  setClock(jump);
  const before = asked;
  await eventually("it is asked for them again and again", () => asked >= before + 5);
  expect(bench.calls).not.toContain("cut");
  expect(bench.journal()).not.toContain("SIGTERM");
  inFlight = 0;
  await stopped;
  expect(bench.calls).not.toContain("cut");
  expect(bench.journal()).toContain("SIGTERM");
});

it("set back prolongs neither the drain budget nor the grace period", async () => {
  const drain = { timeoutSeconds: 0.3, terminationGracePeriodSeconds: 0.3 };
  const revision = revisionOf({ drain, config: { ON_TERM: "stay" } });
  const replica = await bench.ready(revision);
  bench.requests = () => 1;
  const since = performance.now();
  const stopped = replica.stop();
  await eventually("its requests are waited for", () => bench.saved?.drain?.withdrawnAt != null);
  setClock(-day);
  await stopped;
  expect(performance.now() - since).toBeLessThan(8000);
});

it.each([day, -day])("set by %i ms moves the time since when a replica is ready", async (jump) => {
  const replica = await bench.ready();
  const before = replica.view().readySince ?? 0;
  setClock(jump);
  const after = replica.view().readySince ?? 0;
  expect(Math.abs(after - before - jump)).toBeLessThan(1000);
});

it("set back between two controllers leaves a ready replica ready, not from tomorrow on", async () => {
  const replica = await bench.ready();
  const saved = bench.saved;
  if (saved?.readySince == null) throw new Error("it was not saved as ready");
  bench.saved = { ...saved, readySince: saved.readySince + day };
  const next = bench.successor(replica);
  expect(next.view()).toMatchObject({ state: "ready" });
  expect(next.view().readySince).toBeLessThanOrEqual(Date.now());
});
