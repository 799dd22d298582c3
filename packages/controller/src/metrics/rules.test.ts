import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { seen } from "../testing/seen-example.ts";
import { expositionOf, familiesOf } from "./exposition.ts";

const docs = resolve(import.meta.dirname, "../../../../docs");
const rules = join(docs, "alerts/hitless.rules.yaml");
const ruleShape = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(["critical", "warning", "info"]) }),
  annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const fileShape = z.object({ groups: z.array(z.object({ rules: z.array(ruleShape) })) });

const alerts = fileShape
  .parse(parse(readFileSync(rules, "utf8")))
  .groups.flatMap((group) => group.rules);
const exposed = familiesOf(seen()).map(({ name }) => name);

it.each(alerts)(
  "the rule $alert asks for what is exposed, and has its place in the docs",
  (rule) => {
    const asked = rule.expr.match(/\bhitless_\w+/gu) ?? [];
    expect(asked.filter((name) => !exposed.includes(name))).toEqual([]);
    expect(asked.length > 0 || rule.expr.startsWith("up{")).toBe(true);
    const [page = "", anchor] = rule.annotations.runbook_url.split("#");
    const headings = readFileSync(join(docs, "..", page), "utf8").match(/^#+ .*$/gmu) ?? [];
    expect(headings.map((each) => each.replace(/^#+ /u, "").toLowerCase())).toContain(anchor);
  },
);

it("is documented, metric by metric", () => {
  const page = readFileSync(join(docs, "monitoring.md"), "utf8");
  const rows = page.match(/^\| `hitless_\w+/gmu) ?? [];
  expect(rows.map((row) => row.slice("| `".length)).sort()).toEqual([...exposed].sort());
  const told = page.match(/^\| `Hitless\w+/gmu) ?? [];
  expect(told.map((row) => row.slice("| `".length))).toEqual(alerts.map(({ alert }) => alert));
});

/** Null: it is not installed here. */
async function promtool(args: readonly string[], input = ""): Promise<string | null> {
  const running = promisify(execFile)("promtool", [...args], { cwd: docs });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw thrown;
  }
}

const isInstalled = (await promtool(["--version"])) !== null;

it.runIf(isInstalled)(
  "says what promtool, where it is installed, finds nothing wrong with",
  async () => {
    await promtool(["check", "metrics"], expositionOf(seen()));
    expect(await promtool(["check", "rules", rules])).toContain("SUCCESS");
    expect(await promtool(["test", "rules", "alerts/hitless.rules.test.yaml"])).toContain(
      "SUCCESS",
    );
  },
);
