import type { App } from "../../model/app.ts";
import { newApp, requestRelease } from "../../reconciler/requests.ts";
import { withSchemaPhases } from "../../strategies/compile.ts";
import { releaseTo } from "../examples.ts";
import { FakeEngine } from "../fake-engine.ts";
import type { Story } from "./story.ts";
import { cast } from "./tell.ts";

const signal = new AbortController().signal;
const startRule = { kind: "byReplica", revisions: [cast.stable] } as const;

/** The engine as it stands when the story begins. */
export async function engineOf(story: Story): Promise<FakeEngine> {
  const { behaviour, routeMs, jitterMs, seed, settings, kept, slots, place } = story;
  const extra = kept?.warm ? kept.replicas : 0;
  const engine = new FakeEngine({
    behaviour,
    routeMs,
    jitterMs,
    startsAt: place?.startsAt ?? Date.UTC(2026, 0, 1),
    seed: 1 + (seed % 1_000_000),
    slots: slots === null ? null : slots + extra,
  });
  if (story.first) return engine;
  const scale = (revision: number, replicas: number) =>
    engine.apply({ kind: "scale", revision, replicas }, signal);
  await scale(1, 0);
  await scale(2, extra);
  await scale(cast.stable, settings.replicas);
  await engine.apply({ kind: "route", table: { generation: 1, rule: startRule } }, signal);
  engine.runTo(
    engine.elapsed + (behaviour.startMs ?? 1000) + jitterMs + routeMs + story.minReadyMs + 10,
  );
  return engine;
}

/** The app as it stands when the story begins: a release has just been asked for. */
export function appOf(story: Story, now: number): App {
  const fresh = newApp("shop", story.settings);
  const { kept } = story;
  const settled: App = {
    ...fresh,
    stable: cast.stable,
    served: cast.served,
    releases: cast.served.length,
    route: { generation: 1, rule: startRule },
    kept: kept === null ? [] : [{ revision: 2, warm: kept.warm, until: now + kept.ms }],
  };
  const before = story.first ? fresh : settled;
  const asked = requestRelease(before, releaseTo(cast.canary), { now, by: "ann", busy: "queue" });
  return asked.release === null ? asked : { ...asked, release: withExtras(asked.release, story) };
}

function withExtras(release: NonNullable<App["release"]>, story: Story) {
  const { schema } = story;
  const plan = schema === null ? release.plan : withSchemaPhases(release.plan, schema.bakeMs);
  return { ...release, plan };
}
