import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import type { FrameworkOptions } from "../../adapters/framework-options.ts";
import type { Service } from "../../serve.ts";
import type { Kit } from "./kit.ts";
import { Signal } from "./signal.ts";

const betweenEventsMs = 5;

export type SceneSetting = Pick<Scene, "kit" | "options" | "log" | "listensFirst">;

/** What a clause and the routes of its subject share. */
export class Scene {
  readonly kit: Kit;
  readonly options: FrameworkOptions;
  /** It listens, through the framework where that can, before it is served. */
  readonly listensFirst: boolean;
  /** What happened on the server's side, in order. */
  readonly log: string[];
  /** A request to `/held/:id` has come. */
  readonly arrived = new Signal();
  /** Lets those requests be answered. */
  readonly released = new Signal();
  #service: Service | null = null;

  constructor({ kit, options, log, listensFirst }: SceneSetting) {
    this.kit = kit;
    this.options = options;
    this.log = log;
    this.listensFirst = listensFirst;
  }

  get service(): Service {
    if (this.#service === null) throw new Error("there is no service yet");
    return this.#service;
  }

  set service(service: Service) {
    this.#service = service;
  }

  /** `/held/:id` */
  async held(): Promise<string> {
    this.arrived.give();
    await this.released.given;
    this.log.push("answered");
    return "held";
  }

  /** `/events`, by hand, as code on the web has it. */
  writeEvents(response: ServerResponse | Http2ServerResponse): void {
    response.setHeader("Content-Type", "text/event-stream");
    const body: Writable = response;
    let number = 0;
    const timer = setInterval(() => {
      number += 1;
      body.write(`data: ${number}\n\n`);
    }, betweenEventsMs);
    response.once("close", () => clearInterval(timer));
  }

  /** `/event-stream`, with the helper. */
  sendEvents(response: ServerResponse | Http2ServerResponse): void {
    const stream = this.service.eventStream(response);
    let data = 1;
    stream.send({ data });
    const timer = setInterval(() => {
      data += 1;
      stream.send({ data });
    }, betweenEventsMs);
    stream.signal.addEventListener("abort", () => clearInterval(timer));
  }
}
