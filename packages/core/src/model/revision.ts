import type { Probes } from "./probe.ts";

/** The files of a revision. Never changes once made. */
export type Artifact =
  /** A copy in the artifact store; `digest` covers paths, modes and bytes. */
  | {
      readonly kind: "files";
      readonly digest: string;
      readonly files: number;
      readonly bytes: number;
    }
  /** A container image by digest (Kubernetes). */
  | { readonly kind: "image"; readonly reference: string }
  /** `artifact: none`: the app runs where its folder is, and code cannot come back. */
  | { readonly kind: "none"; readonly dir: string };

/** How a replica is started. */
export interface Run {
  /** A string is run by `/bin/sh -c`, a list is run as it is. `$PORT` in a list is expanded by us. */
  readonly command: string | readonly string[];
  /** Relative to the artifact's root. */
  readonly cwd: string;
  /** Null: the controller's own user. */
  readonly user: string | null;
  /** Values of `envFile` when the revision was made. */
  readonly env: Readonly<Record<string, string>>;
  readonly stopSignal: string;
  /** Folders under the artifact's root that outlive revisions. */
  readonly persist: readonly string[];
}

/** What runs before the stop signal (Kubernetes `lifecycle.preStop`). */
export type PreStop =
  | { readonly kind: "exec"; readonly command: readonly string[] }
  | { readonly kind: "sleep"; readonly seconds: number };

/** How a replica is taken out of service. The order is told in `docs/stopping.md`. */
export interface Drain {
  /** Waited between the acknowledged route change and preStop. 0 on one machine: the barrier replaces it. */
  readonly delaySeconds: number;
  /** How long requests in flight may take after the route change. */
  readonly timeoutSeconds: number;
  readonly preStop: PreStop | null;
  /** From the start of preStop to SIGKILL, as in Kubernetes. */
  readonly terminationGracePeriodSeconds: number;
}

export interface Resources {
  /** Bytes; null: unlimited. */
  readonly memoryBytes: number | null;
  /** Cores; null: unlimited. */
  readonly cpu: number | null;
}

/** Migration steps a revision needs, and those it still runs on. Zero: none. */
export interface SchemaNeeds {
  readonly needs: number;
  readonly runsOn: { readonly from: number; readonly to: number | null };
}

/** Everything of a revision but its number and why it was made: what `digest` is taken over. */
export interface RevisionContent {
  readonly artifact: Artifact;
  /** The user's own label. */
  readonly version: string | null;
  readonly run: Run;
  readonly config: Readonly<Record<string, string>>;
  /** Names only; values are resolved when a replica starts and never stored. */
  readonly secrets: readonly string[];
  readonly probes: Probes;
  readonly resources: Resources;
  readonly drain: Drain;
  readonly minReadySeconds: number;
  readonly schema: SchemaNeeds;
}

/** An immutable, numbered snapshot of an app. Never edited. */
export interface Revision extends RevisionContent {
  /** 1, 2, 3 … per app; never reused. */
  readonly number: number;
  /** Over the content; equal digests run the same. */
  readonly digest: string;
  /** Why it was made, for `history`. */
  readonly cause: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What a revision runs, without its number and its story. */
export function contentOf(revision: Revision): RevisionContent {
  const { number: _number, digest: _digest, cause: _cause, createdAt: _at, ...content } = revision;
  return content;
}
