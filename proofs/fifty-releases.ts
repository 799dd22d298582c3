import { type LoadOptions, startLoad } from "@hitless/load";
import { AppBed, type ShopAnswer } from "../test/bed/app-bed.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { renewedReplicas, type Said } from "../test/bed/renewed-replicas.ts";
import type { Finding, Proof } from "./proof.ts";

/** An app to release: what is in its folder at first, and what is put over it to go forward. */
interface Subject {
  readonly app: string;
  readonly next: string;
  /** The version that each says in its answers. */
  readonly versions: readonly [first: string, next: string];
}

const releasesEach = 25;
const replicas = 4;
/** Fresh, keep-alive, POST and 300 ms answers, in the instrument's own mix. */
const load: Omit<LoadOptions, "url"> = { rate: 300 };
const subjects: readonly Subject[] = [
  { app: "shop/1.0", next: "shop/1.1", versions: ["1.0", "1.1"] },
  {
    app: "shop/bad/dies-at-sigterm",
    next: "shop/bad/dies-at-sigterm",
    versions: ["bad-dies-at-sigterm", "bad-dies-at-sigterm"],
  },
];

/** Forward to a new revision with a config value of its own, back to the first one, and so on. */
export const proof: Proof = {
  title: `${releasesEach} releases with an app that drains and ${releasesEach} with one that dies at SIGTERM lose nothing`,
  seconds: 180,
  async run(): Promise<Finding> {
    const tallies: LoadTally[] = [];
    for (const subject of subjects) tallies.push(await releaseOverAndOver(subject));
    const { sent, lost, controlLost, clean } = sumOf(tallies);
    return {
      figure: `${releasesEach * tallies.length} releases, ${sent} requests, ${lost} lost (control lost ${controlLost})`,
      ok: clean,
    };
  },
};

async function releaseOverAndOver(subject: Subject): Promise<LoadTally> {
  await using bed = await AppBed.make({ app: subject.app, settings: { replicas } });
  const control = await naiveSwap(bed, { load });
  await bed.must(0, "up", "--detach");
  await using session = startLoad({ ...load, url: bed.url });
  let now = await bed.everybody(replicas);
  for (let n = 1; n <= releasesEach; n += 1) {
    now = await move(bed, now, { n, subject });
  }
  const tally = tallyOf(await session.stop(), control);
  console.log(
    `${subject.app}: ${tally.lost} of ${tally.sent} requests lost, control lost ${tally.controlLost} ${tally.complaint}`,
  );
  return tally;
}

/** The nth move, and its evidence: the odd ones go forward, the even ones back. */
async function move(
  bed: AppBed,
  before: readonly ShopAnswer[],
  at: { readonly n: number; readonly subject: Subject },
): Promise<readonly ShopAnswer[]> {
  const { n, subject } = at;
  const [first, next] = subject.versions;
  const forward = n % 2 === 1;
  const said: Said = forward
    ? { version: next, GREETING: `forward-${n}` }
    : { version: first, GREETING: "hello" };
  if (forward) await bed.use(subject.next);
  const args = forward
    ? ["release", "--set", `config.GREETING=${said.GREETING}`]
    : ["rollback", "--to", "1"];
  const { seconds } = await bed.must(0, ...args, "--wait");
  const now = await renewedReplicas(bed, before, said);
  const [revision] = now.map((answer) => answer.revision);
  console.log(
    `${subject.app} ${n}: ${args[0]} to revision ${revision} in ${seconds.toFixed(1)} s; ${now.length} new processes say ${said.version}, GREETING=${said.GREETING}`,
  );
  return now;
}
