import { readFile, stat } from "node:fs/promises";
import { HitlessError } from "@hitless/core";

const maxBytes = 1_000_000;

/** The text of an app file: UTF-8, at most 1 MB. `label` is what messages call it. */
export async function readAppFileText(path: string, label: string): Promise<string> {
  const { isFile, size } = await stats(path, label);
  if (!isFile) throw unreadable(`${label} is not a file`);
  if (size > maxBytes) {
    throw new HitlessError(
      "BAD_INPUT",
      `${label} has ${size} bytes; an app file has at most ${maxBytes}`,
      {
        next: "name the app file with -f",
      },
    );
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(`${label} cannot be read (${reasonOf(cause)})`, cause);
  });
  return decode(bytes, label);
}

async function stats(path: string, label: string) {
  try {
    const found = await stat(path);
    return { isFile: found.isFile(), size: found.size };
  } catch (cause) {
    const reason = reasonOf(cause);
    throw unreadable(
      reason === "ENOENT" ? `${label} does not exist` : `${label} cannot be read (${reason})`,
      cause,
    );
  }
}

function decode(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notText(label, cause);
  }
}

function notText(label: string, cause: unknown): HitlessError {
  return new HitlessError("BAD_INPUT", `${label} is not UTF-8 text`, {
    next: "save it as UTF-8",
    cause,
  });
}

function unreadable(message: string, cause?: unknown): HitlessError {
  return new HitlessError("FILE_NOT_FOUND", message, {
    next: "write one (see docs/app-file.md), or name it with -f",
    cause,
  });
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : String(cause);
}
