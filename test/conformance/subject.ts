import type { Engine } from "@hitless/core";

/** How the replicas of a revision behave. Times in ms; what is left out is quick and healthy. */
export interface RevisionBehaviour {
  /** From the start until readiness passes. */
  readonly readyAfterMs?: number;
  readonly neverReady?: boolean;
  /** From each start until it exits by itself. */
  readonly crashAfterMs?: number;
  /** From the stop signal until it has exited. */
  readonly stopMs?: number;
  /** Every request is answered with 500. */
  readonly fails?: boolean;
}

/**
 * An engine and the world around it. What the engine's contract cannot do, the world can: kill a
 * replica, make a part of the data plane deaf, send a request. Each test gets one of its own.
 */
export interface Subject extends AsyncDisposable {
  /** The engine that is open now. */
  readonly engine: Engine;
  /** Milliseconds on the clock that the engine's instants are read from. */
  now(): number;
  /** Makes a revision that can be scaled from now on. */
  revision(number: number, behaviour?: RevisionBehaviour): Promise<void>;
  /** Lets time pass until the condition holds; fails with its name when it never does. */
  until(what: string, holds: () => Promise<boolean> | boolean): Promise<void>;
  /** The process of this replica is killed from outside. */
  kill(replica: string): Promise<void>;
  /** Readiness of this replica stops passing, until `recover`. */
  stall(replica: string): Promise<void>;
  recover(replica: string): Promise<void>;
  /** Sends one request through the data plane; the replica that answered, null when nobody did. */
  ask(headers?: Readonly<Record<string, string>>): Promise<string | null>;
  /** Sends one request to that port; the replica that answered, null when nobody did. */
  askAt(port: number): Promise<string | null>;
  /** A port that nobody has; another one each time. */
  freePort(): Promise<number>;
  /** Somebody else listens on that port, until what is returned is called. */
  occupy(port: number): Promise<() => Promise<void>>;
  /** One part of the data plane answers and acknowledges nothing, until `letGo`. */
  hold(): Promise<void>;
  letGo(): Promise<void>;
  /** The engine ends as a killed controller does; another one opens over what it left. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Bounds how many replicas fit; null where the engine knows no bound. */
  readonly limit: ((replicas: number | null) => void) | null;
}

/** Where subjects come from. */
export interface Subjects {
  /** One with no revision, no replica and nothing routed that is there. */
  make(): Promise<Subject>;
  close(): Promise<void>;
}
