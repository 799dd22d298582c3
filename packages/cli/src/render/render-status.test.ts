import { describe, expect, it } from "vitest";
import {
  exampleReplicas,
  exampleRelease as release,
  exampleStatus as status,
} from "../testing/example-status.ts";
import { renderStatus } from "./render-status.ts";

describe("renderStatus", () => {
  it("shows who let the release go on, where and when", () => {
    const meantFor = { release: 5, direction: "forward", waypoint: "canary 20 %" } as const;
    const intents = [
      { kind: "pause", by: "bob", at: 0, meantFor },
      { kind: "promote", by: "ann", at: 1000, meantFor },
      { kind: "promote", by: "eve", at: 2000, meantFor, full: true },
    ] as const;

    const lines = renderStatus({ ...status, release: { ...release, intents } }, 0).split("\n");

    expect(lines.filter((line) => line.includes("promote"))).toEqual([
      '  promote by ann at "canary 20 %", 1970-01-01T00:00:01Z',
      '  promote --full by eve at "canary 20 %", 1970-01-01T00:00:02Z',
    ]);
  });

  it("shows the canary's own address, and for how long the old side is warm", () => {
    const kept = [
      { revision: 3, warm: true, until: 61_000 },
      { revision: 2, warm: false, until: 61_000 },
    ];
    const lines = renderStatus(
      { ...status, kept, release: { ...release, preview: 8081 } },
      1000,
    ).split("\n");

    expect(lines).toContain("  preview http://127.0.0.1:8081");
    expect(lines.filter((line) => line.includes("warm"))).toEqual([
      "revision 3 is warm for 1 min more: a rollback to it is one route change",
    ]);
  });

  it("shows that nothing may begin, who said so and why", () => {
    const frozen = { reason: "the sale", since: 0, by: "ann" };

    expect(renderStatus({ ...status, frozen }, 0)).toContain("frozen by ann since 1970");
  });

  it.each([
    [2, "2 of 3 replicas ready"],
    [3, "3 of 3 replicas ready"],
    [4, "4 replicas ready, 3 wanted"],
  ])("says of %i ready replicas: %s", (count, said) => {
    const replicas = exampleReplicas(1, "ready", count);

    expect(renderStatus({ ...status, replicas }, 0).split("\n")[0]).toBe(
      `shop · revision 1 · ${said} · http://127.0.0.1:8080`,
    );
  });

  it("shows a number of `scale` over the file, unless it is the file's", () => {
    const scaled = { replicas: 5, owner: "command", fileReplicas: 3 } as const;

    expect(renderStatus({ ...status, desired: scaled }, 0)).toContain(
      "over the file: replicas=5 (scale; the file says 3)",
    );
    const same = { ...scaled, replicas: 3 };
    expect(renderStatus({ ...status, desired: same }, 0)).not.toContain("over the file");
  });
});
