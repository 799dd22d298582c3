import { expect, test } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { portsOf } from "../bed/replica-ports.ts";

test("an app says how it was stopped: events tell it, and history what was cut by which route", async () => {
  await using bed = await AppBed.make({
    app: "shop/1.1",
    settings: { replicas: 2, drain: { timeoutSeconds: 1 } },
  });
  await bed.must(0, "up", "--detach");
  const hung = await askedPastTheProxy(bed, "/slow?ms=60000");
  await bed.must(0, "release", "--set", "config.GREETING=servus", "--wait");
  expect(await hung.status).toBe(503);
  const row = (await bed.history()).at(-1);
  expect(row?.drains).toMatchObject({ receipts: 2, inFlight: 1, finished: 0, cut: 1 });
  expect(row?.drains?.hung).toEqual({ "GET /slow": 1 });
  expect((await bed.must(0, "history")).stdout).toMatch(
    /\b0 \/ 0; drains cut 1 request \(GET \/slow 1\) /u,
  );
  const events = (await bed.must(0, "events")).stdout;
  expect(events).toMatch(/replica 1-\d: drained in 0\.\d s: 0 finished, 0 cut\n/u);
  expect(events).toMatch(
    /replica 1-\d: drained in \d\.\d s: 0 finished, 1 cut; hung: GET \/slow for \d\.\d s\n/u,
  );
});

/** The status of a request that was sent to a replica itself, and is in its hands when this resolves. */
async function askedPastTheProxy(bed: AppBed, path: string): Promise<{ status: Promise<number> }> {
  const [port] = (await portsOf(bed)).values();
  const replica = `http://127.0.0.1:${port}`;
  const status = fetch(replica + path).then((answer) => answer.status);
  // Connections are accepted in their order.
  expect((await fetch(`${replica}/health`)).status).toBe(200);
  return { status };
}
