import { closeSync } from "node:fs";
import { inheritedFd } from "./process-settings.ts";

/** The socket that clients connect to, kept open without listening on it. */
export interface ListeningSocket {
  readonly fd: number;
  close(): void;
}

/** The one that a worker opened, from the raw handle that it sent. */
export function receivedSocket(handle: unknown): ListeningSocket {
  return {
    fd: fdOf(handle),
    // The handle closes its descriptor, also when nobody refers to it any more.
    close: () => {
      const close: unknown = isObject(handle) ? Reflect.get(handle, "close") : null;
      if (typeof close === "function") Reflect.apply(close, handle, []);
    },
  };
}

/** The one that this process was started with. */
export function inheritedSocket(): ListeningSocket {
  return { fd: inheritedFd, close: () => closeSync(inheritedFd) };
}

/** The descriptor of a raw handle. Throws when it has none. */
export function fdOf(handle: unknown): number {
  const fd: unknown = isObject(handle) ? Reflect.get(handle, "fd") : null;
  if (typeof fd !== "number" || fd < 0) throw new Error("the listening handle has no descriptor");
  return fd;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
