import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { runLoad, verdictOf } from "./run-load.ts";

const seen = {
  sent: 200,
  lost: 1,
  latencyMs: { p50: 9, p95: 90, p99: 99, max: 100 },
  examples: [],
};

it.each([
  [0, null, "1 of 200 requests lost, p95 90 ms: more than 0 % were lost"],
  [0.005, 90, "1 of 200 requests lost, p95 90 ms: p95 is not below 90 ms"],
  [0.005, 90.1, null],
])("with %d lost at most and a p95 below %s it says %s", (lostAtMost, p95BelowMs, fault) => {
  const said = verdictOf({ lostAtMost, p95BelowMs }, seen);
  if (fault === null) expect(said.outcome).toBe("done");
  else expect(said).toEqual({ outcome: "failed", detail: fault });
});

it("knows no latency where nothing was answered", () => {
  const load = { lostAtMost: 1, p95BelowMs: 90 };
  const nothing = { ...seen, lost: 200, latencyMs: { p50: 0, p95: 0, p99: 0, max: 0 } };
  const detail = "200 of 200 requests lost: p95 is not below 90 ms";
  expect(verdictOf(load, nothing)).toEqual({ outcome: "failed", detail });
});

it("never passes without a request", () => {
  const load = { lostAtMost: 1, p95BelowMs: null };
  expect(verdictOf(load, { ...seen, sent: 0, lost: 0 }).outcome).toBe("failed");
});

it("puts load on a path of this machine's own port", async () => {
  const paths = new Set<string | undefined>();
  const server = createServer((request, response) => {
    paths.add(request.url);
    response.writeHead(request.url === "/cart?x=1" ? 200 : 500).end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const load = { kind: "load", rate: 200, forMs: 100, lostAtMost: 0, p95BelowMs: null } as const;
    const { signal } = new AbortController();
    const good = await runLoad({ ...load, path: "/cart?x=1" }, port, signal);
    expect(good.outcome).toBe("done");
    const bad = await runLoad({ ...load, path: "/" }, port, signal);
    expect(bad).toMatchObject({ outcome: "failed" });
    expect(bad.detail).toMatch(/more than 0 % were lost; the first: .*500/u);
    expect([...paths]).toEqual(["/cart?x=1", "/"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
