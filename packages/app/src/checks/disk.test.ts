import { statfs } from "node:fs/promises";
import { afterEach, expect, test, vi } from "vitest";
import { withTimeout } from "../with-timeout.ts";
import { disk } from "./disk.ts";

// A file system that hangs, a full one and one without inodes cannot be had everywhere.
vi.mock("node:fs/promises", () => ({ statfs: vi.fn() }));
afterEach(() => vi.resetAllMocks());

const check = disk({ path: "/data" });
const run = () => withTimeout((signal) => check.run(signal), 20);
const half = { type: 0, bsize: 4096, blocks: 100, bfree: 60, bavail: 50, files: 10, ffree: 5 };

test("a file system that hangs is asked once, however often the check runs, and again when it answers", async () => {
  let answer: (space: typeof half) => void = () => {};
  vi.mocked(statfs).mockReturnValue(
    new Promise((resolve) => {
      answer = resolve;
    }),
  );
  for (let at = 0; at < 3; at += 1) expect(await run()).toMatchObject({ outcome: "timedOut" });
  expect(statfs).toHaveBeenCalledTimes(1);
  answer(half);
  expect(await run()).toEqual({ outcome: "done" });
  vi.mocked(statfs).mockResolvedValue({ ...half, bavail: 4 });
  expect(await run()).toMatchObject({
    error: { message: "/data: 4.0 % are free; expected 5.0 %" },
  });
});

test("fails without a free inode, unless the file system has no number of them", async () => {
  vi.mocked(statfs).mockResolvedValue({ ...half, ffree: 0 });
  expect(await run()).toMatchObject({ error: { message: "/data: no inode is free" } });
  vi.mocked(statfs).mockResolvedValue({ ...half, files: 0, ffree: 0 });
  expect(await run()).toEqual({ outcome: "done" });
});
