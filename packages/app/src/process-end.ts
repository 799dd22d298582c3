import { print } from "./log.ts";
import { reasonOf } from "./reason-of.ts";
import type { DrainReason, DrainReceipt } from "./receipt.ts";

/** A service that the end of the process has to wait for. */
export interface Stoppable {
  readonly signals: readonly NodeJS.Signals[];
  readonly exits: boolean;
  readonly drainsOnCrash: boolean;
  shutdown(why: { readonly reason: DrainReason; readonly error?: unknown }): Promise<DrainReceipt>;
  /** Something crashed while it drains: its receipt says so, what is under way goes on. */
  crashed(error: unknown): void;
  /** Writes down what has come of it up to now; nothing more is waited for. */
  abandon(): void;
}

/** A terminal sends SIGINT to npm and to its child, and npm passes it on: one Ctrl-C, two signals. */
const sameKeyPressMs = 200;
const flushTimeoutMs = 1000;

interface ProcessEnd {
  /** Of the services that have ended. */
  readonly receipts: DrainReceipt[];
  enlist(service: Stoppable): void;
  /** Without services nothing of ours is left on the process. */
  dismiss(service: Stoppable): void;
}

const place = Symbol.for("hitless app: the end of the process");

/** One in a process, even where a package brought another copy of this library. */
export function processEnd(): ProcessEnd {
  const there: unknown = Reflect.get(globalThis, place);
  if (isProcessEnd(there)) return there;
  const made = new TheProcessEnd();
  Reflect.set(globalThis, place, made);
  return made;
}

function isProcessEnd(value: unknown): value is ProcessEnd {
  return typeof value === "object" && value !== null && "enlist" in value && "dismiss" in value;
}

/** All services of a process end together: the first signal drains them all, the exit waits for them all. */
class TheProcessEnd implements ProcessEnd {
  readonly receipts: DrainReceipt[] = [];
  readonly #services = new Set<Stoppable>();
  readonly #listening = new Map<NodeJS.Signals, () => void>();
  readonly #crashed = (error: unknown) => this.#onCrash(error);
  #begunAt: number | null = null;
  #hasCrashed = false;

  enlist(service: Stoppable): void {
    this.#services.add(service);
    for (const signal of service.signals) this.#listen(signal);
    if (!service.drainsOnCrash) return;
    process.off("uncaughtException", this.#crashed);
    process.on("uncaughtException", this.#crashed);
  }

  dismiss(service: Stoppable): void {
    this.#services.delete(service);
    if (this.#services.size > 0) return;
    for (const [signal, listener] of this.#listening) process.off(signal, listener);
    this.#listening.clear();
    process.off("uncaughtException", this.#crashed);
    this.#begunAt = null;
    this.#hasCrashed = false;
    this.receipts.length = 0;
  }

  #listen(signal: NodeJS.Signals): void {
    if (this.#listening.has(signal)) return;
    const listener = () => this.#onSignal(signal);
    this.#listening.set(signal, listener);
    process.on(signal, listener);
  }

  /** A second SIGINT is somebody who does not want to wait; a second SIGTERM is a tool that repeats itself. */
  #onSignal(signal: NodeJS.Signals): void {
    if (this.#begunAt === null) return void this.#end({ reason: signal });
    const waited = performance.now() - this.#begunAt;
    if (signal === "SIGINT" && waited > sameKeyPressMs) this.#exitAtOnce();
  }

  /** As Node does it by itself: the stack on standard error. Then what the others wait for is finished, once. */
  #onCrash(error: unknown): void {
    // Whoever listens himself has decided what shall happen.
    if (process.listenerCount("uncaughtException") > 1) return;
    tell(error);
    const isFirst = !this.#hasCrashed;
    this.#hasCrashed = true;
    if (!isFirst) this.#exitAtOnce();
    else if (this.#begunAt === null) void this.#end({ reason: "crash", error });
    else for (const service of this.#services) service.crashed(error);
  }

  async #end(why: { readonly reason: DrainReason; readonly error?: unknown }): Promise<void> {
    this.#begunAt = performance.now();
    const services = [...this.#services];
    try {
      const receipts = await Promise.all(services.map((service) => service.shutdown(why)));
      if (services.some(({ exits }) => !exits)) {
        this.#liveOn(services);
        return;
      }
      await flushed();
      const isClean = !this.#hasCrashed && receipts.every(({ exitCode }) => exitCode === 0);
      process.exit(isClean ? 0 : 1);
    } catch (error) {
      // Nobody else would end the process.
      tell(error);
      this.#exitAtOnce();
    }
  }

  /** One of them is to leave the process running: signals then mean what they meant before. */
  #liveOn(services: readonly Stoppable[]): void {
    for (const service of services) this.dismiss(service);
    this.#begunAt = null;
  }

  #exitAtOnce(): void {
    for (const service of this.#services) service.abandon();
    process.exit(1);
  }
}

function tell(error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  print(process.stderr, `Uncaught ${stack ?? reasonOf(error)}\n`);
}

/** The receipt is the last line: it must have left before the process does. */
function flushed(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, flushTimeoutMs).unref();
    print(process.stdout, "", resolve);
  });
}
