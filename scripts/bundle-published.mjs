// What others install is bundled, one file for each of its `exports` and what they share beside them:
// forty small files cost a process 4 MiB more, and twice the time to load. CommonJS is made of the
// very same files, in `dist/cjs`.
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Puts beside the declarations in `dist` what they declare, and both again for `require`. */
export async function bundlePublished({ folder, manifest, dist }) {
  const sources = Object.values(manifest.exports).flatMap((each) => each["@hitless/source"] ?? []);
  const declarations = await readdir(dist, { recursive: true });
  await bundle({
    absWorkingDir: folder,
    entryPoints: sources,
    outbase: "src",
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: "shared-[hash]",
    packages: "external",
    format: "esm",
  });
  const files = await readdir(dist, { recursive: true });
  await bundle({
    absWorkingDir: dist,
    entryPoints: files.filter((each) => each.endsWith(".js")),
    outbase: ".",
    outdir: "cjs",
    format: "cjs",
  });
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
  const always = { platform: "node", target: "node20.19", logLevel: "silent" };
  const { warnings } = await build({ ...always, ...options });
  const [warning] = await formatMessages(warnings, { kind: "warning" });
  if (warning !== undefined) throw new Error(warning.trim());
}
