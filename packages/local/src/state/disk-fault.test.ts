import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { explainDisk } from "./disk-fault.ts";

const failing = (code: string, path?: string) =>
  explainDisk(path ?? "/srv/x", () =>
    Promise.reject(Object.assign(new Error(code), { code, path, syscall: "open" })),
  );

it.each([
  { errno: "ENOSPC", code: "DISK_FULL", exitCode: 6, says: "no space left on the disk of /srv/x" },
  { errno: "EDQUOT", code: "DISK_FULL", exitCode: 6, says: "no space left on the disk of /srv/x" },
  { errno: "EIO", code: "DISK_FAILED", exitCode: 1, says: "the disk reports an error at /srv/x" },
  { errno: "EROFS", code: "DISK_FAILED", exitCode: 1, says: "/srv/x takes no writes" },
])("calls $errno by its name, with the path and what to do", async ({ errno, says, ...rest }) => {
  await expect(failing(errno)).rejects.toMatchObject({
    ...rest,
    message: expect.stringContaining(says),
    next: expect.stringMatching(/^(Free space|Look at|Mount it).*goes on serving|by itself/),
  });
});

it("says whose a forbidden file is, its mode, and the command that gives it back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hitless-fault-"));
  const path = join(folder, "app.json");
  writeFileSync(path, "{}");
  chmodSync(path, 0o040);
  const me = process.getuid?.();
  const refused = (at: string, mode: string) => ({
    code: "NO_PERMISSION",
    message: `user id ${me} may not open ${join(folder, at)}: ${path} belongs to user id ${me}, mode ${mode}`,
    next: expect.stringContaining(`chown -R ${me} ${path} && chmod u+rwX ${path}`),
  });
  await expect(failing("EACCES", path)).rejects.toMatchObject(refused("app.json", "0040"));
  rmSync(folder, { recursive: true });
  await expect(failing("EACCES", path)).rejects.toMatchObject({
    message: expect.stringContaining(`${tmpdir()} belongs to`),
  });
});

it("passes on what is not the disk's", async () => {
  await expect(failing("ENOENT")).rejects.toMatchObject({ code: "ENOENT" });
});
