import type { IntentBody } from "@hitless/controller";
import { whoAsks } from "../origin.ts";

import { type Change, type ChangeOptions, makeChange, meantBy } from "./make-change.ts";

/** Sends an intent for the release that was meant; with `--wait`, stays until it ended as wanted. */
export async function sendIntent(
  kind: IntentBody["kind"],
  options: ChangeOptions,
  { full = false, ...how }: Pick<Change, "wanted" | "goesBack"> & { readonly full?: boolean } = {},
): Promise<void> {
  await makeChange(options, {
    send: async (client) => {
      const meantFor = await meantBy(client, options);
      return client.intent({ kind, by: whoAsks(), meantFor, ...(full ? { full } : {}) });
    },
    ...how,
  });
}
