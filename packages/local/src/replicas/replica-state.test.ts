import { expect, it } from "vitest";
import { backOff } from "./backoff.ts";
import { newDrain, newReplicaRecord, replicaRecordSchema } from "./replica-record.ts";
import {
  lifeOf,
  type ReplicaEvent,
  type ReplicaLife,
  stateOf,
  transition,
} from "./replica-state.ts";

const events = {
  due: { kind: "due" },
  ready: { kind: "ready", at: 5 },
  unready: { kind: "unready" },
  unfit: { kind: "unfit", because: "hung" },
  ended: { kind: "ended", restartAt: 9 },
  stop: { kind: "stop" },
} satisfies Record<string, ReplicaEvent>;

const lives = {
  waiting: { kind: "waiting", restartAt: null },
  starting: { kind: "starting" },
  ready: { kind: "ready", since: 1 },
  unready: { kind: "unready" },
  replacing: { kind: "replacing", because: "hung" },
  draining: { kind: "draining" },
  stopped: { kind: "stopped" },
} satisfies Record<string, ReplicaLife>;

/** For each state, where every event leads; a state that is missing stays as it is. */
const table: Record<keyof typeof lives, Partial<Record<keyof typeof events, string>>> = {
  waiting: { due: "starting", ended: "waiting", stop: "draining" },
  starting: { ready: "ready", unfit: "replacing", ended: "waiting", stop: "draining" },
  ready: { unready: "unready", unfit: "replacing", ended: "waiting", stop: "draining" },
  unready: { ready: "ready", unfit: "replacing", ended: "waiting", stop: "draining" },
  replacing: { ended: "waiting", stop: "draining" },
  draining: { ended: "stopped" },
  stopped: {},
};

it("goes from every state, on every event, where the table says", () => {
  for (const [name, life] of Object.entries(lives)) {
    const row: Partial<Record<string, string>> =
      Object.entries(table).find(([key]) => key === name)?.[1] ?? {};
    for (const [kind, event] of Object.entries(events)) {
      expect([name, kind, transition(life, event).kind]).toEqual([name, kind, row[kind] ?? name]);
    }
  }
});

it("is failed while it waits for its next start, and starting before its first", () => {
  expect(stateOf({ kind: "waiting", restartAt: 9 })).toBe("failed");
  expect(stateOf({ kind: "waiting", restartAt: null })).toBe("starting");
  expect(stateOf({ kind: "replacing", because: "hung" })).toBe("starting");
});

it("is taken up where its record says", () => {
  const record = newReplicaRecord("1-1", 1);
  expect(lifeOf(record, true)).toEqual({ kind: "waiting", restartAt: null });
  expect(lifeOf({ ...record, phase: "running" }, true)).toEqual({ kind: "starting" });
  const served = { ...record, phase: "running", readySince: 7 } as const;
  expect(lifeOf(served, true)).toEqual({ kind: "ready", since: 7 });
  expect(lifeOf(served, false)).toEqual({ kind: "starting" });
  const drain = newDrain(1, "hung");
  expect(lifeOf({ ...record, phase: "draining", drain }, true)).toEqual(lives.replacing);
  expect(lifeOf({ ...record, phase: "draining", drain: newDrain(1, null) }, true).kind).toBe(
    "draining",
  );
  expect(lifeOf({ ...record, phase: "gone" }, true).kind).toBe("stopped");
});

it("reads back the record that was written", () => {
  const record = {
    ...newReplicaRecord("1-1", 1),
    process: { bootId: "b", pid: 1, startTime: "2" },
    drain: newDrain(1, "hung"),
    lastExit: { kind: "killed" as const, because: "hung", at: 3 },
  };
  expect(replicaRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

it("waits 1 s after a failure, doubling to 60 s, and not at all after a good run", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((failures) => backOff(failures, 0).delayMs);
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(backOff(5, 10_000)).toEqual({ failures: 0, delayMs: 0 });
  expect(backOff(5, 9999)).toEqual({ failures: 6, delayMs: 32_000 });
});
