import { describe, expect, it } from "vitest";
import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { IntentKind, MeantFor, ReleaseRecord } from "../model/release.ts";
import { exampleSettings, exampleStrategies, releaseTo, say } from "../testing/index.ts";
import { alreadySo, applyIntent } from "./intents.ts";
import { newestRelease } from "./meant-for.ts";
import { droppedBetween, newApp, requestRelease, requestRollback } from "./requests.ts";

const idle: App = {
  ...newApp("shop", { ...exampleSettings, strategy: exampleStrategies.canary }),
  stable: 1,
  served: [1],
  releases: 6,
};
const moving = ask(idle, 2);
const seen: MeantFor = { release: 7, direction: "forward", waypoint: "canary 5 %" };
const row: ReleaseRecord = {
  id: 7,
  kind: "release",
  cause: "test",
  from: 1,
  to: 2,
  outcome: "succeeded",
  reason: null,
  startedAt: 0,
  endedAt: 7000,
};

function ask(app: App, to: number): App {
  return requestRelease(app, releaseTo(to), { now: 0, by: "bob", busy: "queue" });
}

function refusal(act: () => unknown) {
  try {
    act();
  } catch (thrown) {
    const { code, message, happened } = HitlessError.from(thrown);
    return { code, message, happened };
  }
  return null;
}

/** Alice says it at 10 s of the release that she saw. */
function late(
  app: App,
  kind: IntentKind,
  at: { past?: readonly ReleaseRecord[]; meantFor?: MeantFor } = {},
) {
  const { past = [], meantFor = seen } = at;
  const full = kind === "promote" ? { full: true } : {};
  const spoken = { kind, by: "alice", at: 10_000, ...full };
  return refusal(() => applyIntent(app, { ...spoken, meantFor }, past));
}

const stopping = ["abort", "pause", "resume", "retry", "promote", "skip"] as const;

describe("what was meant for a release", () => {
  it.each(stopping)("that has ended is refused with its end: %s", (kind) => {
    expect(late({ ...idle, releases: 7 }, kind, { past: [row] })).toEqual({
      code: "OVERTAKEN",
      message: "release 7 ended (succeeded, 3 s ago); no release is under way",
      happened: { kind: "ended", release: 7, ended: { outcome: "succeeded", at: 7000 } },
    });
  });

  it.each(stopping)("that has never been is said not to be there: %s", (kind) => {
    const meantFor = { ...seen, release: 777 };
    expect(late(moving, kind, { meantFor })).toMatchObject({
      code: "OVERTAKEN",
      message: "there is no release 777; the newest is 7",
    });
  });

  it.each(stopping)("does not reach the next one: %s", (kind) => {
    expect(late(ask({ ...idle, releases: 7 }, 3), kind, { past: [row] })).toMatchObject({
      code: "OVERTAKEN",
      message: "release 8 is under way, you meant 7, which ended (succeeded, 3 s ago)",
      happened: { kind: "another", underWay: 8, meant: 7 },
    });
  });

  it.each(["pause", "resume", "promote", "skip"] as const)(
    "is refused once somebody has turned it back: %s",
    (kind) => {
      const aborted = applyIntent(moving, { kind: "abort", by: "bob", at: 5, meantFor: seen });
      expect(late(aborted, kind)).toMatchObject({
        code: "OVERTAKEN",
        message: "release 7 was aborted by bob and is on its way back",
      });
      const knew = { ...seen, direction: "back", waypoint: "back" } as const;
      expect(late(aborted, kind, { meantFor: knew })).toMatchObject({ code: "REFUSED" });
    },
  );

  it("is not retried by who has not seen that it turned back", () => {
    const aborted = applyIntent(moving, { kind: "abort", by: "bob", at: 5, meantFor: seen });
    expect(late(aborted, "retry")).toMatchObject({ code: "OVERTAKEN" });
    expect(say(aborted, "retry", 9).release?.direction).toBe("forward");
  });

  it.each(["promote", "skip"] as const)(
    "lets through only the waypoint that was seen: %s",
    (kind) => {
      if (moving.release === null) throw new TypeError("no release");
      const further: App = { ...moving, release: { ...moving.release, cursor: 1 } };
      expect(late(further, kind)).toEqual({
        code: "OVERTAKEN",
        message: 'release 7 has moved on from waypoint "canary 5 %" to waypoint "canary 50 %"',
        happened: { kind: "movedOn", release: 7, from: "canary 5 %", to: "canary 50 %" },
      });
      expect(late(moving, kind)).toBeNull();
    },
  );

  it.each(["abort", "pause", "resume"] as const)(
    "stops and goes on wherever it stands by then: %s",
    (kind) => {
      if (moving.release === null) throw new TypeError("no release");
      expect(late({ ...moving, release: { ...moving.release, cursor: 1 } }, kind)).toBeNull();
    },
  );

  it("and waits in the queue is refused until it has begun", () => {
    const meantFor = { ...seen, release: 8 };
    expect(late(ask(moving, 3), "pause", { meantFor })).toMatchObject({
      code: "REFUSED",
      message: "release 8 has not begun: it is queued behind release 7",
    });
  });

  it("and waits in the queue leaves it with an abort, and the running one goes on", () => {
    const queued = ask(moving, 3);
    const meantFor = { ...seen, release: 8 };
    const after = applyIntent(queued, { kind: "abort", by: "bob", at: 5, meantFor });
    expect(after).toEqual({ ...queued, pending: null });
  });
});

