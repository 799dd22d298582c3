import { routedRevisions } from "@hitless/core";
import { appFamilies } from "./app-families.ts";
import { type Family, renderFamilies } from "./family.ts";
import { releaseFamilies } from "./release-families.ts";
import { requestFamilies } from "./request-families.ts";
import type { Seen } from "./seen.ts";

/** So many revisions have series at once, the newest; so an app of many releases stays cheap. */
const mostRevisions = 5;

/** The page that Prometheus reads. */
export function expositionOf(seen: Seen): string {
  return renderFamilies(familiesOf(seen), { app: seen.app.name });
}

export function familiesOf(seen: Seen): readonly Family[] {
  const revisions = shownRevisions(seen);
  return [
    ...appFamilies(seen, revisions),
    ...requestFamilies(seen, revisions),
    ...releaseFamilies(seen),
  ];
}

/** Those in use before those that only have replicas or counts. */
function shownRevisions({ app, view }: Seen): readonly number[] {
  const { stable, release, route } = app;
  const inUse = [stable, release?.from, release?.to, ...routedRevisions(route.rule)];
  const running = view.replicas.kind === "known" ? view.replicas.value.map((r) => r.revision) : [];
  const counted = view.counts.kind === "known" ? Object.keys(view.counts.value.revisions) : [];
  const others = [...running, ...counted.map(Number)].sort((a, b) => b - a);
  const all = [...inUse.filter((each) => typeof each === "number"), ...others];
  return [...new Set(all)].slice(0, mostRevisions).sort((a, b) => a - b);
}
