import type { Answer } from "./answer-reader.ts";
import type { Loss } from "./cause.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { PlannedRequest } from "./request-source.ts";

/**
 * What answers have to look like. `shop`: JSON with at least `version` and `pid`, and for a POST
 * the SHA-256 (hex) of the request's body as `sha256`. `any`: every complete 2xx answer is right.
 */
export type Expectation = "shop" | "any";

/** Whether a complete answer is the right one; `identity` where its body tells who answered, be it wrong. */
export type Judgement =
  | { readonly kind: "right"; readonly identity: Identity | null }
  | { readonly kind: "lost"; readonly loss: Loss; readonly identity: Identity | null };

/** Judges a complete answer to `request`, time aside. */
export function judgeAnswer(
  request: PlannedRequest,
  answer: Answer,
  expect: Expectation,
): Judgement {
  const { status } = answer;
  const identity = identityOf(answer.body);
  if (status < 200 || status > 299) return { kind: "lost", loss: lossOfStatus(answer), identity };
  if (answer.surplusBytes > 0) {
    return wrong(`${answer.surplusBytes} bytes behind its end`, identity);
  }
  if (expect === "any") return { kind: "right", identity };
  if (identity === null)
    return wrong(`no version and pid in ${JSON.stringify(answer.body.slice(0, 60))}`, null);
  if (request.sha256 !== null && identity.sha256 !== request.sha256) {
    return wrong(`sha256 ${identity.sha256}, not ${request.sha256}`, identity);
  }
  return { kind: "right", identity };
}

function lossOfStatus(answer: Answer): Loss {
  const detail = answer.reason === null ? `${answer.status}` : `${answer.status} ${answer.reason}`;
  const family = Math.floor(answer.status / 100);
  if (family === 4) return { cause: "status-4xx", detail };
  if (family === 5) return { cause: "status-5xx", detail };
  return { cause: "other", detail: `status ${detail}` };
}

function wrong(detail: string, identity: Identity | null): Judgement {
  return { kind: "lost", loss: { cause: "wrong-body", detail }, identity };
}
