/** Clients that stick to a side are told apart by so many places: a weight of 0.1 % is ten of them. */
export const places = 10_000;
const thousand = 1_000;

/** A revision's part of the requests, percent. */
export interface Weighted {
  readonly revision: number;
  readonly weight: number;
}

interface Side {
  readonly revision: number;
  /** Parts of a thousand: whole numbers, so that no sum of them is off. */
  readonly mille: number;
  /** What it was passed over for so far. All credits together are 0. */
  credit: number;
  able: boolean;
}

/**
 * Splits requests over revisions by weight, to 0.1 %: smooth weighted round-robin, exact over any
 * thousand turns and without bursts. Newest revision first, whatever the order of `weights`.
 */
export class WeightedTurns {
  readonly #sides: readonly Side[];

  /**
   * `phase`, from 0 up to 1, is how far into the thousand turns it begins: workers that all began at
   * the same end would, if they live shortly, give a small weight nothing.
   */
  constructor(weights: readonly Weighted[], phase: number) {
    this.#sides = weights
      .map(({ revision, weight }) => ({
        revision,
        mille: Math.round(weight * 10),
        credit: 0,
        able: true,
      }))
      .filter((side) => side.mille > 0)
      .sort((a, b) => b.revision - a.revision);
    const passed = Math.floor(phase * this.#total());
    for (let i = 0; i < passed; i += 1) this.next();
  }

  /** Only these revisions get turns; the credit of the others waits for them. */
  limitTo(able: (revision: number) => boolean): void {
    for (const side of this.#sides) side.able = able(side.revision);
  }

  /** Whose turn it is; null when nobody may have it. */
  next(): number | null {
    let best: Side | null = null;
    let total = 0;
    for (const side of this.#sides) {
      if (!side.able) continue;
      side.credit += side.mille;
      total += side.mille;
      if (best === null || side.credit > best.credit) best = side;
    }
    if (best === null) return null;
    best.credit -= total;
    return best.revision;
  }

  /**
   * The revision at that place, a whole number below `places`; null when the weights do not reach it. As
   * the weight of a newer revision grows, places only move to it: a client that was there stays.
   */
  at(place: number): number | null {
    let upTo = 0;
    for (const side of this.#sides) {
      upTo += side.mille;
      if (place * thousand < upTo * places) return side.revision;
    }
    return null;
  }

  #total(): number {
    return this.#sides.reduce((sum, side) => sum + side.mille, 0);
  }
}
