/** What became of an item. `not-applicable`: the platform or the app has no use for it. */
export type Verdict = "pass" | "fail" | "not-tested" | "not-applicable";

/** One thing that an app must do to start, drain and stop well. */
export interface Item {
  readonly id: ItemId;
  readonly title: string;
  readonly verdict: Verdict;
  /** What was seen, with its numbers; for what was not tested: why, and how it would be. */
  readonly evidence: string;
  /** What to do about it, and where to read on; null unless it failed. */
  readonly fix: string | null;
}

interface Fix {
  readonly title: string;
  readonly fix: string;
  /** A heading of docs/any-language.md. */
  readonly anchor: string;
}

/** Every item in the order of the report. `A` to `D` are the four ways in which requests are lost. */
const catalogue = {
  starts: {
    title: "starts and serves",
    fix: "Listen on PORT (and HOST) from the environment, and answer the ordinary request (--path) with 2xx.",
    anchor: "start",
  },
  "ready-in-time": {
    title: "ready only when it serves",
    fix: "Answer the readiness path with 503 until what requests need is connected and loaded.",
    anchor: "start",
  },
  startup: {
    title: "startup endpoint",
    fix: "Answer 200 on the startup path once the app has started, and 503 before.",
    anchor: "endpoints",
  },
  liveness: {
    title: "liveness endpoint",
    fix: "Let liveness say only that the process answers: it stays 200 while readiness is 503, in a drain too.",
    anchor: "endpoints",
  },
  readiness: {
    title: "readiness endpoint",
    fix: "Answer 200 on the readiness path when the app can serve.",
    anchor: "endpoints",
  },
  "liveness-alone": {
    title: "liveness without dependency",
    fix: "Take the dependency out of the liveness check: a restart of every copy does not mend a database.",
    anchor: "dependencies",
  },
  "readiness-tells": {
    title: "readiness without dependency",
    fix: "Check the dependency in the background, answer 503 while it is gone, and 200 again by yourself.",
    anchor: "dependencies",
  },
  "signal-reaches": {
    title: "SIGTERM reaches the app",
    fix: "Start the app itself: no npm, no shell in front of it, or one that ends with `exec`.",
    anchor: "signal",
  },
  "handler-first": {
    title: "handler before listener",
    fix: "Install the handler before the server listens.",
    anchor: "signal",
  },
  "readiness-at-signal": {
    title: "readiness on SIGTERM",
    fix: "On SIGTERM answer the readiness path with 503, and go on serving everything else.",
    anchor: "keep-serving",
  },
  "keeps-accepting": {
    title: "A: accepts while routed to",
    fix: "Keep the listener open after SIGTERM, for as long as the platform needs to route away.",
    anchor: "keep-serving",
  },
  "announces-close": {
    title: "B: announces each close",
    fix: "From SIGTERM on, answer everything with `Connection: close` while still listening; close no idle connection before the delay is over.",
    anchor: "connection-close",
  },
  "finishes-work": {
    title: "C: finishes what it began",
    fix: "Wait for the requests in flight, up to a budget below the grace, before anything is closed by force.",
    anchor: "finish",
  },
  "keeps-answering": {
    title: "D: answers as usual meanwhile",
    fix: "Turn only the readiness path to 503; go on answering requests, they are still yours.",
    anchor: "keep-serving",
  },
  exits: {
    title: "exits within the grace",
    fix: "End the process from the SIGTERM handler once everything is answered, by force at the end of the budget.",
    anchor: "exit",
  },
  "exit-code": {
    title: "exits with 0",
    fix: "Exit with 0 when everything was answered: another code, or a death by the signal, reads as a crash.",
    anchor: "exit",
  },
  "held-idle": {
    title: "idle keep-alive client",
    fix: "Close connections that wait for a next request once the listener is closed.",
    anchor: "held",
  },
  "held-silent": {
    title: "silent TCP client",
    fix: "Close connections on which no request ever began once the listener is closed.",
    anchor: "held",
  },
  "held-half-head": {
    title: "half a request head",
    fix: "Close connections whose request head is not complete once the listener is closed.",
    anchor: "held",
  },
  "held-sse": {
    title: "server-sent events",
    fix: "End event streams in the drain (a last `retry:` spreads the reconnects), or they hold the exit and are cut.",
    anchor: "streams",
  },
  "held-web-socket": {
    title: "WebSocket",
    fix: "Send a close frame (1001 or 1012) in the drain, then close.",
    anchor: "streams",
  },
  "second-sigterm": {
    title: "second SIGTERM cuts nothing",
    fix: "Ignore a second SIGTERM; let a second SIGINT, which comes from a person, end it at once.",
    anchor: "signal",
  },
  "no-children": {
    title: "leaves no process behind",
    fix: "End the processes that the app has started, and wait for them, before it exits.",
    anchor: "exit",
  },
} as const satisfies Readonly<Record<string, Fix>>;

export type ItemId = keyof typeof catalogue;

/** The page of the fixes; each fix names a heading of it. */
export const fixPage = "docs/any-language.md";

const order = Object.keys(catalogue);

/** The headings that fixes point to, for the test that keeps them true. */
export const fixAnchors: readonly string[] = Object.values(catalogue).map(({ anchor }) => anchor);

export function passed(id: ItemId, evidence: string): Item {
  return { id, title: catalogue[id].title, verdict: "pass", evidence, fix: null };
}

export function failed(id: ItemId, evidence: string): Item {
  const { title, fix, anchor } = catalogue[id];
  return { id, title, verdict: "fail", evidence, fix: `${fix} ${fixPage}#${anchor}` };
}

/** A path was named that is not what its option says: `evidence` has the option and what was answered. */
export function misnamed(id: ItemId, evidence: string): Item {
  const fix = "Name a path that is what its option says, mend it, or leave the option out.";
  return { ...failed(id, evidence), fix: `${fix} ${fixPage}#certify` };
}

/** `why` says how it would be tested. */
export function notTested(id: ItemId, why: string): Item {
  return { id, title: catalogue[id].title, verdict: "not-tested", evidence: why, fix: null };
}

export function notApplicable(id: ItemId, why: string): Item {
  return { id, title: catalogue[id].title, verdict: "not-applicable", evidence: why, fix: null };
}

export function inOrder(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}
