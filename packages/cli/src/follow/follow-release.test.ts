import type { Accepted, StatusReport } from "@hitless/controller";
import { HitlessError, type Outcome, type ReleaseRecord } from "@hitless/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exampleRelease, exampleStatus } from "../testing/example-status.ts";
import { followRelease, judge, type ReleaseSource, succeeded, wentBack } from "./follow-release.ts";

const forever = null;

describe("followRelease", () => {
  let said: string[] = [];

  beforeEach(() => {
    said = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said.push(String(text));
      return true;
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("returns the row of a release that succeeded", async () => {
    const ended = await followRelease(
      answering(status({}), status({ ended: "succeeded" })),
      two,
      forever,
    );

    expect(ended?.outcome).toBe("succeeded");
    expect(said.join("")).toContain("release 2: revision 2: 0 ready, revision 1: 0");
  });

  it.each<Outcome>(["failed", "aborted", "rolledBack", "replaced", "stuck"])(
    "returns the row of a release that ended as %s as well",
    async (outcome) => {
      const ended = await followRelease(answering(status({ ended: outcome })), two, forever);

      expect(ended).toEqual(record({ outcome }));
    },
  );

  it("stops waiting for a release that is paused", async () => {
    const error = await failureOf(
      followRelease(answering(status({ pausedBy: "ann" })), two, forever),
    );

    expect(error).toMatchObject({ code: "STOPPED_WAITING", exitCode: 5 });
    expect(error.message).toBe("release 2 is paused by ann");
  });

  it("stops waiting for a release that waits for nothing but a person", async () => {
    const report = status({});
    const { release } = report;
    if (release === null) throw new Error("none is under way");
    const why = { kind: "held", waypoint: "roll", hold: "approval", detail: "" } as const;
    const at = (open: boolean) => ({ ...release, holds: [{ kind: "approval", open } as const] });
    const given = { ...report, release: at(true), why };
    const asked = { ...report, release: at(false), why };

    const error = await failureOf(followRelease(answering(given, asked), two, forever));

    expect(error).toMatchObject({ code: "STOPPED_WAITING", exitCode: 5 });
    expect(error.message).toBe('release 2 waits at "roll" for a person');
  });

  it("stops waiting for a release that something holds which failed", async () => {
    const report = status({});
    const { release } = report;
    if (release === null) throw new Error("none is under way");
    const detail = "failed: exit 7; `hitless skip` goes on without it";
    const why = { kind: "holdUndecided", waypoint: "roll", hold: "warm", detail } as const;
    const held = { ...report, release: { ...release, heldByFailure: true }, why };

    const error = await failureOf(followRelease(answering(held), two, forever));

    expect(error).toMatchObject({ code: "STOPPED_WAITING", exitCode: 5 });
    expect(error.message).toContain(
      'release 2 waits for a person: waypoint "roll" is held by warm: failed: exit 7',
    );
  });

  it("stops waiting for a release whose window opens later, not for less traffic", async () => {
    const waiting = { ...status({}), release: null };
    const detail = "opens Tue 24 Nov 02:00 UTC";
    const why = { kind: "windowClosed", release: 2, detail } as const;
    const busy = { ...waiting, why: { ...why, opensAt: null } };
    const closed = { ...waiting, why: { ...why, opensAt: 1 } };

    const error = await failureOf(followRelease(answering(busy, closed), two, forever));

    expect(error.exitCode).toBe(5);
    expect(error.message).toContain("release 2 waits for a release window, which opens Tue 24 Nov");
  });

  it("waits for a release that begins at any time while the reason is still its window", async () => {
    const detail = "opens Tue 24 Nov 02:00 UTC";
    const why = { kind: "windowClosed", release: 2, opensAt: 1, detail } as const;
    const asked = { kind: "release", cause: "a test", requestedAt: 0, by: "ann" } as const;
    const pending = { id: 2, to: 2, ...asked };
    const before = { ...status({}), release: null, pending, why };
    const source = answering(before, status({ ended: "succeeded" }));
    const hurried = { ...two, kind: "queued", behind: null, waits: null } as const;

    expect(await followRelease(source, hurried, forever)).toMatchObject({ outcome: "succeeded" });
    const late = { ...hurried, waits: why };
    expect((await failureOf(followRelease(answering(before), late, forever))).exitCode).toBe(5);
  });

  it("stops waiting when the time is over, and says that the release goes on", async () => {
    const never: ReleaseSource = {
      history: async () => [],
      audit: async () => ({ entries: [], damage: [] }),
      status: (_after, signal) =>
        new Promise((_, failed) => {
          signal?.addEventListener("abort", () => failed(signal.reason), { once: true });
        }),
    };

    const error = await failureOf(followRelease(never, two, 20));

    expect(error.exitCode).toBe(5);
    expect(error.message).toBe("stopped waiting: 0.02 s are over; the release goes on");
  });

  it("says that the release goes on when its controller does not come back", async () => {
    vi.useFakeTimers();
    const gone = async (): Promise<never> => {
      throw new HitlessError("NO_CONTROLLER", "nobody");
    };
    const failure = failureOf(followRelease({ ...answering(), status: gone }, two, forever));
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();

    expect(await failure).toMatchObject({
      exitCode: 8,
      message: "the controller is gone; release 2 goes on with the next one",
    });
  });

  it("says when a newer release took the place of the one that waited", async () => {
    const queued: Accepted = { ...two, kind: "queued", release: 3, revision: 7 };

    const error = await failureOf(followRelease(answering(status({})), queued, forever));

    expect(error).toMatchObject({ code: "RELEASE_ABORTED", exitCode: 4 });
    expect(error.message).toContain("release 3 to revision 7 lost its place in the queue");
  });

  it("finds the row in the history when a later release has ended as well", async () => {
    const later = { ...status({ ended: "succeeded" }), lastRelease: record({ id: 3 }) };
    const source = { ...answering(later), history: async () => [record({}), record({ id: 3 })] };

    expect((await followRelease(source, two, forever))?.id).toBe(2);
  });

  it("has nothing to follow when no release was made", async () => {
    const nothing: Accepted = { ...two, kind: "nothing", release: null, revision: 1 };

    expect(await followRelease(answering(), nothing, forever)).toBeNull();
  });
});

describe("judge", () => {
  it("tells of an end that was wanted", () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);

    judge(record({}), succeeded(record({})));

    expect(said.mock.calls).toEqual([["release 2 succeeded after 1.5 s\n"]]);
    said.mockRestore();
  });

  it.each<[Outcome, number, boolean]>([
    ["failed", 3, true],
    ["aborted", 4, true],
    ["rolledBack", 4, true],
    ["replaced", 4, true],
    ["stuck", 7, false],
  ])("gives an end as %s exit code %i", async (outcome, exitCode, back) => {
    const ended = record({ outcome });

    const error = thrownBy(() => judge(ended, succeeded(ended)));

    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain("release 2 to revision 2");
    expect(wentBack(ended)).toBe(back);
  });

  it("shows the last log lines of a replica that kept exiting", () => {
    const lines = Array.from({ length: 40 }, (_, n) => `line ${n}`);

    const error = thrownBy(() =>
      judge(record({ outcome: "failed", reason: crashLoop(lines) }), false),
    );

    expect(error.message).toContain("exited 3 times");
    expect(error.message).toMatch(/its last log lines:\n( {4}line \d+\n)+ {4}line 39$/);
    expect(error.message).not.toContain("line 0\n");
  });
});

