import type { App } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { ReleaseWindow } from "../../model/release-window.ts";
import { dayMs, isOpen, type Moment, opensAfter } from "../judge/open-times.ts";
import { lawsOf } from "../judge/zone-laws.ts";
import type { Asked } from "./answer.ts";
import type { Circumstance } from "./coverage.ts";
import type { Story } from "./story.ts";

/** Notes what a story meets of release windows and of freezing. */
export class Circumstances {
  readonly #met: Set<string>;
  readonly #windows: boolean;
  /** The release that waited last, and for what. */
  #waits: { readonly id: number; readonly kind: "windowClosed" | "frozen" } | null = null;

  constructor({ settings, place }: Story, met: Set<string>) {
    const { windows = [] } = settings;
    this.#met = met;
    this.#windows = place !== null;
    this.#note("windows", windows.length > 0);
    this.#note("windows over midnight", windows.some(isOverMidnight));
    this.#note(
      "windows below a rate",
      windows.some(({ below }) => below !== null),
    );
    const jumps = place === null ? [] : lawsOf(place.zone).slice(1);
    const near = jumps.some(({ since }) => Math.abs(since - (place?.startsAt ?? 0)) < dayMs / 24);
    this.#note("windows around a jump of clocks", near && windows.length > 0);
  }

  /** A release has been asked for. */
  asked(app: App, at: Moment): void {
    const { windows = [] } = app.settings;
    if (app.release !== null || app.pending === null || isOpen(windows, at)) return;
    this.#note("asked for outside a window", true);
    const opensAt = opensAfter(windows, at.now) ?? at.now;
    this.#note("asked for days before a window opens", opensAt > at.now + dayMs);
  }

  /** Somebody has said that. */
  said(act: Asked, before: App, { after, at }: { readonly after: App; readonly at: Moment }): void {
    const idle = before.release === null;
    const { windows = [] } = before.settings;
    if (act.kind === "settings") {
      const changed = windowsText(before) !== windowsText(after);
      const waits = idle && before.pending !== null;
      this.#note("windows changed while a release waits", waits && changed);
    }
    if (act.kind === "release") this.asked(after, at);
    if (act.kind === "rollback" || act.kind === "restart") {
      const outside = idle && after.release !== null && !isOpen(windows, at);
      this.#note(`${act.kind} outside a window`, outside);
    }
    if (before.frozen === null) return;
    if (act.kind === "rollback") this.#note("rollback while frozen", after !== before);
    if (act.kind === "release" || act.kind === "restart") {
      this.#note(`${act.kind} refused while frozen`, after === before);
    }
  }

  /** One step was made. */
  step({ release, frozen, settings }: App, decision: Decision | null, at: Moment): void {
    const why = decision?.why;
    if (why?.kind === "windowClosed" || why?.kind === "frozen") {
      this.#waits = { id: why.release, kind: why.kind };
    }
    if (release === null) return;
    this.#note("frozen on the way forward", frozen !== null && release.direction === "forward");
    this.#note("frozen on the way back", frozen !== null && release.direction === "back");
    if (this.#waits?.id === release.id) {
      const { kind } = this.#waits;
      this.#waits = null;
      this.#note("waited, and began when a freeze ended", kind === "frozen");
      const opened = kind === "windowClosed" && isOpen(settings.windows ?? [], at);
      this.#note("waited, and began when a window opened", opened);
      return;
    }
    if (!this.#windows || release.kind !== "release" || release.startedAt === at.now) return;
    if (!this.#met.has("a window closes under way" satisfies Circumstance)) {
      this.#note("a window closes under way", !isOpen(settings.windows ?? [], at));
    }
  }

  #note(circumstance: Circumstance, met: boolean): void {
    if (met) this.#met.add(circumstance);
  }
}

function isOverMidnight({ from, to }: ReleaseWindow): boolean {
  return from > to && to > 0;
}

function windowsText({ settings }: App): string {
  return JSON.stringify(settings.windows ?? []);
}
