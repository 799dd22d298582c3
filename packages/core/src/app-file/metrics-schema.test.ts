import { expect, it } from "vitest";
import { parseAppFile } from "./parse-app-file.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

function toldOf(file: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = parseAppFile({ ...least, ...file });
  if (parsed.kind === "ok") return [];
  return parsed.problems.map((p) => (p.next === undefined ? p.message : `${p.message}; ${p.next}`));
}

it("reads the port of the metrics, and has none unless it is there", () => {
  const settings = [{ metrics: { port: 9464 } }, {}].map((file) => {
    const parsed = parseAppFile({ ...least, ...file });
    return parsed.kind === "ok" ? parsed.spec.settings.metricsPort : null;
  });
  expect(settings).toEqual([9464, undefined]);
});

it.each<readonly [Readonly<Record<string, unknown>>, string]>([
  [{ metrics: 9464 }, "metrics is 9464; it must be a mapping such as { port: 9464 }"],
  [{ metrics: {} }, "metrics.port is missing; it must be a whole number from 1 to 65535"],
  [
    { metrics: { port: "9464" } },
    'metrics.port is "9464"; it must be a whole number from 1 to 65535',
  ],
  [
    { metrics: { port: 9464, host: "0.0.0.0" } },
    "metrics.host is not a known key; the keys known in metrics are port",
  ],
  [
    { metrics: { port: 8080 } },
    "metrics.port is 8080, the port where clients reach the app; choose another one, such as 9464",
  ],
  [
    { port: 9464, metrics: { port: 9464 } },
    "metrics.port is 9464, the port where clients reach the app; choose another one, such as 9464",
  ],
])("says about %j what is wrong", (file, message) => {
  expect(toldOf(file)).toEqual([message]);
});
