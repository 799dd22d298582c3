import { AppBed } from "../test/bed/app-bed.ts";
import { renewedReplicas } from "../test/bed/renewed-replicas.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 4;
const startDelayMs = 200;
const boundSeconds = 5;

/** The whole commands are timed, from the shell's point of view. */
export const proof: Proof = {
  title: `${replicas} replicas that start in 0.2 s: released in under ${boundSeconds} s, and back`,
  seconds: 15,
  async run(): Promise<Finding> {
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: {
        replicas,
        minReadySeconds: 0,
        config: { GREETING: "hello", START_DELAY_MS: String(startDelayMs) },
      },
    });
    await bed.must(0, "up", "--detach");
    const first = await bed.everybody(replicas);
    await bed.use("shop/1.1");
    await bed.edit({ version: "1.1" });
    const release = await bed.must(0, "release", "--wait");
    const second = await renewedReplicas(bed, first, { version: "1.1", GREETING: "hello" });
    const rollback = await bed.must(0, "rollback", "--wait");
    await renewedReplicas(bed, second, { version: "1.0", GREETING: "hello" });
    const [there, back] = [release.seconds, rollback.seconds];
    return {
      figure: `released in ${there.toFixed(1)} s, back in ${back.toFixed(1)} s (${replicas} replicas, a start takes ${startDelayMs} ms, bound ${boundSeconds} s)`,
      ok: there < boundSeconds && back < boundSeconds,
    };
  },
};
