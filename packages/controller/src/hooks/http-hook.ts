import type { HookResult, SecretSource } from "@hitless/core";
import { LastLine } from "./last-line.ts";
import { post, reasonOf } from "./post.ts";

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

/** Where a receiver is; `$NAME` in the address has its value there. */
export interface HookAddress {
  readonly url: string;
  readonly secrets: SecretSource;
}

/** Posts the call as JSON. 2xx is success; redirects are not followed. Never throws. */
export async function callHook(
  to: HookAddress,
  call: HookCall,
  signal: AbortSignal,
): Promise<HookResult> {
  try {
    const answer = await post({ ...to, key: call.key, body: JSON.stringify(call) }, signal);
    const line = await lastLineOf(answer);
    if (answer.ok) return { outcome: "done", detail: line };
    const moved = answer.status >= 300 && answer.status < 400;
    const said = moved ? "a redirect, which is not followed" : line;
    return failed(said === "" ? `status ${answer.status}` : `status ${answer.status}: ${said}`);
  } catch (thrown) {
    return failed(reasonOf(thrown));
  }
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
