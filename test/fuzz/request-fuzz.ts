import { endToEndOfRequest } from "./forwarding-rules.ts";
import { Llhttp } from "./llhttp.ts";
import type { Around, MemoryPlane, RequestOutcome } from "./memory-plane.ts";
import { judgeRequest, refusalOf } from "./request-judge.ts";
import { classOf } from "./stricter.ts";
import { stricterWithRequests } from "./stricter-with-requests.ts";

/** What a case showed. `complaint`: null when all was as it has to be. */
export interface Finding {
  readonly complaint: string | null;
  /** The class in which the proxy is stricter than llhttp; null: they agree. */
  readonly stricter: string | null;
  /** Something of it was passed on as a whole. */
  readonly passed: boolean;
  /** What must not depend on how the bytes are cut. */
  readonly digest: string;
}

// Ends a head or a trailer in which llhttp has found a mistake that the plane has not looked at yet.
const emptyLine = Buffer.from("\r\n\r\n");

/** One connection's bytes through the plane and through llhttp. */
export function tryRequest(plane: MemoryPlane, pieces: readonly Buffer[], around: Around): Finding {
  const original = new Llhttp({ kind: "request" });
  for (const piece of pieces) original.feed(piece);
  let outcome = plane.request(pieces, around);
  let verdict = judgeRequest(original, outcome);
  if (verdict.kind === "waiting") {
    outcome = plane.request([...pieces, emptyLine], around);
    verdict = judgeRequest(original, outcome);
  }
  const digest = digestOf(outcome);
  const passed = outcome.forwarded.some(({ complete }) => complete);
  switch (verdict.kind) {
    case "same":
    case "refused":
      return { complaint: null, stricter: null, passed, digest };
    case "waiting":
      return complain(`${original.refusal?.code} for llhttp, and not refused`, digest);
    case "wrong":
      return complain(verdict.what, digest);
    case "stricter": {
      const bytes = Buffer.concat(pieces);
      const message = original.messages[verdict.at] ?? null;
      const text = bytes.toString("latin1", startOf(bytes, verdict.at));
      const found = classOf(stricterWithRequests, {
        reason: verdict.reason,
        message,
        text,
        rest: "",
        asker: "",
      });
      if (found !== null) return { complaint: null, stricter: found.name, passed, digest };
      return complain(`${verdict.reason} at message ${verdict.at}, which llhttp reads`, digest);
    }
  }
}

export function complain(complaint: string, digest: string): Finding {
  return { complaint, stricter: null, passed: false, digest };
}

function digestOf({ forwarded, answers, ended }: RequestOutcome): string {
  // Each request has an id of its own, given by the proxy.
  const whole = forwarded
    .filter(({ complete }) => complete)
    .map((message) => ({ ...message, headers: endToEndOfRequest(message) }));
  // Which of two mistakes is met first may depend on how the bytes come.
  const said = answers.messages.map((answer) => (refusalOf(answer) === null ? answer.status : 0));
  return JSON.stringify([whole, said, ended]);
}

/** Index of the first byte of that message. */
function startOf(bytes: Buffer, message: number): number {
  if (message === 0) return 0;
  const parser = new Llhttp({ kind: "request" });
  for (let at = 0; at < bytes.length; at += 1) {
    parser.feed(bytes.subarray(at, at + 1));
    if (parser.messages[message - 1]?.complete === true) return at + 1;
  }
  return bytes.length;
}
