import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import { readAppFile } from "../app-file/read-app-file.ts";
import { placeOf } from "../place.ts";
import { metricWarnings } from "./metric-warnings.ts";

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A Prometheus that refuses what does not end with a bracket, and has nothing of anything else. */
async function prometheus(): Promise<string> {
  const server = createServer((asked, answer) => {
    void text(asked).then((body) => {
      const isQuery = new URLSearchParams(body).get("query")?.endsWith(")") === true;
      answer.writeHead(isQuery ? 200 : 400, { connection: "close" });
      const error = "1:5: parse error: unclosed";
      const refusal = { status: "error", errorType: "bad_data", error };
      const data = { resultType: "vector", result: [] };
      answer.end(JSON.stringify(isQuery ? { status: "success", data } : refusal));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  opened.push(() => new Promise((done) => server.close(done)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function warningsOf(analysis: readonly string[], revision: number | null) {
  const folder = await mkdtemp(join(tmpdir(), "hitless-metrics-"));
  opened.push(() => rm(folder, { recursive: true }));
  const path = join(folder, "hitless.yaml");
  const lines = [
    "name: shop",
    "run: x",
    "probes: { readiness: { path: / } }",
    "strategy: canary",
    "analysis:",
  ];
  await writeFile(path, [...lines, ...analysis.map((metric) => `  - ${metric}`)].join("\n"));
  return metricWarnings(placeOf(path), await readAppFile(path), revision);
}

it("refuses a query that Prometheus refuses, with its words, where it stands in the file", async () => {
  const url = await prometheus();
  const analysis = [
    "{ metric: error-rate, below: 1% }",
    `{ prometheus: sum(, url: "${url}", below: 1 }`,
  ];
  await expect(warningsOf(analysis, null)).rejects.toMatchObject({
    code: "BAD_INPUT",
    path: ["analysis", 1, "prometheus"],
    message: expect.stringMatching(
      /hitless\.yaml:7:19: metric prometheus: Prometheus refuses the query: 1:5: parse error: unclosed$/u,
    ),
  });
});

it("warns of what cannot be measured at present", async () => {
  const url = await prometheus();
  const analysis = [
    `{ prometheus: sum(up), url: "${url}", below: 1 }`,
    `{ name: away, prometheus: sum(up), url: "http://127.0.0.1:1", below: 1 }`,
  ];
  const away = "metric away: connection refused by 127.0.0.1:1";
  expect(await warningsOf(analysis, 4)).toEqual([
    "metric prometheus: empty result, of revision 4",
    away,
  ]);
  expect(await warningsOf(analysis, null)).toEqual([away]);
});
