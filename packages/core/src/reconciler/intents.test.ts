import { describe, expect, it } from "vitest";
import { newMetricState } from "../analysis/measured.ts";
import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import { intentKinds } from "../model/release.ts";
import type { Hold } from "../model/waypoint.ts";
import {
  begin,
  exampleMetric,
  exampleSettings,
  releaseTo,
  type Spoken,
  say as sayNow,
} from "../testing/index.ts";
import { extendDeadlines, takeUp } from "./progress.ts";
import { newApp, requestRelease } from "./requests.ts";

const idle: App = { ...newApp("shop", exampleSettings), stable: 1, served: [1] };
const moving = requestRelease(idle, releaseTo(2), { now: 0, by: "test", busy: "queue" });
const say = (app: App, kind: Spoken, at = 1000) => sayNow(app, kind, at);

function refuses(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (thrown) {
    return thrown instanceof HitlessError && thrown.code === "REFUSED";
  }
}

describe("an intent", () => {
  it.each(intentKinds)("to %s is refused when no release runs", (kind) => {
    expect(refuses(() => say(idle, kind))).toBe(true);
  });

  it.each(["pause", "resume", "abort", "skip", "rollback", "replace"] as const)(
    "to %s is noted with who asked and when",
    (kind) => {
      const meantFor = { release: 1, direction: "forward", waypoint: "roll" };
      expect(say(moving, kind).release?.intents).toEqual([
        { kind, by: "alice", at: 1000, meantFor },
      ]);
    },
  );

  it.each([
    ["abort", "aborted"],
    ["rollback", "rolledBack"],
    ["replace", "replaced"],
  ] as const)("to %s turns the release back for that reason", (kind, reason) => {
    const { release } = say(moving, kind);
    expect(release).toMatchObject({ direction: "back", reason: { kind: reason, by: "alice" } });
    expect(release?.back.map((w) => w.id)).toEqual(["back"]);
  });

  describe("to promote", () => {
    const asks = (hold: readonly Hold[]): App => {
      const steps = [
        { weight: 5, replicas: null, hold },
        { weight: 50, replicas: null, hold },
      ];
      const strategy = { kind: "canary", steps, sticky: null, bakeMs: 0 } as const;
      return begin({ ...idle, settings: { ...idle.settings, strategy } }, 2, 0);
    };

    it("approves what waits for a person, and says who did and when", () => {
      const { release } = say(asks([{ kind: "analysis", ms: 1 }, { kind: "approval" }]), "promote");
      expect(release?.waived).toBe("approved");
      expect(release?.intents).toMatchObject([{ kind: "promote", by: "alice", at: 1000 }]);
    });

    it("is refused where nobody is asked, with what is waited for", () => {
      expect(() => say(asks([{ kind: "analysis", ms: 1 }]), "promote")).toThrow(/analysis/u);
      expect(() => say(moving, "promote")).toThrow(/waits for nothing but its replicas/u);
    });

    it("in full lets everything pass to the end, also where nobody is asked", () => {
      const { release } = say(asks([{ kind: "analysis", ms: 1 }]), "promote --full");
      expect(release?.waived).toBe("all");
    });

    it("does not narrow what was waived before", () => {
      const app = asks([{ kind: "approval" }]);
      expect(say(say(app, "skip"), "promote").release?.waived).toBe("waypoint");
    });
  });

  it("to abort what goes back already keeps the first reason", () => {
    expect(say(say(moving, "rollback"), "abort").release?.reason?.kind).toBe("rolledBack");
  });

  it.each(["pause", "promote", "skip"] as const)("to %s is refused on the way back", (kind) => {
    expect(refuses(() => say(say(moving, "abort"), kind))).toBe(true);
  });

  it("to retry is refused on the way forward and starts anew on the way back", () => {
    expect(refuses(() => say(moving, "retry"))).toBe(true);
    const { release } = say(say(moving, "abort"), "retry", 9000);
    expect(release).toMatchObject({ direction: "forward", cursor: 0, reason: null, back: [] });
    expect(release?.progress.deadlineAt).toBe(129_000);
  });

  it("to pause a paused release keeps the first pause", () => {
    expect(say(say(moving, "pause", 5), "pause", 50).release?.paused?.since).toBe(5);
  });

  it("to resume moves what was counted by the time that it slept", () => {
    if (moving.release === null) throw new TypeError("no release");
    const reached: App = {
      ...moving,
      release: { ...moving.release, reached: { at: 100, requests: 7 } },
    };
    const { release } = say(say(reached, "pause", 1000), "resume", 61_000);
    expect(release?.reached).toEqual({ at: 60_100, requests: 7 });
    expect(release?.progress.deadlineAt).toBe(181_000);
  });

  it("to promote wakes a paused release as resume does", () => {
    const { release } = say(say(moving, "pause", 1000), "promote --full", 600_000);
    expect(release).toMatchObject({ paused: null, waived: "all" });
    expect(release?.progress.deadlineAt).toBe(720_000);
  });

  it("to skip after promote does not narrow the promise", () => {
    expect(say(say(moving, "promote --full"), "skip").release?.waived).toBe("all");
  });
});

