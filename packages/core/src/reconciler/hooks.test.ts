import { expect, it } from "vitest";
import type { App } from "../model/app.ts";
import type { Observed } from "../model/observed.ts";
import { begin, exampleHook, say, settledApp } from "../testing/index.ts";
import { next } from "./next.ts";

const known = { kind: "known", value: 100, asOf: 0 } as const;

/** A release whose first hook runs, and does not come to an end. */
async function hanging() {
  const before = [exampleHook];
  const hooks = { before, afterSwitch: [], onFailure: [] };
  const { app, engine } = await settledApp({ hooks });
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
  expect(decide(running)).toMatchObject({ kind: "wait", why: { kind: "hookRunning" } });
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
