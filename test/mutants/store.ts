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
    "const torn = size > 0 &&",
    "const torn = size < 0 &&",
  ]),
];
