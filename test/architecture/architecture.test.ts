// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources under test are plain text here
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { refusedImports } from "./imports.ts";
import { allRules, violationsIn } from "./rules.ts";
import type { SourceFile } from "./source-tree.ts";
import { strategyNamesIn } from "./strategy-names.ts";
import { tokensOf } from "./tokens.ts";

const root = process.env["HITLESS_ARCHITECTURE_ROOT"] ?? resolve(import.meta.dirname, "../..");

describe("the tree", () => {
  const violations = violationsIn(root);

  it.each(allRules)("keeps the rule %s", (rule) => {
    const broken = violations.filter((violation) => violation.rule === rule);
    expect(broken.map(({ where, message }) => `${where} ${message}`)).toEqual([]);
  });
});

describe("strategyNamesIn", () => {
  it.each([
    "if (x === 'rolling') {}",
    "const rolling = 1;",
    "x.blueGreen",
    "const y = `abTest`;",
    "`${a} ${{ k: 'recreate' }.k} b`",
    "const s = { kind: 'canary' };",
    "type S = { kind: 'other' | 'canary' }",
    "type S = { kind:\n | 'other'\n | 'canary' }",
    "if (s.kind !== 'canary') {}",
    "if ('canary' === app.strategy.kind) {}",
    "switch (s.kind) { case 'a': { f(); break; } case 'canary': g(); }",
    "settings.strategy.canary",
    "settings.strategy?.canary",
    "settings.strategy?.['canary']",
    "f({ strategy: { a: 1, canary: {} } })",
    "const { canary } = app.strategy;",
    "if ('canary' in app.strategy) {}",
    "const url = 'http://x'; f('rolling')",
    "const quote = /[\"'/]/; f('rolling')",
  ])("refuses %s", (source) => {
    expect(strategyNamesIn(tokensOf(source))).toHaveLength(1);
  });

  it.each([
    "// rolling and recreate\n/* blueGreen\n abTest */",
    "const rollingAverage = 1;",
    "log('a rolling update')",
    "const roles = { stable: 1, canary: 2 };",
    "if (side === 'canary') {}",
    "switch (side) { case 'canary': f(); }",
    "replicas.canary",
    "f(`${canary} // rolling`)",
    "const half = total / 2; // rolling / 2",
  ])("accepts %s", (source) => {
    expect(strategyNamesIn(tokensOf(source))).toEqual([]);
  });
});

describe("refusedImports", () => {
  it.each([
    ["core", 'import { readFile } from "node:fs/promises";'],
    ["core", 'import { join } from "path";'],
    ["core", 'import type { A } from "yaml";'],
    ["core", 'export * from "@hitless/local";'],
    ["controller", 'const engine = await import("@hitless/local");'],
    ["local", 'import.meta.resolve("hitless")'],
    ["proxy", 'import "@hitless/local/start";'],
    ["load", 'new URL("../../proxy/src/holder/main.ts", import.meta.url)'],
    ["app", 'import pino from "pino";'],
  ])("refuses in %s: %s", (workspace, source) => {
    expect(refusedImports(fileOf(workspace, source))).toHaveLength(1);
  });

  it.each([
    ["core", 'import { z } from "zod";\nimport { a } from "./a.ts";'],
    ["core", "say(`from ${from} to ${to}`)"],
    ["core", '// import { x } from "node:fs"'],
    ["local", 'import { connect } from "node:net";\nimport "@hitless/proxy";'],
    ["cli", 'import "@hitless/local";\nimport "@hitless/controller";\nimport "commander";'],
    ["app", 'import { createServer } from "node:http";'],
  ])("accepts in %s: %s", (workspace, source) => {
    expect(refusedImports(fileOf(workspace, source))).toEqual([]);
  });

  function fileOf(workspace: string, source: string): SourceFile {
    const path = `packages/${workspace}/src/a.ts`;
    return { path, workspace, isTest: false, lines: 1, tokens: tokensOf(source) };
  }
});

describe("tokensOf", () => {
  it("keeps the line of a token across templates and comments", () => {
    const source = "/* 1\n2 */ `a\n${b}\nc` /* 4 */\nlast";
    expect(tokensOf(source).at(-1)).toEqual({ kind: "name", text: "last", line: 5 });
  });
});
