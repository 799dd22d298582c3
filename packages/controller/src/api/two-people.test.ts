import { HitlessError } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";
import type { Accepted } from "./accepted.ts";

/** What two people heard, what it came to, and what the log tells of it. */
interface Met {
  readonly answers: readonly (Accepted | HitlessError)[];
  readonly rows: readonly (readonly [number, number, string])[];
  readonly audited: readonly (readonly [string, string])[];
  readonly dropped: readonly string[];
}

type Ask = (bed: ControllerBed) => Promise<() => Promise<Accepted>>;

const release =
  (n: string): Ask =>
  async (bed) =>
  () =>
    bed.operations.release(releaseBody({ config: { N: n } }));
const rollback: Ask = async (bed) => {
  const body = await bed.meant({ to: null });
  return () => bed.operations.rollback(body);
};
const intent =
  (kind: "abort" | "resume" | "retry" | "pause"): Ask =>
  async (bed) => {
    const body = await bed.meant({ kind });
    return () => bed.operations.intent(body);
  };
const down: Ask = async (bed) => async () => {
  await bed.operations.down({ by: "alice" });
  return { ...nothing };
};
const nothing: Accepted = {
  kind: "nothing",
  release: null,
  revision: null,
  already: null,
  dropped: null,
  queued: null,
  behind: null,
  waits: null,
  turnsBack: null,
  changes: [],
  notAudited: null,
};

/** Both have looked before either speaks; the second speaks so many turns of the loop after the first. */
async function both(bed: ControllerBed, asks: readonly [Ask, Ask], turns: number): Promise<Met> {
  const rowsBefore = (await bed.store.history()).length;
  const auditBefore = (await bed.store.audit()).entries.length;
  const [first, second] = [await asks[0](bed), await asks[1](bed)];
  const heard = [caught(first())];
  for (let n = 0; n < turns; n += 1) await new Promise((resolve) => setImmediate(resolve));
  heard.push(caught(second()));
  const answers = await Promise.all(heard);
  await eventually("over", () => {
    const { release, pending } = bed.controller.current;
    return release === null && pending === null;
  });
  await eventually("steady", () => bed.controller.why.kind === "steady");
  const { entries } = await bed.store.audit();
  return {
    answers,
    rows: (await bed.store.history()).slice(rowsBefore).map((r) => [r.id, r.to, r.outcome]),
    audited: entries.slice(auditBefore).map((e) => [e.command, e.result.kind]),
    dropped: await bed.texts("dropped"),
  };
}

async function caught(asked: Promise<Accepted>): Promise<Accepted | HitlessError> {
  return asked.catch((thrown: unknown) => HitlessError.from(thrown));
}

function kindOf(answer: Accepted | HitlessError | undefined): string {
  return answer instanceof HitlessError ? answer.code : (answer?.kind ?? "nobody answered");
}

/** Two revisions have served; nothing runs. */
async function idleBed(): Promise<ControllerBed> {
  const bed = await ControllerBed.settled();
  await bed.operations.release(releaseBody({ config: { N: "first" } }));
  await bed.settle();
  return bed;
}

/** A release that is never ready and that somebody has paused. */
async function pausedBed(): Promise<ControllerBed> {
  const bed = await idleBed();
  await bed.operations.release(releaseBody({ config: { N: "paused" } }));
  await bed.operations.intent(await bed.meant({ kind: "pause" } as const));
  return bed;
}

const offsets = [0, 1, 3, 10, 40];