const two: Accepted = {
  kind: "started",
  release: 2,
  revision: 2,
  already: null,
  dropped: null,
  queued: null,
  behind: null,
  waits: null,
  turnsBack: null,
  changes: [],
  notAudited: null,
};

/** Answers `status` with one report after the other; fails when it is asked once more. */
function answering(...reports: readonly StatusReport[]): ReleaseSource {
  const left = [...reports];
  return {
    history: async () => [],
    audit: async () => ({ entries: [], damage: [] }),
    status: async () => {
      const next = left.shift();
      if (next === undefined) throw new Error("asked once too often");
      return next;
    },
  };
}

async function failureOf(work: Promise<unknown>): Promise<HitlessError> {
  const thrown = await work.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
  if (thrown instanceof HitlessError) return thrown;
  throw thrown;
}

function thrownBy(work: () => void): HitlessError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof HitlessError) return thrown;
    throw thrown;
  }
  throw new Error("it did not fail");
}

function crashLoop(lastLogLines: readonly string[]): ReleaseRecord["reason"] {
  const evidence = { replica: "2-1", probe: null, exit: null, lastLogLines };
  return { kind: "crashLoop", exits: 3, evidence };
}

interface Facts {
  readonly ended?: Outcome;
  readonly pausedBy?: string;
}

function record(given: Partial<ReleaseRecord>): ReleaseRecord {
  return {
    id: 2,
    kind: "release",
    cause: "a test",
    from: 1,
    to: 2,
    outcome: "succeeded",
    reason: null,
    startedAt: 1000,
    endedAt: 2500,
    ...given,
  };
}

function status({ ended, pausedBy }: Facts): StatusReport {
  return {
    ...exampleStatus,
    desired: { replicas: 1, owner: "file", fileReplicas: 1 },
    release: ended === undefined ? underWay(pausedBy ?? null) : null,
    newest: { release: 2, direction: "forward", waypoint: "roll" },
    why: { kind: "steady", revision: 1, available: 1, desired: 1 },
    lastRelease: ended === undefined ? null : record({ outcome: ended }),
  };
}

function underWay(pausedBy: string | null): StatusReport["release"] {
  return {
    ...exampleRelease,
    id: 2,
    paused: pausedBy === null ? null : { by: pausedBy, since: 0 },
    waypoints: ["roll"],
    cursor: 0,
    startedAt: 1000,
  };
}
