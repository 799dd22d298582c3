import type { Accepted, StatusReport } from "@hitless/controller";
import { HitlessError, type Outcome, type ReleaseRecord } from "@hitless/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followRelease, type ReleaseSource, succeeded, wentBack } from "./follow-release.ts";

const forever = { timeoutMs: null, wanted: succeeded };

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
    expect(said.at(-1)).toBe("release 2 succeeded after 1.5 s\n");
  });

  it.each<[Outcome, number]>([
    ["failed", 3],
    ["aborted", 4],
    ["rolledBack", 4],
    ["replaced", 4],
    ["stuck", 7],
  ])("ends with the exit code of a release that ended as %s", async (outcome, exitCode) => {
    const error = await failureOf(
      followRelease(answering(status({ ended: outcome })), two, forever),
    );

    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain("release 2 to revision 2");
  });

  it("shows the last log lines of a replica that kept exiting", async () => {
    const lines = Array.from({ length: 40 }, (_, n) => `line ${n}`);
    const error = await failureOf(
      followRelease(answering(status({ ended: "failed", lines })), two, forever),
    );

    expect(error.message).toContain("exited 3 times");
    expect(error.message).toMatch(/its last log lines:\n( {4}line \d+\n)+ {4}line 39$/);
    expect(error.message).not.toContain("line 0\n");
  });

  it("takes going back for success when that was asked for", async () => {
    const back = { timeoutMs: null, wanted: wentBack };

    const ended = await followRelease(answering(status({ ended: "aborted" })), two, back);

    expect(ended?.outcome).toBe("aborted");
  });

  it("stops waiting for a release that is paused", async () => {
    const error = await failureOf(
      followRelease(answering(status({ pausedBy: "ann" })), two, forever),
    );

    expect(error).toMatchObject({ code: "STOPPED_WAITING", exitCode: 5 });
    expect(error.message).toBe("release 2 is paused by ann");
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

    const error = await failureOf(followRelease(never, two, { timeoutMs: 20, wanted: succeeded }));

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

const two: Accepted = {
  kind: "started",
  release: 2,
  revision: 2,
  already: null,
  dropped: null,
  queued: null,
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

interface Facts {
  readonly ended?: Outcome;
  readonly lines?: readonly string[];
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

function status({ ended, lines, pausedBy }: Facts): StatusReport {
  const evidence = { replica: "2-1", probe: null, exit: null, lastLogLines: lines ?? [] };
  const reason = lines === undefined ? null : ({ kind: "crashLoop", exits: 3, evidence } as const);
  return {
    app: "shop",
    controller: { pid: 1 },
    stable: 1,
    desired: { replicas: 1, owner: "file", fileReplicas: 1 },
    overrides: {},
    replicas: [],
    unreadable: null,
    route: { generation: 1, inForce: 1, rule: { kind: "byReplica", revisions: [1] } },
    release: ended === undefined ? underWay(pausedBy ?? null) : null,
    pending: null,
    newest: { release: 2, direction: "forward", waypoint: "roll" },
    why: { kind: "steady", revision: 1, available: 1, desired: 1 },
    whySince: 0,
    lastRelease: ended === undefined ? null : record({ outcome: ended, reason }),
    endpoint: { host: "127.0.0.1", port: 8080 },
    engine: null,
    version: 1,
  };
}

function underWay(pausedBy: string | null): StatusReport["release"] {
  return {
    id: 2,
    kind: "release",
    cause: "a test",
    from: 1,
    to: 2,
    direction: "forward",
    reason: null,
    paused: pausedBy === null ? null : { by: pausedBy, since: 0 },
    waypoints: ["roll"],
    cursor: 0,
    startedAt: 1000,
    overdue: false,
    intents: [],
    traffic: null,
  };
}
