import { expect, test } from "vitest";
import { controlOf, reportOf } from "./testing/reports.ts";
import { verdictOf } from "./verdict-of.ts";

const lossless = reportOf([{ name: "release", answered: 50 }]);

test("calls a report without losses clean beside a control that lost", () => {
  expect(verdictOf(lossless, controlOf(40))).toEqual({ kind: "clean", sent: 50, controlLost: 40 });
});

test("calls it blind beside a control that lost nothing in its swap", () => {
  expect(verdictOf(lossless, controlOf(0))).toEqual({ kind: "blind", sent: 50, controlSent: 200 });
});

test("calls it blind beside a control that never got an answer", () => {
  const control = controlOf(40);
  const [, ...phases] = control.load.phases;
  const deaf = { ...control, load: { ...control.load, phases } };
  expect(verdictOf(lossless, deaf).kind).toBe("blind");
});

test("calls a report with losses lost, even beside a blind control", () => {
  const losses = [{ cause: "reset", detail: "ECONNRESET" }] as const;
  const report = reportOf([{ name: "release", answered: 50, losses }]);
  const lost = { kind: "lost", sent: 51, lost: 1, byCause: { reset: 1 } };
  expect(verdictOf(report, controlOf(40))).toEqual(lost);
  expect(verdictOf(report, controlOf(0))).toEqual(lost);
});

test("does not judge a report that is empty or still owed answers", () => {
  expect(verdictOf(reportOf([]), controlOf(40)).kind).toBe("unfinished");
  const owed = reportOf([{ name: "release", answered: 50, outstanding: 1 }]);
  expect(verdictOf(owed, controlOf(40))).toEqual({ kind: "unfinished", sent: 51, outstanding: 1 });
});
