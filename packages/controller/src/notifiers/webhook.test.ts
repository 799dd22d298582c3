import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Notice } from "@hitless/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Receiver } from "../testing/hook-bed.ts";
import { WebhookNotifier } from "./webhook.ts";

const secret = "s3crét";
const notice: Notice = {
  ...{ id: "o/3/started", kind: "started", app: "shop", release: 3, revision: 7 },
  ...{ text: "release 3 to revision 7 began: größer", at: 1 },
};
const dir = mkdtempSync(join(tmpdir(), "hitless-signature-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A request as a receiver gets it, and two that somebody has touched. */
let cases: readonly (readonly [header: string, body: string, genuine: boolean])[] = [];

beforeAll(async () => {
  await using receiver = await Receiver.listen();
  const notifier = new WebhookNotifier({ read: async () => secret });
  const to = { url: receiver.url, secret: "HOOK_SECRET", on: ["started"] } as const;
  await notifier.notify(notice, to, new AbortController().signal);
  const [got] = receiver.got;
  const [header, body] = [String(got?.headers["hitless-signature"]), got?.body ?? ""];
  cases = [
    [header, body, true],
    [header, body.replace("7", "8"), false],
    [header.replace(/t=\d+/u, "t=1"), body, false],
  ];
});

it("is verified by the program in the documentation for Node", async () => {
  const path = join(dir, "verify.mjs");
  writeFileSync(path, documented("js"));
  const { isFromHitless } = await import(pathToFileURL(path).href);
  for (const [header, body, genuine] of cases) {
    expect(isFromHitless(header, Buffer.from(body), secret)).toBe(genuine);
  }
});

it.skipIf(!has("python3"))("is verified by the program in the documentation for Python", () => {
  const asked = "import json, sys\nfor h, b, _ in json.load(sys.stdin)[1:]:";
  const answer = `print(is_from_hitless(h, b.encode(), ${JSON.stringify(secret)}))`;
  const program = `${documented("python")}\n${asked}\n    ${answer}`;
  const input = JSON.stringify([[], ...cases]);
  const said = execFileSync("python3", ["-c", program], { input, encoding: "utf8" });
  expect(said.trim().split("\n")).toEqual(["True", "False", "False"]);
});

/** The program of that language in the page on hooks. */
function documented(language: string): string {
  const page = readFileSync(resolve(import.meta.dirname, "../../../../docs/hooks.md"), "utf8");
  return page.split(`\`\`\`${language}\n`)[1]?.split("```")[0] ?? "";
}

function has(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
