/**
 * The evidence against a canary: the wealth of somebody who bets 1 on "it is worse than allowed",
 * at fair odds if it is not. As long as it is not, the wealth is a nonnegative supermartingale, so
 * the chance that it *ever* comes to 1/α is at most α (Ville 1939). That is why it may be looked at
 * after each request, and acted upon at once.
 *
 * The bet is spread over how much worse it is (`ratios`: Robbins' method of mixtures, 1970) and over
 * the request from which on it is: half is laid at once, the rest little by little, so that a canary
 * that was good for long and then turns bad is noticed as well.
 */
export type Evidence = readonly number[];

/** What came in one interval. */
export interface Draws {
  readonly draws: number;
  /** Of these, so many speak against the canary. */
  readonly against: number;
  /** The chance that one does when the canary is as bad as it may be at most. */
  readonly chance: number;
}

/** The requests of the canary that had been judged when the interval began, and when it ended. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** For how much each draw counts, 0 to 1; known before they are drawn. */
  readonly worth?: number;
}

/** How many times the allowed odds the canary has, in each of the alternatives. */
export const ratios: readonly number[] = [1.5, 2, 3, 5, 10, 30, 100, 1000];

/** What the evidence has to grow by, as a logarithm, to make up for being spread over so much. */
export const spreadCost = Math.log(2 * ratios.length);

/** Nothing is known: as logarithms, what was laid on each alternative at once. */
export const noEvidence: Evidence = ratios.map(() => -spreadCost);

/**
 * With what came in one interval, in which each draw went against the canary with `chance`, or
 * less. Lays what is due from the reserve first: what is laid never depends on what it is laid on.
 */
export function withDraws(
  evidence: Evidence,
  { draws, against, chance }: Draws,
  { from, to, worth = 1 }: Span,
): Evidence {
  const laid = Math.log((reserve(from) - reserve(to)) / ratios.length);
  return ratios.map((ratio, i) => {
    const held = logOfSum(evidence[i] ?? -spreadCost, laid);
    if (draws === 0) return held;
    // Of the binomial likelihoods, with `ratio` times the odds and with the odds as they may be.
    const gain = against * Math.log(ratio) - draws * Math.log1p((ratio - 1) * chance);
    return held + worth * gain;
  });
}

/** The natural logarithm of the wealth, the reserve included. */
export function wealth(evidence: Evidence, judged: number): number {
  return evidence.reduce(logOfSum, Math.log(reserve(judged)));
}

/** So many requests after the first, half of the reserve is left. */
const halfLife = 1_000;

/** What is not laid yet when so many requests of the canary were judged. */
function reserve(judged: number): number {
  return (0.5 * halfLife) / (halfLife + judged);
}

/** ln(exp a + exp b). */
function logOfSum(a: number, b: number): number {
  const [more, less] = a > b ? [a, b] : [b, a];
  return less === Number.NEGATIVE_INFINITY ? more : more + Math.log1p(Math.exp(less - more));
}
