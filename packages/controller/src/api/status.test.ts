import type { Why } from "@hitless/core";
import { expect, it } from "vitest";
import { isOverdue } from "./status.ts";

const progress = { at: 0, deadlineAt: 1000, mark: 0, exits: 0 };
const starting: Why = {
  kind: "starting",
  revision: 1,
  available: 0,
  wanted: 1,
  slowest: null,
  deadlineAt: null,
};

it("is overdue on the way back alone, past its deadline, and not while it waits for a drain or a hook", () => {
  const back = { direction: "back", progress } as const;
  expect(isOverdue(back, starting, 1001)).toBe(true);
  expect(isOverdue(back, starting, 1000)).toBe(false);
  expect(isOverdue({ direction: "forward", progress }, starting, 1001)).toBe(false);
  const stopping: Why = { kind: "stopping", replicas: [{ id: "2-1", inFlight: 3 }] };
  expect(isOverdue(back, stopping, 1001)).toBe(false);
  const key = "shop/2/told/page";
  const hook = { key, waypoint: "told", hook: "page", since: 0, timeoutMs: 60_000 };
  expect(isOverdue(back, { kind: "hookRunning", ...hook }, 1001)).toBe(false);
});
