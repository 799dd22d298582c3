import { expect, it } from "vitest";
import { writtenHooks } from "./hooks-schema.ts";
import { parseAppFile } from "./parse-app-file.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

function hooksOf(hooks: unknown) {
  const parsed = parseAppFile({ ...least, hooks });
  return parsed.kind === "ok" ? parsed.spec.settings.hooks : null;
}

function toldOf(hooks: unknown): readonly string[] {
  const parsed = parseAppFile({ ...least, hooks });
  if (parsed.kind === "ok") return [];
  return parsed.problems.map((p) => (p.next === undefined ? p.message : `${p.message}; ${p.next}`));
}

it("reads every kind of hook at every place, with its defaults", () => {
  expect(
    hooksOf({
      before: [
        { name: "warm", command: "./warm.sh", timeout: "90s", attempts: 3, onFail: "hold" },
        { load: { rate: 100, for: "30s", path: "/cart", lostAtMost: "0.5%", p95Below: "500ms" } },
      ],
      afterSwitch: [{ http: "https://example.org/{{revision}}" }],
      onFailure: [{ command: ["./page.sh", "{{revision}}"] }],
    }),
  ).toEqual({
    before: [
      {
        name: "warm",
        action: { kind: "command", command: "./warm.sh" },
        timeoutMs: 90_000,
        attempts: 3,
        onFail: "hold",
      },
      {
        name: "load",
        action: {
          ...{ kind: "load", rate: 100, forMs: 30_000, path: "/cart" },
          ...{ lostAtMost: 0.005, p95BelowMs: 500 },
        },
        ...{ timeoutMs: 60_000, attempts: 1, onFail: "back" },
      },
    ],
    afterSwitch: [
      {
        name: "http",
        action: { kind: "http", url: "https://example.org/{{revision}}" },
        ...{ timeoutMs: 60_000, attempts: 1, onFail: "back" },
      },
    ],
    onFailure: [
      {
        name: "command",
        action: { kind: "command", command: ["./page.sh", "{{revision}}"] },
        ...{ timeoutMs: 60_000, attempts: 1, onFail: "continue" },
      },
    ],
  });
});

it("takes a password of an address from the environment, by its name", () => {
  const http = "https://ci:$CI_PASSWORD@example.org/?token=$TOKEN";
  expect(hooksOf({ before: [{ http }] })?.before[0]?.action).toEqual({ kind: "http", url: http });
});

it("tells hooks of one place apart, whatever they are called", () => {
  const hooks = hooksOf({
    before: [
      { command: "a" },
      { name: "command 2", command: "b" },
      { command: "c" },
      { name: "x", command: "d" },
      { name: "x", command: "e" },
    ],
  });
  const names = ["command", "command 2", "command 3", "x", "x 2"];
  expect(hooks?.before.map(({ name }) => name)).toEqual(names);
});

it("writes hooks as they were read", () => {
  const written = {
    before: [{ name: "warm", command: "./warm.sh", timeout: "90s", attempts: 2, onFail: "hold" }],
    afterSwitch: [
      {
        name: "load",
        load: { rate: 9, for: "1h", path: "/", lostAtMost: "0.5%", p95Below: "1500ms" },
        ...{ timeout: "61m", attempts: 1, onFail: "back" },
      },
    ],
    onFailure: [
      {
        ...{ name: "http", http: "http://127.0.0.1/x" },
        ...{ timeout: "1500ms", attempts: 1, onFail: "continue" },
      },
    ],
  };
  const hooks = hooksOf({
    ...written,
    afterSwitch: written.afterSwitch.map(({ timeout: _, ...hook }) => ({
      ...hook,
      load: { ...hook.load, for: "30m" },
    })),
  });
  expect(hooks && writtenHooks(hooks)).toEqual({
    ...written,
    afterSwitch: written.afterSwitch.map((hook) => ({
      ...hook,
      load: { ...hook.load, for: "30m" },
      timeout: "1830s",
    })),
  });
});

it.each<readonly [unknown, string]>([
  [
    { before: [{ name: "a" }] },
    "hooks.before[0] is a mapping; it must be a mapping with exactly one of command, http and load",
  ],
  [
    { before: [{ command: "a", http: "http://a/" }] },
    "hooks.before[0] is a mapping; it must be a mapping with exactly one of command, http and load",
  ],
  [
    { before: [{ command: "a", timeout: 60 }] },
    "hooks.before[0].timeout is 60; it must be a time from 1s to 1h with its unit, such as 1s; write 60s",
  ],
  [
    { before: [{ command: "a", timeout: "2h" }] },
    'hooks.before[0].timeout is "2h"; it must be a time from 1s to 1h with its unit, such as 1s',
  ],
  [
    { before: [{ command: "a", onFail: "retry" }] },
    'hooks.before[0].onFail is "retry"; it must be back, hold or continue',
  ],
  [
    { onFailure: [{ command: "a", onFail: "back" }] },
    'hooks.onFailure[0].onFail is "back"; it must be continue: these run when the release has gone back already; leave it out, or write continue',
  ],
  [
    { afterSwitch: [{ http: "ftp://a/" }] },
    'hooks.afterSwitch[0].http is "ftp://a/"; it must be an address that begins with http:// or https://, such as https://example.org/warm?revision={{revision}}',
  ],
  [
    { afterSwitch: [{ http: "https://ci:hunter2@a/" }] },
    'hooks.afterSwitch[0].http is "https://…@a/"; it must be an address without a password in it; write $NAME for it, and set NAME in the environment of the controller',
  ],
  [
    { before: [{ load: { rate: 0, for: "30s" } }] },
    "hooks.before[0].load.rate is 0; it must be a whole number from 1 to 5000",
  ],
  [
    { before: [{ load: { rate: 10, for: "30s", lostAtMost: "101%" } }] },
    'hooks.before[0].load.lostAtMost is "101%"; it must be a percentage such as 0.5%',
  ],
  [
    { before: [{ load: { rate: 10, for: "30s" }, timeout: "30s" }] },
    'hooks.before[0].timeout is "30s"; it must be more than load.for, which is 30s',
  ],
  [
    { before: [{ comand: "a" }] },
    'hooks.before[0].comand is not a known key; did you mean "command"?',
  ],
  [
    { before: { command: "a" } },
    "hooks.before is a mapping; it must be a list of hooks, such as [{ command: ./warm.sh }]",
  ],
  [
    { before: Array.from({ length: 51 }, () => ({ command: "a" })) },
    "hooks.before is a list; it must be a list of at most 50 hooks",
  ],
  [
    { after: [] },
    "hooks.after is not a known key; the keys known in hooks are before, afterSwitch, onFailure",
  ],
])("says about %j what is wrong and what to do", (hooks, message) => {
  expect(toldOf(hooks)).toEqual([message]);
});
