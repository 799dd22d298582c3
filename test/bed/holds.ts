import type { Hold, HoldPlace } from "./hold.ts";
import { holdBySession } from "./hold-by-session.ts";
import { holdByNothing, holdBySocket } from "./hold-by-socket.ts";
import { holdByEvents, holdByWebSocket } from "./hold-by-stream.ts";

/**
 * Every way to hold a server: nothing; a connection that is idle after an answer, has said nothing, or half of a
 * head; a request that takes 4 s; a stream, with our helper on the side of the server or without one; HTTP/2 with
 * and without TLS.
 */
export const kindsOfHold = [
  "none",
  "idle",
  "silent",
  "half-head",
  "slow",
  "sse",
  "sse-raw",
  "websocket",
  "websocket-raw",
  "h2c-idle",
  "h2c-slow",
  "h2-idle",
  "h2-slow",
] as const;

export type HoldKind = (typeof kindsOfHold)[number];

interface HoldWay {
  readonly protocol: "http" | "h2c" | "h2";
  /** What the server says when it is held, where the client cannot know: the path of a request, or `connection`. */
  readonly shows?: string;
  /** Resolves when the client has done its part. */
  readonly open: (place: HoldPlace) => Promise<Hold>;
}

const getHead = "GET / HTTP/1.1\r\nHost: a\r\n";

export const holds: Readonly<Record<HoldKind, HoldWay>> = {
  none: { protocol: "http", open: holdByNothing },
  idle: {
    protocol: "http",
    open: (place) => holdBySocket(place, { says: `${getHead}\r\n`, answered: true }),
  },
  silent: {
    protocol: "http",
    shows: "connection",
    open: (place) => holdBySocket(place, { says: "" }),
  },
  "half-head": {
    protocol: "http",
    shows: "connection",
    open: (place) => holdBySocket(place, { says: getHead }),
  },
  slow: {
    protocol: "http",
    shows: "/slow",
    open: (place) =>
      holdBySocket(place, {
        says: "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
        owed: "slow, and whole",
      }),
  },
  sse: { protocol: "http", open: (place) => holdByEvents(place, "/events") },
  "sse-raw": { protocol: "http", open: (place) => holdByEvents(place, "/raw-events") },
  websocket: { protocol: "http", open: (place) => holdByWebSocket(place, "/socket") },
  "websocket-raw": { protocol: "http", open: (place) => holdByWebSocket(place, "/raw-socket") },
  "h2c-idle": { protocol: "h2c", open: (place) => holdBySession(place, "http", "idle") },
  "h2c-slow": {
    protocol: "h2c",
    shows: "/slow",
    open: (place) => holdBySession(place, "http", "slow"),
  },
  "h2-idle": { protocol: "h2", open: (place) => holdBySession(place, "https", "idle") },
  "h2-slow": {
    protocol: "h2",
    shows: "/slow",
    open: (place) => holdBySession(place, "https", "slow"),
  },
};
