import { countOf, limitsOf, type Match, type Waypoint } from "@hitless/core";

/** Where a release stands at a waypoint, in whole replicas. */
export interface Stand {
  readonly waypoint: Waypoint;
  readonly stable: number;
  readonly canary: number;
  /** The canary's part of the requests, 0 to 1; null: whoever matches, and nobody knows how many that are. */
  readonly share: number | null;
  /** Most replicas that run at once until it stands there. */
  readonly peak: number;
  /** How many times it waits for replicas to start until it stands there. */
  readonly rounds: number;
}

/** Where a release of an app with so many replicas stands, waypoint by waypoint. */
export function standsOf(waypoints: readonly Waypoint[], replicas: number): readonly Stand[] {
  const stands: Stand[] = [];
  for (const waypoint of waypoints) {
    const before = stands.at(-1) ?? { stable: replicas, canary: 0 };
    const stable = countOf(waypoint.replicas.stable, replicas, before.stable);
    const canary = countOf(waypoint.replicas.canary, replicas, before.canary);
    const move = moved(before, { stable, canary }, { waypoint, replicas });
    stands.push({
      waypoint,
      stable,
      canary,
      share: shareAt(waypoint, { stable, canary }),
      ...move,
    });
  }
  return stands;
}

/** How many times replicas have to be waited for until all of stable is there again. */
export function roundsBack(stand: Stand, replicas: number): number {
  const { stable, canary, waypoint } = stand;
  return moved({ stable, canary }, { stable: replicas, canary: 0 }, { waypoint, replicas }).rounds;
}

interface Sides {
  readonly stable: number;
  readonly canary: number;
}

/** Under the pace: what may go goes, what fits comes, and is waited for. */
function moved(
  from: Sides,
  to: Sides,
  { waypoint, replicas }: { readonly waypoint: Waypoint; readonly replicas: number },
): Pick<Stand, "peak" | "rounds"> {
  const { maxTotal, minAvailable } = limitsOf(waypoint.pace, replicas);
  let { stable, canary } = from;
  let [peak, rounds] = [stable + canary, 0];
  for (;;) {
    const excess = Math.max(0, stable + canary - minAvailable);
    const gone = Math.min(excess, Math.max(0, stable - to.stable));
    stable -= gone;
    canary -= Math.min(excess - gone, Math.max(0, canary - to.canary));
    const room = Math.max(0, maxTotal - stable - canary);
    const come = Math.min(room, Math.max(0, to.canary - canary));
    const back = Math.min(room - come, Math.max(0, to.stable - stable));
    if (come + back === 0) return { peak, rounds };
    canary += come;
    stable += back;
    peak = Math.max(peak, stable + canary);
    rounds += 1;
  }
}

function shareAt({ route }: Waypoint, { stable, canary }: Sides): number | null {
  switch (route.kind) {
    case "byWeight":
      return route.canary / 100;
    case "byReplica":
      return stable + canary === 0 ? 0 : canary / (stable + canary);
    case "byMatch": {
      const [match] = route.matches;
      return route.matches.length === 1 && match !== undefined ? shareOf(match) : null;
    }
  }
}

function shareOf(match: Match): number | null {
  return match.kind === "hash" ? match.percent / 100 : null;
}
