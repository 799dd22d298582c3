// What others install is bundled, one file for each of its `exports`: forty small files cost a process
// 4 MiB more, and twice the time to load. What they share stands beside them for `import`, and in each of
// them for `require`, in `dist/cjs`: the first file that a required one requires costs 2 MiB.
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Puts beside the declarations in `dist` what they declare, and both again for `require`. */
export async function bundlePublished({ folder, manifest, dist }) {
  const sources = Object.values(manifest.exports).flatMap((each) => each["@hitless/source"] ?? []);
  const declarations = await readdir(dist, { recursive: true });
  const all = { absWorkingDir: folder, entryPoints: sources, outbase: "src" };
  const shared = { splitting: true, chunkNames: "shared-[hash]" };
  await bundle({ ...all, ...shared, outdir: dist, format: "esm" });
  await bundle({ ...all, outdir: join(dist, "cjs"), format: "cjs" });
  await writeFile(join(dist, "cjs", "package.json"), '{ "type": "commonjs" }\n');
  for (const file of declarations.filter((each) => each.endsWith(".d.ts"))) {
    const copy = join(dist, "cjs", file);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(dist, file), copy);
  }
}

/** A warning is of something that works in one of the formats only. */
async function bundle(options) {
  const { build, formatMessages } = await import("esbuild");
  const always = {
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20.19",
    logLevel: "silent",
  };
  const { warnings } = await build({ ...always, ...options });
  const [warning] = await formatMessages(warnings, { kind: "warning" });
  if (warning !== undefined) throw new Error(warning.trim());
}
