import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** What is exported of a revision. */
export type Exported =
  /** Orders are counted, a lively queue is measured. */
  | "counting"
  /** Nothing. */
  | "nothing"
  /** Orders stand where they began: a share of them is 0/0. */
  | "still"
  /** The queue as it was 200 s ago, with that time. */
  | "old";

const mostRevisions = 20;
const oldSeconds = 200;
const ordersPerSecond = 20;

/** An app's metrics by revision, for Prometheus to scrape: orders that never fail, and a short queue. */
export class OrdersExporter implements AsyncDisposable {
  readonly port: number;
  readonly #exported = new Map<number, { readonly what: Exported; readonly since: number }>();
  readonly #began = Date.now();
  #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.#serve();
  }

  static async start(): Promise<OrdersExporter> {
    const server = await listening(0);
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new OrdersExporter(server, port);
  }

  /** From now on; every revision is `counting` until it is said otherwise. */
  export(revision: number, what: Exported): void {
    this.#exported.set(revision, { what, since: Date.now() });
  }

  /** Nobody answers at its port any more. */
  async down(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async up(): Promise<void> {
    this.#server = await listening(this.port);
    this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.down();
  }

  #serve(): void {
    this.#server.on("request", (_, answer) => {
      const revisions = Array.from({ length: mostRevisions }, (_none, index) => index + 1);
      answer.end(revisions.map((revision) => this.#textOf(revision)).join(""));
    });
  }

  #textOf(revision: number): string {
    const { what, since } = this.#exported.get(revision) ?? {
      what: "counting",
      since: this.#began,
    };
    if (what === "nothing") return "";
    const now = Date.now();
    const orders = what === "still" ? 0 : Math.floor(((now - since) / 1000) * ordersPerSecond);
    const measuredAt = what === "old" ? ` ${now - oldSeconds * 1000}` : "";
    const labels = `revision="${revision}"`;
    return [
      `shop_orders_total{${labels},result="ok"} ${orders}`,
      `shop_orders_total{${labels},result="failed"} 0`,
      `shop_queue_seconds{${labels}} 0.1${measuredAt}`,
      "",
    ].join("\n");
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
