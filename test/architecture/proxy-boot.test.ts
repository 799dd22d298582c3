import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const packages = join(import.meta.dirname, "../../packages");
/** What a source imports while it runs: types are gone by then. */
const imported = /^(?:import|export) (?!type\b)(?:[^;"]*? from )?"([^"]+)";/gm;
/** What of the domain is part of a process of the proxy. */
const ours: Readonly<Record<string, string>> = { "@hitless/core/traffic": "core/src/traffic.ts" };

test.each(["holder/holder-main.ts", "worker/worker-main.ts"])(
  "%s loads of the domain what traffic needs, and no schema: clients wait for its start",
  async (entry) => {
    const files = new Set([join(packages, "proxy/src", entry)]);
    const others = new Set<string>();
    for (const file of files) {
      for (const [, from = ""] of (await readFile(file, "utf8")).matchAll(imported)) {
        const path = ours[from];
        if (path !== undefined) files.add(join(packages, path));
        else if (from.startsWith(".")) files.add(join(dirname(file), from));
        else if (!from.startsWith("node:")) others.add(from);
      }
    }
    expect(files).toContain(join(packages, "core/src/model/traffic.ts"));
    expect(others).toEqual(new Set());
  },
);
