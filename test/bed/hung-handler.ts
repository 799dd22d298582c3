import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { freePort } from "./app-bed.ts";
import { cameTo, heldServer } from "./held-connections.ts";
import { OwnFolder } from "./own-folder.ts";
import { type ReceiptRead, readReceipt, receiptIn } from "./receipt-line.ts";
import { ServerProcess } from "./server-process.ts";

/** What hangs, and how long the service may take. */
export interface HungCase {
  /** Of the request that is never answered. */
  readonly path: string;
  /** Before it stops to listen, ms. */
  readonly delayMs: number;
  /** For requests, ms; null: the default of the kit. */
  readonly limitMs: number | null;
}

/** What became of a service in which a handler hangs. */
export interface HungEnd {
  readonly code: string;
  /** From SIGTERM, s. */
  readonly seconds: number;
  /** What the client of the hung request got. */
  readonly hung: string;
  /** What the one beside it got. */
  readonly beside: string;
  /** The names of the hooks that ran, in their order. */
  readonly hooks: readonly string[];
  /** On its standard output, and in the file that it was told. */
  readonly logged: ReceiptRead;
  readonly written: ReceiptRead;
}

/** SIGTERM while one request hangs for ever and another one takes 4 s. */
export async function endHung({ path, delayMs, limitMs }: HungCase): Promise<HungEnd> {
  await using folder = new OwnFolder("hitless-hung-");
  const [hooks, receipt] = [join(folder.path, "hooks"), join(folder.path, "receipt.json")];
  await using server = await ServerProcess.start({
    file: heldServer,
    port: await freePort(),
    env: {
      WAY: "@hitless/app",
      DELAY_MS: String(delayMs),
      LIMIT_MS: limitMs === null ? "" : String(limitMs),
      HOOKS: hooks,
      HITLESS_RECEIPT: receipt,
    },
  });
  const [hung, beside] = [answerTo(server.port, path), answerTo(server.port, "/slow")];
  await cameTo(server, "/slow");
  await cameTo(server, new URL(path, "http://a").pathname);
  const at = performance.now();
  server.kill("SIGTERM");
  const exit = await server.exited;
  return {
    code: exit.code,
    seconds: (exit.at - at) / 1000,
    hung: await hung,
    beside: await beside,
    hooks: (await readFile(hooks, "utf8")).trim().split("\n"),
    logged: receiptIn(server.lines),
    written: readReceipt(await readFile(receipt, "utf8")),
  };
}

/** Status and body, or what went wrong. */
function answerTo(port: number, path: string): Promise<string> {
  return new Promise((answered) => {
    const asked = request({ host: "127.0.0.1", port, path, method: "POST", agent: false });
    asked.once("error", (error) => answered(error.message));
    asked.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (more) => (text += String(more)));
      response.on("error", (error) => (text += error.message));
      response.once("close", () => answered(`${response.statusCode} ${text}`.trim()));
    });
    asked.end("order");
  });
}
