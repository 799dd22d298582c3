import type { Settings } from "../model/app.ts";
import { writtenAnalysis } from "./analysis-schema.ts";

/** The settings under the keys that the app file has for them, to be shown to who wrote it. */
export function writtenSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { maxBodyBytes, ...front } = settings.proxy;
  const { metricsPort, analysis, ...rest } = settings;
  return {
    ...rest,
    ...(metricsPort === undefined ? {} : { metrics: { port: metricsPort } }),
    ...(analysis === undefined ? {} : { analysis: writtenAnalysis(analysis) }),
    proxy: { ...front, maxBodySize: maxBodyBytes },
  };
}
