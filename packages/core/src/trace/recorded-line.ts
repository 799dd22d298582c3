import { z } from "zod";
import type { App } from "../model/app.ts";
import type { Observed } from "../model/observed.ts";

/** Written by this program and read by nobody else: their shape is not looked at again. */
export const recordedApp = z.custom<App>(isObject);
export const recordedSight = z.custom<Observed>(isObject);

const change = z
  .union([z.tuple([z.array(z.string())]), z.tuple([z.array(z.string()), z.unknown()])])
  .readonly();
const changes = z.array(change).readonly();

/**
 * One line of a trace. `start`: the app that the controller took up. `turn`: what `next` was given,
 * `seen` as changes to the line before (first: to nothing), and what it decided, its app as changes
 * to the present one. `saved`: the app was saved, as changes; `by` says who changed it, null: the
 * decision of the turn before. `app` in a turn is the name of the app that it was given.
 */
export const recordedLineSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("start"),
    schema: z.literal(1),
    by: z.string().nullable(),
    app: recordedApp,
  }),
  z.strictObject({
    kind: z.literal("turn"),
    at: z.number(),
    facts: z.array(z.tuple([z.number(), z.number()])).optional(),
    app: z.string(),
    seen: changes,
    decision: z.looseObject({ kind: z.string() }),
    made: changes.optional(),
  }),
  z.strictObject({ kind: z.literal("saved"), by: z.string().nullable(), app: changes }),
]);

export type RecordedLine = z.infer<typeof recordedLineSchema>;

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
