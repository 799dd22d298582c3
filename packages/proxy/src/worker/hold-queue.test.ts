import { afterEach, expect, test } from "vitest";
import { eventually } from "../testing/proxy-harness.ts";
import { type Held, HoldQueue } from "./hold-queue.ts";

/** What the requests wait for; `open` is to be had, a `suspect` one only for who asks it so. */
type Replica = "none" | "suspect" | "open";

class Bed {
  limitMs = 60_000;
  replica: Replica = "none";
  readonly queue = new HoldQueue(() => this.limitMs);
  /** What became of them, in order. */
  readonly ends: string[] = [];
  /** Sent and not yet taken or refused. */
  readonly trying: Request[] = [];
}

class Request implements Held {
  readonly name: string;
  readonly #bed: Bed;

  constructor(name: string, bed: Bed) {
    this.name = name;
    this.#bed = bed;
  }

  release(suspects: boolean): boolean {
    const { replica, trying } = this.#bed;
    if (replica === "none" || (replica === "suspect" && !suspects)) return false;
    trying.push(this);
    return true;
  }

  taken(): void {
    this.#bed.ends.push(`${this.name} taken`);
    this.#bed.queue.leave(this);
  }

  expire(): void {
    this.#bed.ends.push(`${this.name} expired`);
  }
}

let bed = new Bed();

afterEach(() => {
  bed.queue.close();
  bed = new Bed();
});

function hold(count: number): readonly Request[] {
  const requests = Array.from({ length: count }, (_, n) => new Request(`r${n}`, bed));
  for (const request of requests) bed.queue.hold(request);
  return requests;
}

test("who came first is let go first, no more than 64 at once, the rest as those are taken", async () => {
  const requests = hold(100);
  bed.replica = "open";
  bed.queue.beat();
  expect(bed.trying.map((r) => r.name)).toEqual(requests.slice(0, 64).map((r) => r.name));
  for (const request of bed.trying.splice(0)) request.taken();
  await eventually(() => bed.trying.length === 36);
  expect(bed.trying.map((r) => r.name)).toEqual(requests.slice(64).map((r) => r.name));
});

test("one at a time asks who refused a moment ago, and keeps its place when it is refused again", () => {
  const [first] = hold(3);
  bed.replica = "suspect";
  bed.queue.beat();
  bed.queue.beat();
  expect(bed.trying).toEqual([first]);
  bed.trying.pop();
  if (first !== undefined) bed.queue.hold(first);
  bed.queue.beat();
  expect(bed.trying).toEqual([first]);
});

test("who has waited for too long is sent away, and who is on the way to a replica is not", async () => {
  const [first, second] = hold(2);
  bed.replica = "suspect";
  bed.queue.beat();
  bed.limitMs = 1;
  await eventually(() => bed.ends.length > 0);
  expect(bed.ends).toEqual(["r1 expired"]);
  if (first !== undefined) bed.queue.hold(first);
  await eventually(() => bed.ends.length > 1);
  expect([bed.ends[1], bed.queue.size, second?.name]).toEqual(["r0 expired", 0, "r1"]);
});

test("who can be let go is not sent away for what a new table allows, nor who comes after them", () => {
  hold(100);
  bed.replica = "open";
  bed.limitMs = 0;
  bed.queue.beat();
  expect([bed.trying.length, bed.ends, bed.queue.size]).toEqual([64, [], 100]);
});

test("a thousand wait, no more; none where the limit is 0", () => {
  hold(1_000);
  expect(bed.queue.hold(new Request("one more", bed))).toBe(false);
  const none = new HoldQueue(() => 0);
  expect(none.hold(new Request("none", bed))).toBe(false);
});

test("the limit is told for how long requests have found nobody", async () => {
  const gaps: number[] = [];
  const queue = new HoldQueue((gapMs) => {
    gaps.push(gapMs);
    return 60_000;
  });
  queue.hold(new Request("one", bed));
  await eventually(() => (gaps.at(-1) ?? 0) > 30);
  queue.close();
  expect(gaps[0]).toBe(0);
});
