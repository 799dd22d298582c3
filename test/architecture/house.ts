/** One row of the table of packages: what its sources and its manifest may name. */
export interface Room {
  /** Workspaces of ours. */
  readonly ours: readonly string[];
  /** The only packages from outside it may name; null: any that its manifest declares. */
  readonly others: readonly string[] | null;
  /** True: nothing of Node itself. */
  readonly pure?: boolean;
}

/**
 * The direction of the house: cli → {controller, local, kubernetes, proxy, migrate, load} → core.
 * `app` is what applications import: it takes nothing from anybody.
 */
export const house: Readonly<Record<string, Room>> = {
  core: { ours: [], others: ["zod"], pure: true },
  proxy: { ours: ["core"], others: null },
  local: { ours: ["core", "proxy"], others: null },
  kubernetes: { ours: ["core"], others: null },
  migrate: { ours: ["core"], others: null },
  controller: { ours: ["core"], others: null },
  load: { ours: ["core"], others: null },
  app: { ours: [], others: [] },
  console: { ours: ["core"], others: null },
  cli: {
    ours: ["core", "controller", "local", "kubernetes", "proxy", "migrate", "load"],
    others: null,
  },
};

/** Tests may also use the instrument that counts what was lost. */
export const forTestsToo: readonly string[] = ["load"];

/** Where nobody may know a strategy: these see waypoints, and the roles `stable` and `canary`. */
export const strategyFree: readonly string[] = ["local", "kubernetes", "proxy", "controller"];

export const maxLines = 400;

/** `@hitless/core/testing` → `core`, `hitless` → `cli`; null: not ours. */
export function workspaceOf(specifier: string): string | null {
  if (specifier === "hitless" || specifier.startsWith("hitless/")) return "cli";
  const named = /^@hitless\/([^/]+)/.exec(specifier)?.[1];
  return named === undefined || named === "source" ? null : named;
}
