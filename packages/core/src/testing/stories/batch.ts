import { messageOf } from "../../errors.ts";
import { SimulationFault } from "../simulation-fault.ts";
import { Coverage } from "./coverage.ts";
import { play } from "./play.ts";
import type { Story } from "./story.ts";
import { tell } from "./tell.ts";

/** A story that broke a rule. */
export interface Broken {
  readonly seed: number;
  /** The happenings that it takes, by their index in the story. */
  readonly keep: readonly number[];
  readonly message: string;
}

/** What many stories came to. Plain data: it travels between processes. */
export interface Batch {
  readonly stories: number;
  readonly releases: number;
  /** Stories that end with a release under way, which says what it waits for. */
  readonly waiting: number;
  /** How many stories had so many transitions; the last entry holds all longer ones. */
  readonly lengths: readonly number[];
  readonly coverage: Readonly<Record<string, number>>;
  readonly broken: Broken | null;
}

const longestLength = 2000;

/** Plays the stories of so many seeds from `from` on, until one breaks a rule. */
export async function playMany(
  from: number,
  count: number,
  played: (stories: number) => void = () => {},
): Promise<Batch> {
  const coverage = new Coverage();
  const lengths = Array.from({ length: longestLength + 1 }, () => 0);
  let [releases, waiting, stories] = [0, 0, 0];
  let broken: Broken | null = null;
  for (let seed = from; seed < from + count && broken === null; seed += 1) {
    const story = tell(seed);
    try {
      const { transitions, ended, waits, met } = await play(story);
      releases += ended + (waits ? 1 : 0);
      waiting += waits ? 1 : 0;
      const at = Math.min(transitions, longestLength);
      lengths[at] = (lengths[at] ?? 0) + 1;
      coverage.add(met);
    } catch (thrown) {
      broken = await shrunk(story, thrown);
    }
    stories += 1;
    played(stories);
  }
  return { stories, releases, waiting, lengths, coverage: coverage.counts(), broken };
}

/** The story with these of its happenings alone. */
export function only(story: Story, keep: readonly number[]): Story {
  return { ...story, happenings: story.happenings.filter((_, index) => keep.includes(index)) };
}

/** Leaves out every happening without which the story breaks a rule all the same. */
async function shrunk(story: Story, thrown: unknown): Promise<Broken> {
  let keep: readonly number[] = story.happenings.map((_, index) => index);
  let last = thrown;
  for (const index of keep) {
    const fewer = keep.filter((each) => each !== index);
    const again = await faultOf(only(story, fewer));
    if (again === null) continue;
    keep = fewer;
    last = again;
  }
  const message = messageOf(last);
  return { seed: story.seed, keep, message };
}

async function faultOf(story: Story): Promise<SimulationFault | null> {
  try {
    await play(story);
    return null;
  } catch (thrown) {
    if (thrown instanceof SimulationFault) return thrown;
    throw thrown;
  }
}

/** The length that half of the stories reach. */
export function medianOf(lengths: readonly number[]): number {
  const total = lengths.reduce((sum, n) => sum + n, 0);
  let seen = 0;
  for (const [length, n] of lengths.entries()) {
    seen += n;
    if (seen * 2 >= total) return length;
  }
  return 0;
}
