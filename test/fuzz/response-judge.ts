import { endToEndOfResponse, leaked } from "./forwarding-rules.ts";
import { isEofFramed, isInterim, type Llhttp, type Message, valuesOf } from "./llhttp.ts";
import type { ResponseOutcome } from "./memory-plane.ts";
import { refusalOf, sameHeaders, stricter, type Verdict, wrong } from "./request-judge.ts";

/** One replica's bytes, as llhttp reads them, and who had asked. */
export interface OriginalAnswer {
  readonly parser: Llhttp;
  readonly text: string;
  readonly eof: boolean;
  readonly request: {
    readonly text: string;
    readonly keepAlive: boolean;
    readonly minor: 0 | 1;
    readonly upgrade: boolean;
  };
}

/** Holds what the client got against what llhttp makes of the replica's bytes. */
export function judgeResponse(original: OriginalAnswer, outcome: ResponseOutcome): Verdict {
  const what = nonsenseOf(outcome) ?? interimsDiffer(original, outcome);
  if (what !== null) return wrong(what);
  const { parser, eof } = original;
  const final = parser.messages.find((message) => !isInterim(message));
  const got = outcome.answers.messages.find((message) => !isInterim(message));
  if (final?.status === 101 && final.upgrade) return judgeSwitch(original, outcome, got);
  if (final?.complete === true) return judgeWhole(original, outcome, { final, got });
  if (parser.refusal !== null || eof) return judgeBroken(outcome, final, got);
  const reason = refusalOf(got);
  if (reason !== null) return stricter(reason, 0);
  const soFar = judgeSoFar(final, got);
  if (soFar.kind !== "same" || !outcome.ended) return soFar;
  return outcome.broken ? stricter("bad-response", 0) : wrong("ended while the answer was not");
}

function nonsenseOf({ answers, second, ended }: ResponseOutcome): string | null {
  if (answers.refusal !== null && !ended) return `the client reads: ${answers.refusal.code}`;
  // RFC 9110 §2.5: the version is that of who sends, not of whose answer it is.
  if (answers.messages.some(({ version }) => version !== "1.1")) return "another version passed on";
  if (answers.beyond > 0 && !answers.switched) return "the client got bytes after the end";
  if (second === null) return null;
  const [to] = valuesOf(second, "x-target");
  return to === "/second" && second.complete ? null : "the next request got another's answer";
}

function interimsDiffer({ parser, request }: OriginalAnswer, { answers }: ResponseOutcome) {
  const got = answers.messages.filter(isInterim);
  if (request.minor === 0) return got.length > 0 ? "a 1xx to HTTP/1.0" : null;
  const first = parser.messages.findIndex((message) => !isInterim(message));
  const upto = first < 0 ? parser.messages.length : first;
  for (const [index, message] of got.entries()) {
    const interim = index < upto ? parser.messages[index] : undefined;
    if (interim === undefined) return "a 1xx was made up";
    const what = between(interim, message);
    if (what !== null) return `1xx: ${what}`;
  }
  return null;
}

function judgeSwitch(
  { parser, request, text }: OriginalAnswer,
  outcome: ResponseOutcome,
  got: Message | undefined,
): Verdict {
  const reason = refusalOf(got);
  if (reason !== null) return stricter(reason, 0);
  const final = parser.messages.find((message) => !isInterim(message));
  if (!request.upgrade || got === undefined || final === undefined) return wrong("101 unasked for");
  const tunnelled = (bytes: string) =>
    bytes
      .slice(bytes.search(/HTTP\/1\.[01] 101/))
      .split("\r\n\r\n")
      .slice(1)
      .join("\r\n\r\n");
  if (tunnelled(outcome.raw) !== tunnelled(text)) return wrong("the tunnel's bytes differ");
  const protocols = (message: Message) => valuesOf(message, "upgrade").join(", ");
  const what = between(final, got);
  if (what !== null) return wrong(what);
  return protocols(final) === protocols(got) ? { kind: "same" } : wrong("another protocol");
}

