import { type HookResult, messageOf } from "@hitless/core";
import { LastLine } from "./last-line.ts";

/** Longer answers are not read to their end. */
const mostBytes = 64 * 1024;

/** What a receiver is told of a hook. */
export interface HookCall {
  readonly app: string;
  readonly release: number;
  readonly revision: number;
  /** The hook's name. */
  readonly hook: string;
  /** The same when it is run again. */
  readonly key: string;
}

/** Posts the call as JSON. 2xx is success; redirects are not followed. Never throws. */
export async function callHook(
  url: string,
  call: HookCall,
  signal: AbortSignal,
): Promise<HookResult> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: headersOf(call.key),
      body: JSON.stringify(call),
      redirect: "manual",
      signal,
    });
    const line = await lastLineOf(answer);
    if (answer.ok) return { outcome: "done", detail: line };
    const moved = answer.status >= 300 && answer.status < 400;
    const said = moved ? "a redirect, which is not followed" : line;
    return failed(said === "" ? `status ${answer.status}` : `status ${answer.status}: ${said}`);
  } catch (thrown) {
    return failed(reasonOf(thrown));
  }
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
export function headersOf(key: string) {
  // A header holds no characters beyond Latin-1.
  const text = /^[\x20-\x7e]*$/u.test(key) ? key : encodeURI(key);
  return { "content-type": "application/json", "idempotency-key": text, connection: "close" };
}

async function lastLineOf(answer: Response): Promise<string> {
  const line = new LastLine();
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    line.add(chunk);
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) break;
  }
  return line.text;
}

function failed(detail: string): HookResult {
  return { outcome: "failed", detail };
}
