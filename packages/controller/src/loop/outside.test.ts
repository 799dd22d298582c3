import type { HookOrder, HookResult, Observation } from "@hitless/core";
import { expect, it } from "vitest";
import { eventually } from "../testing/controller-bed.ts";
import { commandOf } from "../testing/hook-bed.ts";
import { noMetrics, Outside } from "./outside.ts";

const order = commandOf("true");
const { key, hook } = order;
const wanted: readonly Observation[] = [{ kind: "hook", key, hook }];

/** Hooks that run until they are told to end, or are broken off. */
class HeldHooks {
  readonly begun: string[] = [];
  readonly brokenOff: string[] = [];
  private readonly ends: ((result: HookResult) => void)[] = [];
  changes = 0;
  readonly outside = new Outside({
    metrics: noMetrics,
    hooks: { run: (each, signal) => this.run(each, signal) },
    changed: () => {
      this.changes += 1;
    },
  });

  end(result: HookResult): void {
    this.ends.shift()?.(result);
  }

  private run(each: HookOrder, signal: AbortSignal): Promise<HookResult> {
    this.begun.push(each.key);
    signal.addEventListener("abort", () => void this.brokenOff.push(each.key));
    return new Promise((resolve) => void this.ends.push(resolve));
  }
}

it("runs a hook once while it is wanted, and tells what became of it until that is noted", async () => {
  const held = new HeldHooks();
  const { outside } = held;
  outside.begin(order);
  outside.begin(order);
  expect(outside.look(wanted).hooks).toEqual({});
  held.end({ outcome: "done", detail: "warm" });
  await eventually("it is said", () => held.changes === 1);
  expect(outside.look(wanted).hooks).toEqual({ [key]: { outcome: "done", detail: "warm" } });
  expect(outside.look([]).hooks).toEqual({});
  expect(held.begun).toEqual([key]);
});

it("breaks a hook off that nobody asks for any more, and believes nothing that it says", async () => {
  const held = new HeldHooks();
  const { outside } = held;
  outside.begin(order);
  outside.look([]);
  expect(held.brokenOff).toEqual([key]);
  outside.begin(order);
  held.end({ outcome: "failed", detail: "it was interrupted" });
  held.end({ outcome: "done", detail: "" });
  await eventually("the second is over", () => held.changes === 1);
  expect(outside.look(wanted).hooks).toEqual({ [key]: { outcome: "done", detail: "" } });
});

it("breaks everything off when it is closed", () => {
  const held = new HeldHooks();
  held.outside.begin(order);
  held.outside.close();
  expect(held.brokenOff).toEqual([key]);
});
