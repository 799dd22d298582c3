import { expect, it } from "vitest";
import { parseAppFile } from "./parse-app-file.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

function frontOf(proxy: unknown) {
  const parsed = parseAppFile({ ...least, proxy });
  return parsed.kind === "ok" ? parsed.spec.settings.proxy : null;
}

function toldOf(proxy: unknown): readonly string[] {
  const parsed = parseAppFile({ ...least, proxy });
  if (parsed.kind === "ok") return [];
  return parsed.problems.map((p) => (p.next === undefined ? p.message : `${p.message}; ${p.next}`));
}

it("reads how clients are met, each address once", () => {
  const trustedProxies = ["10.0.0.0/8", "::1", "fd00::/8", "192.168.1.7", "::1"];
  const times = { responseTimeoutSeconds: 300, bodyIdleTimeoutSeconds: 120 };
  const file = { workers: 3, trustedProxies, accessLog: true, maxBodySize: "10Mi", ...times };
  expect(frontOf(file)).toEqual({
    workers: 3,
    trustedProxies: trustedProxies.slice(0, -1),
    accessLog: true,
    maxConnections: 10_000,
    maxConnectionsPerAddress: 0,
    maxBodyBytes: 10_485_760,
    ...times,
  });
});

it("lets every key be left out, and 0 stand for no limit", () => {
  expect(frontOf({})).toEqual(frontOf(undefined));
  expect(frontOf({ maxConnectionsPerAddress: 0, maxBodySize: 0 })).toEqual(frontOf({}));
});

const addressRule =
  "it must be an IP address or a CIDR block, such as 10.0.0.0/8, 192.168.1.7 or fd00::/8";

it.each<readonly [unknown, string]>([
  [
    null,
    "proxy is empty; it must be a mapping such as { trustedProxies: [10.0.0.0/8], accessLog: true }",
  ],
  [{ trustedProxy: [] }, 'proxy.trustedProxy is not a known key; did you mean "trustedProxies"?'],
  [
    { trustedProxies: "10.0.0.1" },
    'proxy.trustedProxies is "10.0.0.1"; it must be a list of addresses, such as [10.0.0.0/8, ::1]',
  ],
  [
    { trustedProxies: ["::1", "10.0.0.0/33"] },
    `proxy.trustedProxies[1] is "10.0.0.0/33"; ${addressRule}`,
  ],
  [{ trustedProxies: [10] }, `proxy.trustedProxies[0] is 10; ${addressRule}`],
  [
    { trustedProxies: ["localhost"] },
    `proxy.trustedProxies[0] is "localhost"; ${addressRule}; write 127.0.0.1 and ::1`,
  ],
  [
    { trustedProxies: ["::ffff:10.1.2.3"] },
    `proxy.trustedProxies[0] is "::ffff:10.1.2.3"; ${addressRule}; write 10.1.2.3`,
  ],
  [{ workers: 33 }, "proxy.workers is 33; it must be a whole number from 1 to 32"],
  [{ accessLog: "yes" }, 'proxy.accessLog is "yes"; it must be true or false'],
  [{ maxConnections: 0 }, "proxy.maxConnections is 0; it must be a whole number from 1 to 1000000"],
  [
    { maxBodySize: "1 lot" },
    'proxy.maxBodySize is "1 lot"; it must be an amount of bytes of at least 1, such as 10Mi, or 0 for any',
  ],
  [
    { responseTimeoutSeconds: 0 },
    "proxy.responseTimeoutSeconds is 0; it must be a whole number of seconds from 1 to 86400",
  ],
  [
    { bodyIdleTimeoutSeconds: "2m" },
    'proxy.bodyIdleTimeoutSeconds is "2m"; it must be a whole number of seconds from 1 to 86400; write 120',
  ],
])("says about proxy %j what is wrong", (proxy, message) => {
  expect(toldOf(proxy)).toEqual([message]);
});
