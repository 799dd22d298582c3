import { describe, expect, it } from "vitest";
import { parseAppFile } from "./parse-app-file.ts";

const least = { name: "shop", run: "./shop", probes: { readiness: { path: "/ready" } } };
const minute = 60_000;

function read(strategy: unknown) {
  const parsed = parseAppFile({ ...least, strategy });
  return parsed.kind !== "problems" ? parsed.spec.settings.strategy : parsed.problems;
}

function told(strategy: unknown): readonly string[] {
  const parsed = parseAppFile({ ...least, strategy });
  if (parsed.kind !== "problems") return [];
  return parsed.problems.map((p) => [p.message, p.next].filter((t) => t !== undefined).join("; "));
}

const analysed = { kind: "analysis", ms: minute } as const;
const step = (weight: number) => ({ weight, replicas: null, hold: [analysed] });
const usual = { steps: [step(5), step(20), step(50)], sticky: null, bakeMs: minute };

describe("strategies with both sides side by side", () => {
  it.each([
    ["canary", { kind: "canary", ...usual }],
    [{ canary: null }, { kind: "canary", ...usual }],
    [{ canary: {} }, { kind: "canary", ...usual }],
    ["blueGreen", { kind: "blueGreen", checks: [], bakeMs: minute, keepWarmMs: 10 * minute }],
    [
      {
        blueGreen: {
          checks: [{ pause: "30s" }, "approval"],
          keepWarm: "0s",
          preview: { port: 81 },
        },
      },
      {
        kind: "blueGreen",
        checks: [{ kind: "time", ms: 30_000 }, { kind: "approval" }],
        bakeMs: minute,
        preview: 81,
      },
    ],
    [
      { abTest: { match: [{ query: "v", value: 2 }], override: "none", bake: "0s" } },
      {
        kind: "abTest",
        matches: [{ kind: "query", name: "v", value: "2" }],
        until: [{ kind: "approval" }],
        bakeMs: 0,
      },
    ],
    [
      { canary: { split: "replicas", steps: [{ weight: 10, replicas: 3 }], bake: "0s" } },
      {
        kind: "canary",
        byReplica: true,
        steps: [{ weight: 10, replicas: { kind: "fixed", n: 3 }, hold: [] }],
        sticky: null,
        bakeMs: 0,
      },
    ],
  ])("reads %j", (written, expected) => {
    expect(read(written)).toEqual(expected);
  });

  it("lets what follows a weight belong to it, written apart or together", () => {
    const apart = [
      { weight: 0.1 },
      { requests: 50 },
      { analysis: "1m" },
      "approval",
      { weight: 100 },
    ];
    const together = [
      { weight: 0.1, requests: 50, analysis: "1m", approval: true },
      { weight: 100 },
    ];
    const hold = [{ kind: "requests", n: 50 }, analysed, { kind: "approval" }];
    const steps = [
      { weight: 0.1, replicas: null, hold },
      { weight: 100, replicas: null, hold: [] },
    ];
    expect(read({ canary: { steps: apart } })).toMatchObject({ steps });
    expect(read({ canary: { steps: together } })).toMatchObject({ steps });
  });

  it("knows a segment of users by a part of it and by a key, headers in any case", () => {
    const match = [
      { user: { cookie: "uid" }, percent: 20, segment: { header: "X-Plan", value: "pro" } },
    ];
    const segment = { kind: "header", name: "x-plan", value: "pro" };
    const hash = { kind: "hash", by: "cookie", name: "uid", percent: 20 };
    expect(read({ abTest: { match } })).toMatchObject({
      matches: [{ kind: "all", of: [segment, hash] }],
      override: { header: "x-canary" },
    });
  });

  it.each([
    [
      { canary: { steps: [{ weight: 101 }] } },
      "strategy.canary.steps[0].weight is 101; it must be a percentage from 0 to 100 in steps of 0.1, such as 5",
    ],
    [
      { canary: { steps: [{ weight: 0.25 }] } },
      "strategy.canary.steps[0].weight is 0.25; it must be a percentage from 0 to 100 in steps of 0.1, such as 5",
    ],
    [
      { canary: { steps: [{ weight: "20%" }] } },
      'strategy.canary.steps[0].weight is "20%"; it must be a percentage from 0 to 100 in steps of 0.1, such as 5; write 20',
    ],
    [
      { canary: { steps: [{ weight: "200%" }] } },
      'strategy.canary.steps[0].weight is "200%"; it must be a percentage from 0 to 100 in steps of 0.1, such as 5',
    ],
    [
      { canary: { bake: 2 } },
      "strategy.canary.bake is 2; it must be a time from 0s to 30d with its unit, such as 0s; write 2s",
    ],
    [
      { canary: { bake: 1e9 } },
      "strategy.canary.bake is 1000000000; it must be a time from 0s to 30d with its unit, such as 0s",
    ],
    [
      { canary: { steps: [{ weight: 5 }, { pause: {} }] } },
      "strategy.canary.steps[1].pause is an empty mapping; it must be a time from 1s to 30d with its unit, such as 1s; write approval instead of pause to wait for a person",
    ],
    [
      { canary: { steps: [{ weight: 20 }, { weight: 5 }] } },
      "strategy.canary.steps[1].weight is 5; it must be more than 20, which the step before has",
    ],
    [
      { canary: { steps: [{ weight: 100 }, { weight: 100 }] } },
      "strategy.canary.steps[1].weight is 100; it must be left out: the step before has all requests already",
    ],
    [
      { canary: { steps: ["approval"] } },
      'strategy.canary.steps[0] is "approval"; it must be a mapping with a weight: the first step says how much the new side gets',
    ],
    [
      { canary: { steps: [{ weight: 0, analysis: "60s" }] } },
      'strategy.canary.steps[0].analysis is "60s"; it must be left out at weight 0: the new side gets no requests yet',
    ],
    [
      { blueGreen: { checks: [{ requests: 5 }] } },
      "strategy.blueGreen.checks[0].requests is 5; it must be left out here: the new side gets no requests yet",
    ],
    [
      { canary: { steps: [{ weigth: 5 }] } },
      'strategy.canary.steps[0].weigth is not a known key; did you mean "weight"?',
    ],
    [
      { canary: { split: "replicas", sticky: { cookie: "user" } } },
      "strategy.canary.sticky is a mapping; it must be left out where the replicas alone split the requests; leave it out, or write split: weight",
    ],
    [
      { blueGreen: { preview: { port: 8080 } } },
      "strategy.blueGreen.preview.port is 8080, the port where clients reach the app; choose another one, such as 9464",
    ],
    [
      { abTest: {} },
      "strategy.abTest.match is missing; it must be a list such as [{ header: x-variant, value: b }]",
    ],
    [
      "abTest",
      'strategy is "abTest"; it must be rolling, recreate, blueGreen, canary or abTest, alone or with its fields, such as { rolling: { maxSurge: 1 } }; abTest needs a match: { abTest: { match: [...] } }',
    ],
  ])("says about %j what is wrong", (written, message) => {
    expect(told(written)).toEqual([message]);
  });
});

