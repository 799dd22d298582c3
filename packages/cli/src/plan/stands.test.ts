import { compile, type Strategy } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { roundsBack, standsOf } from "./stands.ts";

function stands(strategy: Strategy, replicas: number) {
  return standsOf(compile({ strategy }, { from: 1, warm: false }), replicas).map(
    ({ waypoint, stable, canary, share, peak, rounds }) => [
      waypoint.id,
      [stable, canary],
      share === null ? null : Number(share.toFixed(3)),
      peak,
      rounds,
    ],
  );
}

describe("where a release stands", () => {
  it("rolls one by one under its surge", () => {
    const rolling = { kind: "rolling", maxSurge: 1, maxUnavailable: 0 } as const;
    expect(stands(rolling, 4)).toEqual([["roll", [0, 4], 1, 5, 4]]);
    expect(stands({ ...rolling, maxSurge: "50%", maxUnavailable: 2 }, 4)).toEqual([
      ["roll", [0, 4], 1, 6, 1],
    ]);
  });

  it("has both sides beside each other in a blue-green release", () => {
    expect(stands({ kind: "blueGreen", checks: [], bakeMs: 1 }, 3)).toEqual([
      ["preview", [3, 3], 0, 6, 1],
      ["switch", [3, 3], 1, 6, 0],
      ["retire", [0, 3], 1, 6, 0],
    ]);
  });

  it.each([
    [2, [2, 1], 0.333],
    [4, [4, 1], 0.2],
    [20, [19, 1], 0.05],
  ] as const)(
    "gives a canary of 5 %% by replica what %i replicas can split",
    (replicas, at, share) => {
      const step = { weight: 5, replicas: null, hold: [] };
      const canary = {
        kind: "canary",
        steps: [step],
        sticky: null,
        bakeMs: 0,
        byReplica: true,
      } as const;
      expect(stands(canary, replicas)[0]?.slice(1, 3)).toEqual([at, share]);
    },
  );

  it("knows the share of a hash, and of no other match", () => {
    const matches = [{ kind: "hash", by: "cookie", name: "uid", percent: 20 }] as const;
    const abTest = { kind: "abTest", matches, until: [], bakeMs: 0 } as const;
    expect(stands(abTest, 1)[0]?.[2]).toBe(0.2);
    const header = [{ kind: "header", name: "x-v", value: "b" }] as const;
    expect(stands({ ...abTest, matches: header }, 1)[0]?.[2]).toBeNull();
  });

  it("is empty in between when everybody stops first", () => {
    expect(stands({ kind: "recreate" }, 2)).toEqual([
      ["stop", [0, 0], 0, 2, 0],
      ["start", [0, 2], 1, 2, 1],
    ]);
  });

  it("goes back as often as replicas of stable have to be waited for", () => {
    const rolling = { kind: "rolling", maxSurge: 1, maxUnavailable: 0 } as const;
    const [rolled] = standsOf(compile({ strategy: rolling }, { from: 1, warm: false }), 4);
    expect(rolled && roundsBack(rolled, 4)).toBe(4);
  });
});
