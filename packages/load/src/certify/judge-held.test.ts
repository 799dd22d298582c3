import { expect, test } from "vitest";
import { exited, held } from "../testing/certify-scenes.ts";
import type { HeldSeen } from "./held-rehearsal.ts";
import type { ItemId, Verdict } from "./item.ts";
import { judgeHeld, judgeSecondSignal } from "./judge-held.ts";

const cut = { kind: "cut", detail: "truncated" } as const;
const never = { kind: "never", detail: "/x was answered 404 at once" } as const;
const killed = { kind: "killed", ms: 30_000 } as const;

test.each<[string, Partial<HeldSeen>, ItemId, Verdict]>([
  ["a request answered after the listener closed", {}, "finishes-work", "pass"],
  ["a request answered while it listened", { heldMs: 900 }, "finishes-work", "not-tested"],
  [
    "a request answered, and it never stopped listening",
    { deafMs: null },
    "finishes-work",
    "not-tested",
  ],
  [
    "an upload answered without its body",
    { kind: "upload", heldMs: null, deafMs: null, end: { kind: "killed", ms: 0 } },
    "finishes-work",
    "not-tested",
  ],
  ["a request that was cut", { held: cut }, "finishes-work", "fail"],
  [
    "a request that was answered 503",
    { held: { kind: "answered", status: 503 } },
    "finishes-work",
    "fail",
  ],
  [
    "an upload answered before it was killed",
    { kind: "upload", end: killed },
    "finishes-work",
    "pass",
  ],
  [
    "an idle client that was closed",
    { kind: "idle", held: { kind: "closed" } },
    "held-idle",
    "pass",
  ],
  [
    "a silent client that was killed with it",
    { kind: "silent", end: killed },
    "held-silent",
    "fail",
  ],
  [
    "half a head by which the exit code is 1",
    { kind: "half-head", end: exited({ code: 1 }) },
    "held-half-head",
    "fail",
  ],
  [
    "a client by which it exits 10 s later",
    { kind: "idle", end: exited({ ms: 12_000 }) },
    "held-idle",
    "fail",
  ],
  ["an event stream that ended in order", { kind: "sse" }, "held-sse", "pass"],
  ["an event stream that was cut", { kind: "sse", held: cut }, "held-sse", "fail"],
  [
    "a WebSocket with a close frame",
    { kind: "web-socket", held: { kind: "close-frame", code: 1001 } },
    "held-web-socket",
    "pass",
  ],
  ["a WebSocket without one", { kind: "web-socket", held: cut }, "held-web-socket", "fail"],
  ["a --slow-path that is none", { held: never }, "finishes-work", "fail"],
  ["an --sse-path that is none", { kind: "sse", held: never }, "held-sse", "fail"],
  ["a --ws-path that is none", { kind: "web-socket", held: never }, "held-web-socket", "fail"],
  [
    "a silent client that is not let in",
    { kind: "silent", held: never },
    "held-silent",
    "not-tested",
  ],
  [
    "a client of a copy that did not start",
    { kind: "idle", start: { kind: "failed", what: "exited with 1" } },
    "held-idle",
    "not-tested",
  ],
])("%s", (...[, seen, id, verdict]) => {
  expect(judgeHeld(held(seen), exited())).toMatchObject({ id, verdict });
});

test("a path that is not what its option says is named with it, and no fault of the stop", () => {
  const item = judgeHeld(held({ kind: "sse", held: never }), exited());
  expect(item.evidence).toBe("--sse-path /x was answered 404 at once");
  expect(item.fix).toContain("leave the option out");
});

test("an exit code that it has without anybody is not the client's fault", () => {
  const seen = held({ kind: "idle", end: exited({ code: 3 }) });
  expect(judgeHeld(seen, exited({ code: 3 })).verdict).toBe("pass");
});

test("a second signal may not cut what one lets finish", () => {
  expect(judgeSecondSignal(held()).verdict).toBe("pass");
  expect(judgeSecondSignal(held({ held: cut })).verdict).toBe("fail");
});
