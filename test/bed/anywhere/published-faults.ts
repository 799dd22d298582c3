import { join } from "node:path";
import { repository } from "../app-bed.ts";
import type { InstalledApp } from "./installed-app.ts";
import { runProgram } from "./run-program.ts";

/** What two linters of packages say about the tarball; both are to find nothing at all. */
export async function publishedFaults({
  tarball,
  folder,
}: InstalledApp): Promise<readonly string[]> {
  const bin = (name: string) => join(repository, "node_modules/.bin", name);
  const attw = await runProgram([bin("attw"), tarball, "--no-emoji"], { cwd: folder });
  const publint = await runProgram([bin("publint"), tarball, "--strict"], { cwd: folder });
  const isTyped = attw.code === 0 && attw.stdout.includes("No problems found");
  const isSound = publint.code === 0 && publint.stdout.includes("All good!");
  return [
    ...(isTyped ? [] : [`attw: ${attw.code}\n${attw.stdout}${attw.stderr}`]),
    ...(isSound ? [] : [`publint: ${publint.code}\n${publint.stdout}${publint.stderr}`]),
  ];
}