describe("a gap in which nobody watched", () => {
  it("moves every deadline by its length", () => {
    const { release } = extendDeadlines(moving, 30_000);
    expect(release?.progress).toMatchObject({ at: 30_000, deadlineAt: 150_000 });
    expect(extendDeadlines(idle, 30_000)).toBe(idle);
  });

  it("does not count towards a hold, in whatever direction the clock went", () => {
    if (moving.release === null) throw new TypeError("no release");
    const held = { ...moving, release: { ...moving.release, reached: { at: 100, requests: 7 } } };
    for (const gapMs of [30_000, -30_000]) {
      const { release } = extendDeadlines(held, gapMs);
      expect(release?.reached).toEqual({ at: 100 + gapMs, requests: 7 });
    }
  });

  const day = 86_400_000;
  /** A hold that had counted for 900 ms when it was paused. */
  const paused = () => {
    if (moving.release === null) throw new TypeError("no release");
    const held = { ...moving.release, reached: { at: 100, requests: 0 } };
    return say({ ...moving, release: held }, "pause", 1000);
  };

  it.each([day, -day])("of %i ms neither ends nor prolongs a hold that is paused", (jump) => {
    const jumped = extendDeadlines(paused(), jump);
    const { release } = say(jumped, "resume", 61_000 + jump);
    expect(release?.reached?.at).toBe(60_100 + jump);
  });

  it.each([
    [day, 61_000],
    [-day, 61_000],
    [0, null],
  ])("of a controller leaves a paused hold as it was (clock set by %i ms)", (jump, lastSeen) => {
    const taken = takeUp(paused(), lastSeen, 90_000 + jump);
    const { release } = say(taken, "resume", 120_000 + jump);
    expect(release?.reached?.at).toBe(119_100 + jump);
  });

  const metric = newMetricState(exampleMetric, 0);
  const measured = { m: { ...metric, dataAt: 900, dueAt: 30_900 } };
  const measuring = () => {
    if (moving.release === null) throw new TypeError("no release");
    const reached = { at: 100, requests: 0 };
    return { ...moving, release: { ...moving.release, reached, analysis: measured } };
  };
  const instants = ({ release }: App) => {
    const { dataAt, dueAt } = release?.analysis?.["m"] ?? {};
    return { dataAt, dueAt };
  };

  it.each([day, -day])("of %i ms blinds no metric: what is due stays as far away", (jump) => {
    const moved = { dataAt: 900 + jump, dueAt: 30_900 + jump };
    expect(instants(extendDeadlines(measuring(), jump))).toEqual(moved);
    expect(instants(takeUp(measuring(), 1000, 1000 + jump))).toEqual(moved);
    const jumped = extendDeadlines(say(measuring(), "pause", 1000), jump);
    expect(instants(say(jumped, "resume", 1000 + jump))).toEqual(moved);
  });

  it("of unknown length has what would be due in a future that never comes measured at once", () => {
    expect(instants(takeUp(measuring(), null, 1000 - day)).dueAt).toBe(1000 - day);
    expect(instants(takeUp(measuring(), null, 2 * day)).dueAt).toBe(30_900);
  });

  it("counts no second of a hold twice when a controller dies in taking it up", () => {
    if (moving.release === null) throw new TypeError("no release");
    const held = { ...moving, release: { ...moving.release, reached: { at: 100, requests: 0 } } };
    // Watched for 900 ms, then the clock was set back by a day.
    const first = takeUp(held, 1000, 5000 - day);
    expect(first.release?.reached?.at).toBe(4100 - day);
    expect(takeUp(first, 1000, 6000 - day).release?.reached?.at).toBe(5100 - day);
  });
});
