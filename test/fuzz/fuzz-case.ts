import { seededRandom } from "@hitless/load";
import { requestCases } from "./corpus/request-cases.ts";
import { type Asker, askers, responseCases } from "./corpus/response-cases.ts";
import { closeParsers } from "./llhttp.ts";
import type { MemoryPlane } from "./memory-plane.ts";
import { cut, mutate, pick, type Random } from "./mutator.ts";
import { type Finding, tryRequest } from "./request-fuzz.ts";
import { tryResponse } from "./response-fuzz.ts";

/** Bytes for the plane, in pieces: of a client, or of a replica in answer to one. */
export type FuzzCase = { readonly pieces: readonly string[]; readonly slow: boolean } & (
  | { readonly kind: "request"; readonly eager: boolean }
  | { readonly kind: "response"; readonly asker: Asker; readonly eof: boolean }
);

/** What came of a case. */
export function tryCase(plane: MemoryPlane, one: FuzzCase): Finding {
  const pieces = one.pieces.map((piece) => Buffer.from(piece, "latin1"));
  try {
    if (one.kind === "request") return tryRequest(plane, pieces, one);
    return tryResponse(plane, { ...one, pieces });
  } finally {
    closeParsers();
  }
}

const commonBytes = 600;
const requests = requestCases.map(({ text }) => text).filter((text) => text !== "");
const responses = responseCases.map(({ text }) => text).filter((text) => text !== "");
const short = (texts: readonly string[]) => texts.filter((text) => text.length <= commonBytes);
const [shortRequests, shortResponses] = [short(requests), short(responses)];
const everybody = Object.keys(askers).filter(isAsker);

/** The case of that number, the same for the same seed. */
export function mutation(seed: number, number: number): FuzzCase {
  // Neighbouring seeds would give neighbouring sequences.
  const random = seededRandom(Math.imul(seed ^ (number * 2_654_435_761), 0x9e3779b1));
  const slow = random() < 0.25;
  if (random() < 0.5) {
    const pieces = mutated(random, requests, shortRequests);
    return { kind: "request", eager: random() < 0.5, slow, pieces };
  }
  const asker = random() < 0.6 ? "get" : pick(random, everybody);
  const pieces = mutated(random, responses, shortResponses);
  return { kind: "response", asker, eof: random() < 0.5, slow, pieces };
}

/** The same bytes, cut in another way. */
export function recut(one: FuzzCase, random: Random): FuzzCase {
  return { ...one, pieces: pieces(one.pieces.join(""), random) };
}

function mutated(
  random: Random,
  all: readonly string[],
  shorter: readonly string[],
): readonly string[] {
  // Cases at the limits cost a hundred times as much, and are mutated a hundredth as often.
  const seeds = random() < 0.005 ? all : shorter;
  return pieces(mutate(pick(random, seeds), random, shorter), random);
}

function pieces(text: string, random: Random): readonly string[] {
  return cut(Buffer.from(text, "latin1"), random).map((piece) => piece.toString("latin1"));
}

/** The smallest case that still fails: fewer cuts, then fewer lines, then fewer bytes. */
export function shrink(one: FuzzCase, fails: (smaller: FuzzCase) => boolean): FuzzCase {
  const whole = { ...one, pieces: [one.pieces.join("")] };
  let smallest: FuzzCase = fails(whole) ? whole : one;
  for (let size = Math.max(1, lengthOf(smallest) >> 1); size >= 1; size >>= 1) {
    for (let from = 0; from < lengthOf(smallest); ) {
      const smaller = without(smallest, from, size);
      if (fails(smaller)) smallest = smaller;
      else from += size;
    }
  }
  return smallest;
}

function lengthOf({ pieces: all }: FuzzCase): number {
  return all.reduce((sum, piece) => sum + piece.length, 0);
}

function without(one: FuzzCase, from: number, size: number): FuzzCase {
  let at = 0;
  const left = one.pieces.map((piece) => {
    const [begin, end] = [Math.max(0, from - at), Math.max(0, from + size - at)];
    at += piece.length;
    return piece.slice(0, begin) + piece.slice(end);
  });
  return { ...one, pieces: left.filter((piece) => piece !== "") };
}

function isAsker(name: string): name is Asker {
  return name in askers;
}
