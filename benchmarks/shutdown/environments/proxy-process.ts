import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { accepts } from "@hitless/load";
import { until } from "../../../test/bed/app-bed.ts";

/** Writes a configuration with `{{NAME}}` filled in into a folder; returns its path. */
export async function fillIn(
  name: string,
  folder: string,
  values: Readonly<Record<string, string | number>>,
): Promise<string> {
  const template = await readFile(fileURLToPath(new URL(name, import.meta.url)), "utf8");
  const filled = template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => String(values[key]));
  const path = join(folder, name);
  await writeFile(path, filled);
  return path;
}

/** Starts a proxy in a folder; resolves when it accepts connections, with how to end it. */
export async function startProxy(
  [command = "", ...args]: readonly string[],
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<() => Promise<void>> {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += String(text)));
  let ended = "";
  child.once("error", (error) => (ended = String(error)));
  const exited = new Promise<void>((done) => {
    child.once("exit", (code, signal) => {
      ended = `ended with ${code ?? signal}: ${said}`;
      done();
    });
  });
  await until(async () => {
    if (ended !== "") throw new Error(`${command} ${ended}`);
    return await accepts({ host: "127.0.0.1", port });
  }, `${command} accepts connections on port ${port}`);
  return async () => {
    child.kill("SIGTERM");
    await exited;
  };
}
