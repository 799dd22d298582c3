import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectProxy, ensureProxy, type ProxyClient } from "@hitless/proxy";
import { answersAt } from "./answers-at.ts";
import { freePort, isRunning, repository, until } from "./app-bed.ts";

/** A proxy in front of one app, whose processes can be replaced while it serves. */
export interface RenewedProxy {
  readonly name: string;
  readonly port: number;
  /** Replaces its processes; resolves with how many new ones serve, none of which was there before. */
  renew(): Promise<number>;
  stop(): Promise<void>;
}

/** Where a proxy runs, and what it forwards to. */
export interface Seat {
  /** Its own folder. */
  readonly folder: string;
  readonly upstreamPort: number;
}

const workers = 1;

/** Ours: holder and workers give way to new ones. */
export async function renewedHitless(seat: Seat): Promise<RenewedProxy> {
  const ours = await OwnProxy.start(seat);
  return {
    name: "Hitless",
    port: ours.port,
    renew: () => ours.renew((client) => client.upgrade()),
    stop: () => ours.stop(),
  };
}

/** The control: ours, killed and started again. */
export async function killedHitless(seat: Seat): Promise<RenewedProxy> {
  const ours = await OwnProxy.start(seat);
  return {
    name: "killed, then started",
    port: ours.port,
    renew: () => ours.renew(() => ours.killAndStart()),
    stop: () => ours.stop(),
  };
}

class OwnProxy {
  readonly port: number;
  private readonly folder: string;
  private readonly socketPath: string;
  private client: ProxyClient;

  private constructor(folder: string, client: ProxyClient) {
    this.folder = folder;
    this.socketPath = join(folder, "proxy.sock");
    this.client = client;
    this.port = client.port;
  }

  static async start({ folder, upstreamPort }: Seat): Promise<OwnProxy> {
    await mkdir(folder);
    const socketPath = join(folder, "proxy.sock");
    const options = { stateDir: folder, socketPath, host: "127.0.0.1", port: 0, workers };
    const ours = new OwnProxy(folder, await ensureProxy(options));
    await ours.client.apply({
      generation: 1,
      ruleGeneration: 1,
      rule: { kind: "byReplica", revisions: [1] },
      replicas: [{ id: "1-1", revision: 1, host: "127.0.0.1", port: upstreamPort }],
    });
    return ours;
  }

  async renew(how: (client: ProxyClient) => Promise<void>): Promise<number> {
    const before = await this.processes();
    await how(this.client);
    await this.client.close();
    this.client = await this.connected();
    let now: readonly number[] = [];
    await until(async () => {
      now = await this.processes();
      return now.length === 1 + workers;
    }, "all workers serve");
    return now.filter((pid) => !before.includes(pid)).length;
  }

  async killAndStart(): Promise<void> {
    const { port, socketPath, folder } = this;
    const pids = await this.processes();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await until(() => !pids.some(isRunning), "the proxy is gone");
    const options = { stateDir: folder, socketPath, host: "127.0.0.1", port, workers };
    await (await ensureProxy(options)).close();
  }

  async stop(): Promise<void> {
    await this.client.stop({ timeoutMs: 1_000 });
    await this.client.close();
  }

  /** The holder, and the workers that are to stay. */
  private async processes(): Promise<readonly number[]> {
    const { holderPid, workers: all } = await this.client.status();
    return [holderPid, ...all.filter(({ leaving }) => !leaving).map(({ pid }) => pid)];
  }

  private async connected(): Promise<ProxyClient> {
    const client = await connectProxy(this.socketPath);
    if (client === null) throw new Error("no proxy runs");
    return client;
  }
}

export type RenewableName = keyof typeof rivals;

/** Proxies that are not ours: a master process that reloads at a signal. */
const rivals = {
  nginx: {
    command: ["nginx", "-p", "./", "-c", "config", "-e", "stderr"],
    config: "nginx.conf",
    reload: "SIGHUP",
  },
  HAProxy: {
    command: ["haproxy", "-W", "-db", "-f", "config"],
    config: "haproxy.cfg",
    reload: "SIGUSR2",
  },
} as const;

/** One that is installed: see `missingRival`. */
export async function renewedRival(name: RenewableName, seat: Seat): Promise<RenewedProxy> {
  const { command, config, reload } = rivals[name];
  const [program, ...args] = command;
  const { folder, upstreamPort } = seat;
  await mkdir(folder);
  const port = await freePort();
  const text = await readFile(join(repository, "proofs/upgrade", config), "utf8");
  const filled = text
    .replaceAll("{{PORT}}", `${port}`)
    .replaceAll("{{UPSTREAM}}", `${upstreamPort}`);
  await writeFile(join(folder, "config"), filled);
  const child = spawn(program, args, { cwd: folder, stdio: "ignore" });
  const master = child.pid ?? 0;
  await until(async () => await answersAt(port), `${name} answers`);
  return {
    name,
    port,
    renew: async () => {
      const before = await childrenOf(master);
      process.kill(master, reload);
      let more = 0;
      await until(async () => {
        more = (await childrenOf(master)).filter((pid) => !before.includes(pid)).length;
        return more > 0;
      }, `${name} has a new worker`);
      return more;
    },
    stop: async () => {
      const all = [master, ...(await childrenOf(master))];
      for (const pid of all) process.kill(pid, "SIGKILL");
      await until(() => !all.some(isRunning), `${name} is gone`);
    },
  };
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}