describe("what a release is judged by", () => {
  const settingsOf = (changes: object) => {
    const parsed = parseAppFile({ ...least, ...changes });
    if (parsed.kind === "problems") return parsed.problems.map((p) => p.message);
    return parsed.spec.settings.analysis?.map((metric) => [metric.name, metric.judge.kind]);
  };
  const metric = { metric: "error-rate", below: "1%" };

  it("is without a word of the file the comparison of both sides, where both get requests", () => {
    const compared = [
      ["error-rate vs stable", "comparison"],
      ["latency-p95 vs stable", "comparison"],
    ];
    expect(settingsOf({ strategy: "canary" })).toEqual(compared);
    expect(settingsOf({ strategy: { abTest: { match: [{ header: "a", value: "b" }] } } })).toEqual(
      compared,
    );
    expect(settingsOf({ strategy: "blueGreen" })).toBeUndefined();
    expect(settingsOf({ strategy: "canary", analysis: [] })).toBeUndefined();
  });

  it("is refused where nothing ever holds to measure it", () => {
    expect(settingsOf({ analysis: [metric] })).toEqual([
      "analysis is declared, and strategy rolling never holds to measure anything",
    ]);
    const rolling = { rolling: { bake: "1m" } };
    expect(settingsOf({ analysis: [metric], strategy: rolling })).toEqual([
      ["error-rate", "threshold"],
    ]);
  });
});

const load = { rate: 10, for: "30s" };
const loadHook = {
  name: "load",
  action: { kind: "load", rate: 10, forMs: 30_000, path: "/", lostAtMost: 0, p95BelowMs: null },
  ...{ timeoutMs: minute, attempts: 1, onFail: "back" },
};
const commandHook = {
  name: "command",
  action: { kind: "command", command: "./check.sh" },
  ...{ timeoutMs: minute, attempts: 2, onFail: "hold" },
};

describe("hooks of a strategy", () => {
  it("are run by the new side's own address, before it gets more", () => {
    const check = { command: "./check.sh", attempts: 2, onFail: "hold" };
    const preview = { port: 81 };
    expect(
      read({ blueGreen: { preview, checks: [{ load }, { pause: "1m" }, check, check] } }),
    ).toEqual({
      kind: "blueGreen",
      before: [loadHook, commandHook, { ...commandHook, name: "command 2" }],
      checks: [{ kind: "time", ms: minute }],
      ...{ preview: 81, bakeMs: minute, keepWarmMs: 10 * minute },
    });
    const steps = [{ weight: 0 }, { load }, { weight: 5 }, { analysis: "60s" }, check];
    expect(read({ canary: { preview, steps } })).toMatchObject({
      steps: [
        { weight: 0, before: [loadHook], hold: [] },
        { weight: 5, before: [commandHook], hold: [analysed] },
      ],
    });
  });

  it.each([
    [
      { blueGreen: { checks: [{ load }] } },
      "strategy.blueGreen.preview is missing; it must be declared for the load to go to, such as { port: 8081 }",
    ],
    [
      { canary: { steps: [{ weight: 0 }, { load }] } },
      "strategy.canary.preview is missing; it must be declared for the load to go to, such as { port: 8081 }",
    ],
    [
      { canary: { steps: [{ weight: 5, timeout: "5s" }] } },
      "strategy.canary.steps[0] is a mapping; it must be a mapping with exactly one of command, http and load",
    ],
    [
      { blueGreen: { checks: [{ command: "x", attempts: 0 }] } },
      "strategy.blueGreen.checks[0].attempts is 0; it must be a whole number from 1 to 100",
    ],
    [
      { canary: { steps: [{ command: "x" }] } },
      "strategy.canary.steps[0] is a mapping; it must be a mapping with a weight: the first step says how much the new side gets",
    ],
  ])("%j is told where it is wrong", (strategy, sentence) => {
    expect(told(strategy)).toEqual([sentence]);
  });
});
