import { expect, test } from "vitest";
import { AppBed, until } from "../bed/app-bed.ts";
import { naiveStreams } from "../bed/naive-streams.ts";
import { proxyOf } from "../bed/proxy-of.ts";
import { StreamClients } from "../bed/stream-clients.ts";

const app = "../test/bed/apps/streams";
const each = 6;
const all = 2 * each;

/** How many streams of each kind are open, by the proxy's own count. */
async function openOf(bed: AppBed) {
  const counts = Object.values((await proxyOf(bed))?.streams ?? {});
  const sum = (kind: "sse" | "websocket") => counts.reduce((n, count) => n + count[kind], 0);
  return { sse: sum("sse"), websocket: sum("websocket") };
}

test("a release ends event streams and WebSockets whole, and counts them as answered", async () => {
  await using bed = await AppBed.make({ app, settings: { drain: { timeoutSeconds: 4 } } });
  expect(await naiveStreams(bed, each)).toMatchObject({ streams: all, broken: all });
  await bed.must(0, "up", "--detach");
  using clients = new StreamClients({ port: bed.port, each, again: true });
  await until(() => clients.on("1") === all, "the streams are open");
  expect(await openOf(bed)).toEqual({ sse: each, websocket: each });
  await bed.must(0, "release", "--set", "config.ROUND=2", "--wait");
  await until(() => clients.on("2") === all, "the streams are taken up again");
  expect(clients.refused).toEqual([]);
  expect(clients.ends.map(({ fault }) => fault)).toEqual(clients.ends.map(() => null));
  expect(clients.ends.length).toBeGreaterThanOrEqual(all);
  const status = await proxyOf(bed);
  expect(status?.revisions["1"]).toMatchObject({ streamsEnded: clients.ends.length, cut: 0 });
  const [release] = (await bed.history()).slice(-1);
  expect(release?.traffic).toMatchObject({ cut: {}, failed: {} });
});

test("without a controller the streams of a replica that drains are ended all the same", async () => {
  await using bed = await AppBed.make({
    app,
    settings: { replicas: 1, drain: { timeoutSeconds: 10 } },
  });
  await bed.must(0, "up", "--detach");
  using clients = new StreamClients({ port: bed.port, each, again: true });
  await until(() => clients.on("1") === all, "the streams are open");
  const { controller } = await bed.status();
  await bed.must(0, "release", "--set", "config.ROUND=2");
  await until(() => clients.on("2") > 0, "the first stream has ended");
  process.kill(controller.pid, "SIGKILL");
  expect(clients.on("1")).toBeGreaterThan(0);
  await until(() => clients.on("2") === all, "the last stream has ended");
  expect(clients.ends.map(({ fault }) => fault)).toEqual(clients.ends.map(() => null));
  expect(await openOf(bed)).toEqual({ sse: each, websocket: each });
  await bed.must(0, "up", "--detach");
});
