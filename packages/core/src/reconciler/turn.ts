import { HitlessError } from "../errors.ts";
import { failpoint } from "../failpoints.ts";
import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Observed } from "../model/observed.ts";
import type { ReleaseRecord } from "../model/release.ts";
import { violations } from "./invariants.ts";
import { type Facts, isWhy, readWorld } from "./world.ts";

/** What decisions are carried out through. Every call may be the last one that a controller makes. */
export interface TurnPorts {
  /** Resolves once the app is durable. */
  save(app: App): Promise<void>;
  /** Resolves once the row is durable; of rows with the same id the last one counts. */
  addRecord(record: ReleaseRecord): Promise<void>;
  /** Resolves with the token once the mutation is accepted; 0 from who has no tokens. */
  apply(mutation: Mutation): Promise<number>;
}

/** What `next` was given. */
export interface TurnInput {
  readonly app: App;
  readonly seen: Observed;
  readonly at: { readonly now: number; readonly facts: Facts };
}

/**
 * Carries out what `next` decided: persist, then act, status last. It may be killed between any
 * two calls, and the next controller goes on from what was saved. Throws INVARIANT_BROKEN, with
 * nothing changed, for a mutation that breaks a rule; what a port throws is thrown.
 */
export async function carryOut(
  decision: Decision,
  input: TurnInput,
  ports: TurnPorts,
): Promise<void> {
  switch (decision.kind) {
    case "wait":
    case "steady":
      return;
    case "advance":
    case "turnBack":
      await failpoint("step-due");
      await ports.save(decision.app);
      await failpoint("step-saved");
      return;
    case "finish":
      await failpoint("record-due");
      // The row first: after a crash in between it is written again, or as it ends then.
      await ports.addRecord(decision.record);
      await failpoint("record-added");
      await ports.save(decision.app);
      await failpoint("outcome-saved");
      return;
    case "mutate":
      refuseBroken(decision.mutation, input);
      await failpoint("mutation-due");
      await ports.save(decision.app);
      await failpoint("mutation-saved");
      return order(decision, ports);
  }
}

async function order(
  { app, mutation }: Extract<Decision, { kind: "mutate" }>,
  ports: TurnPorts,
): Promise<void> {
  const token = await ports.apply(mutation);
  await failpoint("mutation-accepted");
  if (app.ordered === null) return;
  await ports.save({ ...app, ordered: { ...app.ordered, token } });
  await failpoint("token-saved");
}

function refuseBroken(mutation: Mutation, { app, seen, at }: TurnInput): void {
  const world = readWorld(app, seen, at);
  const broken = isWhy(world) ? ["the world became unknown"] : violations(app, mutation, world);
  if (broken.length === 0) return;
  throw new HitlessError("INVARIANT_BROKEN", `${JSON.stringify(mutation)}: ${broken.join("; ")}`, {
    next: "This is a fault in Hitless. Nothing was changed; please report it with `hitless events`.",
  });
}
