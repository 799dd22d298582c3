import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadOptions, startLoad } from "@hitless/load";
import { AppBed } from "../test/bed/app-bed.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { renewedReplicas } from "../test/bed/renewed-replicas.ts";
import type { Finding, Proof } from "./proof.ts";

/** HTTP/1.0 closes each connection after one answer, HTTP/1.1 keeps it. */
const protocols = ["HTTP/1.0", "HTTP/1.1"] as const;
const GREETING = "hello";
/** Every POST carries a body whose SHA-256 the app must send back. */
const load: Omit<LoadOptions, "url"> = { rate: 150 };

/** A folder outside the repository, in another language, changed in place between the releases. */
export const proof: Proof = {
  title: "a Python app in a folder of its own is released and rolled back, and nothing is lost",
  seconds: 30,
  async run(): Promise<Finding> {
    if (spawnSync("python3", ["--version"]).status !== 0) {
      return { figure: "python3 is not installed: nothing was shown", ok: false };
    }
    const tallies: LoadTally[] = [];
    for (const protocol of protocols) tallies.push(await thereAndBack(protocol));
    const { sent, lost, controlLost, clean } = sumOf(tallies);
    return {
      figure: `released forward and back over ${protocols.join(" and ")}, ${sent} requests, ${lost} lost (control lost ${controlLost})`,
      ok: clean,
    };
  },
};

async function thereAndBack(protocol: (typeof protocols)[number]): Promise<LoadTally> {
  const config = { GREETING, HTTP_VERSION: protocol };
  await using bed = await AppBed.make({ app: "clock-python", settings: { config } });
  const control = await naiveSwap(bed, { load });
  await bed.must(0, "up", "--detach");
  await using session = startLoad({ ...load, url: bed.url });
  const first = await bed.everybody(2);
  await writeFile(join(bed.dir, "VERSION"), "1.1\n");
  await bed.edit({ version: "1.1" });
  const release = await bed.must(0, "release", "--wait");
  const second = await renewedReplicas(bed, first, { version: "1.1", GREETING });
  const rollback = await bed.must(0, "rollback", "--wait");
  await renewedReplicas(bed, second, { version: "1.0", GREETING });
  const tally = tallyOf(await session.stop(), control);
  const [there, back] = [release.seconds.toFixed(1), rollback.seconds.toFixed(1)];
  console.log(
    `${protocol} in ${bed.dir}: 1.0 → 1.1 in ${there} s, back in ${back} s; ${tally.lost} of ${tally.sent} requests lost, control lost ${tally.controlLost} ${tally.complaint}`,
  );
  return tally;
}
