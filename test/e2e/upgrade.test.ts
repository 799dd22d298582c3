import { startLoad } from "@hitless/load";
import { connectProxy } from "@hitless/proxy";
import { expect, it } from "vitest";
import { otherBuild, upgradeTo } from "../../packages/proxy/src/testing/other-build.ts";
import { Cleanup } from "../../packages/proxy/src/testing/proxy-harness.ts";
import { AppBed } from "../bed/app-bed.ts";
import { killNamedController } from "../bed/controller-death.ts";
import { notedSockets } from "../bed/noted-sockets.ts";
import { proxyOf } from "../bed/proxy-of.ts";

it("up replaces a proxy of another build, says so and loses nothing; its own is left alone", async () => {
  const cleanup = new Cleanup();
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  await bed.must(0, "up", "--detach", "--workers", "2");
  const { proxy } = await notedSockets(bed);
  const own = await buildOf(proxy);
  await killNamedController(bed);
  await using load = startLoad({ url: bed.url, rate: 100 });
  expect(await upgradeTo(proxy, await otherBuild(cleanup))).toBeNull();
  const other = await buildOf(proxy);
  const before = await proxyOf(bed);
  expect(other).not.toBe(own);
  const up = await bed.must(0, "up", "--detach");
  expect(up.stderr).toContain(`the proxy runs build ${other}, this is ${own}`);
  const after = await proxyOf(bed);
  const { stdout: events } = await bed.must(0, "events");
  expect(events).toContain(
    `proxy: upgraded from build ${other}: holder ${after?.holderPid} follows ${before?.holderPid}`,
  );
  expect(after?.workers.filter(({ leaving }) => !leaving)).toHaveLength(2);
  await killNamedController(bed);
  const again = await bed.must(0, "up", "--detach");
  expect(again.stderr).not.toContain("the proxy runs build");
  expect((await proxyOf(bed))?.holderPid).toBe(after?.holderPid);
  const { total } = await load.stop();
  expect([total.lost, total.sent > 0]).toEqual([0, true]);
  await bed.must(0, "down");
  await cleanup.run();
});

/** What the proxy that runs there calls its build. */
async function buildOf(...[sockets]: Parameters<typeof connectProxy>): Promise<string> {
  await using proxy = await connectProxy(sockets);
  if (proxy === null) throw new Error("no proxy runs");
  return proxy.build;
}
