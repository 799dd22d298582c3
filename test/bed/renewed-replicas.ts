import assert from "node:assert/strict";
import type { AppBed, ShopAnswer } from "./app-bed.ts";

/** What every replica has to say of itself. */
export interface Said {
  readonly version: string;
  readonly GREETING: string;
}

/**
 * Asks as many replicas as there were before, and asserts by their own answers that each is a new
 * process of one and the same revision that says `said`.
 */
export async function renewedReplicas(
  bed: AppBed,
  before: readonly ShopAnswer[],
  said: Said,
): Promise<readonly ShopAnswer[]> {
  const now = await bed.everybody(before.length);
  const old = new Set(before.map(({ pid }) => pid));
  const kept = now.filter(({ pid }) => old.has(pid)).map(({ pid }) => pid);
  assert.deepEqual(kept, [], "processes that ran before the release and still answer");
  for (const { version, config, pid } of now) {
    assert.deepEqual({ version, GREETING: config["GREETING"] }, said, `what process ${pid} says`);
  }
  assert.equal(new Set(now.map(({ revision }) => revision)).size, 1, "revisions that answer");
  return now;
}
