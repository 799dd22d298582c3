import type { DrainReceipt } from "./drain-receipt.ts";

/** Sums over what replicas said of their own end. */
export interface DrainTotals {
  /** Replicas that left a receipt. */
  readonly receipts: number;
  /** Requests and background work under way when they were told to stop. */
  readonly inFlight: number;
  /** Requests that came to them after that. */
  readonly served: number;
  /** Of both kinds, those that were answered whole. */
  readonly finished: number;
  readonly cut: number;
  readonly streams: { readonly ended: number; readonly cut: number };
  /** How often a request to a route did not end in time: ten routes, and `others`. */
  readonly hung: Readonly<Record<string, number>>;
}

/** What a release has accounted for. */
export interface ReleaseDrains {
  readonly counted: DrainTotals;
  /** The first observation: what was counted before is not the release's. */
  readonly before: DrainTotals;
}

export const noDrains: DrainTotals = {
  receipts: 0,
  inFlight: 0,
  served: 0,
  finished: 0,
  cut: 0,
  streams: { ended: 0, cut: 0 },
  hung: {},
};

const mostRoutes = 10;
const others = "others";

export function drainsOf(receipt: DrainReceipt): DrainTotals {
  const { inFlight, served, finished, cut, streams } = receipt;
  const hung = receipt.hung.reduce(
    (sums, { method, route }) => plus(sums, `${method} ${route}`, 1),
    noDrains.hung,
  );
  return { receipts: 1, inFlight, served, finished, cut, streams, hung };
}

export function addDrains(a: DrainTotals, b: DrainTotals): DrainTotals {
  const hung = Object.entries(b.hung).reduce(
    (sums, [route, count]) => plus(sums, route, count),
    a.hung,
  );
  return { ...combined(a, b, (x, y) => x + y), hung };
}

/** What came to `earlier` until `later`. */
export function drainsBetween(earlier: DrainTotals, later: DrainTotals): DrainTotals {
  const hung = Object.entries(later.hung)
    .map(([route, count]) => [route, count - (earlier.hung[route] ?? 0)] as const)
    .filter(([, count]) => count !== 0);
  return { ...combined(later, earlier, (x, y) => x - y), hung: Object.fromEntries(hung) };
}

function combined(
  a: DrainTotals,
  b: DrainTotals,
  by: (a: number, b: number) => number,
): Omit<DrainTotals, "hung"> {
  return {
    receipts: by(a.receipts, b.receipts),
    inFlight: by(a.inFlight, b.inFlight),
    served: by(a.served, b.served),
    finished: by(a.finished, b.finished),
    cut: by(a.cut, b.cut),
    streams: {
      ended: by(a.streams.ended, b.streams.ended),
      cut: by(a.streams.cut, b.streams.cut),
    },
  };
}

/** An app whose routes hold ids must not let the state grow. */
function plus(
  sums: DrainTotals["hung"],
  route: string,
  count: number,
): Readonly<Record<string, number>> {
  const full = Object.keys(sums).length >= mostRoutes && !Object.hasOwn(sums, route);
  const key = full ? others : route;
  return { ...sums, [key]: (Object.hasOwn(sums, key) ? (sums[key] ?? 0) : 0) + count };
}
