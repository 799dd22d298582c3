/** What a hook does. `{{revision}}`, `{{release}}` and `{{key}}` in a URL are filled in. */
export type HookAction =
  /** Exit code 0 is success. A string is run by `/bin/sh -c`, in the folder of the app file. */
  | { readonly kind: "command"; readonly command: string | readonly string[] }
  /** A POST with JSON; 2xx is success. */
  | { readonly kind: "http"; readonly url: string }
  /** Open-loop load on the preview address; success within these bounds. */
  | {
      readonly kind: "load";
      /** Requests per second. */
      readonly rate: number;
      readonly forMs: number;
      readonly path: string;
      /** Share of requests that may be lost, 0 to 1. */
      readonly lostAtMost: number;
      /** Null: it does not matter. */
      readonly p95BelowMs: number | null;
    };

/**
 * Something to run once at a waypoint, before anything of it is worked on. It is run at least once:
 * again, with the same key, when its controller died before the outcome was saved.
 */
export interface Hook {
  /** Unique in its waypoint, for people. */
  readonly name: string;
  readonly action: HookAction;
  /** How long one attempt may take, ms. */
  readonly timeoutMs: number;
  /** Attempts in all before it has failed. */
  readonly attempts: number;
  /** What a failure does: turn the release back, hold it until a person decides, or nothing. */
  readonly onFail: "back" | "hold" | "continue";
}

/** What became of a hook. `detail`: why it failed, or the last line that it wrote. */
export interface HookResult {
  readonly outcome: "done" | "failed";
  readonly detail: string;
}
