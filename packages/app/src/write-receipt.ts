import { closeSync, constants, existsSync, openSync, writeFileSync } from "node:fs";
import { processEnd } from "./process-end.ts";
import { reasonOf } from "./reason-of.ts";
import { type DrainReceipt, together } from "./receipt.ts";

/** What Kubernetes keeps of a container's last words, at most 4 KiB. */
const terminationLog = "/dev/termination-log";

/** As `w`, but a pipe that nobody reads is an error: to wait for a reader would hold up the exit for ever. */
const withoutWaiting =
  constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NONBLOCK ?? 0);

/** Leaves the receipt where the platform looks for it, if it said where. Never throws: `failed` hears why not. */
export function writeReceipt(
  receipt: DrainReceipt,
  failed: (reason: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): void {
  const { receipts } = processEnd();
  receipts.push(receipt);
  const path = env["HITLESS_RECEIPT"] ?? terminationLogIn(env);
  if (path === undefined || path === "") return;
  try {
    write(path, `${JSON.stringify(receipts.reduce(together))}\n`);
  } catch (error) {
    failed(`cannot write ${path}: ${reasonOf(error)}`);
  }
}

function write(path: string, text: string): void {
  const file = openSync(path, withoutWaiting);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

function terminationLogIn(env: NodeJS.ProcessEnv): string | undefined {
  const isThere = env["KUBERNETES_SERVICE_HOST"] !== undefined && existsSync(terminationLog);
  return isThere ? terminationLog : undefined;
}
