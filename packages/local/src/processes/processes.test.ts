import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isListenedOn, ownerOf } from "./listeners.ts";
import { parsePortRange } from "./parse-port-range.ts";
import { PortPool } from "./port-pool.ts";
import { expandArguments } from "./process-environment.ts";
import { isGroupEmpty, membersOf, signalGroup, signalLeader } from "./process-group.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { listProcesses, parseStat } from "./process-table.ts";
import { type SpawnedProcess, spawnProcess } from "./spawn-process.ts";
import { findStray } from "./strays.ts";

let dir: string;
const started: ProcessIdentity[] = [];
const servers: Server[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hitless-processes-"));
});

afterEach(async () => {
  for (const leader of started.splice(0)) {
    await eventually("nothing is left", () => signalGroup(leader, "SIGKILL") === 0);
  }
  for (const server of servers.splice(0)) server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await delay(10);
  }
}

function start(
  command: string | readonly string[],
  env: Readonly<Record<string, string>> = {},
): SpawnedProcess & { readonly identity: ProcessIdentity } {
  const logFile = join(dir, "logs", "1.log");
  const spawned = spawnProcess({ command, cwd: dir, env, user: null, logFile });
  if (spawned.identity === null) throw new Error("not started");
  started.push(spawned.identity);
  return { ...spawned, identity: spawned.identity };
}

function readLog(): string {
  return readFileSync(join(dir, "logs", "1.log"), "utf8");
}

function listen(port: number, host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, ipv6Only: false }, () => {
      const address = server.address();
      resolve(address === null || typeof address === "string" ? 0 : address.port);
    });
  });
}

const listening = (host: string): string =>
  `require("net").createServer().listen(process.env.PORT, "${host}", () => console.log("up"))`;

const braced = (name: string): string => `\${${name}}`;

it("reads the fields after a command that holds parentheses and spaces", () => {
  const rest = Array.from({ length: 18 }, (_, index) => index + 10).join(" ");
  expect(parseStat(`42 (a) Z (b c)) S 1 40 39 ${rest}`)).toEqual({
    pid: 42,
    group: 40,
    session: 39,
    startTime: "25",
    zombie: false,
    stopped: false,
  });
});

it("takes a zombie for dead, and no member of its group", async () => {
  const { identity } = start("sleep 0 & exec sleep 600");
  const zombieOf = () =>
    listProcesses().find((entry) => entry.group === identity.pid && entry.zombie);
  await eventually("a zombie", () => zombieOf() !== undefined);
  const zombie = identify(zombieOf()?.pid ?? 0);
  expect(zombie).not.toBeNull();
  expect(zombie !== null && isAlive(zombie)).toBe(false);
  expect(isAlive(identity)).toBe(true);
  expect(membersOf(identity)).toEqual([identity.pid]);
});

it("leaves a process alone that was given the pid of a dead leader", () => {
  const { identity } = start("exec sleep 600");
  for (const old of [
    { ...identity, startTime: "1" },
    { ...identity, bootId: "another boot" },
  ]) {
    expect(isAlive(old)).toBe(false);
    expect(signalGroup(old, "SIGKILL")).toBe(0);
    expect(signalLeader(old, "SIGKILL")).toBe(false);
  }
  expect(isAlive(identity)).toBe(true);
});

it("knows the members of a session whose leader is gone and whose groups differ", async () => {
  const { identity, exited } = start([
    "bash",
    "-c",
    // Job control gives each of them a process group of its own.
    "set -m; sleep 600 & sleep 600 & exit 0",
  ]);
  await exited;
  expect(membersOf(identity)).toHaveLength(2);
  expect(isGroupEmpty(identity)).toBe(false);
  signalGroup(identity, "SIGTERM");
  await eventually("empty", () => isGroupEmpty(identity));
});

it("says how a process ended, and why one could not be started", async () => {
  expect(await start("exit 7").exited).toMatchObject({ kind: "code", code: 7 });
  const asleep = start(["sleep", "600"]);
  signalLeader(asleep.identity, "SIGTERM");
  expect(await asleep.exited).toMatchObject({ kind: "signal", signal: "SIGTERM" });
  const options = { command: ["sleep", "1"], env: {}, user: null, logFile: join(dir, "log") };
  const missing = spawnProcess({ ...options, cwd: join(dir, "missing") });
  expect(missing.identity).toBeNull();
  expect(await missing.exited).toMatchObject({
    error: `cannot start "sleep": its folder ${join(dir, "missing")} does not exist`,
  });
  const nobody = spawnProcess({ ...options, cwd: dir, user: "no-such-user" });
  expect(await nobody.exited).toMatchObject({ error: "user no-such-user is not in /etc/passwd" });
});

it("gives a process its environment, little of ours, and a log of both outputs", async () => {
  process.env["HITLESS_TEST_SECRET"] = "ours";
  try {
    await start('echo "$A|$HITLESS_TEST_SECRET|$HOME"; echo err >&2', { A: "1" }).exited;
    await start(["echo", `$A-${braced("A")}-$B`], { A: "2" }).exited;
  } finally {
    delete process.env["HITLESS_TEST_SECRET"];
  }
  expect(readLog()).toBe(`1||${process.env["HOME"]}\nerr\n2-2-$B\n`);
});

