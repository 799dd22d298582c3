import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type LoadReport, startLoad } from "@hitless/load";
import { type Rival, startRival } from "../../benchmarks/proxy/contender.ts";
import { AppBed, until } from "./app-bed.ts";
import { debianPackages, isInPath } from "./in-path.ts";
import { KeptApp } from "./kept-app.ts";
import { OwnFolder } from "./own-folder.ts";
import { Pm2App } from "./pm2-app.ts";

/** A service with its replicas, whoever keeps them and whatever stands in front of them. */
export interface Faulted extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** SIGKILL of one replica. */
  kill(): Promise<void>;
  /** Resolves when all replicas serve, and have served for as long as a good run takes. */
  settled(): Promise<void>;
}

/** Ready for so long, a replica that dies is started again at once. */
const goodRunMs = 10_500;
const afterwardsMs = 500;

/** The shop under `hitless up`. */
export async function faultedHitless(replicas: number): Promise<Faulted> {
  const bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const ready = async () => {
    const all = (await bed.status()).replicas;
    const since = all.map((r) => (r.state === "ready" ? (r.readySince ?? Infinity) : Infinity));
    return all.length === replicas && Math.max(...since) + goodRunMs < Date.now();
  };
  return {
    name: "Hitless",
    url: bed.url,
    kill: async () => {
      const [first] = (await bed.status()).replicas;
      process.kill(Number(first?.process), "SIGKILL");
    },
    settled: () => until(ready, "all replicas have served for a while", 60_000),
    [Symbol.asyncDispose]: () => bed.close(),
  };
}

/** The same app as others keep it. */
export function faultedRival(name: RivalName, replicas: number): Promise<Faulted> {
  return name === "PM2" ? faultedPm2(replicas) : faultedProxy(name, replicas);
}

/** Its processes share one port, and PM2 starts them again by itself. */
async function faultedPm2(replicas: number): Promise<Faulted> {
  const app = await Pm2App.start(
    { script: "examples/shop/1.0/server.mjs", instances: replicas },
    "",
  );
  return {
    name: "PM2",
    url: `http://127.0.0.1:${app.port}`,
    kill: () => app.kill(),
    settled: async () => {
      await after(afterwardsMs);
      await app.settled();
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** Behind another proxy, its processes started again by a supervisor. */
async function faultedProxy(name: keyof typeof rivals, replicas: number): Promise<Faulted> {
  const folder = new OwnFolder("hitless-rival-");
  const apps: KeptApp[] = [];
  for (let n = 1; n <= replicas; n += 1) apps.push(await KeptApp.start(folder, `app-${n}`));
  const ports = apps.map((app) => app.port);
  const rival: Rival = {
    name,
    missing: null,
    prepare: async ({ port }) => {
      const { file, config, command } = rivals[name];
      const path = join(folder.path, file);
      await writeFile(path, config(port, ports));
      return command(folder.path, path);
    },
  };
  const { port } = await startRival(rival, { folder: folder.path, upstreamPort: 0 });
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    kill: async () => apps[0]?.kill(),
    settled: async () => {
      await after(afterwardsMs);
      for (const app of apps) await app.answers();
    },
    [Symbol.asyncDispose]: async () => {
      for (const app of apps) app.stop();
      await folder.remove();
    },
  };
}

export type RivalName = keyof typeof rivals | "PM2";

/** Why that one cannot be in the table; null when it can. */
export function missingRival(name: RivalName): string | null {
  const program = name.toLowerCase();
  if (isInPath(program)) return null;
  return `no ${program} in PATH: ${name === "PM2" ? "npm install -g pm2" : debianPackages}`;
}

/** Puts load on it and kills a replica so many times, each time when all serve. */
export async function killUnderLoad(
  faulted: Faulted,
  { kills, rate }: { readonly kills: number; readonly rate: number },
): Promise<LoadReport> {
  await faulted.settled();
  await using session = startLoad({ url: faulted.url, rate, expect: "shop" });
  for (let n = 0; n < kills; n += 1) {
    await after(afterwardsMs);
    await faulted.kill();
    await after(afterwardsMs);
    await faulted.settled();
  }
  return await session.stop();
}

const rivals = {
  nginx: {
    file: "nginx.conf",
    config: nginxConfig,
    command: (folder: string, config: string) => [
      "nginx",
      "-p",
      `${folder}/`,
      "-c",
      config,
      "-e",
      "stderr",
    ],
  },
  HAProxy: {
    file: "haproxy.cfg",
    config: haproxyConfig,
    command: (_folder: string, config: string) => ["haproxy", "-db", "-f", config],
  },
} as const;

function nginxConfig(port: number, apps: readonly number[]): string {
  return `worker_processes 1;
daemon off;
pid nginx.pid;
error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream app {
${apps.map((app) => `    server 127.0.0.1:${app};`).join("\n")}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}
`;
}

function haproxyConfig(port: number, apps: readonly number[]): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 75s
  timeout server 60s
  option redispatch
  retry-on conn-failure empty-response
  default-server check inter 500ms
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend app
backend app
${apps.map((app, n) => `  server replica${n} 127.0.0.1:${app}`).join("\n")}
`;
}
