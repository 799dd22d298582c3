import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createRawServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Metric, MetricSource } from "@hitless/core";
import { exampleMetric } from "@hitless/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { metricsSource } from "./metrics-source.ts";

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** The address of a server that is gone after the test. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  opened.push(() => new Promise((done) => server.close(done)));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Answering = (asked: IncomingMessage, answer: ServerResponse, body: string) => void;

function answering(answer: Answering): Promise<string> {
  const server = createServer((asked, response) => {
    response.setHeader("connection", "close");
    void text(asked).then((body) => answer(asked, response, body));
  });
  opened.push(async () => server.closeAllConnections());
  return listening(server);
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "hitless-sources-"));
  opened.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

const never = new AbortController().signal;

function metricOf(source: MetricSource, timeoutMs = 10_000): Metric {
  return { ...exampleMetric, name: "m", source, intervalMs: 30_000, timeoutMs };
}

function sourceIn(path: string, values: Readonly<Record<string, string>> = {}) {
  const environment = { PATH: process.env["PATH"] ?? "" };
  const secrets = { read: async (name: string) => values[name] };
  return metricsSource({ folder: path, environment, secrets });
}

async function told(source: MetricSource, timeoutMs?: number): Promise<unknown> {
  const sample = await sourceIn(tmpdir()).measure(metricOf(source, timeoutMs), 7, never);
  if (sample.kind === "noData") return sample.reason;
  return sample.kind === "value" ? sample.value : sample;
}

