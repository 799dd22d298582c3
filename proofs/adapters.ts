import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Finding, Proof } from "./proof.ts";

const root = resolve(import.meta.dirname, "..");
const suite = join(root, "packages/app/src/testing/conformance");

/** The suite of `npm test`, by its own runner. */
export const proof: Proof = {
  title: "every server and framework that the kit serves keeps the same clauses",
  seconds: 15,
  async run(): Promise<Finding> {
    const args = ["--conditions=@hitless/source", "--import", "tsx", join(suite, "main.ts")];
    args.push("--kit", join(suite, "kit-from-source.ts"));
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const child = spawn(process.execPath, args, { cwd: root, stdio: [...stdio] });
    const lines = (child.stdout === null ? "" : await text(child.stdout)).trim().split("\n");
    const passed = lines.flatMap(
      (line) => /^passed (.+?): (.+) \(\d+ ms\)$/.exec(line)?.slice(1, 3) ?? [],
    );
    const subjects = new Set(passed.filter((_, place) => place % 2 === 0));
    const clauses = new Set(passed.filter((_, place) => place % 2 === 1));
    for (const line of lines.filter((each) => !each.startsWith("passed "))) console.log(line);
    const counted = /^(\d+) passed, (\d+) failed$/.exec(lines.at(-1) ?? "");
    return {
      figure: `${clauses.size} clauses on ${subjects.size} servers and frameworks: ${counted?.[0] ?? "no result"}`,
      ok: counted?.[2] === "0" && subjects.size > 1,
    };
  },
};
