import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyOverrides } from "./apply-overrides.ts";
import { parseAppFile } from "./parse-app-file.ts";

const file = {
  name: "shop",
  run: "node x.js",
  secrets: ["A"],
  strategy: "recreate",
  probes: { readiness: { path: "/ready" } },
};

describe("--set", () => {
  it("puts values where their path leads, typed as the schema wants them", () => {
    const changed = applyOverrides(file, {
      replicas: "3",
      version: "1.10",
      "config.FLAG": "true",
      "strategy.rolling.maxSurge": "2",
      "strategy.rolling.maxUnavailable": "25%",
      "secrets.0": "B",
      "resources.cpu": "2",
    });
    expect(changed).toEqual({
      ...file,
      replicas: 3,
      version: "1.10",
      config: { FLAG: "true" },
      strategy: { rolling: { maxSurge: 2, maxUnavailable: "25%" } },
      secrets: ["B"],
      resources: { cpu: "2" },
    });
    expect(parseAppFile(changed)).toMatchObject({
      kind: "ok",
      spec: { settings: { replicas: 3 }, content: { resources: { cpu: 2 } } },
    });
  });

  it("begins a list that the file does not have", () => {
    const changed = applyOverrides(file, {
      "proxy.trustedProxies.0": "10.0.0.0/8",
      "proxy.trustedProxies.1": "::1",
      "persist.0": "data",
    });
    expect(changed).toEqual({
      ...file,
      proxy: { trustedProxies: ["10.0.0.0/8", "::1"] },
      persist: ["data"],
    });
    const second = applyOverrides(file, { "proxy.trustedProxies.1": "::1" });
    expect(parseAppFile(second)).toMatchObject({
      kind: "problems",
      problems: [{ path: ["proxy", "trustedProxies"] }],
    });
  });

  it("leaves the file that it was given as it was", () => {
    const before = structuredClone(file);
    applyOverrides(file, { "probes.readiness.path": "/other", "secrets.1": "B" });
    expect(file).toEqual(before);
  });

  it("leaves a path that nobody knows to be reported under that path", () => {
    const parsed = parseAppFile(applyOverrides(file, { "drain.timeout": "3" }));
    expect(parsed).toMatchObject({ kind: "problems", problems: [{ path: ["drain", "timeout"] }] });
  });

  it("takes any key and value without throwing or touching a prototype", () => {
    fc.assert(
      fc.property(fc.anything(), fc.dictionary(fc.string(), fc.string()), (raw, overrides) => {
        parseAppFile(applyOverrides(raw, { ...overrides, "__proto__.polluted": "1" }));
        expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
