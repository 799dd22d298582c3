import { expect, it } from "vitest";
import type { App, Hooks } from "../model/app.ts";
import type { Hook } from "../model/hook.ts";
import type { Observed } from "../model/observed.ts";
import { begin, exampleHook, say, settledApp } from "../testing/index.ts";
import { next } from "./next.ts";

const known = { kind: "known", value: 100, asOf: 0 } as const;

function hooksWith(hook: Hook): Hooks {
  return { before: [hook], afterSwitch: [], onFailure: [] };
}

/** A release whose first hook runs, and does not come to an end. */
async function hanging() {
  const { app, engine } = await settledApp({ hooks: hooksWith(exampleHook) });
  const now = engine.now();
  const seen: Observed = {
    ...engine.view(),
    schema: { kind: "unknown", reason: "no migrator", since: now },
    verdicts: {},
    hooks: {},
    measurements: {},
    rate: known,
    lastLogLines: {},
  };
  const at = { now, facts: new Map() };
  const decide = (from: App) => {
    const made = next(from, seen, at);
    // That nobody is there yet is progress, too.
    return made.kind === "advance" && made.why.kind === "progressed"
      ? next(made.app, seen, at)
      : made;
  };
  const ordered = decide(begin(app, 2, now));
  if (ordered.kind !== "mutate") throw new TypeError(ordered.kind);
  const { mutation } = ordered;
  const running: App = { ...ordered.app, ordered: { mutation, token: 0, since: now } };
  return { running, decide, now };
}

it("a hook that does not come to an end is waited for, and passed by a person's skip", async () => {
  const { running, decide, now } = await hanging();
  const named = { key: "shop/2/roll/warm-up", waypoint: "roll", hook: "warm-up" };
  const why = { kind: "hookRunning", ...named, since: now, timeoutMs: 10_000 };
  expect(decide(running)).toMatchObject({ kind: "wait", why });
  const skipped = decide(say(running, "skip", now));
  expect(skipped).toMatchObject({
    kind: "advance",
    why: { kind: "hookOver", result: { outcome: "failed", detail: "skipped by alice" } },
  });
  if (skipped.kind !== "advance") throw new TypeError(skipped.kind);
  expect(decide(skipped.app)).toMatchObject({ kind: "mutate", mutation: { kind: "scale" } });
});

it("a hook that runs is not waited for by the way back", async () => {
  const { running, decide, now } = await hanging();
  const { why } = decide(say(running, "abort", now));
  expect(why.kind).not.toBe("hookRunning");
});

it("to promote is refused where a hook failed that a person decides on, with its name and the ways on", async () => {
  const { app } = await settledApp({ hooks: hooksWith({ ...exampleHook, onFail: "hold" }) });
  const begun = begin(app, 2, 0);
  if (begun.release === null) throw new TypeError("no release");
  const effects = { "shop/2/roll/warm-up": { outcome: "failed", detail: "exit 1" } } as const;
  const held: App = { ...begun, release: { ...begun.release, effects } };
  expect(() => say(held, "promote", 1)).toThrow(
    expect.objectContaining({
      code: "REFUSED",
      message: 'release 2 is held: hook warm-up failed at "roll": exit 1',
      next: "`hitless skip` goes on without it, `hitless abort` goes back; while it goes back, `hitless retry` runs it again.",
    }),
  );
  expect(say(say(held, "skip", 1), "promote --full", 2).release?.waived).toBe("all");
});
