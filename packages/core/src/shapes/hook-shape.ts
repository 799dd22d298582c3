import { z } from "zod";
import type { Hook, HookResult } from "../model/hook.ts";

const actionShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("command"),
    command: z.union([z.string(), z.array(z.string())]),
  }),
  z.object({ kind: z.literal("http"), url: z.string() }),
  z.object({
    kind: z.literal("load"),
    rate: z.number(),
    forMs: z.number(),
    path: z.string(),
    lostAtMost: z.number(),
    p95BelowMs: z.number().nullable(),
  }),
]);

export const hookShape = z.object({
  name: z.string(),
  action: actionShape,
  timeoutMs: z.number(),
  attempts: z.number(),
  onFail: z.enum(["back", "hold", "continue"]),
}) satisfies z.ZodType<Hook>;

export const hookResultShape = z.object({
  outcome: z.enum(["done", "failed"]),
  detail: z.string(),
}) satisfies z.ZodType<HookResult>;
