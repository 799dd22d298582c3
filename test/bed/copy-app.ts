import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");

/**
 * Copies an app of ours out of the repository, over what is there. Beside the copy lies what
 * `npm install @hitless/app` would put into it, so that it stays no part of what is released.
 */
export async function copyApp(folder: string, to: string): Promise<void> {
  await cp(join(repository, folder), to, { recursive: true, force: true });
  const installed = join(dirname(to), "node_modules/@hitless");
  await mkdir(installed, { recursive: true });
  await symlink(join(repository, "packages/app"), join(installed, "app")).catch(
    (thrown: unknown) => {
      if (!isThere(thrown)) throw thrown;
    },
  );
}

function isThere(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST";
}