describe("what is so already", () => {
  const after = (kind: IntentKind, app = moving) =>
    applyIntent(app, { kind, by: "bob", at: 5, meantFor: newestRelease(app, []) });

  it("is accepted and told with who did it", () => {
    expect(alreadySo(after("abort"), "abort")).toEqual({
      kind: "turnedBack",
      reason: { kind: "aborted", by: "bob" },
    });
    expect(alreadySo(after("pause"), "pause")).toEqual({ kind: "paused", by: "bob" });
    const resumed = after("resume", after("pause"));
    expect(alreadySo(resumed, "resume")).toEqual({ kind: "goesForward", by: "bob" });
    const retried = after("retry", after("abort"));
    expect(alreadySo(retried, "retry")).toEqual({ kind: "goesForward", by: "bob" });
    expect(late(retried, "retry", { meantFor: { ...seen, direction: "back" } })).toBeNull();
  });

  it.each(["abort", "pause", "promote", "skip"] as const)(
    "is not what %s changes on a release that goes forward",
    (kind) => expect(alreadySo(moving, kind)).toBeNull(),
  );
});

describe("a rollback", () => {
  const back = (app: App, past: readonly ReleaseRecord[], meantFor: MeantFor) =>
    requestRollback(app, releaseTo(1, "rollback"), { now: 10_000, by: "alice", meantFor, past });
  const ended: App = { ...idle, stable: 2, served: [1, 2], releases: 7 };

  it("of a release that ended meanwhile does not undo what it led to", () => {
    expect(refusal(() => back(ended, [row], seen))).toMatchObject({ code: "OVERTAKEN" });
    const knew = { release: 7, direction: "ended", waypoint: null } as const;
    expect(back(ended, [row], knew).release).toMatchObject({ kind: "rollback", to: 1 });
  });

  it("is refused when another release has come and gone since", () => {
    const older = { release: 6, direction: "ended", waypoint: null } as const;
    expect(refusal(() => back(ended, [row], older))).toMatchObject({ code: "OVERTAKEN" });
  });

  it("is noted as what was asked of the running release, and drops the queued one", () => {
    const busy = ask(moving, 3);
    const after = back(busy, [], seen);
    expect(after.release?.intents).toMatchObject([{ kind: "rollback", by: "alice" }]);
    expect(droppedBetween(busy, after)).toMatchObject({ id: 8, to: 3, by: "bob" });
    expect(after.pending).toBeNull();
  });
});

describe("a queued release", () => {
  it("keeps its number when it begins, and a dropped one leaves its number unused", () => {
    const first = ask(moving, 3);
    const second = ask(first, 4);
    expect([first.pending?.id, second.pending?.id, second.releases]).toEqual([8, 9, 9]);
    expect(droppedBetween(first, second)).toMatchObject({ id: 8 });
    expect(droppedBetween(moving, first)).toBeNull();
    const begun = { ...first, pending: null, release: { ...ask(idle, 3).release, id: 8 } } as App;
    expect(droppedBetween(first, begun)).toBeNull();
  });
});
