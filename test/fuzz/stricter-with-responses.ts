import { connectionTokens } from "./forwarding-rules.ts";
import type { Message } from "./llhttp.ts";
import {
  ambiguous,
  framingClasses,
  limited,
  notHost,
  type StricterClass,
  saidIn,
} from "./stricter.ts";

type Rest = Omit<StricterClass, "reason">;

/** Heads that the proxy takes for no answer. */
const refusedHeads: readonly Rest[] = [
  {
    name: "an answer of HTTP/0.9, HTTP/2.0, RTSP or ICE",
    because: "only HTTP/1.0 and 1.1 are spoken",
    holds: ({ text }) => /^(?:HTTP\/(?:0\.9|2\.0)|RTSP|ICE)/m.test(text),
  },
  {
    name: "a status below 100",
    because: "no class of answers",
    holds: ({ message }) => message !== null && message.status < 100,
  },
  {
    name: "a control character in the reason",
    because: ambiguous,
    holds: ({ message }) => message !== null && hasControl(message.reason),
  },
  {
    name: "a bare CR in the status line",
    because: ambiguous,
    holds: ({ text }) => /^HTTP[^\n\r]*\r(?!\n)/m.test(text),
  },
  {
    name: "blank lines before the status line",
    because: ambiguous,
    holds: ({ text }) => /^(?:HTTP\/1\.[01] 1\d\d[^\n]*\n(?:[^\r\n]+\r\n)*\r\n)*[\r\n]/.test(text),
  },
  {
    name: "a malformed Host, or more than one, in an answer",
    because: ambiguous,
    holds: ({ message }) => {
      const hosts = saidIn(message, "host");
      return hosts.length > 1 || hosts.some((host) => notHost.test(host));
    },
  },
  {
    name: "a coding that is not exactly chunked",
    because: "the proxy knows no other; llhttp reads to the end of the connection",
    holds: ({ message }) => {
      const codings = saidIn(message, "transfer-encoding");
      return codings.length > 0 && codings.join().toLowerCase() !== "chunked";
    },
  },
  {
    name: "a head of more than 16 KB, or 100 headers",
    because: limited,
    holds: ({ text }) => text.length > 16_384 || text.split("\n").length > 101,
  },
];

/** Answers that are right, and not to this request. */
const misplaced: readonly Rest[] = [
  {
    name: "101 that nobody asked for",
    because: "the client would take what follows for another answer",
    holds: ({ asker, text }) => asker !== "upgrade" && /^HTTP\/1\.[01] 101\b/m.test(text),
  },
  {
    name: "101 that names no protocol",
    because: "RFC 9110 §15.2.2; llhttp goes on reading HTTP",
    holds: ({ message }) =>
      message?.status === 101 &&
      (!message.upgrade || !saidIn(message, "upgrade").some((value) => /[^\s,]/.test(value))),
  },
  {
    name: "a 1xx of HTTP/1.0",
    because: "RFC 9110 §15.2: it knows none, so some take it for the answer",
    holds: ({ message }) => isInterimHead(message) && message.version === "1.0",
  },
  {
    name: "a 1xx that says close",
    because: "some read on after it and some do not",
    holds: ({ message }) =>
      isInterimHead(message) && (!message.keepAlive || connectionTokens(message).includes("close")),
  },
  {
    name: "a 1xx with a length or a coding",
    because: "some take it for that of a body",
    holds: ({ message }) =>
      isInterimHead(message) &&
      ["content-length", "transfer-encoding"].some((name) => saidIn(message, name).length > 0),
  },
  {
    name: "chunks for HTTP/1.0",
    because: "it knows none",
    holds: ({ asker, message }) =>
      asker.startsWith("old") && saidIn(message, "transfer-encoding").length > 0,
  },
];

/** Good answers after which the replica's connection is not used again. */
const spoiling: readonly Rest[] = [
  {
    name: "bytes after the answer that llhttp skips",
    because: "nobody asked for them",
    holds: ({ rest }) => /^[\r\n]/.test(rest),
  },
  {
    name: "close and keep-alive together",
    because: "closing is always safe",
    holds: ({ text }) => /connection:[^\n]*close/i.test(text),
  },
  {
    name: "Proxy-Connection in HTTP/1.0",
    because: "no standard says that it keeps a connection",
    holds: ({ message }) =>
      message?.version === "1.0" && saidIn(message, "proxy-connection").length > 0,
  },
  {
    name: "a Keep-Alive that is nearly over",
    because: "the replica is about to close",
    holds: ({ text }) => /timeout\s*=\s*"?0*[01](?!\d)/i.test(text),
  },
];

/** Every class of answers that the proxy refuses (502 `bad-response`) and llhttp reads. */
export const stricterWithResponses: readonly StricterClass[] = [
  ...[...refusedHeads, ...misplaced].map((one) => ({ ...one, reason: "bad-response" })),
  ...framingClasses("bad-response", "bad-response"),
  ...spoiling.map((one) => ({ ...one, reason: "spoiled" })),
];

function isInterimHead(message: Message | null): message is Message {
  return message !== null && message.status >= 100 && message.status < 200;
}

function hasControl(text: string): boolean {
  return [...text].some((char) => (char < " " && char !== "\t") || char === "\x7f");
}
