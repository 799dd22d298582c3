import type { Settings } from "../model/app.ts";

/** The settings under the keys that the app file has for them, to be shown to who wrote it. */
export function writtenSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { maxBodyBytes, ...front } = settings.proxy;
  const { metricsPort, ...rest } = settings;
  const metrics = metricsPort === undefined ? {} : { metrics: { port: metricsPort } };
  return { ...rest, ...metrics, proxy: { ...front, maxBodySize: maxBodyBytes } };
}