it("expands only names that the environment has", () => {
  expect(
    expandArguments([`$PORT:${braced("PORT")}`, "$", "$5", "$MISSING"], { PORT: "1" }),
  ).toEqual(["1:1", "$", "$5", "$MISSING"]);
});

it("runs as another user, with that user's home", async () => {
  if (process.getuid?.() !== 0) return;
  const logFile = join(dir, "log");
  const options = { command: 'echo "$(id -un) $USER"', cwd: "/", env: {}, logFile };
  expect(await spawnProcess({ ...options, user: "nobody" }).exited).toMatchObject({ code: 0 });
  expect(readFileSync(logFile, "utf8")).toBe("nobody nobody\n");
});

it("outlives the process that started it", async () => {
  const module = join(import.meta.dirname, "spawn-process.ts");
  const options = { command: "echo $$; exec sleep 600", cwd: dir, env: {}, user: null };
  const program = `
    import { spawnProcess } from ${JSON.stringify(module)};
    const logFile = ${JSON.stringify(join(dir, "logs", "1.log"))};
    spawnProcess({ ...${JSON.stringify(options)}, logFile });`;
  const tsx = ["--conditions=@hitless/source", "--import", "tsx", "--input-type=module"];
  const parent = spawnSync(process.execPath, [...tsx, "-e", program], { encoding: "utf8" });
  expect(parent).toMatchObject({ status: 0, stderr: "" });
  await eventually("it says its pid", () => /^\d+\n$/.test(readLog()));
  const orphan = identify(Number(readLog()));
  if (orphan !== null) started.push(orphan);
  expect(orphan !== null && isAlive(orphan)).toBe(true);
});

it("finds the listener among the group's descendants", async () => {
  const port = await new PortPool().acquire();
  expect(ownerOf(port, start("sleep 600").identity)).toEqual({ kind: "nobody" });
  const { identity } = start(`node -e '${listening("127.0.0.1")}'; true`, { PORT: `${port}` });
  await eventually("it listens", () => ownerOf(port, identity).kind === "ours");
  expect(ownerOf(port, identity)).toMatchObject({ kind: "ours", pid: expect.any(Number) });
  expect(ownerOf(port, start("sleep 600").identity)).toMatchObject({ kind: "stranger" });
});

it("believes the listener on 127.0.0.1 before one on every address", async () => {
  const port = await listen(0, "127.0.0.1");
  const { identity } = start("sleep 600");
  expect(ownerOf(port, identity)).toEqual({ kind: "stranger", pid: process.pid });
  const self = identify(process.pid);
  expect(self === null ? null : ownerOf(port, self).kind).toBe("ours");
  expect(isListenedOn(port)).toBe(true);
});

it("sees a stranger behind a listener on every address of both families", async () => {
  const port = await listen(0, "::");
  expect(ownerOf(port, start("sleep 600").identity)).toEqual({
    kind: "stranger",
    pid: process.pid,
  });
});

it("finds a process without a record by its log, and else by its environment", async () => {
  const marks = { HITLESS_REPLICA: "7-7", PORT: "1" };
  const { identity } = start("sleep 600; true", marks);
  const search = { logFile: join(dir, "logs", "1.log"), environment: {}, since: 0 };
  expect(findStray({ ...search, environment: { X: "nobody has it" } })).toBe(identity.pid);
  const elsewhere = { logFile: "/nowhere", environment: marks, since: Date.now() - 5000 };
  expect(findStray(elsewhere)).toBe(identity.pid);
  expect(findStray({ ...elsewhere, since: Date.now() + 60_000 })).toBeNull();
  expect(findStray({ ...elsewhere, environment: { ...marks, PORT: "2" } })).toBeNull();
});

it("gives no port twice, none that is held, none that was burned", async () => {
  const held = await listen(0, "127.0.0.1");
  const pool = new PortPool({ range: { from: held, to: held } });
  await expect(pool.acquire()).rejects.toMatchObject({ code: "NO_FREE_PORT" });
  const free = await new PortPool().acquire();
  const single = new PortPool({ range: { from: free, to: free } });
  expect(await single.acquire()).toBe(free);
  await expect(single.acquire()).rejects.toMatchObject({ code: "NO_FREE_PORT" });
  single.release(free);
  expect(await single.acquire()).toBe(free);
  single.burn(free);
  await expect(single.acquire()).rejects.toMatchObject({ code: "NO_FREE_PORT" });
});

it("keeps out of the range of outgoing connections", async () => {
  const [low = 0, high = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")
    .trim()
    .split(/\s+/)
    .map(Number);
  const port = await new PortPool().acquire();
  expect(port < low || port > high).toBe(true);
});

it("refuses a range that is none", () => {
  expect(parsePortRange("20000-20999")).toEqual({ from: 20_000, to: 20_999 });
  for (const text of ["", "20000", "5-4", "0-9", "1-70000", "a-b"]) {
    expect(() => parsePortRange(text)).toThrow(`HITLESS_PORTS is "${text}"`);
  }
});
