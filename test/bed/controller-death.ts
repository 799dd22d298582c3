import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type AppBed, isRunning, until } from "./app-bed.ts";

const lockFile = z.object({ process: z.object({ pid: z.number() }) });
const release = z.object({
  id: z.number(),
  from: z.number().nullable(),
  to: z.number(),
  direction: z.enum(["forward", "back"]),
});
const savedApp = z.object({
  stable: z.number().nullable(),
  desired: z.object({ replicas: z.number() }),
  release: release.nullable(),
  releases: z.number(),
});
const appFile = z.object({ value: savedApp });

/** What of the app on disk says how it has to go on. */
export type SavedApp = Readonly<z.infer<typeof savedApp>>;

/** The process that the state folder names as its controller, dead or alive; null without one. */
export async function namedController(bed: AppBed): Promise<number | null> {
  const read = await parsed(bed, "controller.json", lockFile);
  return read?.process.pid ?? null;
}

/** The app that is on disk; null before the first was saved. */
export async function persistedApp(bed: AppBed): Promise<SavedApp | null> {
  return (await parsed(bed, "app.json", appFile))?.value ?? null;
}

/** Number of the last release whose intent is on disk; 0 when none is. */
export async function persistedReleases(bed: AppBed): Promise<number> {
  return (await persistedApp(bed))?.releases ?? 0;
}

/** Where the release that is on disk goes; null when none is under way. */
export async function persistedDirection(bed: AppBed): Promise<"forward" | "back" | null> {
  return (await persistedApp(bed))?.release?.direction ?? null;
}

/** Kills the controller at once, without asking it who it is; resolves when it is gone. */
export async function killNamedController(bed: AppBed): Promise<number> {
  const pid = await namedController(bed);
  if (pid === null) throw new Error(`no controller is named in ${bed.dir}`);
  process.kill(pid, "SIGKILL");
  await until(() => !isRunning(pid), `controller ${pid} is gone`);
  return pid;
}

/** Resolves when another controller than `before` is named, or the command that starts it ended. */
export async function anotherController(
  bed: AppBed,
  before: number | null,
  ended: () => boolean,
): Promise<number | null> {
  let named: number | null = null;
  await until(async () => {
    named = await namedController(bed);
    return ended() || (named !== null && named !== before);
  }, "another controller holds the lock");
  return named === before ? null : named;
}

async function parsed<T>(bed: AppBed, name: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(join(bed.dir, ".hitless", name), "utf8").catch(() => null);
  return text === null ? null : schema.parse(JSON.parse(text));
}
