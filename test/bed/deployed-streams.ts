import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppBed, until } from "./app-bed.ts";
import { OwnFolder } from "./own-folder.ts";
import { Pm2App } from "./pm2-app.ts";
import { type RenewableName, renewedRival } from "./renewed-proxies.ts";
import { StreamClients } from "./stream-clients.ts";
import { spreadOf } from "./stream-spread.ts";
import { startStreamsApp, streamsScript } from "./streams-app.ts";

/** What a deploy meant to clients with streams. */
export interface DeployedStreams {
  /** Until the command that deploys returned. */
  readonly seconds: number;
  /** Streams that had ended by then. */
  readonly endedMeanwhile: number;
  /** Streams that ended, and from the first to the last of them, seconds. */
  readonly ended: number;
  readonly spread: number;
  /** Clients that have no stream of the new version half a minute later. */
  readonly away: number;
  /** What was wrong with those that did not end at a boundary. */
  readonly faults: readonly string[];
}

const replicas = 2;
const backWithinMs = 30_000;

/** Of half server-sent events and half WebSockets. */
export interface StreamsOptions {
  readonly each: number;
  /** `drain.timeoutSeconds`, where there is such a thing. */
  readonly budgetSeconds: number;
}

/** Under `hitless up`. */
export async function streamsUnderHitless(options: StreamsOptions): Promise<DeployedStreams> {
  await using bed = await AppBed.make({
    app: "../test/bed/apps/streams",
    settings: { replicas, drain: { timeoutSeconds: options.budgetSeconds } },
  });
  await bed.must(0, "up", "--detach");
  return await streamsThrough(bed.port, options, async () => {
    await bed.must(0, "release", "--set", "config.ROUND=1");
  });
}

/** In PM2's cluster mode: `pm2 reload`. */
export async function streamsUnderPm2(options: StreamsOptions): Promise<DeployedStreams> {
  await using app = await Pm2App.start({ script: streamsScript, instances: replicas }, "1");
  return await streamsThrough(app.port, options, () => app.reload("2"));
}

/** Behind a proxy that is reloaded with the new version's port, before the old one gets its SIGTERM. */
export async function streamsBehind(
  name: RenewableName,
  options: StreamsOptions,
): Promise<DeployedStreams> {
  await using folder = new OwnFolder("hitless-deploy-");
  const old = await startStreamsApp(folder, "1");
  const seat = { folder: join(folder.path, "proxy"), upstreamPort: old.port };
  const proxy = await renewedRival(name, seat);
  return await streamsThrough(proxy.port, options, async () => {
    const { port } = await startStreamsApp(folder, "2");
    const config = join(seat.folder, "config");
    const text = await readFile(config, "utf8");
    await writeFile(config, text.replaceAll(`:${old.port}`, `:${port}`));
    await proxy.renew();
    const gone = once(old.child, "exit");
    old.child.kill("SIGTERM");
    await gone;
  });
}

/** All clients are on revision 1 before the deploy, and on revision 2 after it. */
async function streamsThrough(
  port: number,
  { each, budgetSeconds }: StreamsOptions,
  deploy: () => Promise<void>,
): Promise<DeployedStreams> {
  using clients = new StreamClients({ port, each, again: true });
  await until(() => clients.on("1") === 2 * each, "all streams are open");
  const began = performance.now();
  await deploy();
  const seconds = (performance.now() - began) / 1000;
  const endedMeanwhile = clients.ends.length;
  const all = () => clients.on("2") === 2 * each;
  // PM2 may leave one that connects during a reload without any answer.
  await until(all, "all are on the new revision", backWithinMs).catch(() => undefined);
  const away = 2 * each - clients.on("2");
  const broken = clients.ends.filter(({ fault }) => fault !== null);
  return {
    seconds,
    endedMeanwhile,
    ended: clients.ends.length,
    spread: spreadOf(clients.ends, budgetSeconds * 800).last,
    away,
    faults: broken.map(({ kind, fault }) => `${kind}: ${fault}`),
  };
}
