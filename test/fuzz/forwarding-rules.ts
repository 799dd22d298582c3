import { type Message, valuesOf } from "./llhttp.ts";

// docs/proxy.md, "Headers", said a second time: what the plane does is held against this.
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
  "http2-settings",
  "x-hitless-reason",
]);
const neverNominated = new Set(["host", "content-length", "transfer-encoding", "cookie"]);

type Header = readonly [name: string, value: string];

/** Headers of a request that must reach the replica as they are, the host of its target included. */
export function endToEndOfRequest(message: Message): readonly Header[] {
  const nominated = nominatedBy(message);
  const authority = authorityOf(message.target);
  const kept = message.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    if (isHopByHop(lower) || nominated.has(lower) || saysWhoAsked(lower)) return false;
    return authority === null || lower !== "host";
  });
  return authority === null ? kept : [["Host", authority], ...kept];
}

/** Headers of an answer that must reach the client as they are. */
export function endToEndOfResponse(message: Message): readonly Header[] {
  const nominated = nominatedBy(message);
  return message.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !isHopByHop(lower) && !nominated.has(lower);
  });
}

const ownTokens = new Set(["keep-alive", "close", "upgrade"]);

/** Headers that must not have been passed on; `Connection` and `Upgrade` may be the proxy's own. */
export function leaked(message: Message): readonly Header[] {
  return message.headers.filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (lower === "connection") return !ownTokens.has(value.toLowerCase());
    return isHopByHop(lower) && lower !== "upgrade";
  });
}

/** The target as the replica gets it. */
export function targetOf({ target, method }: Message): string {
  if (authorityOf(target) === null) return target;
  const rest = target.replace(/^https?:\/\/[^/?]*/i, "");
  if (rest === "") return method === "OPTIONS" ? "*" : "/";
  return rest.startsWith("?") ? `/${rest}` : rest;
}

/** The authority of an absolute target; null for any other. */
export function authorityOf(target: string): string | null {
  return /^https?:\/\/([^/?]*)/i.exec(target)?.[1] ?? null;
}

/** Tokens of `Connection`, lower case. */
export function connectionTokens(message: Message): readonly string[] {
  const lists = valuesOf(message, "connection").map((value) => value.toLowerCase().split(","));
  return lists.flat().map((token) => token.replace(/^[ \t]+|[ \t]+$/g, ""));
}

function nominatedBy(message: Message): ReadonlySet<string> {
  const may = (token: string) => !neverNominated.has(token) && !token.startsWith("x-forwarded-");
  return new Set(connectionTokens(message).filter(may));
}

function isHopByHop(lower: string): boolean {
  return hopByHop.has(lower) || lower.startsWith("proxy-");
}

// Whether it is written with `-` or, as CGI does, with `_`.
function saysWhoAsked(lower: string): boolean {
  return /^(?:forwarded$|x[-_]request[-_]id$|x[-_]forwarded[-_])/.test(lower);
}
