import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { CountReader, type StreamWatcher } from "./stream-client.ts";

/**
 * One stream of server-sent events, read by Node's own parser: its end is good when the answer is
 * complete as HTTP, and the empty line of the last event has come.
 */
export class EventClient {
  readonly #watcher: StreamWatcher;
  readonly #request: ClientRequest;
  readonly #reader = new CountReader();
  #text = "";
  #over = false;

  constructor(url: string, agent: Agent, watcher: StreamWatcher) {
    this.#watcher = watcher;
    this.#request = request(`${url}/events`, { agent });
    this.#request.on("error", (error) => this.#end(`broken: ${error.message}`));
    this.#request.on("response", (response) => this.#follow(response));
    this.#request.end();
  }

  /** Nothing is told any more. */
  destroy(): void {
    this.#over = true;
    this.#request.destroy();
  }

  #follow(response: IncomingMessage): void {
    if (response.statusCode !== 200) this.#end(`answered ${response.statusCode}`);
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#read(text));
    response.on("error", (error) => this.#end(`broken: ${error.message}`));
    response.on("close", () => {
      if (!response.complete) this.#end("the answer is not complete");
      else
        this.#end(this.#text === "" ? null : `ends in the middle: ${JSON.stringify(this.#text)}`);
    });
  }

  #read(text: string): void {
    const events = (this.#text + text).split("\n\n");
    this.#text = events.pop() ?? "";
    for (const event of events) {
      const parts = /^id: (\d+)\ndata: (.*)$/.exec(event);
      const fault = parts === null ? `no event: ${event}` : this.#reader.take(parts[2] ?? "");
      if (fault !== null) this.#end(fault);
      else if (this.#reader.from !== null && this.#reader.whole === 1) {
        this.#watcher.opened(this.#reader.from);
      }
    }
  }

  #end(fault: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#watcher.ended(this.#reader.from, this.#reader.whole, fault);
    if (fault !== null) this.#request.destroy();
  }
}
