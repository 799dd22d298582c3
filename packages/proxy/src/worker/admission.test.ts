import { expect, test } from "vitest";
import { Admission, type Guest } from "./admission.ts";
import { clientsWithin } from "./descriptors.ts";

class TestGuest implements Guest {
  readonly trusted: boolean;
  told: string[] = [];
  readonly rank: number;
  waitingSince: number;
  readonly address: string;

  constructor(address: string, waitingSince: number, { trusted = false, rank = 0 } = {}) {
    this.address = address;
    this.waitingSince = waitingSince;
    this.trusted = trusted;
    this.rank = rank;
  }

  refuse(): void {
    this.told.push("refused");
  }

  makeRoom(): void {
    this.told.push("make room");
  }

  destroy(): void {
    this.told.push("destroyed");
  }
}

const busy = Number.POSITIVE_INFINITY;

function admissionOf(maxConnections: number, maxConnectionsPerAddress = 0) {
  return new Admission({ maxConnections, maxConnectionsPerAddress }, 1_000_000);
}

function enter(admission: Admission, ...guests: readonly TestGuest[]) {
  for (const guest of guests) admission.enter(guest);
  return guests.map((guest) => guest.told.join(", "));
}

test("up to the limit everybody gets in, and who leaves makes room", () => {
  const admission = admissionOf(2);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((address) => new TestGuest(address, busy));
  if (!a || !b || !c || !d) throw new Error("four guests");
  expect(enter(admission, a, b, c)).toEqual(["", "", "refused"]);
  admission.leave(a);
  admission.leave(c);
  expect(enter(admission, d)).toEqual([""]);
  expect([admission.size, admission.refused, admission.evicted]).toEqual([2, 1, 0]);
});

test("who was never served makes room first, then who has waited longest; who is busy never does", () => {
  const admission = admissionOf(4);
  const served = new TestGuest("a", 1, { rank: 2 });
  const longest = new TestGuest("b", 2);
  const shorter = new TestGuest("c", 3);
  const working = new TestGuest("d", busy);
  enter(admission, served, shorter, longest, working);
  const told = () => [served, longest, shorter, working].map((guest) => guest.told[0] ?? "");
  enter(admission, new TestGuest("e", busy));
  expect(told()).toEqual(["", "make room", "", ""]);
  enter(admission, new TestGuest("e", busy));
  expect(told()).toEqual(["", "make room", "make room", ""]);
  enter(admission, new TestGuest("e", busy));
  expect(told()).toEqual(["make room", "make room", "make room", ""]);
  expect(enter(admission, new TestGuest("e", busy))).toEqual(["refused"]);
  expect([admission.size, admission.refused, admission.evicted]).toEqual([4, 1, 3]);
});

test("who has been served since it was looked at stays", () => {
  const admission = admissionOf(3);
  const first = new TestGuest("a", 1);
  const second = new TestGuest("b", 2);
  const third = new TestGuest("c", 3);
  enter(admission, first, second, third);
  enter(admission, new TestGuest("d", busy));
  second.waitingSince = busy;
  enter(admission, new TestGuest("e", busy));
  expect([first, second, third].map((guest) => guest.told.join())).toEqual([
    "make room",
    "",
    "make room",
  ]);
});

test("of those that came in the same second the first makes room", () => {
  const admission = admissionOf(3);
  const guests = ["a", "b", "c"].map((address) => new TestGuest(address, 5));
  enter(admission, ...guests);
  enter(admission, new TestGuest("d", busy), new TestGuest("e", busy));
  expect(guests.map((guest) => guest.told.join())).toEqual(["make room", "make room", ""]);
});

test("over the limit of an address its own make room, and a trusted proxy has none", () => {
  const admission = admissionOf(100, 2);
  const [waits, works] = [new TestGuest("a", 1), new TestGuest("a", busy)];
  const stranger = new TestGuest("b", 0);
  expect(enter(admission, waits, works, stranger)).toEqual(["", "", ""]);
  expect(enter(admission, new TestGuest("a", busy))).toEqual([""]);
  expect([waits.told, stranger.told]).toEqual([["make room"], []]);
  expect(enter(admission, new TestGuest("a", busy))).toEqual(["refused"]);
  const proxies = Array.from({ length: 5 }, () => new TestGuest("p", busy, { trusted: true }));
  expect(enter(admission, ...proxies).join("")).toBe("");
});

test("what shares the first half of an IPv6 address is one address", () => {
  const admission = admissionOf(100, 1);
  const from = (address: string) => enter(admission, new TestGuest(address, busy))[0];
  expect(from("2001:db8:1:2::1")).toBe("");
  expect(from("2001:db8:1:2:ffff:0:0:9")).toBe("refused");
  expect(from("2001:db8:1:3::1")).toBe("");
  expect(from("::1")).toBe("");
  expect(from("::ffff")).toBe("refused");
  expect(from("2001:db8::1")).toBe("");
  expect(from("2001:db8:0:0:8::2")).toBe("refused");
});

test("those that are being told stay few: the first of them are reset", () => {
  const admission = admissionOf(8);
  enter(admission, ...Array.from({ length: 8 }, () => new TestGuest("a", busy)));
  const late = Array.from({ length: 5 }, () => new TestGuest("b", busy));
  enter(admission, ...late);
  expect(late.map((guest) => guest.told.length)).toEqual([2, 2, 2, 1, 1]);
  expect(late[0]?.told).toEqual(["refused", "destroyed"]);
});

test("new settings hold from the next one on", () => {
  const admission = admissionOf(1);
  enter(admission, new TestGuest("a", busy));
  admission.room = { maxConnections: 2, maxConnectionsPerAddress: 0 };
  expect(enter(admission, new TestGuest("a", busy))).toEqual([""]);
});

test("clients, their replicas and those that are sent away fit within the descriptors", () => {
  expect(clientsWithin(null)).toBe(Number.POSITIVE_INFINITY);
  for (const limit of [256, 1024, 20_000]) {
    const clients = clientsWithin(limit);
    expect(2 * clients + clients / 4 + 40).toBeLessThan(limit);
    expect(clients).toBeGreaterThan(limit / 3);
  }
});
