import { type Message, valuesOf } from "./llhttp.ts";

/** What is known of a message that the proxy refuses and llhttp does not. */
export interface RefusedMessage {
  /** `X-Hitless-Reason`; `closed`, `spoiled`: the connection did not go on after a good message. */
  readonly reason: string;
  /** As llhttp read it; null: its head is not complete. */
  readonly message: Message | null;
  /** The connection's bytes from the message's first one on, as latin1 text. */
  readonly text: string;
  /** Of a good answer: the bytes behind it. */
  readonly rest: string;
  /** Of an answer: who had asked. Empty for a request. */
  readonly asker: string;
}

/** A class of messages that the proxy refuses though llhttp reads them, and why it does. */
export interface StricterClass {
  readonly reason: string;
  readonly name: string;
  readonly because: string;
  readonly holds: (refused: RefusedMessage) => boolean;
}

export const ambiguous = "two servers could read it in two ways";
export const limited = "a limit of docs/proxy.md";
const onlyHttp1 = "only HTTP/1.0 and 1.1 are spoken";

/** Holds of values that name no host. */
export const notHost = /[^\w\-.~%!$&'()*+;=:[\]]/;
const token = /^[\w!#$%&'*+\-.^`|~]+$/;

/** The class that explains a refusal; null when none does. */
export function classOf(
  classes: readonly StricterClass[],
  refused: RefusedMessage,
): StricterClass | null {
  const { reason } = refused;
  return classes.find((one) => one.reason === reason && one.holds(refused)) ?? null;
}

/** Values of that header, none while the head is not known. */
export function saidIn(message: Message | null, name: string): readonly string[] {
  return message === null ? [] : valuesOf(message, name);
}

/** What frames in the same way in requests and answers, and is refused for the same reasons. */
export function framingClasses(head: string, body: string): readonly StricterClass[] {
  return [
    {
      reason: head,
      name: "a tab beside a length or a coding",
      because: "llhttp takes it before and not behind",
      holds: ({ text }) => /\n(?:content-length|transfer-encoding):[^\r\n]*\t/i.test(text),
    },
    {
      reason: head,
      name: "a length of more than 15 digits",
      because: limited,
      holds: ({ message }) =>
        saidIn(message, "content-length").some((one) => /^\d{16,}$/.test(one)),
    },
    {
      reason: head,
      name: "a coding in HTTP/1.0",
      because: "RFC 9112 §6.1: its framing is faulty",
      holds: ({ message }) =>
        message?.version === "1.0" && saidIn(message, "transfer-encoding").length > 0,
    },
    {
      reason: body,
      name: "a chunk size of more than 16 digits, or beyond 2^48",
      because: limited,
      holds: ({ text }) => /(^|\n)([0-9a-f]{17}|0*[1-9a-f][0-9a-f]{12})/i.test(text),
    },
    {
      reason: body,
      name: "an extension without name or value, or with a quote in it",
      because: "RFC 9112 §7.1.1",
      holds: ({ text }) => /;[=;]|=[\r;]|;[^\r\n]*=[^\r\n";]+"/.test(text),
    },
    {
      reason: body,
      name: "a trailer that only a header may be",
      because: "who merges trailers into the headers reads another message",
      holds: ({ text }) => trailedHeader.test(text),
    },
    {
      reason: body,
      name: "a trailer of more than 8 KB",
      because: limited,
      holds: ({ text }) => text.length > 8_192,
    },
  ];
}

const trailedHeader =
  /\n0+(;[^\r]*)?\r\n([^\r\n]+\r\n)*(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|proxy-[^:]*|forwarded|x-forwarded-[^:]*|x-request-id|http2-settings|x-hitless-reason):/i;

/** Every class of heads that the proxy refuses in the request line and llhttp reads. */
export const requestLineClasses: readonly StricterClass[] = [
  {
    reason: "bad-request",
    name: "a bare CR or LF before the request line",
    because: ambiguous,
    holds: ({ text }) => /^(?:\r\n)*(?:\n|\r(?!\n))/.test(text),
  },
  {
    reason: "bad-request",
    name: "HTTP/0.9, RTSP, ICE",
    because: onlyHttp1,
    holds: ({ text }) => !/^(?:\r\n)*\S+ +\S+ +HTTP\//.test(text),
  },
  {
    reason: "bad-request",
    name: "more than one space in the request line",
    because: ambiguous,
    holds: ({ text }) => /^(?:\r\n)*\S+( \S+ {2,}| {2,})/.test(text),
  },
  {
    reason: "unknown-method",
    name: "PRI",
    because: "it begins HTTP/2",
    holds: ({ text }) => text.trimStart().startsWith("PRI "),
  },
  {
    reason: "http-version",
    name: "HTTP/0.9 and HTTP/2.0 in a request line",
    because: onlyHttp1,
    holds: ({ message, text }) =>
      /^(0\.9|2\.0)$/.test(message?.version ?? /HTTP\/(\S+)\r/.exec(text)?.[1] ?? ""),
  },
  {
    reason: "bad-target",
    name: "CONNECT",
    because: "the proxy is no tunnel",
    holds: ({ text }) => text.trimStart().startsWith("CONNECT "),
  },
  {
    reason: "bad-target",
    name: "a target that is no path, no http(s) URL and no `*` of OPTIONS",
    because: "RFC 9112 §3.2",
    holds: ({ message }) => message !== null && !isTarget(message),
  },
  {
    reason: "target-too-long",
    name: "a target of more than 8 KB",
    because: limited,
    holds: ({ message, text }) => (message?.target.length ?? text.length) > 8_192,
  },
];

function isTarget({ target, method }: Message): boolean {
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return true;
  return /^https?:\/\/[\w\-.~%!$&'()*+;=:[\]]+(?:[/?][^#]*)?$/i.test(target);
}

/** Whether some coding is no single token, or not the only one. */
export function isCodingList(message: Message | null): boolean {
  const codings = saidIn(message, "transfer-encoding");
  return codings.length > 1 || codings.some((coding) => !token.test(coding));
}
