import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allFiles, large, picture, StoreFixture } from "./store-fixture.ts";

let at: StoreFixture;
beforeEach(() => {
  at = new StoreFixture();
});
afterEach(() => at[Symbol.dispose]());

describe("checkout", () => {
  it("gives files that the owner may write, executables that run, and private files", async () => {
    at.write("data", "1", 0o444);
    at.write("run.sh", "#!/bin/sh\necho ran", 0o755);
    at.write("key", "k", 0o600);
    at.write("lib.so", large, 0o755);
    at.write("copy-of-lib", large, 0o644);
    await at.checkout((await at.store.capture(at.source())).digest, 1);
    const modes = Object.fromEntries(
      readdirSync(at.revision(1)).map((name) => [
        name,
        statSync(join(at.revision(1), name)).mode & 0o777,
      ]),
    );
    expect(modes).toEqual({
      data: 0o644,
      "run.sh": 0o755,
      key: 0o600,
      "lib.so": 0o555,
      "copy-of-lib": 0o444,
    });
    expect(execFileSync(join(at.revision(1), "run.sh"), { encoding: "utf8" })).toBe("ran\n");
  });

  it("keeps what an app wrote beside its code, and its persisted folders, at the next start", async () => {
    at.write("app.js", "1");
    at.write("uploads/from-source", "stale");
    const { digest } = await at.store.capture(at.source());
    await at.checkout(digest, 1, "uploads", "var/data/");
    writeFileSync(join(at.revision(1), "cache"), "warm");
    writeFileSync(join(at.revision(1), "uploads/photo"), "kept");
    await at.checkout(digest, 1, "uploads", "var/data");
    await at.checkout(digest, 2, "uploads", "var/data");
    expect(readFileSync(join(at.revision(1), "cache"), "utf8")).toBe("warm");
    expect(readdirSync(join(at.revision(2), "uploads"))).toEqual(["photo"]);
    // Relative: it leads there also when the whole folder was moved.
    expect(readlinkSync(join(at.revision(2), "var/data"))).toBe("../../../persist/var/data");
    expect(realpathSync(join(at.revision(2), "var/data"))).toBe(
      join(at.folder, "persist/var/data"),
    );
    expect(statSync(join(at.folder, "persist/uploads")).mode & 0o777).toBe(0o700);
    await at.store.removeCheckout(at.revision(2));
    expect(readdirSync(join(at.folder, "revisions")).toSorted()).toEqual([
      "1",
      "1.checkout.json",
      "1.checkout.json.copy",
    ]);
    expect(readFileSync(join(at.folder, "persist/uploads/photo"), "utf8")).toBe("kept");
  });

  it.each(["/etc", "../x", ".", "", "a/../..", "link/x"])("refuses to persist %j", async (name) => {
    at.write("a", "1");
    symlinkSync("/tmp", join(at.src, "link"));
    const { digest } = await at.store.capture(at.source());
    await expect(at.checkout(digest, 1, name)).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(existsSync(at.revision(1))).toBe(false);
  });

  it("removes what a checkout that was killed left, and makes the folder whole", async () => {
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    await at.checkout(digest, 1);
    // Killed after the marker was written and before the folder got its name.
    renameSync(at.revision(1), `${at.revision(1)}.tmp-killed`);
    rmSync(join(`${at.revision(1)}.tmp-killed`, "a"));
    await at.checkout(digest, 1);
    expect(picture(at.revision(1))).toEqual(picture(at.src));
    expect(readdirSync(join(at.folder, "revisions")).toSorted()).toEqual([
      "1",
      "1.checkout.json",
      "1.checkout.json.copy",
    ]);
  });

  it("makes a folder once for replicas that start together", async () => {
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    await Promise.all([at.checkout(digest, 1), at.checkout(digest, 1), at.checkout(digest, 1)]);
    expect(picture(at.revision(1))).toEqual(picture(at.src));
  });

  it("refuses a folder that is not its own, and leaves it as it is", async () => {
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    mkdirSync(at.revision(1), { recursive: true });
    writeFileSync(join(at.revision(1), "precious"), "mine");
    await expect(at.checkout(digest, 1)).rejects.toMatchObject({ code: "REFUSED" });
    expect(readdirSync(at.revision(1))).toEqual(["precious"]);
  });

  it.each([
    ["small", Buffer.from("1"), 0o644],
    ["linked", large, 0o644],
    ["linked executable", large, 0o755],
    ["large and private", large, 0o600],
  ])(
    "names a %s file whose stored bytes are damaged, and a new capture heals it",
    async (...row) => {
      const [, data, mode] = row;
      at.write("victim", data, mode);
      const { digest } = await at.store.capture(at.source());
      for (const blob of allFiles(join(at.folder, "store/blobs"))) {
        if (blob.endsWith(".stamp")) continue;
        chmodSync(blob, 0o600);
        writeFileSync(blob, Buffer.alloc(data.length, "z"));
      }
      await expect(at.checkout(digest, 1)).rejects.toMatchObject({
        code: "STATE_UNREADABLE",
        message: expect.stringContaining('"victim"'),
      });
      expect(readdirSync(join(at.folder, "revisions"))).toEqual([]);
      await at.store.capture(at.source());
      await at.checkout(digest, 1);
      expect(picture(at.revision(1))).toEqual(picture(at.src));
    },
  );

  it("notices at the next start that someone wrote through a link", async () => {
    at.write("big", large);
    const { digest } = await at.store.capture(at.source());
    await at.checkout(digest, 1);
    const file = join(at.revision(1), "big");
    expect(statSync(file).nlink).toBe(2);
    utimesSync(file, 5, 5);
    await at.checkout(digest, 1);
    chmodSync(file, 0o644);
    writeFileSync(file, Buffer.alloc(large.length, "z"));
    await expect(at.checkout(digest, 1)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  });

  it("lets an app put a file of its own in the place of a link", async () => {
    at.write("big", large);
    const { digest } = await at.store.capture(at.source());
    await at.checkout(digest, 1);
    rmSync(join(at.revision(1), "big"));
    writeFileSync(join(at.revision(1), "big"), "mine");
    await at.checkout(digest, 1);
    expect(readFileSync(join(at.revision(1), "big"), "utf8")).toBe("mine");
    expect(await at.store.verify(digest, at.revision(1))).toEqual([
      { path: "big", kind: "otherBytes" },
    ]);
  });

  it("says which artifact is missing, and refuses one whose manifest and copy were changed", async () => {
    await expect(at.checkout("0".repeat(64), 1)).rejects.toMatchObject({
      code: "STATE_UNREADABLE",
    });
    await expect(at.checkout("../../etc", 1)).rejects.toMatchObject({ code: "BAD_INPUT" });
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    const path = join(at.folder, "store/manifests", `${digest}.json`);
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.replace('"a"', '"b"'));
    await at.checkout(digest, 1);
    writeFileSync(`${path}.copy`, whole.replace('"a"', '"b"'));
    await expect(at.checkout(digest, 2)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  });
});

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/[/\0]/u.test(text) && ![".", "..", ".hitless"].includes(text));
const tree = fc.array(
  fc.record({
    path: fc.array(name, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom("file", "executable", "dir", "symlink"),
    data: fc.uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 12 },
);

it("checks out exactly what it captured, whatever the tree", async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (nodes) => {
      rmSync(at.src, { recursive: true, force: true });
      mkdirSync(at.src);
      for (const { path, kind, data } of nodes)
        plant(join(at.src, ...path), kind, Buffer.from(data));
      const { digest } = await at.store.capture(at.source());
      await at.store.removeCheckout(at.revision(1));
      await at.checkout(digest, 1);
      expect(picture(at.revision(1))).toEqual(picture(at.src));
      expect(await at.store.verify(digest, at.revision(1))).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

/** Makes one node, unless an earlier one is in its way. */
function plant(path: string, kind: string, data: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
    if (kind === "dir") mkdirSync(path);
    else if (kind === "symlink") symlinkSync("somewhere", path);
    else writeFileSync(path, data, { mode: kind === "executable" ? 0o755 : 0o644 });
  } catch {
    // A file stands where this node needs a folder.
  }
}
