import { z } from "zod";
import { noticeKinds } from "../model/notification.ts";
import type { Notice } from "../ports/outside.ts";

const noticeShape = z.object({
  id: z.string(),
  kind: z.enum(noticeKinds),
  app: z.string(),
  release: z.number(),
  revision: z.number(),
  text: z.string(),
  at: z.number(),
}) satisfies z.ZodType<Notice>;

/** What people were told of releases, and what they are still to be told. */
export const outboxShape = z.object({
  /** Begins every id: those of an app that was begun anew are others. */
  origin: z.string(),
  /** The last release that has ended and of which all was told. */
  ended: z.int().nonnegative(),
  /** Ids of what was told of later ones. */
  told: z.array(z.string()).readonly(),
  /** Oldest first; `url` is the receiver's. */
  queue: z.array(z.object({ notice: noticeShape, url: z.string() })).readonly(),
});
export type Outbox = z.infer<typeof outboxShape>;
