import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { medianOf } from "@hitless/load";
import { answersAt } from "./answers-at.ts";
import { AppBed, freePort, repository } from "./app-bed.ts";
import { OwnFolder } from "./own-folder.ts";

/** Medians of releases of the shop with one replica, and of bare starts of it in between. */
export interface SwitchTimes {
  /** From when a release began to the last answer of the old revision, by the app's own word. */
  readonly switchMs: number;
  /** From the spawn to the first answer, without Hitless: what this machine takes for it just now. */
  readonly bootMs: number;
}

const lookMs = 5;

/** Releases so many times, and boots as often. */
export async function switchTimes(releases: number): Promise<SwitchTimes> {
  await using folder = new OwnFolder("hitless-boot-");
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  await bed.must(0, "up", "--detach");
  const boots: number[] = [];
  const lastAnswer = new Map<string, number>();
  const looking = new AbortController();
  const look = (async () => {
    while (!looking.signal.aborted) {
      const { revision } = await bed.ask();
      lastAnswer.set(revision, Date.now());
      await after(lookMs);
    }
  })();
  for (let n = 1; n <= releases; n += 1) {
    await bed.must(0, "release", "--set", `config.GREETING=${n}`, "--wait");
    boots.push(await bootTime(folder));
  }
  looking.abort();
  await look;
  const rows = (await bed.history()).slice(1);
  const switches = rows.map(
    (row) => (lastAnswer.get(String(row.from)) ?? Infinity) - row.startedAt,
  );
  return { switchMs: Math.round(medianOf(switches)), bootMs: Math.round(medianOf(boots)) };
}

async function bootTime(folder: OwnFolder): Promise<number> {
  const port = await freePort();
  const env = { ...process.env, ...folder.env, PORT: String(port), HOST: "127.0.0.1" };
  const began = performance.now();
  const script = join(repository, "examples/shop/1.0/server.mjs");
  const app = spawn(process.execPath, [script], { cwd: folder.path, env, stdio: "ignore" });
  while (!(await answersAt(port))) await after(lookMs);
  const took = performance.now() - began;
  app.kill("SIGKILL");
  await once(app, "exit");
  return took;
}
