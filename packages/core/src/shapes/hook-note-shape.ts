import { z } from "zod";

/** The hooks that run as processes of their own: written before one does anything, until it is over. */
export const hookNotesShape = z.array(
  z.object({
    key: z.string(),
    /** What names the leader of its process group for ever. */
    leader: z.object({ bootId: z.string(), pid: z.number(), startTime: z.string() }),
  }),
);
export type HookNotes = z.infer<typeof hookNotesShape>;
