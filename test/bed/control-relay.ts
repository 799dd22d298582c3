import { rename } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { type AppBed, until } from "./app-bed.ts";
import { killNamedController } from "./controller-death.ts";
import { notedSockets } from "./noted-sockets.ts";

const replicaList = z.array(z.object({ id: z.string() }));
const controlRequest = z.object({
  kind: z.enum(["apply", "status", "cut", "stop"]),
  table: z.object({ ruleGeneration: z.number(), replicas: replicaList }).optional(),
});

/** What a table changes, against the one before it. */
export interface TableChange {
  readonly rule: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Which request of the controller is kept from the proxy; null: a status. */
export type Held = (change: TableChange | null) => boolean;

/**
 * Stands between a controller and its proxy, which serves on by its last table: the far end of
 * every barrier of the route, which may be made as late as one likes.
 */
export class ControlRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #holds: Held = () => false;
  #kept: (() => void)[] = [];
  #last = { ruleGeneration: -1, ids: new Set<string>() };

  readonly #paths: { readonly proxy: string; readonly moved: string };

  private constructor(paths: { readonly proxy: string; readonly moved: string }) {
    this.#paths = paths;
    this.#server = createServer((client) => this.#relay(client, connect(paths.moved)));
  }

  /** Kills the bed's controller, and starts another that finds the relay in the proxy's place. */
  static async open(bed: AppBed): Promise<ControlRelay> {
    await killNamedController(bed);
    const { proxy } = await notedSockets(bed);
    const moved = join(proxy, "..", "moved.sock");
    await rename(proxy, moved);
    const relay = new ControlRelay({ proxy, moved });
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject);
      relay.#server.listen(proxy, resolve);
    });
    await bed.must(0, "up", "--detach");
    return relay;
  }

  /** From now on such requests wait until `letGo`. */
  hold(holds: Held): void {
    this.#holds = holds;
  }

  /** How many wait. */
  get kept(): number {
    return this.#kept.length;
  }

  /** Resolves when one waits. */
  async untilKept(): Promise<void> {
    await until(() => this.#kept.length > 0, "the controller asks what is held");
  }

  letGo(): void {
    this.#holds = () => false;
    for (const send of this.#kept.splice(0)) send();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    for (const socket of this.#sockets) socket.destroy();
    // Removes its path too.
    await new Promise((closed) => this.#server.close(closed));
    await rename(this.#paths.moved, this.#paths.proxy);
  }

  #relay(client: Socket, proxy: Socket): void {
    let rest = "";
    client.on("data", (data: Buffer) => {
      const lines = (rest + data.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#pass(line, proxy);
    });
    proxy.on("data", (data) => client.write(data));
    for (const [socket, other] of [
      [client, proxy],
      [proxy, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #pass(line: string, proxy: Socket): void {
    const { kind, table } = controlRequest.parse(JSON.parse(line));
    const send = () => proxy.write(`${line}\n`);
    const change = table === undefined ? null : this.#changeOf(table);
    const mayBeHeld = change !== null || kind === "status";
    if (mayBeHeld && this.#holds(change)) this.#kept.push(send);
    else send();
  }

  #changeOf(table: { ruleGeneration: number; replicas: z.infer<typeof replicaList> }): TableChange {
    const { ruleGeneration, ids } = this.#last;
    const now = new Set(table.replicas.map(({ id }) => id));
    this.#last = { ruleGeneration: table.ruleGeneration, ids: now };
    return {
      rule: table.ruleGeneration !== ruleGeneration,
      added: [...now].filter((id) => !ids.has(id)),
      removed: [...ids].filter((id) => !now.has(id)),
    };
  }
}
