import fc from "fast-check";
import { expect, it } from "vitest";
import { applyOverrides } from "./apply-overrides.ts";
import { parseAppFile } from "./parse-app-file.ts";

const full = {
  schema: 1,
  name: "shop",
  version: "2.1.0",
  run: ["node", "x.js"],
  artifact: { dir: ".", exclude: [".git", "*.map"] },
  persist: ["data"],
  user: 1000,
  envFile: "a.env",
  config: { A: "1" },
  secrets: ["B"],
  resources: { memory: "1Mi", cpu: "1m" },
  probes: {
    startup: { httpGet: { path: "/s", httpHeaders: [{ name: "A", value: "b" }] } },
    liveness: { exec: { command: ["x"] } },
    readiness: { path: "/r", headers: { A: "b" }, periodSeconds: 1 },
  },
  drain: { preStop: { exec: ["sleep", "3"] }, terminationGracePeriodSeconds: 40 },
  strategy: { rolling: { maxSurge: "25%", maxUnavailable: 0 } },
  proxy: { trustedProxies: ["10.0.0.0/8"], accessLog: false, maxBodySize: "1Mi" },
};

const paths = pathsOf(full);

function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    [key],
    ...pathsOf(child).map((rest) => [key, ...rest]),
  ]);
}

/** `value` put at `path`, the last key of which may be replaced by another. */
function replaced(place: unknown, [step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(place)) {
    const items: readonly unknown[] = place;
    return items.map((item, at) => (String(at) === step ? replaced(item, rest, value) : item));
  }
  const entries = new Map(typeof place === "object" && place !== null ? Object.entries(place) : []);
  return Object.fromEntries([...entries, [step, replaced(entries.get(step), rest, value)]]);
}

it("reads the file that the others are made from", () => {
  expect(parseAppFile(full)).toMatchObject({ kind: "ok" });
});

it("answers every file with two values replaced by anything, in sentences without jargon", () => {
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom("", " ", "\0", 0, -1, 1e300, Number.NaN, {}, []),
  );
  const change = fc.tuple(fc.constantFrom(...paths), fc.option(fc.string()), value);
  fc.assert(
    fc.property(change, change, (first, second) => {
      const raw = [first, second].reduce<unknown>((file, [path, extra, put]) => {
        return replaced(file, extra === null ? path : [...path.slice(0, -1), extra], put);
      }, full);
      const parsed = parseAppFile(raw);
      if (parsed.kind === "ok") return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { message, next = "" } of parsed.problems) {
        // What the file says is quoted; the words around it are ours.
        const words = `${message} ${next}`.replace(/"(?:[^"\\]|\\.)*"/gu, "");
        expect(words).toMatch(/ is | has /u);
        expect(words).not.toMatch(/Invalid|expected|Too (?:small|big)|received|undefined|\n/u);
      }
    }),
    { numRuns: 1000 },
  );
});

it("takes a value from --set at every path of the file", () => {
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.string(), (path, text) => {
      const parsed = parseAppFile(applyOverrides(full, { [path.join(".")]: text }));
      const touched = parsed.kind === "ok" ? [] : parsed.problems.map(({ path: [key] }) => key);
      for (const key of touched) expect(["drain", path[0]]).toContain(key);
    }),
    { numRuns: 500 },
  );
});
