import { messageOf, type SecretSource } from "@hitless/core";
import { filledUrl } from "../sources/fill-in.ts";

/** Something that a receiver may be sent more than once. */
export interface Post {
  /** With `$NAME` for what only the environment of the controller holds. */
  readonly url: string;
  readonly secrets: SecretSource;
  /** The same when it is sent again. */
  readonly key: string;
  /** JSON. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Posts once and does not follow redirects. A user and password in the address are sent as basic
 * authentication. Throws what `reasonOf` can tell without the address.
 */
export async function post(
  { url, secrets, key, body, headers = {} }: Post,
  signal: AbortSignal,
): Promise<Response> {
  const address = await filledUrl(url, secrets);
  if ("reason" in address) throw new Error(address.reason);
  const request = { ...headersOf(key), ...authorizationOf(address), ...headers };
  address.username = "";
  address.password = "";
  return await fetch(address, {
    method: "POST",
    headers: request,
    body,
    redirect: "manual",
    signal,
  });
}

/** What stood in the way of a request, without the wrapper that `fetch` puts around it. */
export function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const message = messageOf(cause);
  // Of several addresses none could be reached: each has its own error, and they have no text.
  const inner = cause instanceof AggregateError ? cause.errors.map(messageOf).join("; ") : message;
  return inner === "" ? "the request failed" : inner;
}

/**
 * Headers of a POST that the receiver may see more than once. A connection that was kept might be
 * closed just now, and nobody could tell whether the POST arrived.
 */
function headersOf(key: string) {
  // A header holds no characters beyond Latin-1.
  const text = /^[\x20-\x7e]*$/u.test(key) ? key : encodeURI(key);
  return { "content-type": "application/json", "idempotency-key": text, connection: "close" };
}

/** `fetch` takes no address with a password in it. */
function authorizationOf({ username, password }: URL) {
  if (username === "" && password === "") return {};
  const said = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(said).toString("base64")}` };
}