interface Pair {
  readonly final: Message;
  readonly got: Message | undefined;
}

function judgeWhole(original: OriginalAnswer, outcome: ResponseOutcome, pair: Pair): Verdict {
  const { final, got } = pair;
  const reason = refusalOf(got);
  if (reason !== null) return outcome.kept ? wrong("refused and kept") : stricter(reason, 0);
  // Where llhttp takes less than an empty line for the end of a head, the plane still waits for one.
  if (got === undefined) return { kind: "waiting" };
  const what = between(final, got);
  if (what !== null) return wrong(what);
  if (!got.complete) return outcome.broken ? stricter("bad-response", 0) : wrong("it never ended");
  return persistence(original, outcome, pair) ?? { kind: "same" };
}

function persistence(original: OriginalAnswer, outcome: ResponseOutcome, { final, got }: Pair) {
  const { request, parser } = original;
  const endsWithConnection = original.request.text.startsWith("HEAD ") ? false : isEofFramed(final);
  const stays = request.keepAlive && !endsWithConnection;
  if (stays === outcome.ended)
    return wrong(stays ? "the client was sent away" : "the client was kept");
  if (stays && request.minor === 0 && !saysKeepAlive(got))
    return wrong("HTTP/1.0 was not told to stay");
  if (stays !== (got?.keepAlive ?? false)) return wrong("said something else of the connection");
  if (!outcome.kept)
    return final.keepAlive && !original.eof && !surplus(parser) ? stricter("spoiled", 0) : null;
  if (!final.keepAlive) return wrong("the replica's connection was kept");
  return surplus(parser) ? wrong("a connection with bytes too many was kept") : null;
}

function surplus({ begun, refusal, beyond, messages }: Llhttp): boolean {
  const final = messages.findIndex((message) => !isInterim(message));
  return begun || refusal !== null || beyond > 0 || messages.length > final + 1;
}

function saysKeepAlive(message: Message | undefined): boolean {
  return (
    message !== undefined &&
    valuesOf(message, "connection").some((value) => /keep-alive/i.test(value))
  );
}

/** llhttp refused it, or it was cut off. */
function judgeBroken(
  outcome: ResponseOutcome,
  final: Message | undefined,
  got: Message | undefined,
): Verdict {
  if (outcome.kept) {
    return outcome.ended || refusalOf(got) !== null
      ? wrong("a broken connection was kept")
      : { kind: "waiting" };
  }
  if (refusalOf(got) !== null)
    return got?.complete === true ? { kind: "refused" } : wrong("half a refusal");
  if (got === undefined) return wrong("no answer");
  if (got.complete) return wrong("half an answer was passed on as a whole one");
  if (!outcome.broken) return wrong("half an answer ended in good order");
  const soFar = judgeSoFar(final, got);
  return soFar.kind === "same" ? { kind: "refused" } : soFar;
}

function judgeSoFar(final: Message | undefined, got: Message | undefined): Verdict {
  if (got === undefined) return { kind: "same" };
  if (final === undefined) return wrong("an answer was made up");
  const what = between(final, got);
  return what === null ? { kind: "same" } : wrong(what);
}

function between(original: Message, message: Message): string | null {
  if (original.status !== message.status) return `status ${message.status}`;
  if (original.reason !== message.reason) return `reason ${message.reason}`;
  if (message.complete && !original.complete) return "ended earlier than for llhttp";
  if (message.complete ? original.body !== message.body : !original.body.startsWith(message.body)) {
    return `body ${JSON.stringify(message.body)}`;
  }
  if (message.complete && !sameHeaders(original.trailers, message.trailers)) return "trailers";
  const expected = endToEndOfResponse(original);
  if (!sameHeaders(expected, endToEndOfResponse(message))) {
    return `headers ${JSON.stringify(message.headers)} for ${JSON.stringify(expected)}`;
  }
  const [leak] = leaked(message);
  return leak === undefined ? null : `${leak[0]} was passed on`;
}
