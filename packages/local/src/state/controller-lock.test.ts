import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { armFailpoints } from "@hitless/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identify, isAlive, type ProcessIdentity } from "../processes/process-identity.ts";
import {
  type AcquireOptions,
  acquireLock,
  type ControllerLock,
  controllerOf,
} from "./controller-lock.ts";

let dir = "";
let path = "";
const children: ChildProcess[] = [];
let began = 0;
beforeEach(async () => {
  began = Date.now();
  dir = await mkdtemp(join(tmpdir(), "hitless-lock-"));
  path = join(dir, "controller.json");
});
afterEach(async () => {
  vi.restoreAllMocks();
  armFailpoints(null);
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(dir, { recursive: true, force: true });
});

test("one controller at a time: the second is refused and told the first one's pid", async () => {
  const lock = await acquire();
  expect((await controllerOf(path))?.pid).toBe(process.pid);
  await expect(acquire()).rejects.toMatchObject({
    code: "CONTROLLER_RUNNING",
    message: expect.stringContaining(String(process.pid)),
  });
  await lock.release(path);
  expect(await controllerOf(path)).toBeNull();
});

test("of many who find a dead controller's lock, exactly one gets it", async () => {
  await name({ ...self(), pid: 4_194_303, startTime: "1" });
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquire()));
  const won = tries.flatMap((t) => (t.status === "fulfilled" ? [t.value] : []));
  expect(won).toHaveLength(1);
  await won[0]?.release(path);
});

test("one that was stopped in the middle of taking a lock does not take it from who came meanwhile", async () => {
  const other = await sleeper();
  let stopped = true;
  armFailpoints((name) => {
    if (name !== "lock-written" || !stopped) return undefined;
    stopped = false;
    return meanwhile();
  });
  // What a process that finds the guard standing for too long does, and then takes the lock.
  const meanwhile = async () => {
    await rm(`${path}.guard`, { recursive: true });
    await name(other.identity);
  };
  await expect(acquire()).rejects.toThrow(`process ${other.identity.pid}`);
  expect((await controllerOf(path))?.pid).toBe(other.identity.pid);
  expect((await readdir(dir)).toSorted()).toEqual(["controller.json"]);
});

test("a guard that was left behind by a crash is broken once it stood for too long", async () => {
  await mkdir(`${path}.guard`);
  await writeFile(join(`${path}.guard`, "claim-left"), "");
  tenTimesAsFast();
  const lock = await acquire();
  expect((await controllerOf(path))?.pid).toBe(process.pid);
  await lock.release(path);
});

test("takes over from a living controller only when asked, and sees it gone first", async () => {
  const other = await sleeper();
  await name(other.identity);
  await expect(acquire()).rejects.toThrow(String(other.identity.pid));
  const lock = await acquire({ instead: other.identity });
  expect(await other.ended).toBe("SIGTERM");
  await lock.release(path);
});

test("a controller that was stopped is killed: asked to leave it would first go on", async () => {
  const other = await sleeper();
  await name(other.identity);
  process.kill(other.identity.pid, "SIGSTOP");
  const lock = await acquire({ instead: other.identity });
  expect(await other.ended).toBe("SIGKILL");
  await lock.release(path);
});

test("only the controller that was there when it was said is replaced", async () => {
  const [one, other] = [await sleeper(), await sleeper()];
  await name(other.identity);
  await expect(acquire({ instead: one.identity })).rejects.toThrow(`process ${other.identity.pid}`);
  expect(isAlive(other.identity)).toBe(true);
});

test("of many who replace one controller, one does, and the others name it", async () => {
  const other = await sleeper();
  await name(other.identity);
  const tries = await Promise.allSettled(
    Array.from({ length: 4 }, () => acquire({ instead: other.identity })),
  );
  const won = tries.flatMap((t) => (t.status === "fulfilled" ? [t.value] : []));
  expect(won).toHaveLength(1);
  for (const each of tries) {
    if (each.status === "fulfilled") continue;
    expect(each.reason).toMatchObject({ code: "CONTROLLER_RUNNING" });
    expect(String(each.reason)).toContain(`process ${process.pid}`);
  }
  await won[0]?.release(path);
});

test("a controller that is not seen to renew its lease for 10 s is replaced", async () => {
  const other = await sleeper();
  await name(other.identity);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  tenTimesAsFast();
  const lock = await acquire();
  expect(lock.lastSeen).toBeCloseTo(longAgo.getTime(), -3);
  expect(await other.ended).toBe("SIGKILL");
  await lock.release(path);
});

test.each([
  ["right after it took the lock", async () => undefined],
  ["after signs of life", () => eventually(async () => (await lastSeen()) > began + 500)],
])("who dies %s has not watched: the next one learns when somebody did", async (_when, work) => {
  await name({ ...self(), pid: 4_194_303, startTime: "1" });
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  const first = await acquire();
  await work();
  const next = await successorOf(first);
  expect(next.lastSeen).toBeCloseTo(longAgo.getTime(), -3);
  await next.takenUp();
  const last = await successorOf(next);
  expect(last.lastSeen).toBeGreaterThan(began - 1000);
  await last.release(path);
});

