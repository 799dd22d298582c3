import { z } from "zod";
import type { App, PendingRelease } from "../model/app.ts";
import { orderedShape, releaseKindShape, releaseShape } from "./release-shape.ts";
import { routeTableShape } from "./route-shape.ts";
import { settingsShape } from "./settings-shape.ts";
import { wholeShape } from "./whole-shape.ts";

const pendingShape = wholeShape<PendingRelease>()(
  z.object({
    to: z.int().positive(),
    kind: releaseKindShape,
    cause: z.string(),
    requestedAt: z.number(),
    id: z.int().positive(),
    by: z.string(),
    anytime: z.boolean().exactOptional(),
  }),
);

/** In version 1 a release got its number when it began, every one that began ended, and nobody counted those. */
const version1Shape = z.looseObject({
  ended: z.never().optional(),
  releases: z.int().nonnegative(),
  release: z.unknown(),
  pending: z.looseObject({}).nullable(),
});

function fromVersion1(app: unknown): unknown {
  const old = version1Shape.safeParse(app);
  if (!old.success) return app;
  const { releases, release, pending } = old.data;
  const ended = releases - (release === null ? 0 : 1);
  if (pending === null) return { ...old.data, ended };
  const id = releases + 1;
  return { ...old.data, ended, releases: id, pending: { id, by: "unknown", ...pending } };
}

const presentShape = wholeShape<App>()(
  z.object({
    name: z.string(),
    settings: settingsShape,
    desired: z.object({
      replicas: z.number(),
      owner: z.enum(["file", "command", "autoscaler"]),
      fileReplicas: z.number(),
    }),
    stable: z.number().nullable(),
    served: z.array(z.number()),
    kept: z.array(z.object({ revision: z.number(), warm: z.boolean(), until: z.number() })),
    route: routeTableShape,
    release: releaseShape.nullable(),
    pending: pendingShape.nullable(),
    distrusted: z.array(z.number()).exactOptional(),
    frozen: z
      .object({ reason: z.string(), since: z.number(), by: z.string().exactOptional() })
      .nullable(),
    // An older version knew none.
    maintenance: z
      .object({ by: z.string(), since: z.number(), holdMs: z.number(), message: z.string() })
      .nullable()
      .default(null),
    overrides: z.record(z.string(), z.string()),
    releases: z.int().nonnegative(),
    // Version 1 knew only those that are kept or in the history.
    revisions: z.int().nonnegative().default(0),
    ended: z.int().nonnegative(),
    ordered: orderedShape.nullable(),
    absence: z.object({ from: z.number(), to: z.number() }).nullable().default(null),
  }),
);

/** An app as a store keeps it, of this version or the one before: parsed by this, it is trusted from then on. */
export const appShape = z.preprocess(fromVersion1, presentShape) satisfies z.ZodType<App>;
