import { mutantsOf } from "./mutant.ts";

/** Sabotages of how a replica leaves. */
export const stopOrderMutants = mutantsOf(
  "packages/local/src/replicas/stop-order.ts",
  [
    "stops-before-acknowledged",
    "a replica stops while a worker still sends it requests",
    "await this.#wait(() => acknowledged, drain.since + acknowledgeTimeoutMs);",
    "await this.#wait(() => true, drain.since + acknowledgeTimeoutMs);",
  ],
  [
    "stops-with-requests-in-flight",
    "a replica stops before it has answered",
    "return (await host.inFlight(record.id)) === 0;",
    "return (await host.inFlight(record.id)) >= 0;",
  ],
  [
    "away-proxy-is-idle",
    "a proxy that cannot be asked counts as one that has nothing in flight",
    "// The proxy is away: it may come back within the timeout and tell.\n      return false;",
    "return true;",
  ],
  [
    "delay-left-out",
    "the drain delay is not waited for",
    "const delayEnd = (drain.withdrawnAt ?? steadyNow()) + delaySeconds * 1000;",
    "const delayEnd = (drain.withdrawnAt ?? steadyNow()) + delaySeconds;",
  ],
  [
    "pre-stop-twice",
    "a preStop command runs again after a crash",
    "if (drain.preStopDone) return;",
    "",
  ],
  [
    "grace-from-the-signal",
    "the grace counts anew under the next controller",
    "return (drain.graceSince ?? steadyNow()) + terminationGracePeriodSeconds * 1000;",
    "return steadyNow() + terminationGracePeriodSeconds * 1000;",
  ],
  [
    "leader-alone-is-told",
    "what a shell has started never hears the stop signal",
    "signalGroup(leader, name);",
    "",
  ],
  [
    "never-killed",
    "a replica that ignores the stop signal stays for ever",
    "await killGroup(leader, signal);",
    "",
  ],
  [
    "gone-with-its-leader",
    "a replica counts as gone while children of it run",
    "return leader === null || isGroupEmpty(leader);",
    "return leader === null || !isAlive(leader);",
  ],
);
