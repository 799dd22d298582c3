import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "packages/app");
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const sources = new Map<string, string>(
  Object.entries<{ "@hitless/source"?: string }>(manifest.exports).flatMap(([name, each]) =>
    each["@hitless/source"] === undefined ? [] : [[name, each["@hitless/source"]]],
  ),
);
const built = [...sources.values()].flatMap((source) => Object.values(filesOf(source)));

describe("the published @hitless/app", () => {
  test("has for each source in its exports what import, require and older compilers ask for", () => {
    const entries = [...sources].map(([name, source]) => [name, entryOf(source)]);
    expect(manifest.exports).toEqual({
      ...Object.fromEntries(entries),
      "./package.json": "./package.json",
    });
    const { requireTypes: types, require: main } = filesOf(sources.get(".") ?? "");
    expect({ main: manifest.main, types: manifest.types }).toEqual({ main, types });
    // Resolution "node10" of TypeScript knows no exports.
    const parts = [...sources].filter(([name]) => name !== ".");
    expect(manifest.typesVersions?.["*"] ?? {}).toEqual(
      Object.fromEntries(
        parts.map(([name, source]) => [name.slice(2), [filesOf(source).requireTypes]]),
      ),
    );
  });

  test("needs nothing but Node", () => {
    const { dependencies, optionalDependencies, bundleDependencies, engines } = manifest;
    expect({ dependencies, optionalDependencies, bundleDependencies }).toEqual({});
    for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
      expect(manifest.peerDependenciesMeta?.[peer], peer).toEqual({ optional: true });
    }
    const { engines: ours } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(engines).toEqual(ours);
  });

  test("has built each file that it names, and packs those, with the licence of the repository", () => {
    for (const file of built) {
      expect(existsSync(join(folder, file)), `${file}; node scripts/build.mjs makes it`).toBe(true);
    }
    const folders = [...built, ...sources.values()].map((path) => path.split("/")[1]);
    expect(manifest.files).toEqual(expect.arrayContaining([...new Set(folders)]));
    const license = (where: string) => readFileSync(join(where, "LICENSE"), "utf8");
    expect(license(folder)).toBe(license(root));
  });

  test("drains once in a process that has loaded it twice, by import and by require", () => {
    const program = readFileSync(join(root, "test/bed/apps/anywhere/both.js"), "utf8");
    const args = ["--input-type=module", "--eval", program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    const lines = stdout.trim().split("\n");
    const said = lines.map((line) => JSON.parse(line));
    expect(stderr).toBe("");
    const { isOne, imported, required } = said[0];
    expect([isOne, required]).toEqual([false, imported]);
    expect(imported).toContain("serve");
    const receipts = said.flatMap(({ receipt }) => receipt?.hooks[0].name ?? []);
    expect(receipts.sort()).toEqual(["imported", "required"]);
    expect(said.filter(({ code }) => code !== undefined)).toEqual([{ code: 0 }]);
  });
});

function entryOf(source: string): object {
  const files = filesOf(source);
  return {
    "@hitless/source": source,
    import: { types: files.importTypes, default: files.import },
    require: { types: files.requireTypes, default: files.require },
  };
}

/** What the build makes of a source. */
function filesOf(source: string) {
  const made = (dist: string, ending: string) =>
    source.replace("./src/", dist).replace(/\.ts$/, ending);
  return {
    import: made("./dist/", ".js"),
    importTypes: made("./dist/", ".d.ts"),
    require: made("./dist/cjs/", ".js"),
    requireTypes: made("./dist/cjs/", ".d.ts"),
  };
}
