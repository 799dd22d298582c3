import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppBed } from "./app-bed.ts";

/** Files of a bed's state that were cut, and how to put them back. */
export interface TornFiles {
  /** From the state folder, `app.json.copy`. */
  readonly names: readonly string[];
  /** Whether anything was taken from a file that is kept twice. */
  readonly keptTwice: boolean;
  restore(): void;
}

/** Cuts one to three state files at random bytes; every other time a file together with its copy. */
export function tearFiles(bed: AppBed, random: () => number): TornFiles {
  const root = join(bed.dir, ".hitless");
  const all = stateFilesOf(root);
  const count = 1 + Math.floor(random() * 3);
  const drawn = Array.from({ length: count }, () => all[Math.floor(random() * all.length)] ?? "");
  const twins = random() < 0.5 ? drawn.map(twinOf).filter((name) => all.includes(name)) : [];
  const names = [...new Set([...drawn, ...twins])];
  const before = names.map((name) => [join(root, name), readFileSync(join(root, name))] as const);
  for (const [path, whole] of before) {
    writeFileSync(path, whole.subarray(0, Math.floor(random() * Math.max(0, whole.length - 1))));
  }
  return {
    names,
    keptTwice: names.some((name) => all.includes(twinOf(name))),
    restore: () => {
      for (const [path, whole] of before) writeFileSync(path, whole);
    },
  };
}

function twinOf(name: string): string {
  return name.endsWith(".copy") ? name.slice(0, -".copy".length) : `${name}.copy`;
}

/** Everything but what replicas wrote and what their folders hold. */
function stateFilesOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:json|jsonl|copy)$/.test(name))
    .filter((name) => !/^(?:checkouts|persist|logs)\/[^/]+\//.test(name))
    .toSorted();
}
