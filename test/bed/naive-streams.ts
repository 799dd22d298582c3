import { spawn } from "node:child_process";
import { once } from "node:events";
import { answersAt } from "./answers-at.ts";
import { type AppBed, freePort, until } from "./app-bed.ts";
import { endWhenInterrupted } from "./interruption.ts";
import { StreamClients } from "./stream-clients.ts";

/** What the clients saw when the app was swapped without Hitless. */
export interface NaiveStreams {
  readonly streams: number;
  readonly broken: number;
  /** What was wrong with one of each kind. */
  readonly example: string;
}

/**
 * The control of a run with streams: the bed's own app, started by hand, with as many clients, and
 * killed. What those say of it shows that they can see.
 */
export async function naiveStreams(bed: AppBed, each: number): Promise<NaiveStreams> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), HOST: "127.0.0.1" };
  const app = spawn(process.execPath, ["server.cjs"], { cwd: bed.dir, env, stdio: "ignore" });
  const forget = endWhenInterrupted("the control's app", async () => app.kill("SIGKILL"));
  await until(() => answersAt(port), "the control's app answers");
  using clients = new StreamClients({ port, each, again: false });
  await until(() => clients.on("") === 2 * each, "the control's streams are open");
  app.kill("SIGTERM");
  await once(app, "exit");
  forget();
  await until(() => clients.ends.length === 2 * each, "the control's streams have ended");
  const broken = clients.ends.filter(({ fault }) => fault !== null);
  const examples = new Set(broken.map(({ kind, fault }) => `${kind}: ${fault}`));
  return { streams: 2 * each, broken: broken.length, example: [...examples].join("; ") };
}
