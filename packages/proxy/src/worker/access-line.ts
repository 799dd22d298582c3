import { type Reason, statusOf } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Upstream } from "../table.ts";
import type { Asker } from "./asker.ts";

/** What became of a request, as the access log tells it. */
export interface Outcome {
  /** Of the replica's answer; null: it gave none. */
  readonly status: number | null;
  /** Of that answer, passed on, its head included. */
  readonly bytes: number;
  /** From the request's head to its end. */
  readonly ms: number;
  /** Who answered it, or was asked last; null: no replica was. */
  readonly replica: Pick<Upstream, "id" | "revision"> | null;
  /** How many times it was sent again. */
  readonly retries: number;
  /** Why the proxy answered in place of a replica, or what ended the answer; null: it is whole. */
  readonly reason: Reason | "abandoned" | null;
}

/**
 * The line of a request that is over, with its end; ASCII only, so that no byte of a client can be
 * taken for another line or letter.
 */
export function accessLine(
  head: Pick<RequestHead, "method" | "target" | "host" | "header">,
  asker: Pick<Asker, "client" | "requestId">,
  outcome: Outcome,
): string {
  const { ms, replica, reason } = outcome;
  const asked =
    `"id":${text(asker.requestId)},"method":"${head.method}","target":${text(head.target)},` +
    `"host":${text(head.host)},"userAgent":${text(head.header("user-agent"))}`;
  const by =
    replica === null
      ? '"revision":null,"replica":null'
      : `"revision":${replica.revision},"replica":${text(replica.id)}`;
  return (
    `{"time":"${timeOf(Date.now() - ms)}","client":${text(asker.client)},${asked},` +
    `"status":${outcome.status ?? statusFor(reason)},"bytes":${outcome.bytes},` +
    `"ms":${Math.round(ms * 1000) / 1000},${by},"reason":${text(reason)},"retries":${outcome.retries}}\n`
  );
}

/** The line of one whose head could not be read. */
export function refusalLine(client: string, reason: Reason): string {
  return (
    `{"time":"${timeOf(Date.now())}","client":${text(client)},"id":null,"method":null,"target":null,` +
    `"host":null,"userAgent":null,"status":${statusOf(reason)},"bytes":0,"ms":0,"revision":null,` +
    `"replica":null,"reason":"${reason}","retries":0}\n`
  );
}

function statusFor(reason: Outcome["reason"]): number | null {
  return reason === null || reason === "abandoned" ? null : statusOf(reason);
}

const harmless = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const harmful = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

function text(value: string | null): string {
  if (value === null) return "null";
  return harmless.test(value) ? `"${value}"` : `"${value.replace(harmful, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

let second = Number.NaN;
let secondText = "";

// Most requests come in the second of the one before; a Date for each costs more than the rest of the line.
function timeOf(at: number): string {
  const whole = Math.floor(at / 1000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, 20);
  }
  return `${secondText}${String(Math.floor(at) - whole * 1000).padStart(3, "0")}Z`;
}