describe("an HTTP endpoint", () => {
  const valueAt = async (answer: Answering, path = "$.data[0].value") =>
    told({ kind: "http", url: `http://${await answering(answer)}/q?r={{revision}}`, path });
  const saying = (text: string, status = 200) =>
    valueAt((_, response) => response.writeHead(status).end(text));

  it("gives the number, or the text that is one, at the path", async () => {
    const number = await valueAt((asked, response) => {
      response.end(JSON.stringify({ data: [{ value: asked.url === "/q?r=7" ? 0.25 : 9 }] }));
    });
    expect(number).toBe(0.25);
    expect(await saying('{"data": [{"value": "-1e-3"}]}')).toBe(-0.001);
  });

  it.each([
    ["{}", "nothing at $.data[0].value"],
    ['{"data": {"0": {"value": 3}}}', "nothing at $.data[0].value"],
    ['{"data": [{"value": null}]}', "null at $.data[0].value"],
    ['{"data": [{"value": [1]}]}', "a list at $.data[0].value"],
    ['{"data": [{"value": "NaN"}]}', 'the text "NaN" at $.data[0].value'],
    ['{"data": [{"value": ""}]}', 'the text "" at $.data[0].value'],
    ['{"data": [{"value": 1e999}]}', "Infinity at $.data[0].value"],
    ['{"data": [{"value": true}]}', "true at $.data[0].value"],
  ])("has no number in %s", async (text, reason) => {
    expect(await saying(text)).toBe(reason);
  });

  it("has no data in an answer that is none", async () => {
    expect(await saying("oh\nno", 500)).toMatch(/^HTTP 500 from 127\.0\.0\.1:\d+$/u);
    expect(await saying("<html>\nhi")).toMatch(/^no JSON from 127\.0\.0\.1:\d+: "<html> hi"$/u);
    expect(await saying(`"${"x".repeat(1_000_001)}"`)).toMatch(/is longer than 1 MB$/u);
    const moved = await valueAt((_, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    );
    expect(moved).toMatch(/^HTTP 302 from 127\.0\.0\.1:\d+: redirects are not followed$/u);
  });

  it("is nobody there, silent, or talks something else", async () => {
    const nobody = createRawServer();
    const address = await listening(nobody);
    await opened.pop()?.();
    const asked = (host: string, ms?: number) =>
      told({ kind: "http", url: `http://${host}/`, path: "$" }, ms);
    expect(await asked(address)).toBe(`connection refused by ${address}`);
    const rubbish = await listening(
      createRawServer((socket) => socket.resume().end("220 mail ready\r\n")),
    );
    expect(await asked(rubbish)).toBe(`no HTTP from ${rubbish}`);
    const hangUp = await listening(createRawServer((socket) => socket.destroy()));
    expect(await asked(hangUp)).toBe(`the connection was closed by ${hangUp}`);
    const switching =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    const other = await listening(createRawServer((socket) => socket.resume().end(switching)));
    expect(await asked(other)).toBe(`${other}: no HTTP answer`);
    expect(await asked(await answering(() => undefined), 50)).toBe("no answer within 0.05 s");
  });

  it("gets a password from the environment, which no reason tells", async () => {
    let seen: string | undefined;
    const host = await answering((asked, response) => {
      seen = asked.headers.authorization;
      response.writeHead(401).end();
    });
    const source = { kind: "http", url: `http://me:$PASS@${host}/`, path: "$" } as const;
    const sample = await sourceIn(tmpdir(), { PASS: "p@ss" }).measure(metricOf(source), 7, never);
    expect(sample).toEqual({ kind: "noData", reason: `HTTP 401 from ${host}` });
    expect(seen).toBe(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
    expect(await told(source)).toBe("PASS is not set for the controller");
  });
});

describe("a command", () => {
  it("gives the one number that it writes, run in the folder of the app file", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "value"), "0.5\n");
    const value = async (command: string | readonly string[]) =>
      sourceIn(cwd).measure(metricOf({ kind: "command", command }), 7, never);
    expect(await value("cat value")).toEqual({ kind: "value", value: 0.5 });
    expect(await value(["/bin/echo", "{{revision}}"])).toEqual({ kind: "value", value: 7 });
    expect(await value('echo "$HITLESS_REVISION"')).toEqual({ kind: "value", value: 7 });
  });

  it.each([
    ["true", "nothing on standard output"],
    ["echo NaN", 'no number on standard output: "NaN"'],
    ["echo 1; echo 2", 'no number on standard output: "1 2"'],
    ["echo 3; echo broken >&2; exit 3", "exit 3: broken"],
    ["kill -9 $$", "ended by SIGKILL"],
    ["head -c 70000 /dev/zero", "more than 64 KB on standard output"],
  ])("has no number in %j", async (command, reason) => {
    expect(await told({ kind: "command", command })).toBe(reason);
  });

  it("that cannot be started says so", async () => {
    expect(await told({ kind: "command", command: ["./no-such"] })).toMatch(
      /^exit 127: .*no-such/u,
    );
  });

  it("is killed with its children when its time is over, or it is over", async () => {
    const cwd = await folder();
    const measured = async (command: string) =>
      sourceIn(cwd).measure(metricOf({ kind: "command", command }, 300), 7, never);
    const hung = await measured("sleep 99 & echo $! > child; wait");
    expect(hung).toEqual({ kind: "noData", reason: "no answer within 0.3 s" });
    await expectGone(join(cwd, "child"));
    const left = await measured("sleep 99 & echo $! > child; echo 4");
    expect(left).toEqual({ kind: "value", value: 4 });
    await expectGone(join(cwd, "child"));
  });
});

