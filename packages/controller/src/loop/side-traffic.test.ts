import { type App, type CountsView, latencyBucketOf, newApp, requestRelease } from "@hitless/core";
import { exampleSettings, releaseTo } from "@hitless/core/testing";
import { expect, it } from "vitest";
import { SideTraffic } from "./side-traffic.ts";

const calm = newApp("shop", exampleSettings);
const at = { now: 0, by: "test", busy: "queue" } as const;
const underWay: App = requestRelease(calm, releaseTo(1), at);
const unread = { kind: "unknown", reason: "the proxy is away", since: 0 } as const;

/** So many requests of revision 1, each of 20 ms, and some of them bad. */
function counts(requests: number, errors: number, epoch = "a") {
  const latency = Array.from({ length: latencyBucketOf(20) + 1 }, () => 0);
  latency[latencyBucketOf(20)] = requests;
  const value: CountsView = { epoch, revisions: { 1: { requests, errors, latency } } };
  return { kind: "known", value, asOf: 0 } as const;
}

/** Has looked at the app once a second at 50 requests/s of revision 1 and 150 of revision 2. */
function watched(app: App, seconds: number): SideTraffic {
  const traffic = new SideTraffic();
  for (let second = 0; second <= seconds; second += 1) {
    const requests = {
      kind: "known",
      value: { 1: 50 * second, 2: 150 * second },
      asOf: 0,
    } as const;
    traffic.look(app, { requests, counts: counts(50 * second, second) }, second * 1000);
  }
  return traffic;
}

it("tells what each revision gets, and its share", () => {
  const [row] = watched(calm, 20).revisions;
  expect(row).toMatchObject({ revision: 1, requests: 1000, errors: 20, rps: 50, share: 0.25 });
  expect(row?.p95Ms).toBeGreaterThanOrEqual(20);
  expect(row?.p95Ms).toBeLessThan(22);
  expect(watched(calm, 20).rate).toMatchObject({ kind: "known", value: 200 });
});

it("counts anew where the release stands at another place", () => {
  const traffic = watched(calm, 20);
  traffic.look(underWay, { requests: unread, counts: counts(1010, 20) }, 21_000);
  traffic.look(underWay, { requests: unread, counts: counts(1040, 21) }, 22_000);
  expect(traffic.revisions).toMatchObject([{ requests: 30, errors: 1, rps: null, share: null }]);

  const release = underWay.release && { ...underWay.release, reached: { at: 5, requests: 0 } };
  traffic.look({ ...underWay, release }, { requests: unread, counts: counts(1050, 21) }, 23_000);
  expect(traffic.revisions).toMatchObject([{ requests: 0, errors: 0, p95Ms: null }]);
});

it("counts anew when the data plane did", () => {
  const traffic = watched(calm, 20);
  traffic.look(calm, { requests: unread, counts: counts(5, 0, "b") }, 21_000);
  traffic.look(calm, { requests: unread, counts: counts(8, 0, "b") }, 22_000);
  expect(traffic.revisions).toMatchObject([{ requests: 3 }]);
});

it("takes nothing from before for its own when it could not look as the release moved on", () => {
  const traffic = watched(calm, 20);
  traffic.look(underWay, { requests: unread, counts: unread }, 21_000);
  traffic.look(underWay, { requests: unread, counts: counts(2000, 20) }, 22_000);
  expect(traffic.revisions).toMatchObject([{ requests: 0 }]);
});

it("knows no revision before it has looked", () => {
  expect(new SideTraffic().revisions).toEqual([]);
});
