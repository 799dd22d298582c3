import { expect, test } from "vitest";
import { type CertifyOptions, certifySettingsOf, endpointOf } from "./certify-options.ts";

const command = "node server.js";

test.each<[string, Partial<CertifyOptions>, string]>([
  ["a path that begins with no slash", { paths: { ready: "ready" } }, '"ready"'],
  ["a path with a space", { paths: { slow: "/a b" } }, '"/a b"'],
  ["a port that cannot be", { port: 70_000 }, "port is 70000; it must be from 1 to 65535"],
  ["a load of nothing", { rate: 0 }, "rate is 0; it must be from 1 to 5000"],
  ["a grace shorter than the delay", { graceMs: 1000, drainDelayMs: 2000 }, "a grace of 1 s"],
  ["a delay behind hitless", { behind: "hitless", drainDelayMs: 1 }, "behind hitless"],
  ["a dependency without a port", { dependencies: [{ variable: "DB", address: "db" }] }, "DB=db"],
])("refuses %s", (_, options, said) => {
  expect(() => certifySettingsOf({ command, ...options })).toThrowError(said);
});

test("has a delay for what comes after the signal, and none behind hitless", () => {
  expect(certifySettingsOf({ command }).drainDelayMs).toBe(3000);
  const behind = certifySettingsOf({ command, behind: "hitless" });
  expect(behind.drainDelayMs).toBe(0);
  expect(behind.app.env).toEqual({
    HITLESS_DRAIN_DELAY_SECONDS: "0",
    HITLESS_DRAIN_TIMEOUT_SECONDS: "25",
  });
  expect(certifySettingsOf({ command }).app.env).toEqual({});
});

test.each([
  ["127.0.0.1:5432", { host: "127.0.0.1", port: 5432 }],
  ["postgres://me:secret@db.example:5433/shop?ssl=1", { host: "db.example", port: 5433 }],
  ["redis://[::1]:6379/0", { host: "::1", port: 6379 }],
])("reads host and port of %s", (address, expected) => {
  expect(endpointOf({ variable: "DB", address })).toEqual(expected);
});
