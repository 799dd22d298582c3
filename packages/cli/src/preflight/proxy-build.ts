import { askHolder, ownBuild } from "@hitless/proxy";
import { progress } from "../output.ts";
import { type Place, stateOf } from "../place.ts";

/** For one that hangs, the controller says what is done about it. */
const answersWithinMs = 2_000;

/** Says that a proxy of another build is about to give way to one of this. */
export async function sayIfProxyGivesWay(place: Place): Promise<void> {
  const { sockets } = await stateOf(place);
  const signal = AbortSignal.timeout(answersWithinMs);
  const sign = await askHolder(sockets.proxy, signal).catch(() => null);
  if (sign === null || sign.build === "" || sign.build === ownBuild()) return;
  progress(
    `the proxy runs build ${sign.build}, this is ${ownBuild()}: its holder and workers give way to new ones`,
  );
}
