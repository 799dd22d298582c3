import { z } from "zod";
import type { DrainReceipt, ReadReceipt } from "../model/drain-receipt.ts";
import { wholeShape } from "./whole-shape.ts";

/** Longest word of an app that is passed on, characters. */
const longestWord = 120;

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
/** People read it in a terminal: nothing in it moves their cursor or begins a line. */
const word = z.string().transform((text) => {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return plain.length <= longestWord ? plain : `${plain.slice(0, longestWord - 1)}…`;
});

const receiptShape = wholeShape<DrainReceipt>()(
  z.object({
    app: word.nullable(),
    revision: word.nullable(),
    replica: word.nullable(),
    pid: count,
    reason: word,
    error: word.nullable(),
    startedAt: z.iso.datetime(),
    inFlight: count,
    served: count,
    finished: count,
    cut: count,
    streams: z.object({ ended: count, cut: count }),
    lastConnectionSeconds: seconds.nullable(),
    seconds: z.object({ delay: seconds, requests: seconds, hooks: seconds, total: seconds }),
    hung: z.array(z.object({ method: word, route: word, seconds })).max(10),
    hooks: z.array(
      z.object({
        name: word,
        outcome: z.enum(["done", "failed", "timedOut", "skipped"]),
        seconds,
      }),
    ),
    exitCode: z.int(),
  }),
);

const headShape = z.looseObject({ kind: z.literal("drain-receipt"), schema: z.int() });

/** Reads what an app left as its receipt. Never throws: it is the app's word, and may be anything. */
export function readReceipt(text: string): ReadReceipt {
  if (text.trim() === "") return { kind: "none" };
  const json = jsonOf(text);
  if (json === undefined) return unreadable(`its ${text.length} characters are no whole JSON`);
  const head = headShape.safeParse(json);
  if (!head.success) return unreadable("it is no drain receipt");
  if (head.data.schema !== 1) return unreadable(`its schema is ${head.data.schema}, not 1`);
  const parsed = receiptShape.safeParse(json);
  if (parsed.success) return { kind: "receipt", receipt: parsed.data };
  const [issue] = parsed.error.issues;
  return unreadable(`${issue?.path.join(".")}: ${issue?.message}`);
}

function unreadable(why: string): ReadReceipt {
  return { kind: "unreadable", why };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
