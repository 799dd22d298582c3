import { connectionTokens } from "./forwarding-rules.ts";
import { type Message, valuesOf } from "./llhttp.ts";
import {
  ambiguous,
  framingClasses,
  isCodingList,
  limited,
  notHost,
  requestLineClasses,
  type StricterClass,
  saidIn,
} from "./stricter.ts";

const maxHeadBytes = 16_384;

/** Every class of requests that the proxy refuses and llhttp reads. */
export const stricterWithRequests: readonly StricterClass[] = [
  ...requestLineClasses,
  ...framingClasses("bad-framing", "bad-chunk"),
  {
    reason: "bad-host",
    name: "no host, or more than one",
    because: "RFC 9112 §3.2",
    holds: ({ message }) => {
      const hosts = saidIn(message, "host").length;
      return message !== null && (hosts > 1 || (hosts === 0 && message.version !== "1.0"));
    },
  },
  {
    reason: "bad-host",
    name: "a host that is none",
    because: ambiguous,
    holds: ({ message }) => saidIn(message, "host").some((host) => notHost.test(host)),
  },
  {
    reason: "bad-framing",
    name: "a list of codings, or none",
    because: ambiguous,
    holds: ({ message }) => isCodingList(message),
  },
  {
    reason: "transfer-coding",
    name: "another coding than chunked",
    because: "the proxy knows no other",
    holds: ({ message }) =>
      saidIn(message, "transfer-encoding").some((coding) => coding.toLowerCase() !== "chunked"),
  },
  {
    reason: "head-too-large",
    name: "a head of more than 16 KB",
    because: limited,
    holds: ({ text }) => {
      const end = text.indexOf("\r\n\r\n");
      return (end < 0 ? text.length : end) > maxHeadBytes;
    },
  },
  {
    reason: "head-too-large",
    name: "more than 100 headers",
    because: limited,
    holds: ({ message }) => (message?.headers.length ?? 0) > 100,
  },
  {
    reason: "closed",
    name: "close and keep-alive together",
    because: "closing is always safe",
    holds: ({ message }) => message !== null && saysMoreThanClose(message),
  },
  {
    reason: "closed",
    name: "close with a tab behind it",
    because: "RFC 9110 §5.6.3: a tab is a blank; llhttp takes it for a part of the token",
    holds: ({ text }) => /\nconnection:[^\n]*close *\t/i.test(text),
  },
  {
    reason: "closed",
    name: "Proxy-Connection in HTTP/1.0",
    because: "no standard says that it keeps a connection",
    holds: ({ message }) =>
      message?.version === "1.0" && saidIn(message, "proxy-connection").length > 0,
  },
];

function saysMoreThanClose(message: Message): boolean {
  const tokens = connectionTokens(message);
  const alone = tokens.length === 1 && valuesOf(message, "connection").length === 1;
  return tokens.includes("close") && (message.version === "1.0" || !alone);
}
