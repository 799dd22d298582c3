import type { Accepted } from "@hitless/controller";

/** What an accepted change will do, as a line. */
export function describeAccepted(accepted: Accepted): string {
  switch (accepted.kind) {
    case "nothing":
      return accepted.release === null
        ? "nothing to do: everything is as asked"
        : `nothing new: release ${accepted.release} brings exactly that`;
    case "settings":
      return "settings applied; no revision changes";
    case "started":
      return `release ${accepted.release ?? "-"} to revision ${accepted.revision ?? "-"}`;
    case "queued":
      return `release ${accepted.release ?? "-"} to revision ${accepted.revision ?? "-"} is queued behind the running one`;
    case "noted":
      return `noted for release ${accepted.release ?? "-"}`;
  }
}
