import { describe, expect, it } from "vitest";
import { type Batch, medianOf, playMany } from "./batch.ts";
import { Coverage } from "./coverage.ts";
import { play } from "./play.ts";
import { Random } from "./random.ts";
import { tell } from "./tell.ts";

const releases = 10_000;
/** The same stories each time; `npm run simulate -- --seed` plays others. */
const seed = 1;

/** Plays stories until so many releases have ended. */
async function playReleases(): Promise<{ readonly coverage: Coverage; readonly batches: Batch[] }> {
  const coverage = new Coverage();
  const batches: Batch[] = [];
  let ended = 0;
  for (let from = seed; ended < releases; from += 500) {
    const batch = await playMany(from, 500);
    if (batch.broken !== null) {
      const { message, seed: broken, keep } = batch.broken;
      const again = `npm run simulate -- --seed ${broken} --keep ${keep.join(",") || "none"} --trace`;
      throw new Error(`${message}\n\nPlay it again: ${again}`);
    }
    batches.push(batch);
    coverage.merge(batch.coverage);
    ended += batch.releases;
  }
  return { coverage, batches };
}

describe("random releases", () => {
  it(`break no rule, ${releases} of them, each to its end or to a true reason to wait`, async () => {
    const { coverage, batches } = await playReleases();
    const lengths = batches.reduce(
      (sum, batch) => batch.lengths.map((n, at) => n + (sum[at] ?? 0)),
      [] as readonly number[],
    );
    expect(medianOf(lengths)).toBeGreaterThanOrEqual(30);
    expect(coverage.below(1)).toEqual([]);
  }, 600_000);

  it("are the same again from the same seed", async () => {
    const [once, again] = [await play(tell(seed)), await play(tell(seed))];
    expect(again.simulation.trace).toEqual(once.simulation.trace);
    expect(again.met).toEqual(once.met);
  });

  it("differ from seed to seed", () => {
    const stories = [1, 2, 3, 4].map((n) => JSON.stringify({ ...tell(n), seed: 0 }));
    expect(new Set(stories).size).toBe(4);
    expect(new Random(1).next()).not.toBe(new Random(2).next());
  });
});
