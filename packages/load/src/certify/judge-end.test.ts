import { expect, test } from "vitest";
import { exited } from "../testing/certify-scenes.ts";
import type { EndSeen } from "./app-under-test.ts";
import { certifySettingsOf } from "./certify-options.ts";
import type { ItemId, Verdict } from "./item.ts";
import { judgeEarly, judgeEnd } from "./judge-end.ts";

const settings = certifySettingsOf({ command: "x" });
const killed: EndSeen = { kind: "killed", ms: 30_000 };
const bySignal = exited({ code: null, signal: "SIGTERM", ms: 3 });
const fronted = exited({ code: 143, left: ["node server.js"], stillServes: true });

test.each<[string, EndSeen, readonly ItemId[]]>([
  ["exits with 0", exited(), []],
  ["exits with 1", exited({ code: 1 }), ["exit-code"]],
  ["dies by the signal", bySignal, ["exit-code"]],
  ["leaves a child", exited({ left: ["sleep 1"] }), ["no-children"]],
  ["never exits", killed, ["exits"]],
  ["has a shell in front", fronted, ["signal-reaches"]],
])("an app that %s", (_, end, expected) => {
  const failed = judgeEnd(end, "", settings).filter(({ verdict }) => verdict === "fail");
  expect(failed.map(({ id }) => id)).toEqual(expected);
});

test("tells what the app said last, an error before anything else", () => {
  const said = "listening\nTypeError: no pool\n    at close\nNode.js v20";
  const [, exits] = judgeEnd(killed, said, settings);
  expect(exits?.evidence).toContain("it said: TypeError: no pool");
});

test.each<[string, EndSeen | null, EndSeen, Verdict]>([
  ["exits with 0", exited(), exited(), "pass"],
  ["is killed by it", bySignal, exited(), "fail"],
  ["always dies by it", bySignal, bySignal, "not-tested"],
  ["runs on", killed, exited(), "fail"],
  ["never listens", null, exited(), "not-tested"],
])("an app that gets SIGTERM as its port opens and %s", (...[, early, usual, expected]) => {
  expect(judgeEarly(early, usual).verdict).toBe(expected);
});
