import type { StatusReport } from "@hitless/controller";
import type { Teller } from "../follow/teller.ts";
import { LiveBlock, type Screen } from "./live-block.ts";
import { type Paint, paintFor } from "./paint.ts";
import { renderLive } from "./render-live.ts";

/** A terminal that does not say how wide it is. */
const usualWidth = 80;
/** They end the command without its `exit`; what Ctrl-C means, its command says. */
const endSignals = ["SIGTERM", "SIGHUP"] as const;

/** Draws the app and its release over what was drawn before, on a terminal. */
export class LiveTeller implements Teller {
  readonly everyMs = 1000;
  private readonly screen: Screen & { readonly isTTY?: boolean };
  private readonly block: LiveBlock;
  private readonly paint: Paint;
  // A cursor that stays hidden outlives the command.
  private readonly restore = () => this.block.close();
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.close();
    process.kill(process.pid, signal);
  };

  constructor(screen: Screen & { readonly isTTY?: boolean }) {
    this.screen = screen;
    this.block = new LiveBlock(screen);
    this.paint = paintFor(screen, process.env);
    process.once("exit", this.restore);
    for (const signal of endSignals) process.once(signal, this.onSignal);
  }

  tell(status: StatusReport): void {
    const { columns = 0 } = this.screen;
    const width = columns === 0 ? usualWidth : columns;
    this.block.draw(renderLive(status, Date.now(), { width, paint: this.paint }));
  }

  close(): void {
    this.block.close();
    process.removeListener("exit", this.restore);
    for (const signal of endSignals) process.removeListener(signal, this.onSignal);
  }
}
