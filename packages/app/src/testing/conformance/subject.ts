import type { Service } from "../../serve.ts";
import type { Scene } from "./scene.ts";

/**
 * A small program on one kind of server or framework. Each has the same routes: GET `/` "hello", POST `/echo`,
 * GET `/held/:id`, which waits, GET `/fails`, which throws, GET `/keeps`, which says `Connection: keep-alive`,
 * and server-sent events on GET `/events` and `/event-stream`. Other paths: 404.
 */
export interface Subject {
  readonly name: string;
  readonly protocol: "http1" | "http2";
  readonly isTls: boolean;
  /** What the receipt calls `/held/7`. */
  readonly heldRoute: "/held/:id" | "/held/7";
  /** Name of the hook in which the framework ends; null: it has no end of its own. It notes `closed` in the log. */
  readonly closesIn: string | null;
  /** Resolves with its service when it listens on a port of 127.0.0.1. */
  open(scene: Scene): Promise<Service>;
}
