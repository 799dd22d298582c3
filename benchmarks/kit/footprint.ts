import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { medianOf } from "@hitless/load";
import { z } from "zod";
import { repository } from "../../test/bed/app-bed.ts";

/** What importing the package and serving with it adds to a process. */
export interface Footprint {
  readonly importMs: number;
  readonly residentMiB: number;
  readonly processes: number;
}

const bare = 'import { createServer } from "node:http";const server = createServer();';
const withKit = `${bare}
const began = performance.now();
const { serve } = await import("@hitless/app");
const importMs = performance.now() - began;
serve(server, { logger: null });`;
const say = `
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
globalThis.gc();
console.log(JSON.stringify({ importMs: importMs, rss: process.memoryUsage().rss }));
process.exit(0);`;

const said = z.object({ importMs: z.number(), rss: z.number() });

/** Fresh processes with and without it, in turns; medians. */
export async function footprintOf(processes: number): Promise<Footprint> {
  const [without, having]: [number[], number[]] = [[], []];
  const times: number[] = [];
  for (let each = 0; each < processes; each += 1) {
    without.push((await runs(`const importMs = 0;${bare}${say}`)).rss);
    const { importMs, rss } = await runs(withKit + say);
    having.push(rss);
    times.push(importMs);
  }
  const residentMiB = (medianOf(having) - medianOf(without)) / 2 ** 20;
  return { importMs: medianOf(times), residentMiB, processes };
}

async function runs(program: string) {
  const args = ["--expose-gc", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository });
  return said.parse(JSON.parse(stdout));
}
