import type { App, PendingRelease } from "../model/app.ts";
import type { Known } from "../model/observed.ts";
import type { Why } from "../model/why.ts";
import { needsRate, type WindowClock, windowState } from "../windows/window-state.ts";

/** How many requests come is not known to who asks. */
export const unknownRate: Known<number> = {
  kind: "unknown",
  reason: "not looked at yet",
  since: 0,
};

/**
 * Why such a release must not begin now; null when it may. What goes back begins always; a restart and
 * the first release wait for no window.
 */
export function whyNotNow(
  app: App,
  pending: Pick<PendingRelease, "id" | "kind" | "anytime">,
  at: WindowClock,
): Why | null {
  if (pending.kind === "rollback") return null;
  const { frozen } = app;
  if (frozen !== null) return { kind: "frozen", release: pending.id, frozen };
  if (!heedsWindows(app, pending)) return null;
  const state = windowState(app.settings.windows ?? [], at);
  if (state.open) return null;
  const { opensAt, detail } = state;
  return { kind: "windowClosed", release: pending.id, opensAt, detail };
}

/** Whether the release that waits may begin depends on the requests that come. */
export function asksRate({ release, pending, ...app }: App): boolean {
  if (release !== null || pending === null) return false;
  return heedsWindows(app, pending) && needsRate(app.settings.windows ?? []);
}

function heedsWindows(
  { stable }: Pick<App, "stable">,
  { kind, anytime }: Pick<PendingRelease, "kind" | "anytime">,
): boolean {
  return kind === "release" && anytime !== true && stable !== null;
}
