import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppSpec } from "./app-spec.ts";
import { parseAppFile } from "./parse-app-file.ts";
import { appFileSchema } from "./schema.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

function specOf(changes: Readonly<Record<string, unknown>> = {}): AppSpec {
  const parsed = parseAppFile({ ...least, ...changes });
  if (parsed.kind === "ok") return parsed.spec;
  throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
}

function told(raw: unknown): readonly string[] {
  const parsed = parseAppFile(raw);
  if (parsed.kind === "ok") return [];
  return parsed.problems.map(({ message, next }) =>
    next === undefined ? message : `${message}; ${next}`,
  );
}

function toldOf(changes: Readonly<Record<string, unknown>>): readonly string[] {
  return told({ ...least, ...changes });
}

const readinessOf = (readiness: unknown) =>
  specOf({ probes: { readiness } }).content.probes.readiness;

describe("a good app file", () => {
  it("fills in every default", () => {
    expect(specOf()).toEqual({
      name: "shop",
      settings: {
        replicas: 1,
        strategy: { kind: "rolling", maxSurge: 1, maxUnavailable: 0 },
        host: "127.0.0.1",
        port: 8080,
        progressDeadlineSeconds: 120,
        keepRevisions: 10,
        proxy: {
          workers: null,
          trustedProxies: [],
          accessLog: false,
          maxConnections: 10_000,
          maxConnectionsPerAddress: 0,
          maxBodyBytes: 0,
          responseTimeoutSeconds: 60,
          bodyIdleTimeoutSeconds: 30,
        },
      },
      artifact: { kind: "files", dir: ".", exclude: [".git"] },
      envFile: null,
      content: {
        version: null,
        run: {
          command: "node x.js",
          cwd: ".",
          user: null,
          env: {},
          stopSignal: "SIGTERM",
          persist: [],
        },
        config: {},
        secrets: [],
        probes: {
          startup: null,
          liveness: null,
          readiness: {
            check: { kind: "httpGet", path: "/ready", port: null, headers: {} },
            initialDelaySeconds: 0,
            periodSeconds: 10,
            timeoutSeconds: 1,
            successThreshold: 1,
            failureThreshold: 3,
          },
        },
        resources: { memoryBytes: null, cpu: null },
        drain: {
          delaySeconds: 0,
          timeoutSeconds: 30,
          preStop: null,
          terminationGracePeriodSeconds: 35,
        },
        minReadySeconds: 0,
        schema: { needs: 0, runsOn: { from: 0, to: null } },
      },
    });
  });

  it("reads every form of a probe as Kubernetes means it", () => {
    const checks: readonly (readonly [unknown, unknown])[] = [
      [
        { path: "/r", port: 99 },
        { kind: "httpGet", path: "/r", port: 99, headers: {} },
      ],
      [
        { path: "/r", headers: { A: 1 } },
        { kind: "httpGet", path: "/r", port: null, headers: { A: "1" } },
      ],
      [{ port: 5432 }, { kind: "tcpSocket", port: 5432 }],
      [{ command: ["check", 1] }, { kind: "exec", command: ["check", "1"] }],
      [{ httpGet: {} }, { kind: "httpGet", path: "/", port: null, headers: {} }],
      [
        { httpGet: { path: "/r", port: 99, httpHeaders: [{ name: "A", value: "b" }] } },
        { kind: "httpGet", path: "/r", port: 99, headers: { A: "b" } },
      ],
      [{ tcpSocket: { port: 99 } }, { kind: "tcpSocket", port: 99 }],
      [{ tcpSocket: {} }, { kind: "tcpSocket", port: null }],
      [{ exec: { command: ["check"] } }, { kind: "exec", command: ["check"] }],
    ];
    for (const [written, check] of checks) expect(readinessOf(written).check).toEqual(check);
  });

  it("reads every form of a strategy", () => {
    const rolling = { kind: "rolling", maxSurge: 1, maxUnavailable: 0 };
    const forms: readonly (readonly [unknown, unknown])[] = [
      ["rolling", rolling],
      ["recreate", { kind: "recreate" }],
      [{ recreate: {} }, { kind: "recreate" }],
      [{ recreate: null }, { kind: "recreate" }],
      [{ rolling: null }, rolling],
      [{ rolling: { maxSurge: "25%" } }, { ...rolling, maxSurge: "25%" }],
      [
        { rolling: { maxSurge: 0, maxUnavailable: 2 } },
        { ...rolling, maxSurge: 0, maxUnavailable: 2 },
      ],
    ];
    for (const [strategy, read] of forms)
      expect(specOf({ strategy }).settings.strategy).toEqual(read);
  });

  it("gives the grace period what preStop, delay and timeout add up to, and five seconds more", () => {
    const drain = { delaySeconds: 2, timeoutSeconds: 20, preStop: { sleepSeconds: 3 } };
    expect(specOf({ drain }).content.drain.terminationGracePeriodSeconds).toBe(30);
    expect(
      specOf({ drain: { ...drain, terminationGracePeriodSeconds: 25 } }).content.drain,
    ).toEqual({
      delaySeconds: 2,
      timeoutSeconds: 20,
      preStop: { kind: "sleep", seconds: 3 },
      terminationGracePeriodSeconds: 25,
    });
  });

  it("turns quantities into bytes and cores, and scalars into text", () => {
    const { content } = specOf({
      resources: { memory: "256Mi", cpu: "500m" },
      config: { A: 1, B: true, C: "x" },
      artifact: "none",
      user: 1000,
      persist: ["./data//x/"],
    });
    expect(content.resources).toEqual({ memoryBytes: 268_435_456, cpu: 0.5 });
    expect(content.config).toEqual({ A: "1", B: "true", C: "x" });
    expect(content.run.user).toBe("1000");
    expect(content.run.persist).toEqual(["data/x"]);
  });
});

