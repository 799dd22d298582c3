import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Changes with the code of the proxy, and with the Node that runs it: what two builds differ in. */
export function ownBuild(): string {
  known ??= `${digestOf(dirname(fileURLToPath(import.meta.url)))} on Node ${process.version}`;
  return known;
}

// As of when this process asks first: what lies there later is another build.
let known: string | null = null;

function digestOf(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(isCode).sort();
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 12);
}

function isCode(path: string): boolean {
  return /\.[jt]s$/.test(path) && !/\.(test|d)\.|(^|\/)testing\//.test(path);
}
