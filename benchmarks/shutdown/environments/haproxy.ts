import { debianPackages, isInPath } from "../../../test/bed/in-path.ts";
import { freePort } from "../free-port.ts";
import type { Environment } from "./environment.ts";
import { fillIn, startProxy } from "./proxy-process.ts";

export const haproxy: Environment = {
  name: "haproxy",
  what: "Behind HAProxy, which asks /ready every 0.5 s and sends nothing after two failures",
  tells: "probe",
  missing: isInPath("haproxy") ? null : `no haproxy in PATH: ${debianPackages}`,
  setUp: async ({ folder, a, b, random }) => {
    const port = await freePort(random);
    const config = await fillIn("haproxy.cfg", folder, {
      PORT: port,
      A: a.port,
      B: b.port,
      CHECK_A: a.checkPort ?? a.port,
      CHECK_B: b.checkPort ?? b.port,
    });
    const stop = await startProxy(["haproxy", "-db", "-f", config], { folder, port });
    return {
      nextPort: () => port,
      removeA: async () => undefined,
      causes: async () => ({}),
      [Symbol.asyncDispose]: stop,
    };
  },
};
