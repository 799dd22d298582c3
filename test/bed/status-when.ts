import type { ControllerClient, StatusReport } from "@hitless/controller";

/** A release that ignores what ends its pause stands still for ever. */
const holdsWithinMs = 60_000;

/** Follows the status, change by change, until a condition holds. Throws when it does not in time. */
export async function statusWhen(
  client: ControllerClient,
  holds: (status: StatusReport) => boolean,
): Promise<StatusReport> {
  const deadline = Date.now() + holdsWithinMs;
  let status = await client.status();
  while (!holds(status)) {
    if (Date.now() > deadline) throw new Error(`it stands still: ${JSON.stringify(status.why)}`);
    status = await client.status(status.version);
  }
  return status;
}