describe("a bad app file", () => {
  it("refuses the grace periods of the published examples, with the sum", () => {
    const drain = (seconds: number) => ({
      timeoutSeconds: 30,
      preStop: { exec: { command: ["/bin/sh", "-c", `sleep ${seconds}`] } },
      terminationGracePeriodSeconds: 30,
    });
    expect(toldOf({ drain: drain(15) })).toEqual([
      "drain.terminationGracePeriodSeconds is 30; it must be at least 45, which is 15 (preStop) + 30 (timeoutSeconds); leave it out for 50",
    ]);
    expect(toldOf({ drain: drain(10) })[0]).toContain("at least 40, which is 10 (preStop) + 30");
  });

  it.each<readonly [Readonly<Record<string, unknown>>, string]>([
    [{ schema: 2 }, "schema is 2; it must be 1; a newer app file needs a newer Hitless"],
    [
      { name: ".." },
      'name is ".."; it must be a DNS label: at most 63 of a-z, 0-9 and -, with a letter or digit first and last',
    ],
    [
      { version: 1.1 },
      'version is 1.1; it must be text; put it in quotes, such as version: "1.10"',
    ],
    [
      { run: [] },
      "run is an empty list; it must be a list that begins with the program, such as [node, check.js]",
    ],
    [{ replicas: "four" }, 'replicas is "four"; it must be a whole number from 1 to 1000'],
    [{ replicas: null }, "replicas is empty; it must be a whole number from 1 to 1000"],
    [{ replica: 4 }, 'replica is not a known key; did you mean "replicas"?'],
    [
      { zzz: 4 },
      `zzz is not a known key; the keys known here are ${Object.keys(appFileSchema.shape).join(", ")}`,
    ],
    [
      { terminationGracePeriodSeconds: 9 },
      "terminationGracePeriodSeconds is not a known key; it belongs in drain",
    ],
    [{ port: 65_536 }, "port is 65536; it must be a whole number from 1 to 65535"],
    [{ image: "x" }, "image is not in this version yet; use run, with the files of this folder"],
    [
      { cwd: "../x" },
      'cwd is "../x"; it must be a relative path inside the artifact, without "..", such as server',
    ],
    [
      { artifact: { dir: "/etc" } },
      'artifact.dir is "/etc"; it must be a relative path inside the folder of the app file, without "..", such as dist',
    ],
    [
      { envFile: "../x" },
      'envFile is "../x"; it must be a relative path inside the folder of the app file, without "..", such as production.env',
    ],
    [
      { persist: ["a", "a/b"] },
      'persist[1] is "a/b"; it must be outside "a", which is in the list too; remove it',
    ],
    [
      { config: { PORT: 1 } },
      'config has "PORT"; it must be another name: PORT, HOST and HITLESS_* are set by Hitless for each replica',
    ],
    [
      { config: { A: null } },
      "config.A is empty; it must be text, a number, true or false (without a NUL character)",
    ],
    [
      { config: { A: 1 }, secrets: ["A"] },
      'secrets[0] is "A", which is also in config; keep it in one of the two',
    ],
    [
      { secrets: ["A=hunter2"] },
      'secrets[0] is "A=…"; it must be a name alone; take the value out of the app file: it is resolved at start',
    ],
    [
      { resources: { memory: "400m" } },
      'resources.memory is "400m"; it must be an amount of memory of at least 1Mi, such as 256Mi or 1Gi; m stands for a thousandth; did you mean 400Mi?',
    ],
    [
      { probes: {} },
      "probes.readiness is missing; it must be a mapping such as { path: /ready }, { port: 5432 } or { command: [check] }",
    ],
    [
      { probes: { readiness: { path: "ready" } } },
      'probes.readiness.path is "ready"; it must be a path that starts with / and has no space or #, such as /ready',
    ],
    [
      { probes: { readiness: {} } },
      "probes.readiness is an empty mapping; it must be a mapping with exactly one of path, port, command, httpGet, tcpSocket or exec",
    ],
    [
      { probes: { readiness: { path: "/r", port: 8080 } } },
      "probes.readiness.port is 8080, the port where clients reach the app, not the one of a replica; leave it out: each replica is asked at its own PORT",
    ],
    [
      { probes: { ...least.probes, liveness: { path: "/h", successThreshold: 2 } } },
      "probes.liveness.successThreshold is 2; it must be 1 here, as in Kubernetes: only readiness may ask for more",
    ],
    [
      { drain: { timeoutSeconds: "30s" } },
      'drain.timeoutSeconds is "30s"; it must be a whole number of seconds from 0 to 86400; write 30',
    ],
    [
      { drain: { preStop: {} } },
      "drain.preStop is an empty mapping; it must be one of { exec: [COMMAND] } and { sleepSeconds: 5 }",
    ],
    [
      { minReadySeconds: 5, progressDeadlineSeconds: 5 },
      "progressDeadlineSeconds is 5; it must be more than minReadySeconds, which is 5",
    ],
    [
      { strategy: { rolling: {}, recreate: {} } },
      "strategy is a mapping; it must be exactly one strategy: rolling, recreate, blueGreen, canary or abTest",
    ],
    [
      { strategy: { rolling: { maxSurge: 0 } } },
      "strategy.rolling.maxSurge is 0; it must be more than 0 while maxUnavailable is 0, or no replica could ever be replaced; raise one of the two",
    ],
    [
      { strategy: { rolling: { maxUnavailable: "101%" } } },
      'strategy.rolling.maxUnavailable is "101%"; it must be a whole number from 0 to 1000 or a percentage such as "25%", at most "100%"',
    ],
    [
      { stopSignal: "TERM" },
      'stopSignal is "TERM"; it must be one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH',
    ],
  ])("says about %j what is wrong and what to do", (changes, message) => {
    expect(toldOf(changes)).toEqual([message]);
  });

  it("reports all problems at once, in the order of the file", () => {
    const raw = { probes: {}, run: 5, zzz: 1, name: "A", config: { HOST: "x", B: [] } };
    expect(told(raw).map((sentence) => sentence.split(" ")[0])).toEqual([
      "probes.readiness",
      "run",
      "zzz",
      "name",
      "config",
      "config.B",
    ]);
  });

  it("refuses what is no mapping", () => {
    for (const raw of [undefined, null, 3, "x", [], [least]]) {
      expect(told(raw)).toHaveLength(1);
      expect(told(raw)[0]).toContain("it must be a mapping that begins with name, run and probes");
    }
  });

  it("refuses __proto__ wherever it stands", () => {
    const raw: unknown = JSON.parse(
      '{"name":"a","run":"x","probes":{"readiness":{"path":"/"}},"__proto__":{},"config":{"__proto__":"x"}}',
    );
    expect(told(raw).join("\n")).toContain("__proto__ is not a known key");
    expect(told(raw).join("\n")).toContain('config has "__proto__"');
  });
});

const sideKeys = ["steps", "match", "until", "checks", "bake", "keepWarm", "preview", "override"];
const anyKey = fc.oneof(fc.constantFrom(...Object.keys(appFileSchema.shape)), fc.string());
const nearlyAnAppFile = fc.oneof(
  fc.anything(),
  fc.dictionary(anyKey, fc.anything()).map((changes) => ({ ...least, ...changes })),
  fc
    .record({ startup: fc.anything(), readiness: fc.dictionary(fc.string(), fc.anything()) })
    .map((probes) => ({ ...least, probes })),
  fc
    .dictionary(
      fc.constantFrom("rolling", "recreate", "blueGreen", "canary", "abTest"),
      fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...sideKeys), fc.anything())),
    )
    .map((strategy) => ({ ...least, strategy })),
);

describe("any input", () => {
  it("is answered without throwing, in sentences without jargon", () => {
    fc.assert(
      fc.property(nearlyAnAppFile, (raw) => {
        for (const sentence of told(raw)) {
          expect(sentence).not.toMatch(/Invalid input|Too (?:small|big)|received|undefined/u);
        }
      }),
      { numRuns: 400 },
    );
  });
});
