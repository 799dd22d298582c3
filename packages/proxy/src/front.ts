import { defaultFront, type FrontSettings } from "@hitless/core/traffic";

/** Reads how clients are met out of a table; what an older version did not say is as it was then. */
export function readFront(value: Readonly<Record<string, unknown>>): FrontSettings | null {
  const front: Readonly<Record<keyof FrontSettings, unknown>> = { ...defaultFront, ...value };
  const { workers, trustedProxies, accessLog, ...counts } = front;
  const { maxConnections, maxConnectionsPerAddress, maxBodyBytes } = counts;
  const { responseTimeoutSeconds, bodyIdleTimeoutSeconds } = counts;
  if (workers !== null && !isCount(workers)) return null;
  if (!Array.isArray(trustedProxies) || !trustedProxies.every(isText)) return null;
  if (typeof accessLog !== "boolean" || !isCount(maxConnections)) return null;
  if (!isCount(maxConnectionsPerAddress) || !isCount(maxBodyBytes)) return null;
  if (!isCount(responseTimeoutSeconds) || !isCount(bodyIdleTimeoutSeconds)) return null;
  return {
    workers,
    trustedProxies,
    accessLog,
    maxConnections,
    maxConnectionsPerAddress,
    maxBodyBytes,
    responseTimeoutSeconds,
    bodyIdleTimeoutSeconds,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
