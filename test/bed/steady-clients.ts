import { connect, type Socket } from "node:net";

const connections = 32;

/**
 * Keep-alive connections that each ask again as soon as they are answered; every twentieth request is
 * the last on its connection, so that fresh ones come all the time.
 */
export class SteadyClients {
  /** The number in the path of the requests from now on: `GET /7`. */
  number = 0;
  /** By body; anything but a 200 under its status, and connections that broke under "broken". */
  readonly answers = new Map<string, number>();
  readonly #port: number;
  /** Without an answer so far, by number. */
  readonly #owed = new Map<number, number>();
  #left = 0;
  #ended: (() => void) | null = null;
  #running = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends that many requests; resolves when all are answered, or their connections broken. */
  async send(requests: number): Promise<void> {
    this.#left = requests;
    await new Promise<void>((ended) => {
      this.#ended = ended;
      for (let n = 0; n < connections; n += 1) this.#open();
    });
  }

  /** Whether some with that number are not answered. */
  owes(number: number): boolean {
    return (this.#owed.get(number) ?? 0) > 0;
  }

  /** No more than are under way. */
  stop(): void {
    this.#left = 0;
  }

  #open(): void {
    this.#running += 1;
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    let sent = 0;
    let answered = 0;
    let held = "";
    let number = 0;
    const ask = () => {
      if (this.#left <= 0) return socket.end();
      this.#left -= 1;
      sent += 1;
      number = this.number;
      this.#owe(number, 1);
      const close = sent % 20 === 0 ? "Connection: close\r\n" : "";
      return socket.write(`GET /${number} HTTP/1.1\r\nHost: a\r\n${close}\r\n`);
    };
    socket.on("connect", ask);
    socket.on("data", (data: Buffer) => {
      held += data.toString("latin1");
      const found = /^HTTP\/1\.1 (\d+)[\s\S]*?Content-Length: (\d+)[\s\S]*?\r\n\r\n/.exec(held);
      if (found === null) return;
      const [head, status = "", length = "0"] = found;
      const end = head.length + Number(length);
      if (held.length < end) return;
      answered += 1;
      this.#owe(number, -1);
      this.#count(status === "200" ? held.slice(head.length, end) : status);
      held = "";
      if (!head.includes("Connection: close")) ask();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (answered < sent) this.#owe(number, -1);
      if (answered < sent) this.#count("broken");
      this.#closed(socket);
    });
  }

  #owe(number: number, count: number): void {
    this.#owed.set(number, (this.#owed.get(number) ?? 0) + count);
  }

  #closed(socket: Socket): void {
    socket.destroy();
    this.#running -= 1;
    if (this.#left > 0) this.#open();
    else if (this.#running === 0) this.#ended?.();
  }

  #count(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}
