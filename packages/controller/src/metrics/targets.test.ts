import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";
import { gone, known, replica } from "../testing/seen-example.ts";
import { serveMetrics } from "./serve-metrics.ts";
import { targetsOf } from "./targets.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return address.port;
}

describe("the targets", () => {
  const at = (port: number) => ({ address: `127.0.0.1:${port}` });

  it("are the replicas that have an address, whatever their state", () => {
    const replicas = known([
      { ...replica("7-1", "ready"), ...at(4001) },
      { ...replica("6-2", "draining"), ...at(4002) },
      { ...replica("7-3", "starting"), ...at(4003) },
      replica("7-4", "starting"),
      replica("7-5", "failed"),
    ]);
    expect(targetsOf("shop", replicas)).toEqual([
      { targets: ["127.0.0.1:4001"], labels: { app: "shop", revision: "7", replica: "7-1" } },
      { targets: ["127.0.0.1:4002"], labels: { app: "shop", revision: "6", replica: "6-2" } },
      { targets: ["127.0.0.1:4003"], labels: { app: "shop", revision: "7", replica: "7-3" } },
    ]);
  });

  it("are none when nothing runs, and unknown when the replicas cannot be read", () => {
    expect(targetsOf("shop", known([]))).toEqual([]);
    expect(() => targetsOf("shop", gone)).toThrow("the proxy did not answer");
  });

  it("stay JSON whatever the app is called", () => {
    const odd = 'a"b\\c\n{}\u2028\ud800é';
    const groups = targetsOf(odd, known([{ ...replica("1-1", "ready"), ...at(1) }]));
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});

test("Prometheus is told of each replica beside the metrics, and follows a release", async () => {
  const port = await freePort();
  await using bed = await ControllerBed.settled({ metrics: { port } });
  const { controller, engine, store } = bed;
  const events: string[] = [];
  const stop = new AbortController();
  const event = (text: string) => events.push(text);
  const serving = serveMetrics({ controller, engine, store, event }, stop.signal);
  await eventually("it listens", () => events.length > 0);
  const url = `http://127.0.0.1:${port}/targets`;
  const labels = async () => {
    const groups: ReturnType<typeof targetsOf> = JSON.parse(await (await fetch(url)).text());
    return groups.map((group) => group.labels);
  };
  try {
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    const first = engine.replicas(1).map(({ id }) => ({ app: "shop", revision: "1", replica: id }));
    expect(first).toHaveLength(2);
    expect(await labels()).toEqual(first);
    bed.artifacts.digest = "second";
    await bed.operations.release(releaseBody({ metrics: { port } }));
    await bed.settle();
    await eventually("the new ones alone", async () => {
      const told = await labels();
      return told.length === 2 && told.every(({ revision }) => revision === "2");
    });
    const nowhere = await fetch(url.replace("targets", "target"));
    expect([nowhere.status, await nowhere.text()]).toEqual([404, "see /metrics, /targets\n"]);
  } finally {
    stop.abort();
    await serving;
  }
});
