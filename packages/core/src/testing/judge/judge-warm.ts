import type { App, Kept } from "../../model/app.ts";
import type { Release } from "../../model/release.ts";
import type { Truth } from "../truth.ts";
import { leftForward } from "./leaving.ts";

/** Two readings of a clock that is asked twice in a turn. */
const slackMs = 1;

/** What is wrong with what is kept warm, when an app is saved anew. */
export function warmBroken(before: App | null, app: App, now: number): readonly string[] {
  if (before === null) return [];
  return [
    ...notKept(before, app, now),
    ...instantToCold(before, app, now),
    ...dropped(before, app, now),
  ];
}

/** At rest nobody is kept past their time. */
export function overdue({ kept }: App, now: number): readonly string[] {
  return kept
    .filter(({ until }) => until <= now)
    .map(({ revision }) => `warm: revision ${revision} is kept past its time`);
}

/** Beside the two in motion one side at most is there to be gone back to. */
export function crowd({ kept, stable, release }: App, { levels }: Truth): readonly string[] {
  const moving = [stable, release?.from, release?.to];
  const warm = kept.filter(
    ({ revision }) => !moving.includes(revision) && (levels.get(revision) ?? 0) > 0,
  );
  return warm.length > 1
    ? [`warm: ${warm.map((k) => k.revision).join(" and ")} are both warm`]
    : [];
}

/** Where the plan says so, the side that is left is kept for as long as it says, and no other is. */
function notKept(before: App, app: App, now: number): readonly string[] {
  const [was, is] = [before.release, app.release];
  const left = was === null || is === null ? null : leftForward(was, is);
  if (left?.keepWarmMs === undefined || is === null || is.from === null) return [];
  const own = app.kept.find(({ revision }) => revision === is.from);
  const until = now + left.keepWarmMs;
  if (own === undefined || !own.warm || Math.abs(own.until - until) > slackMs) {
    return [`warm: revision ${is.from} is kept as ${JSON.stringify(own)}, not until ${until}`];
  }
  const others = app.kept.filter((k) => k.warm && k !== own && k.until > now);
  return others.map(({ revision }) => `warm: revision ${revision} is kept beside ${is.from}`);
}

/** Steps are only left out on the way to who runs, has served and is kept for it. */
function instantToCold(before: App, app: App, now: number): readonly string[] {
  const { release } = app;
  if (release === null || before.release?.id === release.id || !isInstant(release)) return [];
  const kept = before.kept.find(({ revision }) => revision === release.to);
  const warm = kept?.warm === true && kept.until > now;
  return warm ? [] : [`warm: release ${release.id} skips the steps to revision ${release.to}`];
}

function isInstant({ plan, from }: Release): boolean {
  return from !== null && plan.find(({ schema }) => schema === null)?.id === "switch";
}

/** Before its time nobody is dropped, but by a release to it, or a newer one that is kept instead. */
function dropped(before: App, app: App, now: number): readonly string[] {
  const named = new Set([app.release?.to, app.release?.from, app.stable]);
  const newer = app.kept.some((k) => !before.kept.some((b) => b.revision === k.revision));
  if (newer) return [];
  const gone = (k: Kept) => k.until > now && !app.kept.some((a) => a.revision === k.revision);
  return before.kept
    .filter((k) => k.warm && gone(k) && !named.has(k.revision))
    .map(({ revision }) => `warm: revision ${revision} is dropped before its time`);
}
