import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RouteRule } from "@hitless/core";
import { ensureProxy, type ProxyClient, type ProxyTable, type Upstream } from "@hitless/proxy";
import { OwnFolder } from "./own-folder.ts";

/** A proxy of its own in front of upstreams of the test's making, without a controller. */
export class OwnProxy implements AsyncDisposable {
  readonly client: ProxyClient;
  readonly #folder: OwnFolder;
  #generation = 0;

  private constructor(client: ProxyClient, folder: OwnFolder) {
    this.client = client;
    this.#folder = folder;
  }

  static async start(workers: number): Promise<OwnProxy> {
    const folder = new OwnFolder("hitless-proxy-");
    const stateDir = join(folder.path, "proxy");
    await mkdir(stateDir, { mode: 0o700 });
    const socketPath = join(folder.path, "proxy.sock");
    const client = await ensureProxy({
      stateDir,
      socketPath,
      host: "127.0.0.1",
      port: 0,
      ...{ workers },
    });
    return new OwnProxy(client, folder);
  }

  get port(): number {
    return this.client.port;
  }

  /** Resolves when every worker has acknowledged it. */
  async route(
    rule: RouteRule,
    replicas: readonly Upstream[],
    more: Partial<ProxyTable> = {},
  ): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    await this.client.apply({ generation, ruleGeneration: generation, rule, replicas, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.stop({ timeoutMs: 500 });
    await this.client.close();
    await this.#folder.remove();
  }
}
