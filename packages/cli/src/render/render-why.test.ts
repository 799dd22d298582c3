import { describe, expect, it } from "vitest";
import { renderWhy } from "./render-why.ts";

const lastRelease = {
  id: 6,
  kind: "release",
  cause: "a test",
  from: 4,
  to: 5,
  outcome: "succeeded",
  reason: null,
  startedAt: 1000,
  endedAt: 2500,
} as const;
const rest = { lastRelease, maintenance: null, frozen: null };

describe("renderWhy", () => {
  it("says what is waited for, and for how long", () => {
    const why = { kind: "unrouting", replicas: ["5-1"] } as const;

    expect(renderWhy({ ...rest, why, whySince: 1000, release: null }, 4000)).toBe(
      "now: waits until no new request can reach 5-1 (for 3 s)\nrelease 6 to revision 5 succeeded",
    );
  });

  it("says that requests are kept from the app, and what clients get meanwhile", () => {
    const why = { kind: "steady", revision: 5, available: 2, desired: 2 } as const;
    const maintenance = { by: "alice", since: 0, holdMs: 10_000, message: "Back at noon." };

    const text = renderWhy({ ...rest, why, whySince: 0, release: null, maintenance }, 4000);

    expect(text.split("\n")[1]).toMatch(
      /^maintenance since .*, on by alice: requests wait up to 10 s, then get a 503: Back at noon\.$/,
    );
  });

  it("says that nothing may begin, who said so and why", () => {
    const why = { kind: "steady", revision: 5, available: 2, desired: 2 } as const;
    const frozen = { reason: "the sale", since: 0, by: "ann" };

    const text = renderWhy({ ...rest, why, whySince: 0, release: null, frozen }, 4000);

    expect(text.split("\n")[1]).toBe(
      "frozen by ann since 1970-01-01T00:00:00.000Z: the sale (no release or restart begins)",
    );
  });

  it("names the release that no controller brings on, where it stands and what does", () => {
    const unfinished = 'release 7 (release): 5 → 6 · at "roll"';
    const release = { id: 7, reason: null };

    const text = renderWhy({ ...rest, why: null, whySince: null, release, unfinished }, 0);

    expect(text.split("\n")).toEqual([
      "now: nobody decides: no controller runs; `hitless up --detach` starts one",
      'release 7 (release): 5 → 6 · at "roll" · not finished: `hitless up --detach` brings it on',
      "release 6 to revision 5 succeeded",
    ]);
  });
});
