import type { Accepted } from "@hitless/controller";
import { describe, expect, it } from "vitest";
import { describeAccepted } from "./describe-accepted.ts";

const accepted: Accepted = {
  kind: "settings",
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

describe("describeAccepted", () => {
  it("names the release that is turned back for the one that waits", () => {
    const turnsBack = { id: 18, to: 17 };

    expect(
      describeAccepted({
        ...accepted,
        kind: "queued",
        release: 19,
        revision: 18,
        behind: 18,
        turnsBack,
      }),
    ).toEqual([
      "release 19 to revision 18 is queued behind the running one",
      "release 18 to revision 17 is turned back for it",
    ]);
  });

  it("says when a release may begin that waits for its window", () => {
    const detail = "opens Tue 24 Nov 02:00 Europe/Berlin";
    const waits = { kind: "windowClosed", release: 4, opensAt: 1, detail } as const;
    expect(
      describeAccepted({ ...accepted, kind: "queued", release: 4, revision: 3, waits }),
    ).toEqual([
      "release 4 to revision 3 is queued",
      "release 4 waits for a release window, which opens Tue 24 Nov 02:00 Europe/Berlin; `hitless release --anytime` begins it",
    ]);
  });

  it("says that a release begins which waited and need not any more", () => {
    expect(describeAccepted({ ...accepted, kind: "queued", release: 4, revision: 3 })).toEqual([
      "release 4 to revision 3 begins now",
    ]);
  });

  it("says which settings changed, from what to what", () => {
    const changes = [
      { kind: "setting", path: "replicas", before: 3, after: 5 },
      { kind: "override", path: "replicas", before: null, after: "5" },
      { kind: "override", path: "config.MODE", before: "crash", after: null },
    ] as const;

    expect(describeAccepted({ ...accepted, changes })).toEqual([
      "settings applied: replicas 3 → 5, replicas=5 over the file, config.MODE is not set over the file any more; no revision changes",
    ]);
  });

  it("cuts lists of settings, and no sentence", () => {
    const before = [{ weight: 10, replicas: null, hold: [{ kind: "time", ms: 2000 }] }];
    const frozen = "frozen by ann since 2026-11-22T03:20:00.000Z: the sale until Monday";
    const changes = [
      { kind: "setting", path: "strategy.steps", before, after: null },
      { kind: "setting", path: "releases", before: "may begin", after: frozen },
    ] as const;

    expect(describeAccepted({ ...accepted, changes })).toEqual([
      `settings applied: strategy.steps [{"weight":10,"replicas":null,"hold":[… → -, releases "may begin" → "${frozen}"; no revision changes`,
    ]);
  });
});
