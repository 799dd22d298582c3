import type { StatusReport } from "@hitless/controller";
import { type AppBed, until } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";

/** Resolves with the status once the release stands at that waypoint and waits for a person. */
export async function untilHeldAt(bed: AppBed, waypoint: string): Promise<StatusReport> {
  const client = await connectTo(bed);
  try {
    let status = await client.status();
    await until(
      async () => {
        status = await client.status();
        const { why } = status;
        return why.kind === "held" && why.waypoint === waypoint;
      },
      `the release is held at ${waypoint}`,
      60_000,
    );
    return status;
  } finally {
    await client.close();
  }
}
