import { z } from "zod";

/** From where somebody spoke. It is what their client says of itself: who owns the app could lie. */
export const originShape = z
  .object({
    /** `process`: neither a terminal nor a session was seen, so the program that called. */
    kind: z.enum(["terminal", "ssh", "ci", "process"]),
    /** The terminal, the address, the CI system and its run, or the calling program. */
    detail: z.string().max(200),
    uid: z.int().nonnegative().nullable(),
    /** The name of who became that user by `sudo`. */
    sudo: z.string().max(200).nullable(),
    host: z.string().max(300),
  })
  .readonly();
export type Origin = z.infer<typeof originShape>;

/** The state of an app in brief, before or after a change. Values are left out: they may be nobody's business. */
const auditStateShape = z
  .object({
    stable: z.int().nullable(),
    release: z
      .object({
        id: z.int(),
        to: z.int(),
        direction: z.enum(["forward", "back"]),
        waypoint: z.string().nullable(),
        paused: z.boolean(),
      })
      .readonly()
      .nullable(),
    queued: z.object({ id: z.int(), to: z.int() }).readonly().nullable(),
    replicas: z.int(),
    /** An older version knew none. */
    maintenance: z.boolean().default(false),
    /** An older version could not be frozen. */
    frozen: z.boolean().default(false),
    /** Paths of the values over the file. */
    overrides: z.array(z.string()).readonly(),
  })
  .readonly();
export type AuditState = z.infer<typeof auditStateShape>;

/** One line of the audit log: what somebody asked, and what came of it. */
export const auditEntryShape = z
  .object({
    /** Milliseconds since the epoch. */
    at: z.number(),
    /** The same for all entries of one request: one that was accepted and then could not be saved has two. */
    request: z.string(),
    who: z.object({ name: z.string(), origin: originShape.nullable() }).readonly(),
    /** As it is typed. */
    command: z.string(),
    arguments: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .readonly(),
    /** Null before the first revision. */
    before: auditStateShape.nullable(),
    after: auditStateShape.nullable(),
    result: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("accepted") }).readonly(),
      z.object({ kind: z.literal("refused"), code: z.string(), message: z.string() }).readonly(),
    ]),
  })
  .readonly();
export type AuditEntry = z.infer<typeof auditEntryShape>;

/** What somebody asks, as the audit log tells it. */
export type Asked = Pick<AuditEntry, "request" | "who" | "command" | "arguments">;
