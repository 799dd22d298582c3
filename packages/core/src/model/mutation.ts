import type { Hook } from "./hook.ts";
import type { RouteTable } from "./route.ts";
import type { SchemaPhase } from "./waypoint.ts";

/** Sets the number of replicas that the engine keeps of a revision. */
export interface Scale {
  readonly kind: "scale";
  readonly revision: number;
  readonly replicas: number;
}

export interface Route {
  readonly kind: "route";
  readonly table: RouteTable;
}

/** Removes what is left of a revision that nothing refers to. */
export interface Collect {
  readonly kind: "collect";
  readonly revision: number;
}

/** One change to the world. The first three go to the engine. */
export type Mutation =
  | Scale
  | Route
  | Collect
  | { readonly kind: "migrate"; readonly phase: SchemaPhase }
  | {
      readonly kind: "hook";
      readonly key: string;
      readonly hook: Hook;
      readonly release: number;
      /** The revision that is being released. */
      readonly revision: number;
    };

export type EngineMutation = Scale | Route | Collect;
