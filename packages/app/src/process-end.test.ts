import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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
  child.stderr.on("data", (data) => {
    heard += String(data);
  });
  const hears = (words: RegExp) => expect.poll(() => heard, { timeout: 20_000 }).toMatch(words);
  await hears(/port \d+/);
  return { child, hears, base: `http://127.0.0.1:${/port (\d+)/.exec(heard)?.[1]}` };
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
