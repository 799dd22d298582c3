import type { Match, RouteRule } from "@hitless/core";
import { expect, test } from "vitest";
import { parseRequestHead, type RequestHead } from "../http/request-head.ts";
import { newRevisionCounters } from "./counters.ts";
import { Replica } from "./replica.ts";
import { placeOf, Router } from "./router.ts";

function replica(id: string, revision: number): Replica {
  return new Replica({ id, revision, host: "127.0.0.1", port: 1 }, newRevisionCounters());
}

function request(lines = "", target = "/"): RequestHead {
  const head = parseRequestHead(`GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}`);
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

test("a canary of weight 0 gets whom a rule before the weights matches, and nobody else", () => {
  const match = { kind: "header", name: "x-canary", value: "true" } as const;
  const rule: RouteRule = { ...byWeight(100, 0), first: [{ match, revision: 2 }] };
  const chosen = request("X-Canary: true\r\n");
  expect(shares(rule, [chosen, chosen])).toEqual({ b: 2 });
  expect(shares(rule, [request(), request("X-Canary: false\r\n")])).toEqual({ a: 2 });
});

test.each([
  "/?a=1&group=early+birds",
  "/x?group=early%20birds&group=late",
  "http://a/?group=early+birds",
])("%s matches by the decoded value of its first parameter of that name", (target) => {
  const match = { kind: "query", name: "group", value: "early birds" } as const;
  const rule: RouteRule = { kind: "byMatch", rules: [{ match, revision: 2 }], otherwise: 1 };
  expect(shares(rule, [request("", target)])).toEqual({ b: 1 });
});

test.each([
  "/",
  "/group=beta",
  "/?group=Beta",
  "/?x=group%3Dbeta",
  "/#?group=beta",
  "/?Group=beta",
])("%s does not match", (target) => {
  const match = { kind: "query", name: "group", value: "beta" } as const;
  const rule: RouteRule = { kind: "byMatch", rules: [{ match, revision: 2 }], otherwise: 1 };
  expect(shares(rule, [request("", target)])).toEqual({ a: 1 });
});

test("a percentage of a segment is asked of those who are in it", () => {
  const segment: Match = { kind: "header", name: "x-plan", value: "pro" };
  const half: Match = { kind: "hash", by: "query", name: "user", percent: 50 };
  const rules = [{ match: { kind: "all", of: [segment, half] }, revision: 2 } as const];
  const rule: RouteRule = { kind: "byMatch", rules, otherwise: 1 };
  const users = Array.from({ length: 400 }, (_, i) => `/?user=u${i}`);
  const pro = shares(
    rule,
    users.map((target) => request("X-Plan: pro\r\n", target)),
  );
  expect(pro["b"]).toBeGreaterThan(150);
  expect(pro["b"]).toBeLessThan(250);
  expect(
    shares(
      rule,
      users.map((target) => request("", target)),
    ),
  ).toEqual({ a: 400 });
});

test("whose side has no replica is asked of the next rule, and of the rest at last", () => {
  const rules = [2, 3].map((revision) => ({
    match: { kind: "header", name: "x", value: "1" } as const,
    revision,
  }));
  const meant = request("X: 1\r\n");
  const matching: RouteRule = { kind: "byMatch", rules, otherwise: 1 };
  expect(sharesOf(new Router(matching, [replica("a", 1), replica("c", 3)]), [meant])).toEqual({
    c: 1,
  });
  expect(sharesOf(new Router(matching, [replica("a", 1)]), [meant])).toEqual({ a: 1 });
  const weighted: RouteRule = { ...byWeight(100, 0), first: rules };
  expect(sharesOf(new Router(weighted, [replica("a", 1)]), [meant])).toEqual({ a: 1 });
});

test("whose side refuses, or was tried, is asked of the rest; of nobody else it is still asked", () => {
  const rules = [{ match: { kind: "header", name: "x", value: "1" } as const, revision: 2 }];
  const rule: RouteRule = { kind: "byMatch", rules, otherwise: 1 };
  const meant = request("X: 1\r\n");
  const [a, b] = [replica("a", 1), replica("b", 2)];
  expect(new Router(rule, [a, b]).choose(meant, [b], 0)).toBe(a);
  b.suspect(0);
  expect(new Router(rule, [a, b]).choose(meant, [], 0)).toBe(a);
  expect(new Router(rule, [b]).choose(meant, [b], 0)).toBe(b);
});

test.each(["cookie", "header", "query"] as const)(
  "from 5 to 20 percent nobody who sticks by a %s is moved back, in any worker",
  (by) => {
    const users = Array.from({ length: 2_000 }, (_, i) => sayingWho(by, `u${i}`));
    const sideAt = (weight: number) => {
      const sticky = { by, name: "user" } as const;
      // Each user meets another worker, which knows nothing of those before.
      return users.map(
        (user) =>
          new Router({ ...byWeight(100 - weight, weight), sticky }, two).choose(user, [], 0)
            ?.upstream.id,
      );
    };
    const [at5, at20] = [sideAt(5), sideAt(20)];
    const early = at5.flatMap((side, i) => (side === "b" ? [at20[i]] : []));
    expect(early.length).toBeGreaterThan(50);
    expect(new Set(early)).toEqual(new Set(["b"]));
    expect(at20.filter((side) => side === "b").length).toBeGreaterThan(300);
    expect(sideAt(20)).toEqual(at20);
  },
);

function sayingWho(by: "cookie" | "header" | "query", user: string): RequestHead {
  if (by === "query") return request("", `/?user=${user}`);
  return request(by === "cookie" ? `Cookie: user=${user}\r\n` : `User: ${user}\r\n`);
}

function byWeight(first: number, second: number): Extract<RouteRule, { kind: "byWeight" }> {
  const weights = [
    { revision: 1, weight: first },
    { revision: 2, weight: second },
  ];
  return { kind: "byWeight", weights, sticky: null };
}
