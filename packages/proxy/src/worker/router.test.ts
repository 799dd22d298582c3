import type { RouteRule } from "@hitless/core";
import { expect, test } from "vitest";
import { parseRequestHead, type RequestHead } from "../http/request-head.ts";
import { newRevisionCounters } from "./counters.ts";
import { Replica } from "./replica.ts";
import { placeOf, Router } from "./router.ts";

function replica(id: string, revision: number): Replica {
  return new Replica({ id, revision, host: "127.0.0.1", port: 1 }, newRevisionCounters());
}

function request(lines = ""): RequestHead {
  const head = parseRequestHead(`GET / HTTP/1.1\r\nHost: a\r\n${lines}`);
  if (typeof head === "string") throw new Error(head);
  return head;
}

const two = [replica("a", 1), replica("b", 2)];

function shares(rule: RouteRule, requests: readonly RequestHead[]): Record<string, number> {
  return sharesOf(new Router(rule, two), requests);
}

function sharesOf(router: Router, requests: readonly RequestHead[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of requests) {
    const id = router.choose(one, [], 0)?.upstream.id ?? "none";
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

test("weights are met exactly over a hundred requests", () => {
  const weights = [
    { revision: 1, weight: 95 },
    { revision: 2, weight: 5 },
  ];
  const hundred = Array.from({ length: 100 }, () => request());
  expect(shares({ kind: "byWeight", weights, sticky: null }, hundred)).toEqual({ a: 95, b: 5 });
});

test("weight 0 gets nothing, even when it alone is ready", () => {
  const weights = [
    { revision: 1, weight: 0 },
    { revision: 3, weight: 100 },
  ];
  expect(shares({ kind: "byWeight", weights, sticky: null }, [request()])).toEqual({ none: 1 });
});

test("a sticky cookie always leads to the same revision, in the share of the weights", () => {
  const weights = [
    { revision: 1, weight: 80 },
    { revision: 2, weight: 20 },
  ];
  const rule = { kind: "byWeight", weights, sticky: { by: "cookie", name: "user" } } as const;
  for (const user of ["ann", "bob", "eve"]) {
    const ten = Array.from({ length: 10 }, () => request(`Cookie: user=${user}\r\n`));
    expect(Object.values(shares(rule, ten))).toEqual([10]);
  }
  const many = Array.from({ length: 2_000 }, (_, i) => request(`Cookie: user=u${i}\r\n`));
  expect(shares(rule, many)["b"]).toBeGreaterThan(300);
  expect(shares(rule, many)["b"]).toBeLessThan(500);
});

test("the first rule that matches decides, what matches none goes to the other one", () => {
  const rule: RouteRule = {
    kind: "byMatch",
    rules: [
      { match: { kind: "header", name: "X-Group", value: "beta" }, revision: 2 },
      { match: { kind: "cookie", name: "group", value: "beta" }, revision: 2 },
      { match: { kind: "hash", by: "header", name: "x-user", percent: 0 }, revision: 2 },
    ],
    otherwise: 1,
  };
  expect(
    shares(rule, [request("x-group: beta\r\n"), request("Cookie: x=1; group=beta\r\n")]),
  ).toEqual({
    b: 2,
  });
  expect(shares(rule, [request(), request("x-user: ann\r\n")])).toEqual({ a: 2 });
});

test("a suspect replica is the last resort, and the only one is still asked", () => {
  const [a, b] = [replica("a", 1), replica("b", 1)];
  a.suspect(0);
  b.inFlight = 50;
  const rule: RouteRule = { kind: "byReplica", revisions: [1] };
  expect(new Router(rule, [a, b]).choose(request(), [], 0)).toBe(b);
  expect(new Router(rule, [a, b]).choose(request(), [], 5_000)).toBe(a);
  expect(new Router(rule, [a]).choose(request(), [], 0)).toBe(a);
});

test("a text has one place", () => {
  expect(placeOf("user=ann")).toBe(placeOf("user=ann"));
  expect(placeOf("user=ann")).not.toBe(placeOf("user=bob"));
});

test("a small share is met although replicas come and go with every few requests", () => {
  const rule = byWeight(99.9, 0.1);
  let router = new Router(rule, two);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1_000; i += 1) {
    const isChange = i % 7 === 0;
    if (isChange) router = new Router(rule, [replica("a", 1), replica("b", 2)], router);
    const [id = ""] = Object.keys(sharesOf(router, [request()]));
    counts[id] = (counts[id] ?? 0) + 1;
  }
  expect(counts).toEqual({ a: 999, b: 1 });
});

test("a revision without a replica leaves its turns to the others, and is not owed for them", () => {
  const rule = byWeight(50, 50);
  const without = new Router(rule, [replica("a", 1)]);
  const hundred = Array.from({ length: 100 }, () => request());
  expect(sharesOf(without, hundred)).toEqual({ a: 100 });
  expect(sharesOf(new Router(rule, two, without), hundred)).toEqual({ a: 50, b: 50 });
});

test("another rule begins anew: nothing that it was owed stays with a revision", () => {
  const before = new Router(byWeight(99.9, 0.1), two);
  const after = new Router(byWeight(0, 100), two, before);
  expect(sharesOf(after, [request(), request()])).toEqual({ b: 2 });
});

function byWeight(first: number, second: number): RouteRule {
  const weights = [
    { revision: 1, weight: first },
    { revision: 2, weight: second },
  ];
  return { kind: "byWeight", weights, sticky: null };
}
