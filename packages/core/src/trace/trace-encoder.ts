import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { TurnInput } from "../reconciler/turn.ts";
import { type Change, changesBetween } from "./change.ts";
import { nameOf, plainOf } from "./plain.ts";

/** Makes the lines of one trace: what was given and decided, and of that only what changed. */
export class TraceEncoder {
  #app: unknown = null;
  #seen: unknown = null;
  #facts = "";

  /** The first one begins the trace with the whole app. */
  saved(app: App, by: string | null): string {
    const plain = plainOf(app);
    const before = this.#app;
    this.#app = plain;
    return before === null
      ? lineOf({ kind: "start", schema: 1, by, app: plain })
      : lineOf({ kind: "saved", by, app: changesBetween(before, plain) });
  }

  turn({ app, seen, at }: TurnInput, decision: Decision): string {
    const facts = [...at.facts].map(([revision, { minReadyMs }]) => [revision, minReadyMs]);
    const plain = plainOf(seen);
    const line = lineOf({
      kind: "turn",
      at: at.now,
      ...(JSON.stringify(facts) === this.#facts ? {} : { facts }),
      app: nameOf(plainOf(app)),
      seen: changesBetween(this.#seen, plain),
      ...this.#decided(decision),
    });
    this.#seen = plain;
    this.#facts = JSON.stringify(facts);
    return line;
  }

  #decided(decision: Decision): { readonly decision: unknown; readonly made?: readonly Change[] } {
    if (!("app" in decision)) return { decision: plainOf(decision) };
    const { app, ...rest } = decision;
    return { decision: plainOf(rest), made: changesBetween(this.#app, plainOf(app)) };
  }
}

function lineOf(value: unknown): string {
  return JSON.stringify(value);
}
