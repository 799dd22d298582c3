import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";

const tsx = ["--conditions=@hitless/source", "--import", "tsx", "--input-type=module"];
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

/** Listens, says its port on standard error, and answers each request when it is told to. */
function program(options: string): string {
  return `
    import { createServer } from "node:http";
    import { serve } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
    const server = createServer((request, response) => {
      process.stderr.write("arrived");
      process.once("SIGHUP", () => response.end("whole"));
      process.once("SIGUSR2", () => { response.end("whole"); throw new Error("late"); });
    });
    const service = serve(server, { drain: { delayMs: 0, lingerMs: 0 }, ${options} });
    process.stderr.write("port " + (await service.listen({ port: 0, host: "127.0.0.1" })).port);
  `;
}

async function started(source: string) {
  const child = spawn(process.execPath, [...tsx, "-e", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let heard = "";
  let said = "";
  child.stdout.on("data", (data) => {
    said += String(data);
  });
  const drains = () => expect.poll(() => said, { timeout: 20_000 }).toMatch(/"draining: /);
  const receipt = () => JSON.parse(said.trim().split("\n").at(-1) ?? "").receipt;
  child.stderr.on("data", (data) => {
    heard += String(data);
  });
  const hears = (words: RegExp) => expect.poll(() => heard, { timeout: 20_000 }).toMatch(words);
  await hears(/port \d+/);
  return {
    child,
    hears,
    drains,
    receipt,
    base: `http://127.0.0.1:${/port (\d+)/.exec(heard)?.[1]}`,
  };
}

test("neither a reader of its lines that has gone nor a first crash ends a drain before its requests", async () => {
  const { child, hears, base } = await started(
    program(`onShutdown: [{ name: "said", run: () => process.stderr.write("hook") }]`),
  );
  child.stdout.destroy();
  const answer = fetch(base).then((response) => response.text());
  await hears(/arrived/);
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  child.kill("SIGUSR2");
  expect(await answer).toBe("whole");
  expect(await exit).toEqual([1, null]);
  await hears(/Uncaught Error: late.*hook/s);
});

test("a process that is left running after its drain hears signals as it did before", async () => {
  const { child, hears } = await started(`
    ${program(`onShutdown: [{ name: "said", run: () => process.stderr.write("hook") }]`)}
    serve(createServer(), { exit: false, drain: { delayMs: 0 } });
    setInterval(() => process.listenerCount("SIGTERM") === 0 && process.stderr.write("free"), 10);
  `);
  child.kill("SIGTERM");
  await hears(/hook.*free/s);
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exit).toEqual([null, "SIGTERM"]);
});

test("a second SIGTERM changes nothing, and what was answered in time makes exit code 0", async () => {
  const { child, hears, drains, receipt, base } = await started(program("drainOnCrash: true"));
  const answer = fetch(base).then((response) => response.text());
  await hears(/arrived/);
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await drains();
  child.kill("SIGTERM");
  child.kill("SIGHUP");
  expect(await answer).toBe("whole");
  expect(await exit).toEqual([0, null]);
  expect(receipt()).toMatchObject({ reason: "SIGTERM", inFlight: 1, finished: 1, cut: 0 });
});

test("a second SIGINT ends it at once, but not the one that npm passes on from the same key", async () => {
  const { child, hears, drains, receipt, base } = await started(
    program(`onShutdown: [{ name: "never", run: () => process.stderr.write("hook") }]`),
  );
  const answer = fetch(base).then(
    (response) => response.status,
    () => "cut",
  );
  await hears(/arrived/);
  const exit = once(child, "exit");
  child.kill("SIGINT");
  child.kill("SIGINT");
  await drains();
  await after(250);
  expect(child.exitCode).toBeNull();
  child.kill("SIGINT");
  expect(await exit).toEqual([1, null]);
  expect([503, "cut"]).toContain(await answer);
  expect(receipt()).toMatchObject({
    reason: "SIGINT",
    cut: 1,
    hooks: [{ name: "never", outcome: "skipped" }],
    exitCode: 1,
  });
});
