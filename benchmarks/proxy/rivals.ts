import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { debianPackages, isInPath } from "../../test/bed/in-path.ts";
import type { Rival, Seat } from "./contender.ts";
import { shapes } from "./shapes.ts";

const shapesThatKeepAlive = shapes.map(({ name }) => name).filter((name) => name !== "fresh");

/** What Hitless is measured against, each set up for the same job: keep-alive to the app, X-Forwarded-*. */
export const rivals: readonly Rival[] = [
  {
    name: "nginx",
    missing: isInPath("nginx") ? null : `no nginx in PATH: ${debianPackages}`,
    prepare: async (seat) => {
      const config = await fillIn("nginx.conf", seat);
      return ["nginx", "-p", `${seat.folder}/`, "-c", config, "-e", "stderr"];
    },
  },
  {
    name: "HAProxy",
    missing: isInPath("haproxy") ? null : `no haproxy in PATH: ${debianPackages}`,
    prepare: async (seat) => ["haproxy", "-db", "-f", await fillIn("haproxy.cfg", seat)],
  },
  {
    name: "Go",
    missing: isInPath("go") ? null : "no go in PATH: https://go.dev/dl",
    prepare: async ({ folder, port, upstreamPort }) => {
      const program = join(folder, "reverse-proxy");
      const build = ["build", "-o", program, fileOf("reverse-proxy.go")];
      await promisify(execFile)("go", build, { cwd: folder });
      return [program, String(port), String(upstreamPort)];
    },
  },
  nodeRival("node:http", "node-http.mjs"),
  // It keeps no connections of its own, so one more for each client would say nothing.
  { ...nodeRival("floor", "floor.mjs"), only: shapesThatKeepAlive },
];

function nodeRival(name: string, script: string): Rival {
  return {
    name,
    missing: null,
    prepare: async ({ port, upstreamPort }) => [
      process.execPath,
      fileOf(script),
      String(port),
      String(upstreamPort),
    ],
  };
}

/** Writes a configuration with its ports into the rival's folder; returns its path. */
async function fillIn(name: string, { folder, port, upstreamPort }: Seat): Promise<string> {
  const template = await readFile(fileOf(name), "utf8");
  const path = join(folder, name);
  const filled = template
    .replaceAll("{{PORT}}", String(port))
    .replaceAll("{{UPSTREAM}}", String(upstreamPort));
  await writeFile(path, filled);
  return path;
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`rivals/${name}`, import.meta.url));
}
