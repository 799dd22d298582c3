import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { TurnInput } from "../reconciler/turn.ts";

/** Writes down what a controller decided on what, so that it can be replayed. Never throws. */
export interface Recorder {
  /** Before the decision is carried out. */
  turn(input: TurnInput, decision: Decision): void;
  /** After it was saved. `by`: what changed it; null: the decision that was made last. */
  saved(app: App, by: string | null): void;
}