test("who dies before it took the app up after a good end leaves it unknown, as it was", async () => {
  const next = await successorOf(await acquire());
  expect(next.lastSeen).toBeNull();
  await next.release(path);
});

test.each([-86_400_000, 86_400_000])(
  "a clock that jumped by %i ms does not cost a living controller its lock",
  async (jump) => {
    const other = await sleeper();
    await name(other.identity);
    const renew = async () => {
      const then = new Date(Date.now() - jump + Math.random());
      await utimes(path, then, then);
    };
    await renew();
    const beats = setInterval(() => void renew(), 200);
    tenTimesAsFast();
    await expect(acquire()).rejects.toThrow(`process ${other.identity.pid}`);
    clearInterval(beats);
    expect(isAlive(other.identity)).toBe(true);
  },
);

test("its signs of life follow a clock that jumped only when the state did", async () => {
  const lock = await acquire();
  const real = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => real() + 86_400_000);
  const before = real();
  await eventually(async () => (await lastSeen()) > before + 1500);
  expect(await lastSeen()).toBeLessThan(real() + 60_000);
  await lock.clockMoved();
  expect(await lastSeen()).toBeGreaterThan(real() + 86_000_000);
  await lock.release(path);
});

test.each([
  ["removed", () => rm(path)],
  ["damaged", () => writeFile(path, '{"schema": 1, "proc')],
  ["put back from a backup", () => name({ ...self(), pid: 4_194_303, startTime: "1" })],
])("a lock that was %s is written anew by the one who has it", async (_what, damage) => {
  const lock = await acquire();
  await damage();
  lock.assertHeld();
  await eventually(async () => (await controllerOf(path))?.pid === process.pid);
  expect(lock.lost.aborted).toBe(false);
  await lock.release(path);
});

test("whoever finds a damaged lock and a controller that answers waits for its name", async () => {
  const other = await sleeper();
  await writeFile(path, "garbage");
  setTimeout(() => void name(other.identity), 500);
  await expect(acquire({ answers: async () => true })).rejects.toThrow(
    `process ${other.identity.pid}`,
  );
});

test("a damaged lock is not free while its controller is stopped and cannot mend it", async () => {
  await writeFile(path, "garbage");
  tenTimesAsFast();
  await expect(acquire({ answers: async () => true })).rejects.toThrow("does not name it");
  const lock = await acquire({ answers: async () => false });
  await lock.release(path);
});

test("who lost the lock to a living process finds out before it changes anything", async () => {
  const lock = await acquire();
  const other = await sleeper();
  await name(other.identity);
  expect(() => lock.assertHeld()).toThrow(`process ${other.identity.pid} took over`);
  expect(lock.lost.aborted).toBe(true);
  await lock.release(path);
  expect(JSON.parse(await readFile(path, "utf8")).process).toEqual(other.identity);
});

test("the next one ends a controller that its dead replacer did not get to end", async () => {
  const other = await sleeper();
  const dead = { ...self(), pid: 4_194_303, startTime: "1" };
  await name(dead, [other.identity]);
  const lock = await acquire();
  expect(isAlive(other.identity)).toBe(false);
  expect(JSON.parse(await readFile(path, "utf8")).ends).toEqual([]);
  await lock.release(path);
});

function acquire(options: Partial<AcquireOptions> = {}) {
  return acquireLock(path, { instead: null, answers: async () => false, ...options });
}

/** Lets the holder die, and the next one take the lock. */
async function successorOf(lock: ControllerLock): Promise<ControllerLock> {
  const claim = await readFile(path, "utf8");
  const { mtime } = await stat(path);
  // It beats no more, and its lock stands there with the name of somebody dead.
  await lock.release(path);
  await writeFile(path, claim.replace(/"pid":\d+/, '"pid":4194303'));
  await utimes(path, mtime, mtime);
  return acquire();
}

function self(): ProcessIdentity {
  const found = identify(process.pid);
  if (found === null) throw new Error("we have no identity");
  return found;
}

function name(process: ProcessIdentity, ends: readonly ProcessIdentity[] = []): Promise<void> {
  return writeFile(path, JSON.stringify({ schema: 1, process, ends }));
}

async function lastSeen(): Promise<number> {
  return (await stat(path)).mtimeMs;
}

function tenTimesAsFast(): void {
  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() * 10);
}

function eventually(holds: () => Promise<boolean>): Promise<void> {
  return vi.waitUntil(holds, { timeout: 20_000, interval: 20 }).then(() => undefined);
}

async function sleeper() {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  const ended = once(child, "exit").then(([, signal]) => signal);
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? -1);
  if (identity === null) throw new Error("the sleeper did not start");
  return { identity, ended };
}
