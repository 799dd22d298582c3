import type { StatusReport } from "@hitless/controller";
import { describeFailure, describeWhy } from "@hitless/core";
import { progress } from "../output.ts";

/** Tells people how a release comes along while a command waits for it. */
export interface Teller {
  /** How often there has to be something new, ms; undefined: at changes only. */
  readonly everyMs: number | undefined;
  tell(status: StatusReport): void;
  close(): void;
}

/** A reason is worth a line once the release has stood still for this long, ms. */
const standstillMs = 2000;

/** Prints each step forward or back, and the reason when it stands still. */
export class LineTeller implements Teller {
  readonly everyMs = undefined;
  private readonly release: number;
  private step = "";
  private since = Date.now();
  private reason = "";

  constructor(release: number) {
    this.release = release;
  }

  tell(status: StatusReport): void {
    const step = this.stepOf(status);
    if (step !== this.step) {
      this.step = step;
      this.since = Date.now();
      this.reason = "";
      progress(step);
      return;
    }
    if (Date.now() - this.since < standstillMs || status.why.kind === this.reason) return;
    this.reason = status.why.kind;
    progress(`  ${describeWhy(status.why, Date.now())}`);
  }

  close(): void {
    // Lines are said as they come.
  }

  private stepOf(status: StatusReport): string {
    const { release } = status;
    if (release === null || release.id < this.release) {
      return `release ${this.release} waits for release ${release?.id ?? this.release - 1} to end`;
    }
    const ready = (revision: number | null) =>
      status.replicas.filter((r) => r.revision === revision && r.state === "ready").length;
    const sides = `revision ${release.to}: ${ready(release.to)} ready`;
    const old = release.from === null ? "" : `, revision ${release.from}: ${ready(release.from)}`;
    if (release.direction === "forward") return `release ${release.id}: ${sides}${old}`;
    const reason = release.reason === null ? "" : ` because ${describeFailure(release.reason)}`;
    return `release ${release.id} goes back: ${sides}${old}${reason}`;
  }
}
