import type { Loss } from "./cause.ts";
import { Connection, type Target } from "./connection.ts";

/** What one question came to: a complete answer, a loss, or nothing in time. */
export type Asked =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "lost"; readonly loss: Loss }
  | { readonly kind: "silent"; readonly timeoutMs: number };

/** What is asked beside the path. */
export interface Question {
  /** A POST carries a body of two bytes. Default `GET`. */
  readonly method?: "GET" | "POST";
  /** Default 1000, as of a probe in Kubernetes. */
  readonly timeoutMs?: number;
}

/** Asks once, on a connection of its own. */
export async function ask(target: Target, path: string, question: Question = {}): Promise<Asked> {
  const { method = "GET", timeoutMs = 1000 } = question;
  const connection = new Connection(target, () => {});
  const body = method === "POST" ? "ok" : "";
  const head = headOf(target, { method, path, keepAlive: false, bodyBytes: body.length });
  let timer: NodeJS.Timeout | undefined;
  const asked = await new Promise<Asked>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "silent", timeoutMs }), timeoutMs);
    connection.send(Buffer.from(head + body), (outcome) => {
      resolve(
        outcome.kind === "answer"
          ? { kind: "answered", status: outcome.answer.status, body: outcome.answer.body }
          : { kind: "lost", loss: outcome.loss },
      );
    });
  });
  clearTimeout(timer);
  connection.destroy();
  return asked;
}

/** Whether it is a 2xx answer. */
export function isGood(asked: Asked): boolean {
  return asked.kind === "answered" && Math.floor(asked.status / 100) === 2;
}

/** The line and headers of a request. */
export function headOf(
  target: Target,
  request: {
    readonly method?: "GET" | "POST";
    readonly path: string;
    readonly keepAlive: boolean;
    readonly bodyBytes?: number;
  },
): string {
  const { method = "GET", path, keepAlive, bodyBytes = 0 } = request;
  const length =
    method === "POST"
      ? `Content-Type: application/octet-stream\r\nContent-Length: ${bodyBytes}\r\n`
      : "";
  return (
    `${method} ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nAccept: */*\r\n` +
    `Connection: ${keepAlive ? "keep-alive" : "close"}\r\n${length}\r\n`
  );
}
