import fc from "fast-check";
import { expect, it } from "vitest";
import type { RouteRule } from "../model/route.ts";
import { ruleFor } from "../model/route-intent.ts";
import { exampleHook } from "../testing/index.ts";
import { Random } from "../testing/stories/random.ts";
import { settingsOf } from "../testing/stories/tell-settings.ts";
import { compile } from "./compile.ts";
import { wayBack } from "./way-back.ts";

const roles = { stable: 1, canary: 2 };

/** Plans of all kinds, as stories draw them. */
const plans = fc.integer().map((seed) => {
  const settings = settingsOf(new Random(seed), 4);
  return compile(settings, { from: 1, warm: seed % 5 === 0 });
});

it("weights sum to 100 and name both sides at every waypoint of every plan", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      for (const { route } of plan) {
        const rule = ruleFor(route, roles);
        if (rule?.kind !== "byWeight") continue;
        expect(rule.weights.map(({ revision }) => revision)).toEqual([1, 2]);
        expect(rule.weights.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(100, 9);
      }
    }),
  );
});

it("every way back gives stable its share first, and waits for no hook before it has", () => {
  fc.assert(
    fc.property(plans, fc.nat(), (plan, n) => {
      const cursor = n % (plan.length + 1);
      const at = plan[Math.min(cursor, plan.length - 1)];
      const inForce: RouteRule = (at && ruleFor(at.route, roles)) ?? {
        kind: "byReplica",
        revisions: [],
      };
      const release = { plan, cursor, from: 1 };
      const back = wayBack(release, { inForce, onFailure: [exampleHook] });
      const [first] = back.filter(({ id }) => id !== "leave");
      expect(first?.replicas.stable).toEqual({ kind: "share", of: 1 });
      expect(first?.replicas.canary).toEqual({ kind: "share", of: 0 });
      expect(first?.before).toEqual([]);
      expect(first?.hold).toEqual([]);
      const rule = first === undefined ? null : ruleFor(first.route, roles);
      if (inForce.kind !== "byReplica") {
        expect(rule).toMatchObject({ kind: "byWeight", weights: [{ weight: 100 }, { weight: 0 }] });
        expect(rule).not.toHaveProperty("first");
      }
      expect(back.every(({ preview }) => preview === undefined)).toBe(true);
    }),
  );
});
