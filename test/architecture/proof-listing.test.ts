import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const loader = join(root, "node_modules/tsx/dist/loader.mjs");

test("docs/measuring.md lists the proofs as `npm run prove` does", () => {
  const args = ["--conditions=@hitless/source", "--import", loader, "proofs/run.ts"];
  const { stdout, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(status).toBe(0);
  const docs = readFileSync(join(root, "docs/measuring.md"), "utf8");
  const listed = /^\$ npm run prove\n(.*?)^```$/ms.exec(docs)?.[1];
  expect(listed, "put what it prints there").toBe(stdout);
});
