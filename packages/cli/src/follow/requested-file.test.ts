import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestedFile } from "./requested-file.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-requested-"));
  path = join(dir, "hitless.yaml");
  await writeFile(path, "name: shop\nrun: [node, a.mjs]\nprobes: { readiness: { path: / } }\n");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const asFile = { replicas: 1, owner: "file", fileReplicas: 1 } as const;
const scaled = { ...asFile, replicas: 5, owner: "command" } as const;
const overrides = { "config.MODE": "crash", "config.LEVEL": "debug" };

describe("requestedFile", () => {
  it("takes away what is unset, and keeps the rest", async () => {
    const known = { overrides, desired: asFile };

    const asked = await requestedFile(path, known, { unset: ["config.MODE"] });

    expect(asked).toMatchObject({ replicasFromFile: false });
    expect(asked.overrides).toEqual({ "config.LEVEL": "debug" });
    expect(asked.file.spec.content.config).toEqual({ LEVEL: "debug" });
  });

  it("gives back the number that `scale` set", async () => {
    const known = { overrides: {}, desired: scaled };

    expect(await requestedFile(path, known, { unset: ["replicas"] })).toMatchObject({
      overrides: {},
      replicasFromFile: true,
    });
    expect(await requestedFile(path, known, {})).toMatchObject({ replicasFromFile: false });
  });

  it.each([
    ["config.MOED", { overrides, desired: scaled }, "config.MODE, config.LEVEL, replicas"],
    ["replicas", { overrides: {}, desired: asFile }, "Nothing is set"],
    ["config.MODE", null, "Nothing is set"],
  ])("refuses to unset %s, which is not set, and names what is", async (key, known, named) => {
    await expect(requestedFile(path, known, { unset: [key] })).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: `--unset ${key}: nothing is set there over the file`,
      next: expect.stringContaining(named),
    });
  });
});
