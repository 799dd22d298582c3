import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { messageOf } from "@hitless/core";
import type { Missing } from "./fill-in.ts";

const mostBytes = 1_000_000;

/** A question over HTTP. */
export interface Question {
  /** A user and password in it are sent as basic authentication. */
  readonly url: URL;
  /** Sent by POST; undefined: GET. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A whole answer, of any status but a redirect. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks once, on a connection of its own. Redirects are not followed, and more than 1 MB is not read.
 * Never throws; no reason holds more of the address than its host and port.
 */
export async function ask(question: Question, signal: AbortSignal): Promise<Answer | Missing> {
  const { host } = question.url;
  try {
    const answer = await send(question, signal);
    const { statusCode: status = 0 } = answer;
    if (status >= 300 && status < 400) {
      answer.destroy();
      return { reason: `HTTP ${status} from ${host}: redirects are not followed` };
    }
    const text = await boundedText(answer);
    if (text === null) return { reason: `the answer of ${host} is longer than 1 MB` };
    return { status, text };
  } catch (thrown) {
    return { reason: reasonOf(thrown, host) };
  }
}

/** What an answer that is of no use begins with, on one line and in quotes. */
export function excerpt(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 79)}…` : line);
}

/** Resolves with the head of the answer. */
function send({ url, form }: Question, signal: AbortSignal): Promise<IncomingMessage> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const request = url.protocol === "https:" ? requestTls : requestPlain;
  const headers = {
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
  };
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request(url, { method, headers, signal, agent: false });
    sent.once("response", resolve);
    // Stays after the answer began: what breaks then is told by the answer's own stream.
    sent.on("error", reject);
    // One that speaks another protocol from here on is closed without a word.
    sent.once("close", () => reject(new Error("no HTTP answer")));
    sent.end(body);
  });
}

/** Null: it has more than there is room for. */
async function boundedText(answer: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused by",
  ECONNRESET: "the connection was closed by",
  EHOSTUNREACH: "no way to",
  ENETUNREACH: "no way to",
  ENOTFOUND: "nobody knows the host of",
  EAI_AGAIN: "nobody can be asked for the host of",
};

function reasonOf(thrown: unknown, host: string): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const sentence = sentences[code] ?? (code.startsWith("HPE_") ? "no HTTP from" : undefined);
  return sentence === undefined ? `${host}: ${messageOf(thrown)}` : `${sentence} ${host}`;
}
