import { expect, it } from "vitest";
import { RateMeter } from "./rate-meter.ts";

const known = (value: Readonly<Record<number, number>>) =>
  ({ kind: "known", value, asOf: 0 }) as const;

/** A meter that has looked once a second, at so many requests of each revision more each time. */
function meterAfter(seconds: number, perSecond: Readonly<Record<number, number>>): RateMeter {
  const meter = new RateMeter();
  for (let at = 0; at <= seconds; at += 1) {
    const totals = Object.entries(perSecond).map(([n, rate]) => [n, 1000 + rate * at] as const);
    meter.look(known(Object.fromEntries(totals)), at * 1000);
  }
  return meter;
}

it("tells the requests per second of each revision and in all", () => {
  const meter = meterAfter(30, { 1: 80, 2: 20 });

  expect(meter.byRevision()).toMatchObject({ kind: "known", value: { 1: 80, 2: 20 } });
  expect(meter.inAll()).toMatchObject({ kind: "known", value: 100 });
});

it("follows the last ten seconds only", () => {
  const meter = meterAfter(30, { 1: 100 });
  for (let at = 31; at <= 41; at += 1) meter.look(known({ 1: 4000 }), at * 1000);

  expect(meter.inAll()).toMatchObject({ kind: "known", value: 0 });
});

it("knows nothing before it has looked for ten seconds", () => {
  expect(new RateMeter().inAll()).toMatchObject({ kind: "unknown", reason: "not looked at yet" });
  expect(meterAfter(5, { 1: 80 }).inAll()).toMatchObject({
    kind: "unknown",
    reason: "it takes 10 s to tell",
  });
});

it("begins anew when the counts did, and knows nothing while they cannot be read", () => {
  const meter = meterAfter(30, { 1: 80 });
  meter.look(known({ 1: 5 }), 31_000);
  expect(meter.inAll().kind).toBe("unknown");

  const other = meterAfter(30, { 1: 80 });
  other.look({ kind: "unknown", reason: "the proxy is away", since: 0 }, 31_000);
  expect(other.inAll()).toMatchObject({ kind: "unknown", reason: "the proxy is away" });
});

it("does not take a revision that was thrown away for counts that began anew", () => {
  const meter = meterAfter(30, { 1: 80, 2: 20 });
  meter.look(known({ 2: 1620 }), 31_000);

  expect(meter.inAll()).toMatchObject({ kind: "known", value: 20 });
});