describe.each(offsets)("two people at once, the second %i turns later:", (turns) => {
  it("two releases: one begins, the other waits or begins after it, and both come to pass", async () => {
    await using bed = await idleBed();
    const met = await both(bed, [release("a"), release("b")], turns);
    expect(met.answers.map(kindOf)[0]).toBe("started");
    expect(["started", "queued"]).toContain(kindOf(met.answers[1]));
    expect(met.rows).toEqual([
      [3, 3, "succeeded"],
      [4, 4, "succeeded"],
    ]);
    expect(met.audited).toEqual([
      ["release", "accepted"],
      ["release", "accepted"],
    ]);
  });

  it("a release and a rollback: the release waits for a rollback, and a later rollback is refused", async () => {
    await using bed = await idleBed();
    const met = await both(bed, [release("a"), rollback], turns);
    // A release takes a while to be made: a rollback that is said after it may be first.
    if (kindOf(met.answers[1]) === "OVERTAKEN") {
      expect(kindOf(met.answers[0])).toBe("started");
      expect(met.rows).toEqual([[3, 3, "succeeded"]]);
      expect(met.audited.map(([, kind]) => kind).sort()).toEqual(["accepted", "refused"]);
    } else {
      expect(kindOf(met.answers[1])).toBe("started");
      expect(met.rows).toEqual([
        [3, 1, "succeeded"],
        [4, 3, "succeeded"],
      ]);
      expect(met.audited.map(([command]) => command)).toEqual(["rollback", "release"]);
    }
  });

  it("a rollback and a release: the release waits for it", async () => {
    await using bed = await idleBed();
    const met = await both(bed, [rollback, release("a")], turns);
    expect(kindOf(met.answers[0])).toBe("started");
    expect(["started", "queued"]).toContain(kindOf(met.answers[1]));
    expect(met.rows).toEqual([
      [3, 1, "succeeded"],
      [4, 3, "succeeded"],
    ]);
  });

  it("an abort and a resume: it goes back, and who would let it go on is told by whom", async () => {
    await using bed = await pausedBed();
    const met = await both(bed, [intent("abort"), intent("resume")], turns);
    expect(met.answers.map(kindOf)).toEqual(["noted", "OVERTAKEN"]);
    const refused = met.answers[1];
    if (!(refused instanceof HitlessError)) throw new Error("it was accepted");
    expect(refused.message).toMatch(/release 3 (was aborted by alice|ended \(aborted)/);
    expect(met.rows).toEqual([[3, 3, "aborted"]]);
  });

  it("a resume and an abort: the abort holds as long as the release runs", async () => {
    await using bed = await pausedBed();
    const met = await both(bed, [intent("resume"), intent("abort")], turns);
    const [, abort] = met.answers.map(kindOf);
    expect(met.rows).toEqual([[3, 3, abort === "noted" ? "aborted" : "succeeded"]]);
    expect(met.audited).toHaveLength(2);
  });

  it("two aborts: the second is told that it is so already", async () => {
    await using bed = await pausedBed();
    const met = await both(bed, [intent("abort"), intent("abort")], turns);
    const second = met.answers[1];
    if (second instanceof HitlessError) expect(second.happened?.kind).toBe("ended");
    else
      expect(second?.already).toEqual({
        kind: "turnedBack",
        reason: { kind: "aborted", by: "alice" },
      });
    expect(met.rows).toEqual([[3, 3, "aborted"]]);
  });

  it("two rollbacks: one goes back, and not by two", async () => {
    await using bed = await idleBed();
    const met = await both(bed, [rollback, rollback], turns);
    const [first, second] = met.answers;
    expect(kindOf(first)).toBe("started");
    expect(second).toBeInstanceOf(HitlessError);
    expect(bed.controller.current.stable).toBe(1);
    expect(met.rows).toEqual([[3, 1, "succeeded"]]);
  });

  it("a rollback while one waits: the one that waited never begins, and that is said", async () => {
    await using bed = await pausedBed();
    const queued = await bed.operations.release(releaseBody({ config: { N: "waiting" } }));
    expect(queued).toMatchObject({ kind: "queued", release: 4 });
    const met = await both(bed, [rollback, intent("abort")], turns);
    expect(met.answers[0]).toMatchObject({ kind: "noted", dropped: { id: 4, by: "alice" } });
    expect(met.rows).toEqual([[3, 3, "rolledBack"]]);
    expect(met.dropped).toEqual([expect.stringContaining("release 4 to revision 4")]);
    expect(met.audited[0]).toEqual(["rollback", "accepted"]);
    // Nobody can be told to go back to what never served.
    expect(await bed.store.revisions()).not.toContain(4);
  });

  it("down and a release: whichever came second is refused or carried over, never forgotten", async () => {
    await using bed = await idleBed();
    const met = await both(bed, [down, release("a")], turns);
    expect(kindOf(met.answers[1])).toBe("REFUSED");
    expect(met.rows).toEqual([]);
    expect(met.audited).toEqual([
      ["down", "accepted"],
      ["release", "refused"],
    ]);
  });
});
