import type { ReleaseStore } from "@hitless/core";
import { pause } from "../hooks/within.ts";
import type { Controller } from "../loop/controller.ts";
import type { NoticeOutbox } from "./notice-outbox.ts";

/** What is missing for a minute is noticed without a change. */
const longestMs = 5000;

/** Tells receivers what becomes of releases, until `signal` aborts. It holds up no decision. */
export async function followNotices(
  controller: Controller,
  { outbox, store }: { readonly outbox: NoticeOutbox; readonly store: ReleaseStore },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const changed = new AbortController();
    const end = () => changed.abort();
    signal.addEventListener("abort", end, { once: true });
    // Asked for before the look: what changes meanwhile is not missed.
    const change = controller.changed(changed.signal);
    // A history that cannot be read now is told of later.
    await lookOnce(controller, { outbox, store }).catch(() => undefined);
    await Promise.race([change, pause(longestMs, changed.signal)]);
    changed.abort();
    signal.removeEventListener("abort", end);
  }
  await outbox.close();
}

async function lookOnce(
  controller: Controller,
  { outbox, store }: { readonly outbox: NoticeOutbox; readonly store: ReleaseStore },
): Promise<void> {
  const past = await store.history();
  // Read together, after the history: of a release that is gone from the app the row is there.
  const { current: app, why, whySince } = controller;
  await outbox.look({ app, past, why, whySince, now: Date.now() });
}
