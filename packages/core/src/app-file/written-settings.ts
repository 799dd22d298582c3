import type { Settings } from "../model/app.ts";
import { writtenAnalysis } from "./analysis-schema.ts";
import { writtenHooks } from "./hooks-schema.ts";
import { writtenNotifications } from "./notifications-schema.ts";
import { writtenWindows } from "./windows-schema.ts";

/** The settings under the keys that the app file has for them, to be shown to who wrote it. */
export function writtenSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { windows, metricsPort, analysis, hooks, notifications, proxy, ...rest } = settings;
  const { maxBodyBytes, ...front } = proxy;
  return {
    ...rest,
    proxy: { ...front, maxBodySize: maxBodyBytes },
    ...(windows === undefined ? {} : { windows: writtenWindows(windows) }),
    ...(metricsPort === undefined ? {} : { metrics: { port: metricsPort } }),
    ...(analysis === undefined ? {} : { analysis: writtenAnalysis(analysis) }),
    ...(hooks === undefined ? {} : { hooks: writtenHooks(hooks) }),
    ...(notifications === undefined ? {} : { notifications: writtenNotifications(notifications) }),
  };
}
