/**
 * What a service did between the signal and its exit. One log line; the file that `HITLESS_RECEIPT` names;
 * on Kubernetes the termination message of the container. Unknown fields may be added: readers skip them.
 */
export interface DrainReceipt {
  readonly kind: "drain-receipt";
  readonly schema: 1;
  readonly app: string | null;
  readonly revision: string | null;
  readonly replica: string | null;
  readonly pid: number;
  readonly reason: DrainReason;
  /** Message of what crashed the process; null otherwise. */
  readonly error: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Requests and background work under way when it began; streams are counted apart. */
  readonly inFlight: number;
  /** Requests that came in after it began. */
  readonly served: number;
  /** Answered to their end after it began, of both kinds. */
  readonly finished: number;
  /** Requests and background work that the budget did not suffice for. */
  readonly cut: number;
  readonly streams: { readonly ended: number; readonly cut: number };
  /** When the last new connection came, in seconds after it began; null: none came. How long the platform still routed here. */
  readonly lastConnectionSeconds: number | null;
  readonly seconds: DrainSeconds;
  /** What was cut, the longest first, at most ten. */
  readonly hung: readonly HungRequest[];
  readonly hooks: readonly HookReceipt[];
  /** 0: all was answered. 1: something was cut, a hook failed, or the process crashed. */
  readonly exitCode: 0 | 1;
}

/** The signal; `close`: the program itself asked for it. */
export type DrainReason = NodeJS.Signals | "crash" | "close";

export interface DrainSeconds {
  readonly delay: number;
  readonly requests: number;
  readonly hooks: number;
  readonly total: number;
}

export interface HungRequest {
  /** `WORK` for background work. */
  readonly method: string;
  /** The pattern where the framework tells it, else the path without its query; the name of background work. */
  readonly route: string;
  readonly seconds: number;
}

export interface HookReceipt {
  readonly name: string;
  /** `skipped`: the process was told to exit at once. */
  readonly outcome: "done" | "failed" | "timedOut" | "skipped";
  readonly seconds: number;
}

const mostHung = 10;
/** Characters. */
const longestWords = 120;

/** One receipt for a process with two services, such as a public one and one for its operators. */
export function together(one: DrainReceipt, other: DrainReceipt): DrainReceipt {
  const sum = (figure: "inFlight" | "served" | "finished" | "cut") => one[figure] + other[figure];
  const longest = (phase: keyof DrainSeconds) => Math.max(one.seconds[phase], other.seconds[phase]);
  const last = [one.lastConnectionSeconds, other.lastConnectionSeconds].filter((at) => at !== null);
  return {
    ...one,
    error: one.error ?? other.error,
    startedAt: one.startedAt < other.startedAt ? one.startedAt : other.startedAt,
    inFlight: sum("inFlight"),
    served: sum("served"),
    finished: sum("finished"),
    cut: sum("cut"),
    streams: {
      ended: one.streams.ended + other.streams.ended,
      cut: one.streams.cut + other.streams.cut,
    },
    lastConnectionSeconds: last.length === 0 ? null : Math.max(...last),
    seconds: {
      delay: longest("delay"),
      requests: longest("requests"),
      hooks: longest("hooks"),
      total: longest("total"),
    },
    hung: longestFirst([...one.hung, ...other.hung]),
    hooks: [...one.hooks, ...other.hooks],
    exitCode: one.exitCode === 1 ? 1 : other.exitCode,
  };
}

/** As many of them as a receipt holds. */
export function longestFirst(hung: readonly HungRequest[]): readonly HungRequest[] {
  return hung
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, mostHung)
    .map((each) => ({ ...each, route: brief(each.route) }));
}

/** Paths and messages may be of any length, and Kubernetes keeps only the last 4 KiB of a receipt. */
export function brief(words: string): string {
  return words.length <= longestWords ? words : `${words.slice(0, longestWords - 1)}…`;
}
