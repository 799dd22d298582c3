import { mutantsOf } from "./mutant.ts";

/** Sabotages of what is kept on disk. */
export const storeMutants = [
  ...mutantsOf(
    "packages/local/src/state/atomic-file.ts",
    [
      "written-in-place",
      "a crash leaves half a file",
      "await rename(temporary, path);",
      "await writeDurably(path, data, mode).catch(async () => rename(temporary, path));",
    ],
    [
      "temporary-file-stays",
      "a write that failed leaves its temporary file",
      "await rm(temporary, { force: true });",
      "",
    ],
  ),
  ...mutantsOf("packages/local/src/state/line-log.ts", [
    "torn-line-not-ended",
    "a line after a torn one is lost with it",
    "await file.appendFile(torn ? `\\n${line}` : line);",
    "await file.appendFile(line);",
  ]),
  ...mutantsOf("packages/local/src/state/file-store.ts", [
    "row-written-twice",
    "a crash at the end of a release repeats its row of history",
    "if (known.some((r) => r.id === record.id)) return;",
    "",
  ]),
  ...mutantsOf(
    "packages/local/src/state/controller-lock.ts",
    [
      "living-holder-overrun",
      "two controllers hold one lock",
      "if (before?.process && isAlive(before.process)) return { taken: false, before };",
      "",
    ],
    [
      "taken-before-gone",
      "a controller acts before the one it replaces has ended",
      "await end(before.process);",
      "void end(before.process);",
    ],
  ),
];
