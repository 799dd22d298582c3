import { type Asker, askers } from "./corpus/response-cases.ts";
import { isInterim, Llhttp, type Message } from "./llhttp.ts";
import type { MemoryPlane, ResponseOutcome } from "./memory-plane.ts";
import { complain, type Finding } from "./request-fuzz.ts";
import { refusalOf, type Verdict, wrong } from "./request-judge.ts";
import { judgeResponse } from "./response-judge.ts";
import { classOf, type RefusedMessage, type StricterClass } from "./stricter.ts";
import { stricterWithResponses } from "./stricter-with-responses.ts";

/** What a replica sends, in pieces, and to whom. */
export interface Reply {
  readonly asker: Asker;
  readonly pieces: readonly Buffer[];
  readonly eof: boolean;
  /** The client reads slowly. */
  readonly slow: boolean;
}

const emptyLine = Buffer.from("\r\n\r\n");

/** One replica's bytes through the plane and through llhttp. */
export function tryResponse(plane: MemoryPlane, { asker, pieces, eof, slow }: Reply): Finding {
  const request = askers[asker];
  const parser = answerParser(asker);
  for (const piece of pieces) parser.feed(piece);
  if (eof) parser.end();
  const text = Buffer.concat(pieces).toString("latin1");
  const original = {
    parser,
    text,
    eof,
    request: {
      text: request,
      keepAlive: asker !== "last" && asker !== "old",
      minor: asker.startsWith("old") ? 0 : 1,
      upgrade: asker === "upgrade",
    },
  } as const;
  let outcome = plane.response(request, pieces, { eof, slow });
  let verdict = judgeResponse(original, outcome);
  if (verdict.kind === "waiting") {
    outcome = plane.response(request, [...pieces, emptyLine], { eof, slow });
    verdict = afterWaiting(judgeResponse(original, outcome));
  }
  const digest = digestOf(outcome);
  const passed = outcome.answers.messages.some((got) => got.complete && refusalOf(got) === null);
  switch (verdict.kind) {
    case "same":
      return { complaint: null, stricter: null, passed, digest };
    case "refused":
      // How much of it had passed on before depends on how it came.
      return { complaint: null, stricter: null, passed: false, digest: "refused" };
    case "waiting":
      return complain(`${parser.refusal?.code ?? "whole"} for llhttp, and not answered`, digest);
    case "wrong":
      return complain(verdict.what, digest);
    case "stricter": {
      // What never became a head for the plane ended with its connection.
      const reason = verdict.reason === "upstream-closed" ? "bad-response" : verdict.reason;
      const found = explained({ reason, text, rest: restOf(text, asker), asker }, parser.messages);
      if (found !== null) {
        const same = reason === "bad-response" ? "refused" : digest;
        return { complaint: null, stricter: found.name, passed: false, digest: same };
      }
      return complain(`${verdict.reason}, which llhttp reads`, digest);
    }
  }
}

/** More bytes may bring a refusal; an answer that passes then was held back. */
function afterWaiting(verdict: Verdict): Verdict {
  const passed =
    verdict.kind === "same" || (verdict.kind === "stricter" && verdict.reason === "spoiled");
  return passed ? wrong("a whole answer was held back until more came") : verdict;
}

function answerParser(asker: Asker): Llhttp {
  const bodiless = (answer: Message) => asker === "head" && !isInterim(answer);
  return new Llhttp({ kind: "response", bodiless });
}

/** What follows the first answer that is no 1xx; empty when it never ends. */
function restOf(text: string, asker: Asker): string {
  const parser = answerParser(asker);
  const isOver = (message: Message) => message.complete && !isInterim(message);
  for (let at = 0; at < text.length; at += 1) {
    parser.feed(Buffer.from(text.slice(at, at + 1), "latin1"));
    if (parser.messages.some(isOver)) return text.slice(at + 1);
  }
  return "";
}

/** The answer or one of the 1xx before it may be what was refused. */
function explained(
  refused: Omit<RefusedMessage, "message">,
  messages: readonly Message[],
): StricterClass | null {
  const final = messages.findIndex((message) => !isInterim(message));
  const upto = final < 0 ? messages : messages.slice(0, final + 1);
  for (const message of [null, ...upto]) {
    const found = classOf(stricterWithResponses, { ...refused, message });
    if (found !== null) return found;
  }
  return null;
}

function digestOf({ answers, ended, broken, kept, second }: ResponseOutcome): string {
  const whole = answers.messages.filter(({ complete }) => complete);
  return JSON.stringify([
    whole.map((answer) => refusalOf(answer) ?? answer),
    ended,
    broken,
    kept,
    second?.status,
  ]);
}
