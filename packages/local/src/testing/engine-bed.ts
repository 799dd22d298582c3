import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultFront, type EngineMutation, newApp, type ReplicaView } from "@hitless/core";
import { exampleSettings } from "@hitless/core/testing";
import { connectProxy } from "@hitless/proxy";
import { LocalArtifactStore } from "../artifacts/artifact-store.ts";
import { LocalEngine } from "../local-engine.ts";
import { identify, isAlive, type ProcessIdentity } from "../processes/process-identity.ts";
import { eventually, type RevisionChanges, revisionOf } from "../replicas/fixtures/bench.ts";
import { FileStore } from "../state/file-store.ts";
import { createState, locateState, type StateFolder } from "../state/state-folder.ts";

const never = new AbortController().signal;

const server = `
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const { PORT, HOST, HITLESS_REVISION, HITLESS_RECEIPT, RECEIPT } = process.env;
if (RECEIPT !== undefined) process.on("SIGTERM", () => {
  writeFileSync(HITLESS_RECEIPT, RECEIPT);
  process.exit(0);
});
const held = [];
createServer((request, response) => {
  if (request.url === "/finish") for (const slow of held.splice(0)) slow.end("done");
  if (request.url === "/slow") held.push(response);
  else if (request.url === "/environment") response.end(JSON.stringify(process.env));
  else response.end(HITLESS_REVISION + " " + process.pid);
}).listen(Number(PORT), HOST);
`;

/** An artifact store whose checkouts can be made to wait or to fail. */
export class WatchedArtifacts extends LocalArtifactStore {
  beforeCheckout: (target: string) => Promise<void> = async () => undefined;

  override async checkout(...args: Parameters<LocalArtifactStore["checkout"]>): Promise<void> {
    await this.beforeCheckout(args[1]);
    await super.checkout(...args);
  }
}

/** What clients saw of the app while they asked it all the time. */
export class Poll {
  readonly wrong: string[] = [];
  readonly pids = new Set<number>();
  answers = 0;
  private on = true;
  private readonly over: Promise<void>;

  constructor(port: number) {
    this.over = this.ask(port);
  }

  async end(): Promise<this> {
    this.on = false;
    await this.over;
    return this;
  }

  private async ask(port: number): Promise<void> {
    while (this.on) {
      const { status, body } = await ask(port);
      this.answers += 1;
      if (status !== 200) this.wrong.push(`${status} ${body}`);
      else this.pids.add(Number(body.split(" ")[1]));
    }
  }
}

/** Engines, one after the other, over one state folder with a small real app. */
export class EngineBed implements AsyncDisposable {
  readonly folder: StateFolder;
  readonly store: FileStore;
  readonly artifacts: WatchedArtifacts;
  readonly port: number;
  readonly events: string[] = [];
  readonly app = newApp("shop", exampleSettings);
  /** As of the lock: throws once another controller has it. */
  assertMine: () => void = () => undefined;
  private readonly root: string;
  private readonly seen: ProcessIdentity[] = [];
  private generation = 0;
  private present: LocalEngine | null = null;

  private constructor(at: { root: string; folder: StateFolder; port: number }) {
    this.root = at.root;
    this.folder = at.folder;
    this.port = at.port;
    this.store = new FileStore(at.folder);
    this.artifacts = new WatchedArtifacts(at.folder.artifacts);
  }

  static async make(): Promise<EngineBed> {
    const root = await mkdtemp(join(tmpdir(), "hitless-engine-"));
    const appDir = join(root, "app");
    await mkdir(appDir);
    const before = process.env["XDG_RUNTIME_DIR"];
    process.env["XDG_RUNTIME_DIR"] = join(root, "run");
    const located = await locateState(appDir);
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
    // The engine's file has a folder of its own, so that a test can take it away.
    const folder = { ...located, engine: join(located.root, "engine", "engine.json") };
    await createState(folder);
    await mkdir(join(located.root, "engine"));
    await mkdir(join(located.sockets.proxy, ".."), { recursive: true, mode: 0o700 });
    return new EngineBed({ root, folder, port: await freePort() });
  }

  get engine(): LocalEngine {
    if (this.present === null) throw new Error("no engine is open");
    return this.present;
  }

