import { setImmediate as turn } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { requestCases } from "./corpus/request-cases.ts";
import { responseCases } from "./corpus/response-cases.ts";
import { type FuzzCase, tryCase } from "./fuzz-case.ts";
import { MemoryPlane } from "./memory-plane.ts";
import type { StricterClass } from "./stricter.ts";
import { stricterWithRequests } from "./stricter-with-requests.ts";
import { stricterWithResponses } from "./stricter-with-responses.ts";

const plane = new MemoryPlane();
afterAll(() => plane.close());

/** Up to this length a case is cut at every byte; of longer ones, at the ends and every so often. Bytes. */
const cutEverywhereBytes = 600;
const edgeBytes = 24;
const strideBytes = 4_001;

function* cutsOf(length: number): Iterable<number> {
  for (let at = 1; at < length; at += 1) {
    const edge = Math.min(at, length - at) < edgeBytes;
    if (length <= cutEverywhereBytes || edge || at % strideBytes === 0) yield at;
  }
}

type Cut = (pieces: readonly string[], slow: boolean) => FuzzCase;

/** What goes wrong with the text however it is cut; null: nothing. */
function complaintAbout(text: string, cut: Cut, met: Set<string>): string | null {
  const whole = tryCase(plane, cut([text], false));
  if (whole.stricter !== null) met.add(whole.stricter);
  if (whole.complaint !== null) return whole.complaint;
  for (const at of cutsOf(text.length)) {
    const one = tryCase(plane, cut([text.slice(0, at), text.slice(at)], at % 4 === 0));
    if (one.complaint !== null) return `cut at ${at}: ${one.complaint}`;
    if (one.digest !== whole.digest) return `cut at ${at} it ends as ${one.digest.slice(0, 500)}`;
  }
  const bytes = text.length > cutEverywhereBytes ? [text] : [...text];
  return tryCase(plane, cut(bytes, true)).complaint;
}

function unmet(classes: readonly StricterClass[], met: ReadonlySet<string>): readonly string[] {
  return classes.map(({ name }) => name).filter((name) => !met.has(name));
}

test("500 cases at least, and less than 1 MB", () => {
  const all = [...requestCases, ...responseCases];
  expect(all.length).toBeGreaterThan(500);
  expect(all.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(1_000_000);
});

test("every request of the corpus, cut at every byte, means what it means to llhttp", async () => {
  const met = new Set<string>();
  for (const [index, { name, text }] of requestCases.entries()) {
    const eager = index % 2 === 0;
    const cut: Cut = (pieces, slow) => ({ kind: "request", eager, pieces, slow });
    expect(complaintAbout(text, cut, met), name).toBeNull();
    await turn();
  }
  expect(unmet(stricterWithRequests, met)).toEqual([]);
}, 600_000);

test("every answer of the corpus, cut at every byte, means what it means to llhttp", async () => {
  const met = new Set<string>();
  for (const { name, text, asker, eof } of responseCases) {
    const cut: Cut = (pieces, slow) => ({ kind: "response", asker, eof, pieces, slow });
    expect(complaintAbout(text, cut, met), name).toBeNull();
    await turn();
  }
  expect(unmet(stricterWithResponses, met)).toEqual([]);
}, 600_000);
