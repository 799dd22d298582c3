import type { Target } from "../connection.ts";
import type { Endpoints } from "./endpoints.ts";
import type { HeldClient, HeldKind } from "./held-client.ts";
import { RawHeld } from "./raw-held.ts";
import { RequestHeld } from "./request-held.ts";
import { WebSocketHeld } from "./web-socket-held.ts";

/** Where what is held is asked for. */
export interface HeldPaths {
  readonly path: string;
  readonly slow: string | null;
  readonly sse: string | null;
  readonly webSocket: string | null;
  readonly post: Endpoints["post"];
}

/** Opens a client that holds something. */
export function hold(kind: HeldKind, target: Target, paths: HeldPaths): HeldClient {
  switch (kind) {
    case "silent":
      return new RawHeld(target, "");
    case "half-head":
      return new RawHeld(target, `GET ${paths.path} HTTP/1.1\r\nHost: ${target.host}\r\nAcc`);
    case "idle":
      return new RequestHeld(target, { kind, path: paths.path });
    case "slow":
      return new RequestHeld(target, { kind, path: paths.slow ?? paths.path });
    case "sse":
      return new RequestHeld(target, { kind, path: paths.sse ?? paths.path });
    case "upload":
      return new RequestHeld(target, { kind, path: paths.post ?? paths.path });
    case "web-socket":
      return new WebSocketHeld(target, paths.webSocket ?? paths.path);
  }
}
