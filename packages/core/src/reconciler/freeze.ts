import { HitlessError } from "../errors.ts";
import type { App, Frozen } from "../model/app.ts";

/** What somebody asks for: that nothing begins from now on, or that it may again. */
export type FreezeRequest =
  | { readonly kind: "on"; readonly reason: string }
  | { readonly kind: "off" };

/** Lets no release begin, or lets them again. Said again while it is so, the reason is the new one. */
export function setFrozen(
  app: App,
  request: FreezeRequest,
  at: { readonly now: number; readonly by: string },
): App {
  const { frozen } = app;
  if (request.kind === "off") return frozen === null ? app : { ...app, frozen: null };
  const { reason } = request;
  if (frozen?.reason === reason) return app;
  return { ...app, frozen: { reason, since: frozen?.since ?? at.now, by: at.by } };
}

/** Throws REFUSED, with who froze it, since when and why, while nothing may begin. */
export function refuseFrozen({ name, frozen }: App): void {
  if (frozen === null) return;
  throw new HitlessError("REFUSED", `${name} is ${frozenText(frozen)}`, {
    next: "What runs goes on, and `hitless abort` and `hitless rollback` are accepted; `hitless unfreeze` ends it.",
  });
}

/** `frozen by ann since 2026-11-22T03:20:00.000Z: the sale`. */
export function frozenText({ reason, since, by }: Frozen): string {
  const who = by === undefined ? "" : ` by ${by}`;
  return `frozen${who} since ${new Date(since).toISOString()}: ${reason}`;
}
