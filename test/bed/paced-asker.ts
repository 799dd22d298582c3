import { get } from "node:http";
import { until } from "./app-bed.ts";

/** Requests that nobody answered in this time count as answered by nobody, ms. */
const patienceMs = 20_000;
const unknown = "nobody yet";

/** A request, and who answered it by its own word: a revision, or what happened instead. */
export interface Asked {
  /** Milliseconds of `performance.now`. */
  readonly at: number;
  by: string;
}

/** Asks at a steady pace, however slow the answers are, each time on a connection of its own. */
export class PacedAsker implements Disposable {
  readonly asked: Asked[] = [];
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, everyMs: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#ask(), everyMs);
  }

  /** When the last request left that somebody else than that revision got, or nobody answered; null: none did since. */
  lastNotBy(revision: string, since: number): number | null {
    const others = this.asked.filter(({ at, by }) => at >= since && by !== revision);
    return others.at(-1)?.at ?? null;
  }

  /** How many of those since then were answered by that revision. */
  by(revision: string, since: number): number {
    return this.asked.filter(({ at, by }) => at >= since && by === revision).length;
  }

  /** Asks no more; resolves when it is known what became of each request. */
  async stop(): Promise<void> {
    this[Symbol.dispose]();
    const all = () => this.asked.every(({ by }) => by !== unknown);
    await until(all, "every request has come to an end", 2 * patienceMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    const one: Asked = { at: performance.now(), by: unknown };
    this.asked.push(one);
    const request = get(
      { host: "127.0.0.1", port: this.#port, agent: false, timeout: patienceMs },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.on("error", () => (one.by = "broken"));
        response.on("end", () => {
          const { statusCode = 0 } = response;
          one.by = statusCode === 200 ? String(JSON.parse(text).revision) : String(statusCode);
        });
      },
    );
    request.on("timeout", () => request.destroy());
    request.on("error", () => (one.by = "broken"));
  }
}
