import { expect, test } from "vitest";
import type { Cause, Loss } from "../cause.ts";
import { bad, exited, good, loaded, refused, start } from "../testing/certify-scenes.ts";
import { type CertifyOptions, certifySettingsOf } from "./certify-options.ts";
import type { ItemId, Verdict } from "./item.ts";
import { judgeLoad, judgeReadyInTime } from "./judge-load.ts";
import type { KeepAliveSeen } from "./keep-alive-watch.ts";
import type { LoadSeen } from "./load-rehearsal.ts";

function verdicts(seen: LoadSeen, behind: CertifyOptions["behind"] = "kubernetes") {
  const settings = certifySettingsOf({ command: "x", behind });
  return new Map(judgeLoad(seen, settings).map(({ id, verdict }) => [id, verdict]));
}

function failedOf(seen: LoadSeen): readonly ItemId[] {
  return [...verdicts(seen)].filter(([, verdict]) => verdict === "fail").map(([id]) => id);
}

function loss(cause: Cause, reused = false): Loss {
  return { cause, detail: "503 or so", onReused: reused };
}

test("an app without fault fails nothing", () => {
  expect(failedOf(loaded())).toEqual([]);
});

test.each<[Cause, boolean, ItemId]>([
  ["refused", false, "keeps-accepting"],
  ["reset", false, "keeps-accepting"],
  ["closed-early", false, "keeps-accepting"],
  ["reset", true, "announces-close"],
  ["closed-early", true, "announces-close"],
  ["truncated", true, "finishes-work"],
  ["late", false, "finishes-work"],
  ["status-5xx", false, "keeps-answering"],
])(
  "a request lost by %s (connection reused: %s) fails %s, and nothing else",
  (...[cause, reused, id]) => {
    expect(failedOf(loaded({}, { losses: [loss(cause, reused)] }))).toEqual([id]);
  },
);

test("answers say nothing of an app that turned requests away", () => {
  const losses = [loss("refused")];
  expect(verdicts(loaded({}, { losses })).get("keeps-answering")).toBe("not-tested");
  const both = [...losses, loss("status-5xx")];
  expect(verdicts(loaded({}, { losses: both })).get("keeps-answering")).toBe("fail");
});

const told: KeepAliveSeen = { use: "busy", answers: 9, announced: true, closedMs: 900, loss: null };
const delayMs = 3000;

test.each<[string, Partial<KeepAliveSeen>, Verdict]>([
  ["that was told to go", {}, "pass"],
  [
    "that was used, never told, and closed after the delay",
    { announced: false, closedMs: delayMs + 9 },
    "fail",
  ],
  ["that was used, never told, and stayed", { announced: false, closedMs: null }, "pass"],
  [
    "that was idle, and closed within the delay",
    { use: "idle", answers: 0, announced: false },
    "fail",
  ],
  [
    "that was idle, and closed after the delay",
    { use: "idle", answers: 0, announced: false, closedMs: delayMs + 9 },
    "pass",
  ],
])("a kept connection %s", (_, seen, expected) => {
  const scene = loaded({ keepAlive: [told, { ...told, ...seen }] });
  expect(verdicts(scene).get("announces-close")).toBe(expected);
});

test("a kept connection that ends after the delay of an app that never stops is not its stop", () => {
  const keepAlive = [{ ...told, announced: false, closedMs: delayMs + 9 }];
  expect(failedOf(loaded({ keepAlive, end: { kind: "killed", ms: 30_000 } }))).toEqual([]);
});

test("has no use for an announcement where no connection is kept", () => {
  expect(verdicts(loaded({ keepAlive: [] })).get("announces-close")).toBe("not-applicable");
});

test.each<[string, Partial<LoadSeen>, CertifyOptions["behind"], Verdict]>([
  ["turns", {}, "load-balancer", "pass"],
  ["holds in kubernetes", { readiness: [{ ms: 2900, asked: good }] }, "kubernetes", "pass"],
  [
    "holds behind a load balancer",
    { readiness: [{ ms: 2900, asked: good }] },
    "load-balancer",
    "fail",
  ],
  ["cannot be asked", { readiness: [{ ms: 10, asked: refused }] }, "kubernetes", "not-tested"],
])("readiness that %s after the signal", (...[, seen, behind, expected]) => {
  expect(verdicts(loaded(seen), behind).get("readiness-at-signal")).toBe(expected);
});

test("liveness that turns with readiness fails, one that cannot be asked does not", () => {
  expect(failedOf(loaded({ liveness: [{ ms: 10, asked: bad }] }))).toEqual(["liveness"]);
  expect(failedOf(loaded({ liveness: [{ ms: 10, asked: refused }] }))).toEqual([]);
});

test("losses before any signal are no loss of the stop", () => {
  const { total } = loaded({}, { losses: [loss("refused")] });
  expect(failedOf(loaded({ before: total, total }))).toEqual(["starts"]);
});

test("behind hitless the signal comes when all is routed away", () => {
  const behind = verdicts(loaded(), "hitless");
  for (const id of ["keeps-accepting", "announces-close", "keeps-answering"] as const) {
    expect(behind.get(id)).toBe("not-applicable");
  }
});

test("what has no endpoint is not tested", () => {
  const { endpoints } = loaded();
  const seen = loaded({ endpoints: { ...endpoints, ready: null, health: null, startup: null } });
  const found = verdicts(seen);
  for (const id of ["readiness", "liveness", "startup", "readiness-at-signal"] as const) {
    expect(found.get(id)).toBe("not-tested");
  }
  expect(judgeReadyInTime([start], seen).verdict).toBe("not-tested");
});

test("one start of many that said ready too early is enough", () => {
  const early = { ...start, firstAnswer: bad };
  expect(judgeReadyInTime([start, start], loaded()).verdict).toBe("pass");
  expect(judgeReadyInTime([start, early, start], loaded()).verdict).toBe("fail");
  expect(judgeReadyInTime([], loaded()).verdict).toBe("not-tested");
});

test("an endpoint that is there and says no fails", () => {
  const probed = { ready: good, health: bad, startup: good };
  const seen = loaded({ probed, end: exited() });
  expect(failedOf(seen)).toEqual(["liveness"]);
  const settings = certifySettingsOf({ command: "x", paths: { health: "/health" } });
  const [evidence] = judgeLoad(seen, settings).flatMap((item) =>
    item.verdict === "fail" ? [item.evidence] : [],
  );
  expect(evidence).toBe("--health-path /health answered 503 while the app serves");
});