/** Nothing runs under the id in a file; a zombie does not run. */
async function expectGone(file: string): Promise<void> {
  const pid = (await readFile(file, "utf8")).trim();
  await expect
    .poll(async () => (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")).split(") ")[1])
    .toSatisfy((stat: string | undefined) => stat === undefined || stat.startsWith("Z"));
}

/** A Prometheus that gives each query an answer of its own. */
function prometheus(results: (query: string) => unknown, status = 200): Promise<string> {
  return answering((asked, response, body) => {
    const query = new URLSearchParams(body).get("query") ?? "";
    expect(asked.url).toBe("/prefix/api/v1/query");
    response.writeHead(status).end(JSON.stringify(results(query)));
  });
}

const vector = (...values: readonly string[]) => ({
  status: "success",
  data: {
    resultType: "vector",
    result: values.map((value) => ({ metric: {}, value: [1, value] })),
  },
});

/** The answer to how old the samples are: the age of each metric, null when it has none. */
const ages = (...seconds: readonly (number | null)[]) => ({
  status: "success",
  data: {
    resultType: "vector",
    result: seconds.flatMap((age, part) =>
      age === null ? [] : [{ metric: { hitless_part: `${part}` }, value: [1, `${age}`] }],
    ),
  },
});

describe("Prometheus", () => {
  const query = "sum(rate(errors{r='{{revision}}'}[1m])) / sum(rate(requests[1m]))";
  const sourceAt = (host: string, text = query) =>
    ({ kind: "prometheus", url: `http://${host}/prefix/`, query: text }) as const;
  const saying = async (result: unknown, status?: number) =>
    told(sourceAt(await prometheus(() => result, status)));

  /** What is made of a value of 0.5 when its samples are so old, or have ended. */
  const aged = async (age: unknown, used: unknown = ages(null)) => {
    const asked: string[] = [];
    const host = await prometheus((text) => {
      asked.push(text);
      if (text.includes("timestamp(")) return age;
      return text.includes("count_over_time(") ? used : vector("0.5");
    });
    return { told: await told(sourceAt(host)), asked };
  };

  it("gives the value of the one series, when its samples are young", async () => {
    const { told: value, asked } = await aged(ages(3, 15));
    expect(value).toBe(0.5);
    expect(asked).toEqual([
      "sum(rate(errors{r='7'}[1m])) / sum(rate(requests[1m]))",
      'label_replace(time() - max(timestamp(errors{r=\'7\'})), "hitless_part", "0", "", "") or label_replace(time() - max(timestamp(requests)), "hitless_part", "1", "", "")',
    ]);
  });

  it("gives no stale value", async () => {
    expect((await aged(ages(3, 412))).told).toBe("the newest sample of requests is 412 s old");
    expect((await aged(ages(null, null))).told).toBe(
      "no series of errors or requests has a sample now",
    );
    const ended = "has a sample in its window, but none now: its target is gone or down";
    expect((await aged(ages(null, null), ages(null, 4))).told).toBe(`requests ${ended}`);
    expect((await aged(ages(null, 3), ages(4))).told).toBe(`errors ${ended}`);
  });

  it("lets a metric without samples be that has no part in the value", async () => {
    expect((await aged(ages(null, 3))).told).toBe(0.5);
  });

  it("asks a query without selectors for no samples", async () => {
    expect(await told(sourceAt(await prometheus(() => vector("3")), "vector(3)"))).toBe(3);
  });

  const error = (errorType: string) => ({ status: "error", errorType, error: "1:5: parse error" });

  it.each<readonly [string, unknown, string]>([
    ["an empty result", vector(), "empty result"],
    ["several series", vector("1", "2"), "2 series instead of one"],
    ["NaN", vector("NaN"), "the result is NaN"],
    ["infinity", vector("+Inf"), "the result is +Inf"],
    [
      "text",
      { status: "success", data: { resultType: "string", result: [1, "1"] } },
      "the result is a string, no number",
    ],
    [
      "a part of the data",
      { ...vector("1"), warnings: ["remote storage is down"] },
      "a result in part only: remote storage is down",
    ],
    [
      "a query that it refuses",
      error("bad_data"),
      "Prometheus refuses the query: 1:5: parse error",
    ],
    ["too much work", error("timeout"), "timeout at Prometheus: 1:5: parse error"],
  ])("has no data in %s", async (_, result, reason) => {
    expect(await saying(result, "errorType" in Object(result) ? 422 : 200)).toBe(reason);
  });

  it("is something else", async () => {
    expect(await saying({ value: 1 })).toMatch(
      /^HTTP 200 from 127\.0\.0\.1:\d+, not as Prometheus answers: "\{\\"value\\":1\}"$/u,
    );
  });

  it("is tried before a release: a query that it refuses never gives data", async () => {
    const check = async (result: unknown, status = 200, revision: number | null = 7) => {
      const source = sourceAt(await prometheus(() => result, status), "up");
      return sourceIn(tmpdir()).check(metricOf(source), revision, never);
    };
    expect(await check(error("bad_data"), 400)).toEqual({
      kind: "refused",
      text: "Prometheus refuses the query: 1:5: parse error",
    });
    const warning = { kind: "warning", text: "empty result, of revision 7" };
    expect(await check(vector())).toEqual(warning);
    expect(await check(vector(), 200, null)).toBeNull();
    expect(await check({ ...ages(1), infos: ["PromQL info: no counter"] })).toEqual({
      kind: "warning",
      text: "PromQL info: no counter",
    });
    expect(await check(ages(1))).toBeNull();
  });
});
