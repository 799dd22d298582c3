// Which lines may stand where. All names are in lower case.

/** Whether `Connection` may nominate it: take it away before the next recipient. */
export function mayBeNominated(name: string): boolean {
  // RFC 9110 §7.6.1 forbids it of what recipients need; the rest would change who is asked, how it is framed, or who asked.
  return !(name === "cookie" || framesOrAddresses(name) || name.startsWith("x-forwarded-"));
}

/** Whether it ends with this connection whatever it says, from either side. */
export function neverPasses(name: string): boolean {
  switch (name) {
    case "te":
    case "trailer":
    case "http2-settings":
    // Ours to say: neither an app nor a client may claim that the proxy answered.
    case "x-hitless-reason":
      return true;
    default:
      return name.startsWith("proxy-");
  }
}

/** Whether it says who asked: RFC 7239, what that was made to replace, and the request's name in every log. */
export function saysWhoAsked(name: string): boolean {
  return name === "forwarded" || name === "x-request-id" || name.startsWith("x-forwarded-");
}

/**
 * Whether it must not stand in a trailer: a lax recipient could merge it into the headers, and Node's
 * parser heeds a `Connection` there.
 */
export function isOnlyHeader(name: string): boolean {
  return framesOrAddresses(name) || isOfConnection(name) || neverPasses(name) || saysWhoAsked(name);
}

function framesOrAddresses(name: string): boolean {
  return name === "host" || name === "content-length" || name === "transfer-encoding";
}

function isOfConnection(name: string): boolean {
  return name === "connection" || name === "keep-alive" || name === "upgrade";
}
