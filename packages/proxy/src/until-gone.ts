import { readFile } from "node:fs/promises";

const goneTimeoutMs = 2_000;
const lookAgainMs = 10;

/** Resolves when no process of that id runs, a zombie not counted, or after 2 s. */
export async function untilGone(pid: number): Promise<void> {
  const until = performance.now() + goneTimeoutMs;
  while (performance.now() < until && (await isRunning(pid))) {
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}

async function isRunning(pid: number): Promise<boolean> {
  // 0 was never started, and would mean this process' own group.
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
