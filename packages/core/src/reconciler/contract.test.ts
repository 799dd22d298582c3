import { describe, expect, it } from "vitest";
import type { App, Kept } from "../model/app.ts";
import type { Release } from "../model/release.ts";
import { withSchemaPhases } from "../strategies/compile.ts";
import {
  begin,
  intent,
  loose,
  releaseTo,
  rollBack,
  type Scenario,
  type SimEvent,
  say,
  settledApp,
  simulate,
} from "../testing/index.ts";
import { requestRelease } from "./requests.ts";
import { turnBack } from "./turn-back.ts";

const pass = () => ({ verdict: "successful", detail: "fine" }) as const;

/** A rolling release to revision 2 with a migration around it. */
async function migrating(rest: Partial<Scenario> = {}, kept: readonly Kept[] = []) {
  const { app, engine } = await settledApp();
  const begun = begin({ ...app, kept }, 2, engine.now());
  const plan = withSchemaPhases(begun.release?.plan ?? [], 1000);
  const release = { ...releaseOf(begun), plan };
  return simulate({ verdict: pass, ...rest, app: { ...begun, release }, engine });
}

function releaseOf(app: App): Release {
  if (app.release === null) throw new TypeError("no release");
  return app.release;
}

/** Stops once contract was ordered. */
const atContract: Pick<Scenario, "until"> = { until: (s) => s.app.release?.contracted === true };

describe("contract, which cannot be undone", () => {
  it("is followed by no way back: abort, rollback and replace are refused", async () => {
    const { app } = await migrating(atContract);
    for (const kind of ["abort", "rollback", "replace"] as const) {
      expect(() => say(app, kind, 0)).toThrow(/contracted the schema/);
    }
    expect(() => rollBack(app, 3, 0)).toThrow(/contracted/);
    expect(turnBack(app, { kind: "aborted", by: "alice" }, 0)).toBe(app);
  });

  it("lets a replacing release wait for the end instead", async () => {
    const { app } = await migrating(atContract);
    const asked = requestRelease(app, releaseTo(3), { now: 0, by: "bob", busy: "replace" });
    expect(asked.release?.direction).toBe("forward");
    expect(asked.pending?.to).toBe(3);
  });

  it("does not turn back when the new side breaks after it", async () => {
    const broken: SimEvent = {
      when: (s) => s.app.release?.contracted === true,
      world: ({ engine }) => {
        engine.behave(2, { crashAfterMs: 100 });
        for (const _ of [1, 2, 3]) engine.kill(2);
      },
    };
    const mend: SimEvent = { when: 900_000, world: ({ engine }) => engine.heal(2) };
    const run = await migrating({ events: [broken, mend] });
    expect(run.app.stable).toBe(2);
    expect(loose(run)).toEqual([]);
  });

  it("keeps its gate shut for `promote --full`, and opens it for a `skip` said there", async () => {
    const shut = () => ({ verdict: "inconclusive", detail: "a session is left" }) as const;
    const promote = intent("promote --full", 2000);
    const held = await migrating({
      verdict: shut,
      events: [promote],
      until: (s) => s.now() > 600_000,
    });
    expect(held.app.release?.waived).toBe("all");
    expect(held.app.release?.contracted).toBe(false);
    const skip = intent("skip", (s) => s.decisions.at(-1)?.why.kind === "holdUndecided");
    const run = await migrating({ verdict: shut, events: [promote, skip] });
    expect(run.app.stable).toBe(2);
    expect(run.whys).toContain("migrating");
  });

  it("waits, and says so, while a kept revision needs what it removes", async () => {
    const kept = { revision: 7, warm: true, until: 400_000 };
    const run = await migrating({}, [kept]);
    const held = run.decisions.find((d) => d.why.kind === "held" && d.why.hold === "contract");
    expect(held?.why).toMatchObject({
      detail: expect.stringContaining("revision 7 is kept until"),
    });
    expect(run.engine.elapsed).toBeGreaterThanOrEqual(kept.until);
    expect(run.app.stable).toBe(2);
  });

  it.each(["before mutation", "after mutation", "after decision"] as const)(
    "is begun again when the controller dies %s",
    async (danger) => {
      let left = 3;
      const mishap: Scenario["mishap"] = (point, { app }) => {
        const migrates = app.ordered?.mutation.kind === "migrate" || point !== danger;
        return !migrates && left-- > 0 ? "killed" : null;
      };
      const run = await migrating({ mishap });
      expect(run.app.stable).toBe(2);
      expect(loose(run)).toEqual([]);
    },
  );
});
