import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianPackages, isInPath } from "../../../test/bed/in-path.ts";
import { freePort } from "../free-port.ts";
import type { Environment, Scene, Stage } from "./environment.ts";
import { fillIn, startProxy } from "./proxy-process.ts";

const missing = isInPath("nginx") ? null : `no nginx in PATH: ${debianPackages}`;

/**
 * Told without a reload, by a file that it looks for with each request: a reload closes idle client
 * connections, and so would lose some whatever the app does.
 */
export const nginxTold: Environment = {
  name: "nginx-told",
  what: "Behind nginx, told 1.5 s after the SIGTERM that A is gone",
  tells: "others",
  missing,
  setUp: (stage) => setUp(stage, async () => await writeFile(join(stage.folder, "a-is-gone"), "")),
};

export const nginxUntold: Environment = {
  name: "nginx-untold",
  what: "Behind nginx, never told: it finds out by itself, from failures",
  tells: "nobody",
  missing,
  setUp: (stage) => setUp(stage, async () => undefined),
};

async function setUp({ folder, a, b, random }: Stage, removeA: Scene["removeA"]): Promise<Scene> {
  const port = await freePort(random);
  const values = { FOLDER: folder, PORT: port, A: a.port, B: b.port };
  const config = await fillIn("nginx.conf", folder, values);
  const stop = await startProxy(["nginx", "-p", `${folder}/`, "-c", config, "-e", "stderr"], {
    folder,
    port,
  });
  return {
    nextPort: () => port,
    removeA,
    causes: async () =>
      causesOf(
        await readFile(join(folder, "lost.log"), "utf8"),
        await readFile(join(folder, "error.log"), "utf8"),
      ),
    [Symbol.asyncDispose]: stop,
  };
}

/** Each 5xx answer, by the last error that was logged for the same client connection. */
function causesOf(lost: string, errors: string): Readonly<Record<string, number>> {
  const causes: Record<string, number> = {};
  const last = new Map<string, string>();
  for (const [, connection = "", what = ""] of errors.matchAll(/: \*(\d+) (.*?), client: /g)) {
    last.set(connection, what);
  }
  for (const [, connection = "", method, status] of lost.matchAll(/^(\d+) (\S+) (\d+) /gm)) {
    const cause = `${method} ${status}: ${last.get(connection) ?? "no error logged"}`;
    causes[cause] = (causes[cause] ?? 0) + 1;
  }
  return causes;
}
