import type { EndSeen } from "./app-under-test.ts";
import { seconds } from "./evidence.ts";
import type { HeldEnd, HeldKind } from "./held-client.ts";
import type { HeldSeen } from "./held-rehearsal.ts";
import { failed, type Item, type ItemId, misnamed, notTested, passed } from "./item.ts";

/** How much later than without it an app may exit because of a held client, in milliseconds. */
const heldUpMs = 10_000;

const itemOf = {
  idle: "held-idle",
  silent: "held-silent",
  "half-head": "held-half-head",
  slow: "finishes-work",
  upload: "finishes-work",
  sse: "held-sse",
  "web-socket": "held-web-socket",
} as const satisfies Readonly<Record<HeldKind, ItemId>>;

/** Which option named the path; the others are asked of any app. */
const optionOf: Readonly<Partial<Record<HeldKind, string>>> = {
  slow: "--slow-path",
  sse: "--sse-path",
  "web-socket": "--ws-path",
};

/** What of the app is judged by holding this. */
export function heldNotTested(kind: HeldKind, why: string): Item {
  return notTested(itemOf[kind], why);
}

/** Judges an app that one client held something of; `alone`: how it ended without. */
export function judgeHeld(seen: HeldSeen, alone: EndSeen): Item {
  const id = itemOf[seen.kind];
  if (seen.start.kind === "failed") return notTested(id, `it ${seen.start.what} in this start`);
  if (seen.held.kind === "never") return nothingHeld(seen.kind, seen.held.detail);
  if (id === "finishes-work") return work(id, seen);
  return (
    heldUp(id, seen, alone) ??
    cutStream(id, seen) ??
    passed(id, `${whatBecame(seen)}${exitOf(seen.end)}`)
  );
}

function nothingHeld(kind: HeldKind, detail: string): Item {
  const option = optionOf[kind];
  return option === undefined
    ? notTested(itemOf[kind], `${nameOf(kind)}: ${detail}`)
    : misnamed(itemOf[kind], `${option} ${detail}`);
}

/** Judges work in flight that two signals came down on, where one does it no harm. */
export function judgeSecondSignal(twice: HeldSeen): Item {
  const id = "second-sigterm";
  if (isAnswered(twice.held)) {
    return passed(id, `a ${nameOf(twice.kind)} was answered all the same`);
  }
  return failed(id, `it cut a ${nameOf(twice.kind)}${exitOf(twice.end)}`);
}

function work(id: ItemId, seen: HeldSeen): Item {
  if (isAnswered(seen.held)) return workDone(id, seen);
  return failed(id, `${whatBecame(seen)}${exitOf(seen.end)}`);
}

/** A stream that was not ended as its protocol has it; null: it was, or there is none. */
function cutStream(id: ItemId, seen: HeldSeen): Item | null {
  const { held, kind } = seen;
  const ended = { sse: isAnswered(held), "web-socket": held.kind === "close-frame" };
  if (!(kind === "sse" || kind === "web-socket") || ended[kind]) return null;
  return failed(id, `${whatBecame(seen)}${exitOf(seen.end)}`);
}

/** An answer before the app closed anything would show nothing. */
function workDone(id: ItemId, { kind, heldMs, deafMs, end }: HeldSeen): Item {
  if (heldMs === null) {
    const needed = "--slow-path PATH, or --post-path PATH that reads the body first";
    return notTested(id, `a ${nameOf(kind)} is answered at once: nothing to finish; ${needed}`);
  }
  const answered = `a ${nameOf(kind)} was answered ${seconds(heldMs)} after SIGTERM`;
  if (end.kind === "killed") return passed(id, answered);
  if (deafMs === null || heldMs < deafMs) {
    const longer = "a path is needed that takes longer than its drain: --slow-path, --post-path";
    return notTested(id, `${answered}, while it still listened; ${longer}`);
  }
  return passed(id, `${answered}, and ${seconds(heldMs - deafMs)} after its listener was closed`);
}

function heldUp(id: ItemId, { end, kind }: HeldSeen, alone: EndSeen): Item | null {
  if (end.kind === "killed") {
    return failed(id, `held up the exit for ${seconds(end.ms)}, until SIGKILL`);
  }
  const aloneMs = alone.ms;
  if (end.ms > aloneMs + heldUpMs) {
    return failed(id, `exits after ${seconds(end.ms)}, and after ${seconds(aloneMs)} without it`);
  }
  const usualCode = alone.kind === "exited" ? alone.code : 0;
  if (end.code === 0 || end.code === usualCode) return null;
  const how = end.signal ?? `code ${end.code}`;
  return failed(id, `exits by ${how} after ${seconds(end.ms)} because of a ${nameOf(kind)}`);
}

function isAnswered(held: HeldEnd): boolean {
  return held.kind === "answered" && Math.floor(held.status / 100) === 2;
}

const names: Readonly<Record<HeldKind, string>> = {
  idle: "idle keep-alive client",
  silent: "silent client",
  "half-head": "half request head",
  slow: "slow request",
  upload: "POST half sent",
  sse: "event stream",
  "web-socket": "WebSocket",
};

function nameOf(kind: HeldKind): string {
  return names[kind];
}

function whatBecame({ held, heldMs, kind }: HeldSeen): string {
  const when = heldMs === null ? "" : ` ${seconds(heldMs)} after SIGTERM`;
  switch (held.kind) {
    case "open":
      return `the ${nameOf(kind)} was left open`;
    case "answered":
      return kind === "sse" ? `ended in order${when}` : `answered ${held.status}${when}`;
    case "close-frame":
      return `close frame ${held.code}${when}`;
    case "closed":
      return `closed${when}`;
    case "never":
      return held.detail;
    case "cut":
      return `the ${nameOf(kind)} was cut${when} (${held.detail})`;
  }
}

function exitOf(end: EndSeen): string {
  if (end.kind === "killed") return "";
  const how = end.signal ?? `code ${end.code}`;
  return `, exit ${how} after ${seconds(end.ms)}`;
}
