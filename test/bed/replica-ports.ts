import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import type { AppBed } from "./app-bed.ts";

const engineFile = z.object({
  value: z.object({
    replicas: z.array(z.object({ id: z.string(), port: z.number().nullable() })),
  }),
});

/** A replica that stays silent for this long is not ready, ms, unless told otherwise. */
const usuallyWithinMs = 1000;

/** The port of each replica that has one, by id, as the engine saved them before the start. */
export async function portsOf(bed: AppBed): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(join(bed.dir, ".hitless", "engine.json"), "utf8");
  const { replicas } = engineFile.parse(JSON.parse(text)).value;
  return new Map(replicas.flatMap(({ id, port }) => (port === null ? [] : [[id, port]])));
}

/** Whether a replica itself, past the proxy, answers 2xx on `/ready` now. */
export function saysReady(port: number, timeout = usuallyWithinMs): Promise<boolean> {
  return new Promise((said) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      path: "/ready",
      agent: false,
      timeout,
    });
    asked.once("response", (answer) => {
      answer.resume();
      said(Math.floor((answer.statusCode ?? 0) / 100) === 2);
    });
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => said(false));
    asked.once("close", () => said(false));
    asked.end();
  });
}
