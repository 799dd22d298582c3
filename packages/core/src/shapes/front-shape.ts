import { z } from "zod";
import { defaultFront, type FrontSettings } from "../model/front.ts";

/** How the data plane meets clients, as a store keeps it: what an older version did not know is as it was then. */
export const frontShape = z.object({
  workers: z.int().positive().nullable().default(null),
  trustedProxies: z.array(z.string()).default([]),
  accessLog: z.boolean().default(defaultFront.accessLog),
  maxConnections: z.int().positive().default(defaultFront.maxConnections),
  maxConnectionsPerAddress: z.int().nonnegative().default(defaultFront.maxConnectionsPerAddress),
  maxBodyBytes: z.int().nonnegative().default(defaultFront.maxBodyBytes),
  responseTimeoutSeconds: z.int().positive().default(defaultFront.responseTimeoutSeconds),
  bodyIdleTimeoutSeconds: z.int().positive().default(defaultFront.bodyIdleTimeoutSeconds),
}) satisfies z.ZodType<FrontSettings>;
