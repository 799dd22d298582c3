import fc from "fast-check";
import { expect, it } from "vitest";
import type { App } from "../model/app.ts";
import { begin, exampleHook, exampleSettings, say } from "../testing/index.ts";
import { hookKey } from "./outside-step.ts";
import { extendDeadlines, takeUp } from "./progress.ts";
import { newApp } from "./requests.ts";

const hooks = { before: [exampleHook], afterSwitch: [], onFailure: [] };
const begun = begin({ ...newApp("shop", { ...exampleSettings, hooks }), stable: 1 }, 2, 0);

function keyOf(app: App): string {
  const { release } = app;
  const waypoint = release?.plan[0];
  if (release === null || waypoint === undefined) throw new TypeError("no release");
  return hookKey(app, release, { waypoint, hook: exampleHook });
}

const mishap = fc.oneof(
  fc.integer({ min: -9e7, max: 9e7 }).map((gapMs) => (app: App) => extendDeadlines(app, gapMs)),
  fc.tuple(fc.option(fc.nat()), fc.nat()).map(
    ([seen, now]) =>
      (app: App) =>
        takeUp(JSON.parse(JSON.stringify(app)), seen, now),
  ),
  fc.constant((app: App) => say(app, "pause", 5)),
  fc.constant((app: App) => say(app, "resume", 6)),
);

it("a hook has one key, whatever the clock does and however many controllers die", () => {
  fc.assert(
    fc.property(fc.array(mishap, { maxLength: 8 }), (mishaps) => {
      const app = mishaps.reduce((each, befall) => befall(each), begun);
      expect(keyOf(app)).toBe(keyOf(begun));
    }),
  );
});

it("a hook has another key once a release that went back is tried again, and not before", () => {
  const again = say(say(begun, "abort", 1), "retry", 2);
  expect(keyOf(again)).not.toBe(keyOf(begun));
  expect(keyOf(say(again, "retry", 3))).toBe(keyOf(again));
});
