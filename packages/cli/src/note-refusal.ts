import { randomUUID } from "node:crypto";
import { type AuditEntry, HitlessError } from "@hitless/core";
import { openStores } from "./compose.ts";
import type { Place } from "./place.ts";

/**
 * Does what needs no controller to be asked; when that is refused, the audit log of the app says so.
 * A folder without an app gets none, and a log that cannot be written changes nothing.
 */
export async function notingRefusal<T>(
  place: Place,
  asked: Pick<AuditEntry, "who" | "command" | "arguments">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message } = HitlessError.from(thrown);
    const result = { kind: "refused", code, message } as const;
    const now = { at: Date.now(), request: randomUUID() };
    const entry: AuditEntry = { ...now, ...asked, before: null, after: null, result };
    await write(place, entry).catch(() => undefined);
    throw thrown;
  }
}

async function write(place: Place, entry: AuditEntry): Promise<void> {
  const { store } = await openStores(place);
  if ((await store.load()) !== null) await store.addAudit(entry);
}
