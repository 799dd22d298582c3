import { connect } from "node:net";

const everyMs = 10;

/** Opens connections to a port all the time, and counts how many it refused. */
export class PortProber implements Disposable {
  tried = 0;
  refused = 0;
  private readonly port: number;
  private readonly timer: NodeJS.Timeout;

  constructor(port: number) {
    this.port = port;
    this.timer = setInterval(() => this.probe(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private probe(): void {
    this.tried += 1;
    const socket = connect(this.port, "127.0.0.1", () => socket.destroy());
    socket.on("error", (error) => {
      if ("code" in error && error.code === "ECONNREFUSED") this.refused += 1;
    });
  }
}
