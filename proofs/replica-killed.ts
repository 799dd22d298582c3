import { lostRequests } from "@hitless/core";
import { renderReport, seededRandom } from "@hitless/load";
import { killReplicasThrough } from "../test/bed/killed-replicas.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const releases = 50;

/** SIGKILL of ready replicas, of the stable revision and of the canary, with requests on them. */
export const proof: Proof = {
  title: `replicas killed through ${releases} releases: GETs never fail, POSTs get a 502 that history counts, none runs twice`,
  seconds: 330,
  takes: [
    { kind: "number", name: "RELEASES", what: "how many releases replicas are killed through; 50" },
    seedArgument,
  ],
  async run(args): Promise<Finding> {
    const wanted = Number(args[0] ?? releases);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- replica-killed ${wanted} ${seed})`);
    const met = await killReplicasThrough({
      releases: wanted,
      random: seededRandom(seed),
      slow: "/slow",
    });
    const { kills, rows, history, report, controlLost, orders } = met;
    const { kinds, sent, lost, lostByAnswer } = report.total;
    const getsLost = lost - kinds.post.lost;
    const only502 = Object.keys(lostByAnswer).every((answer) => answer.startsWith("502 "));
    const faults = [
      ...met.faults,
      ...(getsLost === 0 ? [] : [`${getsLost} GETs failed`]),
      ...(only502 ? [] : ["an order was refused with something else than 502"]),
      // Kills that met nothing in flight would show nothing.
      ...(kinds.post.lost > 0 && history.retriedAnswered > 0 ? [] : ["no kill met a request"]),
      ...(controlLost > 0 ? [] : ["the control saw no loss"]),
    ];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (faults.length > 0) console.log(renderReport(report, { width: 200 }));
    const ended = rows.filter(({ outcome }) => outcome === "succeeded").length;
    return {
      figure:
        `${kills.stable} stable and ${kills.canary} canary replicas killed, ${ended} of ${wanted} releases succeeded, ` +
        `${sent} requests: ${getsLost} of ${sent - kinds.post.sent} GETs failed (${history.retriedAnswered} sent again), ` +
        `${kinds.post.lost} of ${kinds.post.sent} POSTs lost ${JSON.stringify(lostByAnswer)}, ${lostRequests(history)} by history; ` +
        `${orders.executed} orders executed, ${orders.twice} twice; control lost ${controlLost}`,
      ok: faults.length === 0,
    };
  },
};
