import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LocalArtifactStore } from "./artifact-store.ts";

it("leaves nothing half-made on a real disk that is full", async ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), "hitless-full-"));
  const disk = join(folder, "disk");
  mkdirSync(disk);
  try {
    const mount = ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk];
    if (spawnSync("mount", mount).status !== 0) skip("only root can mount a small disk");
    const src = join(folder, "src");
    mkdirSync(src);
    writeFileSync(join(src, "private"), Buffer.alloc(1_800_000), { mode: 0o600 });
    const store = new LocalArtifactStore(join(disk, "store"));
    const source = { dir: src, exclude: [], never: [] };
    const { digest } = await store.capture(source);
    const persist = { names: [], root: join(disk, "persist") };
    const refused = { code: "DISK_FULL", message: expect.stringContaining("no space") };
    const target = join(disk, "revisions/1");
    await expect(store.checkout(digest, target, { persist })).rejects.toMatchObject(refused);
    expect(readdirSync(join(disk, "revisions"))).toEqual([]);
    writeFileSync(join(src, "more"), Buffer.alloc(1_800_000, "y"));
    await expect(store.capture(source)).rejects.toMatchObject(refused);
    expect(readdirSync(join(disk, "store/staging"))).toEqual([]);
    expect(await store.list()).toEqual([digest]);
  } finally {
    spawnSync("umount", [disk]);
    rmSync(folder, { recursive: true, force: true });
  }
});
