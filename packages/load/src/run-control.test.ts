import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ControlOptions, runControl } from "./run-control.ts";
import { answerText, rawServer } from "./testing/raw-server.ts";
import { shopFolder } from "./testing/shop-folder.ts";

const shop: ControlOptions = {
  command: [process.execPath, "server.mjs"],
  cwd: shopFolder("1.0"),
  load: { rate: 200 },
  phaseMs: 400,
};

test.each(["SIGTERM", "SIGKILL"] as const)(
  "sees what a naive swap with %s loses",
  async (killSignal) => {
    const { load, downMs, pids } = await runControl({ ...shop, killSignal });
    const [steady, swap, back] = load.phases;
    expect([steady?.name, swap?.name, back?.name]).toEqual(["steady", "swap", "back"]);
    expect(steady?.answered).toBeGreaterThan(0);
    // Those that were in flight at the kill: scheduled before it, and slow ones at that.
    for (const { kind, atMs } of steady?.examples ?? []) {
      expect(kind === "slow" || atMs > (steady?.seconds ?? 0) * 1000 - 50).toBe(true);
    }
    expect(swap?.lost).toBeGreaterThan(0);
    expect(swap?.lostByCause.refused).toBeGreaterThan(0);
    expect(back?.answered).toBeGreaterThan(0);
    expect(Object.keys(load.total.answersBy["1.0"] ?? {}).sort()).toEqual(pids.map(String).sort());
    expect(downMs).toBeGreaterThan(0);
    for (const pid of pids) expect(lives(pid)).toBe(false);
  },
);

test("runs a string by a shell, and leaves nothing of it behind", async () => {
  const command = `"${process.execPath}" server.mjs & wait`;
  const { load, pids } = await runControl({ ...shop, command, phaseMs: 200 });
  expect(load.total.lost).toBeGreaterThan(0);
  for (const pid of Object.keys(load.total.answersBy["1.0"] ?? {}))
    expect(lives(Number(pid))).toBe(false);
  for (const pid of pids) expect(lives(pid)).toBe(false);
});

test("names what an app said that exits before it answers", async () => {
  const broken = runControl({ ...shop, cwd: shopFolder("bad/crashes-at-once") });
  await expect(broken).rejects.toThrow(/exited before it answered.*DATABASE_URL is not set/s);
});

test("gives up on an app that does not get ready, and stops it", async () => {
  const options = { cwd: shopFolder("bad/never-ready"), readyPath: "/ready", startTimeoutMs: 300 };
  await expect(runControl({ ...shop, ...options })).rejects.toThrow(/did not answer in 300 ms/);
});

test("refuses a command that does not exist", async () => {
  const missing = runControl({ ...shop, command: ["no-such-command-here"] });
  await expect(missing).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
});

test("ends with the reason when it is aborted, and stops the app", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  await using sighting = await rawServer((socket, { text }) => {
    socket.end(answerText(""));
    started = Number(/pid=(\d+)/.exec(text)?.[1]);
    abort.abort(reason);
  });
  let started = 0;
  const script = `fetch('${sighting.url}/?pid=' + process.pid); setInterval(() => {}, 1000)`;
  const command = [process.execPath, "-e", script];
  await expect(runControl({ ...shop, command, signal: abort.signal })).rejects.toBe(reason);
  expect(started).toBeGreaterThan(0);
  expect(lives(started)).toBe(false);
});

function lives(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  try {
    // A zombie takes signals too, where there is a /proc to tell.
    return (
      process.kill(pid, 0) && !(existsSync(stat) && readFileSync(stat, "latin1").includes(") Z "))
    );
  } catch {
    return false;
  }
}
