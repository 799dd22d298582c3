import { isDeepStrictEqual } from "node:util";
import { endHung, type HungCase, type HungEnd } from "../test/bed/hung-handler.ts";
import type { Finding, Proof } from "./proof.ts";

/** What the kit does when nobody tells it anything. */
const defaultLimitMs = 20_000;
/** Around the limit, s. */
const within = 1;

const cases: readonly (HungCase & { readonly route: string })[] = [
  { path: "/hang/7", route: "POST /hang/:id", delayMs: 0, limitMs: null },
  { path: "/hang?token=secret", route: "POST /hang", delayMs: 1000, limitMs: 6000 },
];

/** A handler that never answers, beside one that takes 4 s. */
export const proof: Proof = {
  title:
    "a handler that hangs is cut at the limit, exit 1, its route in the receipt; the request beside it is answered, hooks run",
  seconds: 22,
  async run(): Promise<Finding> {
    const found = await Promise.all(cases.map(async (one) => judge(one, await endHung(one))));
    for (const fault of found.flatMap(({ faults }) => faults)) console.log(`FAULT ${fault}`);
    return {
      figure: found.map(({ line }) => line).join("; "),
      ok: found.every(({ faults }) => faults.length === 0),
    };
  },
};

function judge({ delayMs, limitMs, route }: (typeof cases)[number], end: HungEnd) {
  const limit = (delayMs + (limitMs ?? defaultLimitMs)) / 1000;
  const [hung] = end.logged.hung;
  const named = hung === undefined ? "no route" : `${hung.method} ${hung.route}`;
  const faults = [
    ...unless(end.code === "1", `it ended with ${end.code}`),
    ...unless(Math.abs(end.seconds - limit) <= within, `it took ${end.seconds.toFixed(1)} s`),
    ...unless(named === route, `the receipt names ${named}`),
    ...unless(end.logged.cut === 1 && end.logged.exitCode === 1, "the receipt counts otherwise"),
    ...unless(isDeepStrictEqual(end.logged, end.written), "the file holds another receipt"),
    ...unless(end.beside === "200 slow, and whole", `beside it: ${end.beside}`),
    ...unless(end.hung === "503", `the hung one got ${end.hung}`),
    ...unless(end.hooks.join() === "first,second", `hooks that ran: ${end.hooks.join()}`),
  ];
  const line =
    `limit ${limit} s${limitMs === null ? " (default)" : ""}: exit ${end.code} after ${end.seconds.toFixed(1)} s, ` +
    `receipt names ${named}, ${end.logged.finished} finished beside it, hooks ${end.hooks.join(" and ")} ran`;
  return { line, faults };
}

function unless(holds: boolean, fault: string): readonly string[] {
  return holds ? [] : [fault];
}
