import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalArtifactStore } from "./artifact-store.ts";
import { allFiles, large, picture, StoreFixture } from "./store-fixture.ts";

let at: StoreFixture;
beforeEach(() => {
  at = new StoreFixture();
});
afterEach(() => at[Symbol.dispose]());

describe("the digest", () => {
  it("does not depend on times or on the order in which files were made", async () => {
    at.write("a/one", "1");
    at.write("b", "2");
    const before = await at.store.capture(at.source());
    rmSync(at.src, { recursive: true });
    at.write("b", "2");
    at.write("a/one", "1");
    utimesSync(join(at.src, "b"), 1, 1);
    expect(await at.store.capture(at.source())).toEqual(before);
    expect(await at.store.digestOf(at.source())).toEqual(before);
    expect(before).toMatchObject({ kind: "files", files: 2, bytes: 2 });
  });

  it("changes with a mode, a name, a link's target, an empty folder and a byte", async () => {
    at.write("run.sh", "echo");
    symlinkSync("run.sh", join(at.src, "link"));
    const changes = [
      () => chmodSync(join(at.src, "run.sh"), 0o755),
      () => renameSync(join(at.src, "run.sh"), join(at.src, "go.sh")),
      () => rmSync(join(at.src, "link")),
      () => symlinkSync("go.sh", join(at.src, "link")),
      () => mkdirSync(join(at.src, "empty")),
      () => writeFileSync(join(at.src, "go.sh"), "ecco"),
      () => chmodSync(join(at.src, "go.sh"), 0o600),
    ];
    const digests = [(await at.store.capture(at.source())).digest];
    for (const change of changes) {
      change();
      digests.push((await at.store.capture(at.source())).digest);
    }
    expect(new Set(digests).size).toBe(changes.length + 1);
    expect(await at.store.list()).toEqual(digests.toSorted());
  });

  it("is told without storing anything", async () => {
    at.write("a", "1");
    const told = await at.store.digestOf(at.source());
    expect(existsSync(join(at.folder, "store"))).toBe(false);
    expect(await at.store.has(told.digest)).toBe(false);
    expect(await at.store.capture(at.source())).toEqual(told);
    expect(await at.store.has(told.digest)).toBe(true);
  });
});

