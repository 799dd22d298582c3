import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OwnFolder } from "./own-folder.ts";

/** A wall clock for the processes of a bed, apart from everybody else's. */
export interface ShiftedClock extends AsyncDisposable {
  /** What shifts it: libfaketime, or a module of ours that is loaded before the program. */
  readonly instrument: string;
  /** Gives it to the processes that are started with it. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it: from the real time, seconds. Within a moment every process sees it. */
  set(seconds: number): Promise<void>;
}

/** libfaketime where it is installed; the monotonic clock and the times of files stay true. */
export async function shiftedClock(): Promise<ShiftedClock> {
  const folder = new OwnFolder("hitless-clock-");
  const file = join(folder.path, "offset");
  const library = libfaketime();
  const preload = join(folder.path, "shift-clock.mjs");
  await writeFile(preload, module);
  const set = (seconds: number) => writeFile(file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  await set(0);
  return {
    instrument: library === null ? "a preloaded module" : "libfaketime",
    env:
      library === null
        ? { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}`, SHIFT_CLOCK_FILE: file }
        : {
            LD_PRELOAD: library,
            FAKETIME_TIMESTAMP_FILE: file,
            FAKETIME_NO_CACHE: "1",
            FAKETIME_DONT_FAKE_MONOTONIC: "1",
            NO_FAKE_STAT: "1",
          },
    set,
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

/** The wall clock differs from the real one by what a file says, in seconds; the monotonic one stays true. */
const module = `
import { readFileSync } from "node:fs";
const Real = Date;
let seconds = 0;
const now = () => {
  // Empty while it is being written anew.
  const text = readFileSync(process.env.SHIFT_CLOCK_FILE, "utf8").trim();
  if (text !== "") seconds = Number(text);
  return Real.now() + seconds * 1000;
};
globalThis.Date = class extends Real {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
`;

function libfaketime(): string | null {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  const found = folders
    .map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`)
    .find((path) => existsSync(path));
  return found ?? null;
}
