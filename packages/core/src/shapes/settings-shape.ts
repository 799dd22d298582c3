import { z } from "zod";
import type { Hooks, Settings } from "../model/app.ts";
import { defaultFront } from "../model/front.ts";
import { type Notification, noticeKinds } from "../model/notification.ts";
import { type ReleaseWindow, weekdays } from "../model/release-window.ts";
import type { CanaryStep, Strategy } from "../model/strategy.ts";
import { frontShape } from "./front-shape.ts";
import { hookShape } from "./hook-shape.ts";
import { metricShape } from "./metric-shape.ts";
import { matchShape, overrideShape, stickinessShape } from "./route-shape.ts";
import { amountShape, countShape, holdShape } from "./waypoint-shape.ts";
import { wholeShape } from "./whole-shape.ts";

const canaryStepShape = wholeShape<CanaryStep>()(
  z.object({
    weight: z.number(),
    replicas: countShape.nullable(),
    before: z.array(hookShape).exactOptional(),
    hold: z.array(holdShape),
  }),
);

const sideBySide = {
  bakeMs: z.number(),
  keepWarmMs: z.number().exactOptional(),
  preview: z.number().exactOptional(),
  override: overrideShape.exactOptional(),
};

const strategyShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rolling"),
    maxSurge: amountShape,
    maxUnavailable: amountShape,
    bakeMs: z.number().exactOptional(),
  }),
  z.object({ kind: z.literal("recreate") }),
  z.object({
    kind: z.literal("blueGreen"),
    before: z.array(hookShape).exactOptional(),
    checks: z.array(holdShape),
    ...sideBySide,
  }),
  z.object({
    kind: z.literal("canary"),
    steps: z.array(canaryStepShape),
    sticky: stickinessShape.nullable(),
    byReplica: z.boolean().exactOptional(),
    ...sideBySide,
  }),
  z.object({
    kind: z.literal("abTest"),
    matches: z.array(matchShape),
    until: z.array(holdShape),
    ...sideBySide,
  }),
]) satisfies z.ZodType<Strategy>;

const hooksShape = z.object({
  before: z.array(hookShape),
  afterSwitch: z.array(hookShape),
  onFailure: z.array(hookShape),
}) satisfies z.ZodType<Hooks>;

const windowShape = z.object({
  days: z.array(z.enum(weekdays)),
  from: z.number(),
  to: z.number(),
  zone: z.string(),
  below: z.number().nullable(),
}) satisfies z.ZodType<ReleaseWindow>;

const notificationShape = z.object({
  url: z.string(),
  secret: z.string().nullable(),
  on: z.array(z.enum(noticeKinds)),
}) satisfies z.ZodType<Notification>;

/** The settings of an app as a store keeps them. */
export const settingsShape = wholeShape<Settings>()(
  z.object({
    replicas: z.number(),
    strategy: strategyShape,
    host: z.string(),
    port: z.number(),
    progressDeadlineSeconds: z.number(),
    keepRevisions: z.number(),
    // An older version met every client alike.
    proxy: frontShape.default(() => ({ ...defaultFront, trustedProxies: [] })),
    analysis: z.array(metricShape).exactOptional(),
    hooks: hooksShape.exactOptional(),
    windows: z.array(windowShape).exactOptional(),
    notifications: z.array(notificationShape).exactOptional(),
    metricsPort: z.number().exactOptional(),
  }),
);
