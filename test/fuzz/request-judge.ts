import { authorityOf, endToEndOfRequest, leaked, targetOf } from "./forwarding-rules.ts";
import { type Message, type Understood, valuesOf } from "./llhttp.ts";
import type { RequestOutcome } from "./memory-plane.ts";

/** Where the plane stopped before llhttp did; whoever judges has to find the reason. */
export interface Stricter {
  readonly kind: "stricter";
  /** `X-Hitless-Reason`; `closed`: the connection was ended after a good answer. */
  readonly reason: string;
  /** Index of the message that was refused or was the last. */
  readonly at: number;
}

/**
 * `same`: both read the same. `refused`: both refused. `waiting`: llhttp has refused what the plane
 * has not looked at yet.
 */
export type Verdict =
  | { readonly kind: "same" | "refused" | "waiting" }
  | { readonly kind: "wrong"; readonly what: string }
  | Stricter;

const same: Verdict = { kind: "same" };

/** Holds what the plane made of a client's bytes against what llhttp makes of them. */
export function judgeRequest(original: Understood, outcome: RequestOutcome): Verdict {
  const what = nonsenseOf(outcome) ?? differenceOf(original, outcome) ?? misanswered(outcome);
  if (what !== null) return wrong(what);
  const { forwarded, answers, ended } = outcome;
  const reason = refusalOf(answers.messages.at(-1));
  if (reason !== null) return judgeRefusal(original, outcome, reason);
  const last = original.messages[forwarded.length - 1];
  if (last !== undefined && forwarded.at(-1)?.complete !== last.complete) {
    return wrong("a message ended earlier or later than for llhttp");
  }
  if (ended && last === undefined) return wrong("the connection was ended without an answer");
  if (ended && last?.keepAlive === true) return stricter("closed", forwarded.length - 1);
  if (!ended && last?.complete === true && !last.keepAlive) return wrong("the connection was kept");
  if (original.refusal !== null) return { kind: "waiting" };
  return forwarded.length < original.messages.length ? wrong("a message was not passed on") : same;
}

function judgeRefusal(original: Understood, outcome: RequestOutcome, reason: string): Verdict {
  if (!outcome.ended) return wrong(`${reason}, and the connection was kept`);
  const at = outcome.answers.messages.length - 1;
  if (outcome.forwarded[at]?.complete === true) return wrong(`passed on and refused as ${reason}`);
  const { refusal, messages } = original;
  if (refusal === null) return stricter(reason, at);
  const inBody = messages.at(-1)?.complete === false;
  const refusedAt = inBody ? refusal.after - 1 : refusal.after;
  return at === refusedAt ? { kind: "refused" } : stricter(reason, at);
}

function nonsenseOf({ nonsense, answers }: RequestOutcome): string | null {
  if (nonsense !== null) return `the replica reads: ${nonsense}`;
  if (answers.refusal !== null) return `the client reads: ${answers.refusal.code}`;
  return answers.beyond > 0 ? "the client got bytes after the last answer" : null;
}

function differenceOf({ messages }: Understood, { forwarded }: RequestOutcome): string | null {
  for (const [index, message] of forwarded.entries()) {
    const original = messages[index];
    if (original === undefined) return `message ${index} was made up: ${message.target}`;
    const what = between(original, message);
    if (what !== null) return `message ${index}: ${what}`;
    if (!message.complete && index < forwarded.length - 1) return `message ${index} never ended`;
  }
  return null;
}

function between(original: Message, message: Message): string | null {
  if (original.method !== message.method) return `method ${message.method}`;
  if (targetOf(original) !== message.target) return `target ${message.target}`;
  if (original.version !== message.version) return `version ${message.version}`;
  if (message.complete && !original.complete) return "ended earlier than for llhttp";
  if (message.complete ? original.body !== message.body : !original.body.startsWith(message.body)) {
    return `body ${JSON.stringify(message.body)}`;
  }
  if (message.complete && !sameHeaders(original.trailers, message.trailers)) return "trailers";
  return betweenHeaders(original, message);
}

function betweenHeaders(original: Message, message: Message): string | null {
  const expected = endToEndOfRequest(original);
  if (!sameHeaders(expected, endToEndOfRequest(message))) {
    return `headers ${JSON.stringify(message.headers)} for ${JSON.stringify(expected)}`;
  }
  const [leak] = leaked(message);
  if (leak !== undefined) return `${leak[0]} was passed on`;
  const [asked = ""] = valuesOf(message, "x-forwarded-for");
  if (asked !== "127.0.0.1") return `X-Forwarded-For ${asked}`;
  const hosts = valuesOf(original, "host");
  // RFC 9112 §3.2; llhttp leaves that to whoever uses it.
  if (hosts.length !== 1 && original.version === "1.1") return `${hosts.length} hosts`;
  const host = authorityOf(original.target) ?? hosts.join();
  if (valuesOf(message, "x-forwarded-host").join() !== host) return "X-Forwarded-Host";
  if (!message.upgrade) return null;
  return original.upgrade && protocolsOf(original) === protocolsOf(message)
    ? null
    : "an upgrade was made up";
}

function protocolsOf(message: Message): string {
  const named = valuesOf(message, "upgrade").flatMap((value) => value.split(/[ \t]*,[ \t]*/));
  return named.filter((name) => name !== "").join();
}

/** Each request that ended is answered, in order, and nothing else but one refusal. */
function misanswered({ forwarded, answers }: RequestOutcome): string | null {
  const whole = forwarded.filter(({ complete }) => complete);
  const answered = answers.messages.filter((answer) => refusalOf(answer) === null);
  if (answered.length !== whole.length) return `${answered.length} answers to ${whole.length}`;
  for (const [index, { target }] of whole.entries()) {
    const [to = ""] = valuesOf(answered[index] ?? answers.messages[0] ?? noAnswer, "x-target");
    if (to !== target) return `the answer to ${target} is one to ${to}`;
  }
  return null;
}

const noAnswer = { headers: [] };

/** Why the proxy answered by itself; null when it did not. */
export function refusalOf(answer: Message | undefined): string | null {
  if (answer === undefined) return null;
  return valuesOf(answer, "x-hitless-reason")[0] ?? null;
}

export function sameHeaders(
  a: readonly (readonly [string, string])[],
  b: readonly (readonly [string, string])[],
): boolean {
  return (
    a.length === b.length &&
    a.every(([name, value], at) => {
      const other = b[at];
      return other !== undefined && other[0] === name && other[1] === value;
    })
  );
}

export function wrong(what: string): Verdict {
  return { kind: "wrong", what };
}

export function stricter(reason: string, at: number): Stricter {
  return { kind: "stricter", reason, at };
}
