import type { App } from "../../model/app.ts";
import type { HookResult } from "../../model/hook.ts";
import type { Mutation } from "../../model/mutation.ts";
import type { Release } from "../../model/release.ts";
import { leftForward, type Passes } from "./leaving.ts";

/** Hooks that have run to their end in truth, by key. */
export type Ended = ReadonlyMap<string, HookResult>;

type HookMutation = Extract<Mutation, { kind: "hook" }>;

/** Watches the hooks of a run: at least once, each under one key, never forgotten. */
export class HookJudge {
  readonly #ended: Ended;
  readonly #passes: Passes;
  /** The key under which each was begun, by where and when the release has come there. */
  readonly #keys = new Map<string, string>();

  constructor(ended: Ended, passes: Passes) {
    this.#ended = ended;
    this.#passes = passes;
  }

  /** A release was saved anew. */
  onSave(before: Release | null, now: Release | null): readonly string[] {
    if (before === null || now === null || before.id !== now.id) return [];
    return [...forgotten(before, now), ...this.#unrun(before, now)];
  }

  /** One is begun, perhaps again after a death, by who has this app; `saved` is what is durable. */
  onBegin({ key, hook }: HookMutation, { release }: App, saved: App | null): readonly string[] {
    if (release === null) return [`hooks: ${key} is run with no release`];
    const { id, direction, cursor, attempt = 1 } = release;
    const place = [id, direction, cursor, attempt, hook.name].join("/");
    const first = this.#keys.get(place) ?? key;
    this.#keys.set(place, first);
    if (first !== key) return [`hooks: ${first} is run again as ${key}`];
    const known = saved?.release?.effects?.[key];
    return known === undefined ? [] : [`hooks: ${key} is over and is run again`];
  }

  /** Each hook of a waypoint that was left forward has run to its end. */
  #unrun(before: Release, now: Release): readonly string[] {
    const left = leftForward(before, now);
    // A person's word stands for what fails, or comes to no end.
    if (left === null || this.#passes.allowed(now, left.id)) return [];
    return left.before.flatMap((hook) => {
      const { id, direction, cursor, attempt = 1 } = before;
      const key = this.#keys.get([id, direction, cursor, attempt, hook.name].join("/"));
      if (key === undefined || !this.#ended.has(key)) {
        return [`hooks: ${left.id} was left, and ${hook.name} has not run to its end`];
      }
      const saved = now.effects?.[key];
      if (saved === undefined) return [`hooks: what became of ${key} was not saved`];
      const bars = hook.onFail !== "continue" && saved.outcome === "failed";
      return bars ? [`hooks: ${key} failed, and was passed`] : [];
    });
  }
}

/** What became of a hook stays, once it was saved. */
function forgotten(before: Release, now: Release): readonly string[] {
  return Object.entries(before.effects ?? {})
    .filter(([key, result]) => now.effects?.[key]?.outcome !== result.outcome)
    .map(([key]) => `hooks: what became of ${key} is forgotten`);
}