describe("capture", () => {
  it("keeps stored and checked-out files when the folder is overwritten in place", async () => {
    at.write("server.js", "version 1");
    at.write("big.node", large);
    const first = await at.store.capture(at.source());
    await at.checkout(first.digest, 1);
    const before = picture(at.revision(1));
    at.write("server.js", "version 2");
    at.write("big.node", Buffer.alloc(large.length, "y"));
    const second = await at.store.capture(at.source());
    await at.checkout(second.digest, 2);
    expect(picture(at.revision(1))).toEqual(before);
    await at.checkout(first.digest, 3);
    expect(picture(at.revision(3))).toEqual(before);
    expect(readFileSync(join(at.revision(2), "server.js"), "utf8")).toBe("version 2");
  });

  it("never links a file of the user's", async () => {
    at.write("a", "1");
    at.write("big", large);
    await at.checkout((await at.store.capture(at.source())).digest, 1);
    for (const file of allFiles(at.src)) expect(statSync(file).nlink).toBe(1);
  });

  it("notices same-size content written in the same tick with the same modification time", async () => {
    const digests = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      writeFileSync(join(at.src, "a"), `round ${String(round).padStart(2, "0")}`);
      utimesSync(join(at.src, "a"), 1_000, 1_000);
      digests.add((await at.store.capture(at.source())).digest);
    }
    expect(digests.size).toBe(30);
  });

  it("reads a file again whose bytes the store has lost", async () => {
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    await at.store.gc([]);
    expect(await at.store.list()).toEqual([]);
    expect((await at.store.capture(at.source())).digest).toBe(digest);
    await at.checkout(digest, 1);
    expect(picture(at.revision(1))).toEqual(picture(at.src));
  });

  it("leaves out what is excluded, what must never be part of it, and every .hitless", async () => {
    for (const path of ["app.js", "hitless.yaml", ".env", ".git/HEAD", "test/a", "x/.hitless/b"]) {
      at.write(path, path);
    }
    symlinkSync(at.src, join(at.folder, "alias"));
    const inside = new LocalArtifactStore(join(at.src, "var/store"));
    const never = [join(at.folder, "alias/hitless.yaml"), join(at.src, ".env")];
    const chosen = at.source([".git", "test"], never);
    await inside.capture(chosen);
    const { digest } = await inside.capture(chosen);
    await inside.checkout(digest, at.revision(1), {
      persist: { names: [], root: join(at.folder, "persist") },
    });
    expect(Object.keys(picture(at.revision(1))).toSorted()).toEqual(["app.js", "var", "x"]);
  });

  it("keeps names with spaces, newlines and any script, empty folders and empty files", async () => {
    for (const name of ["a b", "new\nline", "żółć/日本", "-rf", "😀", 'quo"te', "back\\slash"]) {
      at.write(name, name);
    }
    at.write("empty", "");
    mkdirSync(join(at.src, "none/at/all"), { recursive: true });
    await at.checkout((await at.store.capture(at.source())).digest, 1);
    expect(picture(at.revision(1))).toEqual(picture(at.src));
  });

  it("keeps links: into the tree relative, out of it leading where they led", async () => {
    at.write("lib/a", "1");
    symlinkSync("lib/a", join(at.src, "relative"));
    symlinkSync(join(at.src, "lib/a"), join(at.src, "lib/absolute"));
    symlinkSync("../outside", join(at.src, "leaving"));
    symlinkSync("nowhere", join(at.src, "dangling"));
    await at.checkout((await at.store.capture(at.source())).digest, 1);
    expect(picture(at.revision(1))).toMatchObject({
      relative: "-> lib/a",
      "lib/absolute": "-> a",
      leaving: `-> ${join(at.folder, "outside")}`,
      dangling: "-> nowhere",
    });
  });

  it("refuses a pipe by name, and takes the folder when it is excluded", async () => {
    execFileSync("mkfifo", [join(at.src, "pipe")]);
    await expect(at.store.capture(at.source())).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining(join(at.src, "pipe")),
    });
    expect(await at.store.capture(at.source(["pipe"]))).toMatchObject({ files: 0 });
  });

  it("names a file that it may not read", async () => {
    at.write("secret", "1", 0o000);
    using _user = at.asOrdinaryUser();
    await expect(at.store.capture(at.source())).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining(join(at.src, "secret")),
    });
  });

  it("names a folder that does not exist, and one that is a file", async () => {
    const capture = (dir: string) => at.store.capture({ dir, exclude: [], never: [] });
    await expect(capture(join(at.src, "gone"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    at.write("file", "1");
    await expect(capture(join(at.src, "file"))).rejects.toMatchObject({ code: "BAD_INPUT" });
  });

  it("stores bytes that have their hash while the file is rewritten all the time", async () => {
    let round = 0;
    const rewrite = (): void => {
      round += 1;
      at.write("busy", Buffer.alloc(1_100_000 + (round % 7), `${round}`));
      at.write("small", `round ${round}`);
    };
    rewrite();
    const writer = setInterval(rewrite, 1);
    const digests: string[] = [];
    for (let n = 1; n <= 5; n += 1) digests.push((await at.store.capture(at.source())).digest);
    clearInterval(writer);
    expect(round).toBeGreaterThan(5);
    for (const [n, digest] of digests.entries()) {
      await at.checkout(digest, n);
      expect(await at.store.verify(digest, at.revision(n))).toEqual([]);
    }
  });

  it("is safe twice at once and by two stores on one at.folder, and reports its progress", async () => {
    for (let n = 0; n < 50; n += 1) at.write(`f${n}`, `${n % 10}`);
    const other = new LocalArtifactStore(join(at.folder, "store"));
    const counts: number[] = [];
    const all = await Promise.all([
      at.store.capture(at.source(), undefined, ({ files }) => counts.push(files)),
      at.store.capture(at.source()),
      other.capture(at.source()),
    ]);
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1);
    expect(counts.at(-1)).toBe(50);
    expect(readdirSync(join(at.folder, "store/staging"))).toEqual([]);
  });

  it("leaves no manifest and nothing staged when it is aborted", async () => {
    for (let n = 0; n < 50; n += 1) at.write(`f${n}`, `${n}`);
    const stop = new AbortController();
    const capture = at.store.capture(at.source(), stop.signal, () => stop.abort());
    await expect(capture).rejects.toMatchObject({ name: "AbortError" });
    expect(await at.store.list()).toEqual([]);
    expect(readdirSync(join(at.folder, "store/staging"))).toEqual([]);
    expect(await at.store.capture(at.source())).toMatchObject({ files: 50 });
  });
});

it("keeps a hard-linked pair of the user's as two files", async () => {
  at.write("a", "1");
  linkSync(join(at.src, "a"), join(at.src, "b"));
  await at.checkout((await at.store.capture(at.source())).digest, 1);
  expect(statSync(join(at.revision(1), "a")).nlink).toBe(1);
  expect(picture(at.revision(1))).toEqual(picture(at.src));
});
describe("gc", () => {
  it("removes blobs that no kept artifact needs and leaves checkouts alone", async () => {
    at.write("shared", "1");
    at.write("old", large);
    const old = await at.store.capture(at.source());
    await at.checkout(old.digest, 1);
    rmSync(join(at.src, "old"));
    const kept = await at.store.capture(at.source());
    mkdirSync(join(at.folder, "store/staging/killed"));
    expect(await at.store.gc([kept.digest, "1".repeat(64)])).toEqual({ artifacts: 1, blobs: 1 });
    expect(allFiles(join(at.folder, "store/blobs"))).toHaveLength(1);
    expect(existsSync(join(at.folder, "store/staging/killed"))).toBe(false);
    expect(readFileSync(join(at.revision(1), "old")).equals(large)).toBe(true);
    await at.checkout(old.digest, 1);
    await at.checkout(kept.digest, 2);
    expect(picture(at.revision(2))).toEqual(picture(at.src));
  });

  it("removes nothing when a manifest to keep cannot be read", async () => {
    at.write("a", "1");
    const { digest } = await at.store.capture(at.source());
    const path = join(at.folder, "store/manifests", `${digest}.json`);
    for (const each of [path, `${path}.copy`]) writeFileSync(each, "{}");
    await expect(at.store.gc([digest])).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
    expect(allFiles(join(at.folder, "store/blobs"))).toHaveLength(1);
  });
});