  async open(): Promise<LocalEngine> {
    const { folder, store, artifacts, port } = this;
    this.present = await LocalEngine.open({
      folder,
      store,
      artifacts,
      app: "shop",
      host: "127.0.0.1",
      port,
      clients: { front: defaultFront, maintenance: null },
      secrets: { read: async () => undefined },
      ports: null,
      assertMine: () => this.assertMine(),
      event: (text) => this.events.push(text),
    });
    return this.present;
  }

  /** Stores a revision of the app whose folder also holds this text. */
  async revision(number: number, text = "", changes: RevisionChanges = {}): Promise<void> {
    const dir = join(this.folder.appDir);
    await writeFile(join(dir, "server.mjs"), server);
    await writeFile(join(dir, "text"), text);
    const { kind, digest, files, bytes } = await this.artifacts.capture(this.source());
    const command = [process.execPath, "server.mjs"];
    const revision = revisionOf({ ...changes, run: { command, ...changes.run } });
    await this.store.addRevision({
      ...revision,
      number,
      artifact: { kind, digest, files, bytes },
    });
  }

  source() {
    return { dir: this.folder.appDir, exclude: [], never: [this.folder.root] };
  }

  apply(mutation: EngineMutation): Promise<number> {
    return this.engine.apply(mutation, never);
  }

  scale(revision: number, replicas: number): Promise<number> {
    return this.apply({ kind: "scale", revision, replicas });
  }

  async route(...revisions: number[]): Promise<void> {
    this.generation += 1;
    const table = {
      generation: this.generation,
      rule: { kind: "byReplica", revisions },
    } as const;
    await this.apply({ kind: "route", table });
    await eventually("the route is in force", async () => {
      const { route } = await this.look();
      return route.kind === "known" && route.value.inForce === table.generation;
    });
  }

  look() {
    return this.engine.observe(this.app, [], never);
  }

  async views(): Promise<readonly ReplicaView[]> {
    const { replicas } = await this.look();
    if (replicas.kind === "unknown") throw new Error(replicas.reason);
    for (const { process: pid } of replicas.value) {
      const self = pid === null ? null : identify(Number(pid));
      if (self !== null) this.seen.push(self);
    }
    return replicas.value;
  }

  async pids(): Promise<readonly number[]> {
    return (await this.views()).flatMap((v) => (v.process === null ? [] : [Number(v.process)]));
  }

  /** Resolves when that many replicas of the revision are ready and routed, and no others are there. */
  async ready(revision: number, count: number): Promise<void> {
    await eventually(`${count} of revision ${revision} ready`, async () => {
      const own = (await this.views()).filter((v) => v.revision === revision);
      return own.length === count && own.every((v) => v.state === "ready" && v.routed);
    });
  }

  /** Revision 1 with that many replicas, each of which clients have met: `routed` says only that they may. */
  async serving(replicas: number, changes: RevisionChanges = {}): Promise<void> {
    await this.revision(1, "one", changes);
    await this.open();
    await this.scale(1, replicas);
    await this.route(1);
    await this.ready(1, replicas);
    await this.met(...(await this.pids()));
  }

  /** Resolves when clients have been answered by each of these processes. */
  async met(...pids: number[]): Promise<void> {
    const met = new Set<number>();
    await eventually(`clients met ${pids.join(", ")}`, async () => {
      const { status, body } = await ask(this.port);
      if (status === 200) met.add(Number(body.split(" ")[1]));
      return pids.every((pid) => met.has(pid));
    });
  }

  poll(): Poll {
    return new Poll(this.port);
  }

  /** Process ids of the proxy's workers. */
  async workers(): Promise<readonly number[]> {
    return (await this.engine.proxyStatus())?.workers.map((w) => w.pid) ?? [];
  }

  /** Processes of replicas that still run, of all that were ever seen. */
  survivors(): readonly number[] {
    return [...new Set(this.seen.filter((s) => isAlive(s)).map((s) => s.pid))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.present?.abandon();
    const proxy = await connectProxy(this.folder.sockets.proxy);
    await proxy?.stop({ timeoutMs: 100 });
    for (const pid of this.survivors()) process.kill(pid, "SIGKILL");
    await eventually("nothing is left", () => this.survivors().length === 0);
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** One request on a connection of its own; status 0 when there was no answer. */
export function ask(
  port: number,
  path = "/",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ status: 0, body: error.message });
    const asked = get({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", failed);
    });
    asked.on("error", failed);
  });
}

async function freePort(): Promise<number> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  await new Promise((resolve) => taken.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
