import { constants } from "node:os";

/** Something that outlives this process unless it is ended. */
interface Opened {
  /** What it is, for people: `the app in /tmp/hitless-bed-x1y2z3`. */
  readonly what: string;
  readonly end: () => Promise<unknown>;
}

const opened = new Set<Opened>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * One Ctrl-C may arrive twice: at the whole group, and once more from the parent process that passes
 * signals on. What comes later than this, ms, is a second one.
 */
const sameSignalMs = 1000;
let interruptedAt: number | null = null;

/**
 * Notes what an interruption has to end, last opened first; returns how to take it off the list once
 * it has been ended otherwise. Throws after an interruption: call it before anything is opened, or in
 * the same turn.
 */
export function endWhenInterrupted(what: string, end: () => Promise<unknown>): () => void {
  refuseWhenInterrupted();
  const noted = { what, end };
  opened.add(noted);
  return () => opened.delete(noted);
}

/** Throws after an interruption, so that nothing new is started while all is being ended. */
export function refuseWhenInterrupted(): void {
  if (interrupted()) throw new Error("interrupted");
}

export function interrupted(): boolean {
  return interruptedAt !== null;
}

/**
 * From now on SIGINT, SIGTERM and SIGHUP end what was opened, tell so, and then this process with
 * 128 + signal. A second signal ends the process at once and tells what it leaves.
 */
export function handleInterruptions(tell: (line: string) => void): void {
  for (const signal of signals) process.on(signal, () => interrupt(signal, tell));
}

function interrupt(signal: (typeof signals)[number], tell: (line: string) => void): void {
  const code = 128 + constants.signals[signal];
  const now = performance.now();
  if (interruptedAt === null) {
    interruptedAt = now;
    // Whatever was under way fails now; that says nothing any more.
    process.on("unhandledRejection", () => undefined);
    process.on("uncaughtException", () => undefined);
    void endAll(signal, tell).then(() => process.exit(code));
    return;
  }
  if (now - interruptedAt < sameSignalMs) return;
  for (const { what } of opened) tell(`left as it is: ${what}`);
  process.exit(code);
}

async function endAll(signal: string, tell: (line: string) => void): Promise<void> {
  if (opened.size === 0) tell(`interrupted by ${signal}: nothing is left`);
  else tell(`interrupted by ${signal}: ending what was started (again: at once, and leave it)`);
  // What was opened last may stand on what was opened before.
  for (let last = [...opened].at(-1); last !== undefined; last = [...opened].at(-1)) {
    try {
      await last.end();
      tell(`ended: ${last.what}`);
    } catch (thrown) {
      tell(`NOT ENDED: ${last.what}: ${String(thrown)}`);
    }
    opened.delete(last);
  }
}
