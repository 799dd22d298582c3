import { setTimeout as after } from "node:timers/promises";
import { accepts } from "../accepts.ts";
import { AppUnderTest, type EndSeen, type StartSeen } from "./app-under-test.ts";
import type { CertifySettings } from "./certify-options.ts";
import type { Endpoints } from "./endpoints.ts";
import type { HeldClient, HeldEnd, HeldKind } from "./held-client.ts";
import { hold } from "./hold.ts";

/** What an app did that was told to stop while a client held something. Times count from the signal. */
export interface HeldSeen {
  readonly kind: HeldKind;
  readonly start: StartSeen;
  /** What became of what was held, once the app had ended. */
  readonly held: HeldEnd;
  /** When it did; null: not before the app was ended by us, or before any signal. */
  readonly heldMs: number | null;
  /** When the app stopped listening; null: not while it was watched. */
  readonly deafMs: number | null;
  readonly end: EndSeen;
}

/** What the rehearsal does beside holding. */
export interface HeldOptions {
  /** Sends SIGTERM once more, a moment after the first. */
  readonly twice?: boolean;
  /** The app does not end by itself: watches what is held, and nothing else. */
  readonly endless?: boolean;
}

/** Between two signals to one app, in milliseconds. */
const secondAfterMs = 200;
/** What is missing of a request comes this long after the listener was closed, in milliseconds. */
const completeAfterMs = 200;
/** It comes all the same when the app listens this long beyond the drain delay, in milliseconds. */
const listensAtMostMs = 10_000;
/** The end of a socket is seen a moment after that of its process, in milliseconds. */
const settleMs = 200;
const lookEveryMs = 5;
const knockEveryMs = 25;

/** Where and how the rehearsals of one app are done. */
export interface Scene {
  readonly settings: CertifySettings;
  readonly endpoints: Endpoints;
}

/** Starts the app, holds one client, and tells the app to stop. */
export async function rehearseHeld(
  kind: HeldKind,
  { settings, endpoints }: Scene,
  options: HeldOptions = {},
): Promise<HeldSeen> {
  const app = await AppUnderTest.start(settings);
  let client: HeldClient | null = null;
  try {
    const start = await app.untilReady(endpoints.ready);
    if (start.kind === "failed") return neverHeld(kind, start, { kind: "open" });
    const { path, slow = null, sse = null, webSocket = null } = settings.paths;
    client = hold(kind, app.target, { path, slow, sse, webSocket, post: endpoints.post });
    await client.opened;
    const isHeld = client.end.kind !== "answered" && client.end.kind !== "never";
    if (!isHeld) return neverHeld(kind, start, client.end);
    const seen = await new Stop(app, client, settings).run(options);
    return { kind, start, ...seen };
  } finally {
    client?.close();
    await app.stop();
  }
}

/** An app that was never told to stop. */
function neverHeld(kind: HeldKind, start: StartSeen, held: HeldEnd): HeldSeen {
  const end: EndSeen = { kind: "killed", ms: 0 };
  return { kind, start, held, heldMs: null, deafMs: null, end };
}

/** The stop of an app that a client holds something of. */
class Stop {
  readonly #app: AppUnderTest;
  readonly #client: HeldClient;
  readonly #settings: CertifySettings;
  #heldMs: number | null = null;

  constructor(app: AppUnderTest, client: HeldClient, settings: CertifySettings) {
    this.#app = app;
    this.#client = client;
    this.#settings = settings;
  }

  async run({
    twice = false,
    endless = false,
  }: HeldOptions): Promise<Pick<HeldSeen, "held" | "heldMs" | "deafMs" | "end">> {
    this.#app.terminate();
    const held = this.#untilOver();
    if (twice) {
      await after(secondAfterMs);
      this.#app.terminate();
    }
    const deafMs = endless ? null : await this.#untilDeaf();
    await after(completeAfterMs);
    this.#client.complete();
    await held;
    const end: EndSeen = endless
      ? { kind: "killed", ms: this.#app.sinceSignalMs }
      : await this.#app.untilEnd();
    return { held: this.#client.end, heldMs: this.#heldMs, deafMs, end };
  }

  /** Until what is held has ended, the app has, or the grace is over. */
  async #untilOver(): Promise<void> {
    const { graceMs } = this.#settings;
    const open = () => this.#client.end.kind === "open";
    while (open() && this.#app.runs && this.#app.sinceSignalMs < graceMs) await after(lookEveryMs);
    if (open() && !this.#app.runs) await after(settleMs);
    if (!open()) this.#heldMs = this.#app.sinceSignalMs;
  }

  async #untilDeaf(): Promise<number | null> {
    const { graceMs, drainDelayMs } = this.#settings;
    const longest = Math.min(graceMs / 2, drainDelayMs + listensAtMostMs);
    while (this.#app.sinceSignalMs < longest) {
      if (!(await accepts(this.#app.target))) return this.#app.sinceSignalMs;
      await after(knockEveryMs);
    }
    return null;
  }
}

/** What an app did that was told to stop as soon as its port was open; null: it never was. */
export async function rehearseEarly(settings: CertifySettings): Promise<EndSeen | null> {
  const app = await AppUnderTest.start(settings);
  try {
    if (!(await app.untilListening())) return null;
    app.terminate();
    return await app.untilEnd();
  } finally {
    await app.stop();
  }
}
