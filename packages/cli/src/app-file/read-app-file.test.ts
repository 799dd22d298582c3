import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HitlessError } from "@hitless/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Overrides, readAppFile } from "./read-app-file.ts";

const good = `name: shop
run: [node, server.js, 0755]
version: 1.10
replicas: 4
config: { A: 1.10, B: 0x10, C: yes }
probes:
  readiness: { path: /ready }
`;

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hitless-app-file-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function written(text: string | Uint8Array): Promise<string> {
  const path = join(folder, "hitless.yaml");
  await writeFile(path, text);
  return path;
}

/** The lines of the error's message, with the file's name alone. */
async function refused(text: string | Uint8Array, overrides: Overrides = {}) {
  const path = await written(text);
  const error = await readAppFile(path, overrides).catch((thrown: unknown) => thrown);
  if (!(error instanceof HitlessError)) throw new Error("it was read");
  return { code: error.code, lines: error.message.replaceAll(`${folder}/`, "").split("\n") };
}

describe("a good file", () => {
  it("is loaded with its text, and scalars stay as they are written where text is wanted", async () => {
    const path = await written(good);
    const loaded = await readAppFile(path);
    expect(loaded.path).toBe(path);
    expect(loaded.text).toBe(good);
    expect(loaded.spec.content.version).toBe("1.10");
    expect(loaded.spec.content.config).toEqual({ A: "1.10", B: "0x10", C: "yes" });
    expect(loaded.spec.content.run.command).toEqual(["node", "server.js", "0755"]);
  });

  it("takes overrides, anchors and merge keys", async () => {
    const text = `${good}  startup: &often { path: /s, periodSeconds: 1 }\n  liveness: { <<: *often, path: /l }\n`;
    const { spec } = await readAppFile(await written(text), { replicas: "7", "config.D": "1.0" });
    expect(spec.settings.replicas).toBe(7);
    expect(spec.content.config["D"]).toBe("1.0");
    expect(spec.content.probes.liveness).toMatchObject({
      check: { path: "/l" },
      periodSeconds: 1,
    });
  });
});

describe("a bad file", () => {
  it("is told with line and column, each problem on a line of its own", async () => {
    const text = `name: Shop
replica: 4
replicas: four
run: node x
probes:
  readyness: { path: x }
  liveness: &no
    path: health
  startup: *no
strategy: canarry
drain: { timeoutSeconds: }
`;
    const { code, lines } = await refused(text);
    expect(code).toBe("BAD_INPUT");
    expect(lines.map((line) => line.split("; ")[0])).toEqual([
      'hitless.yaml:1:7: name is "Shop"',
      "hitless.yaml:2:1: replica is not a known key",
      'hitless.yaml:3:11: replicas is "four"',
      "hitless.yaml:5:1: probes.readiness is missing",
      "hitless.yaml:6:3: probes.readyness is not a known key",
      'hitless.yaml:8:11: probes.liveness.path is "health"',
      'hitless.yaml:8:11: probes.startup.path is "health"',
      'hitless.yaml:10:11: strategy is "canarry"',
      "hitless.yaml:11:26: drain.timeoutSeconds is empty",
    ]);
  });

  it("is told from top to bottom, whatever its keys", async () => {
    const { lines } = await refused("zzz: 1\n1: x\nnull: x\nname: a\nrun: x\nprobes: {}\n");
    expect(lines.map((line) => line.split("; ")[0])).toEqual([
      "hitless.yaml:1:1: zzz is not a known key",
      "hitless.yaml:2:1: 1 is not a known key",
      'hitless.yaml:3:1: "" is not a known key',
      "hitless.yaml:6:1: probes.readiness is missing",
    ]);
  });

  it("points a missing outermost key at the start of the file", async () => {
    const { lines } = await refused("# a comment\nname: shop\nrun: x\n");
    expect(lines[0]).toMatch(/^hitless\.yaml:2:1: probes is missing; it must be a mapping/u);
  });

  it("names the override instead of a line when the override did it", async () => {
    const { lines } = await refused(good.replace("replicas: 4", "port: none"), {
      replicas: "four",
      "nope.x": "1",
      "probes.readiness.path.x": "3",
    });
    expect(lines.map((line) => line.split("; ")[0])).toEqual([
      'hitless.yaml:4:7: port is "none"',
      "--set probes.readiness.path.x: probes.readiness.path is a mapping",
      '--set replicas: replicas is "four"',
      "--set nope.x: nope is not a known key",
    ]);
  });

  it.each([
    ["name: a\nname: b\n", "hitless.yaml:2:1: name is already there above; keep one of the two"],
    ["drain:\n\ttimeoutSeconds: 1\n", "hitless.yaml:2:1: a tab is used to indent; use spaces"],
    [
      "name: a\n---\nname: b\n",
      "hitless.yaml:2:1: a second document begins here; an app file holds one app",
    ],
    [
      "config: { A: 1, <<: {}, A: 2 }\n",
      "hitless.yaml:1:25: A is already there above; keep one of the two",
    ],
    [
      `run: ${"[".repeat(9999)}${"]".repeat(9999)}\n`,
      expect.stringMatching(/:1:\d+: lists and mappings lie too deep in each other here$/u),
    ],
    ["name: *a\n", "hitless.yaml:1:7: no anchor &a stands above this alias"],
    ["name: !x a\n", "hitless.yaml:1:7: this tag is not known here; remove it"],
    ["? [a]\n: b\n", "hitless.yaml:1:3: a key is one word, not a list or mapping"],
    ["", "hitless.yaml:1:1: the app file is empty"],
    ["# nothing\n", "hitless.yaml:1:1: the app file is empty"],
  ])("of bad YAML %j is told with its position", async (text, line) => {
    const { code, lines } = await refused(text);
    expect(code).toBe("BAD_INPUT");
    expect(lines[0]).toEqual(line);
  });

  it("is refused when it is large, no text, or full of aliases", async () => {
    expect((await refused("#".repeat(1_000_001))).lines[0]).toContain("at most 1000000");
    expect((await refused(Uint8Array.of(0xff, 0xfe, 0x00))).lines[0]).toContain("not UTF-8");
    const bomb = [
      "a: &a [x]",
      ..."bcdefgh".split("").map((key, at) => {
        const before = "abcdefgh"[at];
        return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`;
      }),
    ].join("\n");
    expect((await refused(bomb)).lines[0]).toBe(
      "hitless.yaml:2:8: the anchors and aliases from here on cannot be resolved",
    );
    const keys = (count: number) => Array.from({ length: count }, (_, n) => `k${n}: 1\n`).join("");
    expect((await refused(keys(40_000))).lines[0]).toBe(
      "hitless.yaml:5000:8: there are more than 10000 values; an app file has at most so many",
    );
    expect((await refused("name: &a [*a]\n")).code).toBe("BAD_INPUT");
  });

  it("that does not exist is named with what to do", async () => {
    await expect(readAppFile(join(folder, "none.yaml"))).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: `${join(folder, "none.yaml")} does not exist`,
    });
    await expect(readAppFile(folder)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });
});
