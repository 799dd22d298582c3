import { describe, expect, it } from "vitest";
import {
  assignment,
  checkWait,
  duration,
  gather,
  instant,
  timeout,
  wholeNumber,
  workerCount,
} from "./options.ts";

describe("duration", () => {
  it.each([
    ["250ms", 250],
    ["90s", 90_000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
    ["0s", 0],
  ])("reads %s", (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  it.each(["5", "m", "-5s", "5 m", "5d", "", "1e3s"])(
    "refuses %j and says how to write it",
    (text) => {
      expect(() => duration(text)).toThrow("write it as 250ms, 90s, 5m or 1h");
    },
  );

  it("refuses what no timer can wait for", () => {
    expect(timeout("500h")).toBe(1_800_000_000);
    expect(() => timeout("501h")).toThrow("write at most 500h");
  });
});

describe("instant", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");

  it.each([
    ["30s", now - 30_000],
    ["1.5h", now - 5_400_000],
    ["2026-11-21T10:00Z", Date.parse("2026-11-21T10:00:00Z")],
    ["2026-11-21T10:00:05+02:00", Date.parse("2026-11-21T08:00:05Z")],
    ["2026-11-20T10:00", new Date(2026, 10, 20, 10).getTime()],
    ["2026-11-20", new Date(2026, 10, 20).getTime()],
  ])("reads %s", (text, at) => {
    expect(instant(text, now)).toBe(at);
  });

  it.each(["", "5", "yesterday", "10:00", "2026-02-31", "2026-13-01T10:00", "2026-11-21 10:00"])(
    "refuses %j and says how to write it",
    (text) => {
      expect(() => instant(text, now)).toThrow("write it as 30s, 1h, 2026-11-21");
    },
  );

  it("refuses what is still to come, and a unit that is none", () => {
    expect(() => instant("2026-11-21T12:01Z", now)).toThrow("lies in the future");
    expect(() => instant("3d", now)).toThrow("write it as 250ms, 90s, 5m or 1h");
  });
});

describe("assignment", () => {
  it("cuts at the first =, and keeps what was gathered before", () => {
    const first = assignment("config.URL=http://a/?x=1");

    expect(assignment("replicas=4", first)).toEqual({
      "config.URL": "http://a/?x=1",
      replicas: "4",
    });
  });

  it("lets the last of two equal keys count", () => {
    expect(assignment("replicas=5", { replicas: "4" })).toEqual({ replicas: "5" });
  });

  it("takes an empty value for a value", () => {
    expect(assignment("config.A=")).toEqual({ "config.A": "" });
  });

  it.each(["replicas", "=4", ""])("refuses %j", (text) => {
    expect(() => assignment(text)).toThrow("write KEY=VALUE");
  });
});

describe("wholeNumber", () => {
  it("reads digits only", () => {
    expect(wholeNumber("007")).toBe(7);
    for (const text of ["1.5", "-1", "ten", "", "1234567890"]) {
      expect(() => wholeNumber(text)).toThrow("write a whole number");
    }
  });
});

describe("workerCount", () => {
  it("reads 1 to 32", () => {
    expect(["1", "32"].map(workerCount)).toEqual([1, 32]);
    for (const text of ["0", "33", "-1", "two", "1.5", ""]) {
      expect(() => workerCount(text)).toThrow("write a whole number from 1 to 32");
    }
  });
});

describe("gather", () => {
  it("collects in the order of the command line", () => {
    expect(gather("b", gather("a"))).toEqual(["a", "b"]);
  });
});

describe("checkWait", () => {
  it("refuses a timeout for a wait that was not asked for", () => {
    expect(() => checkWait({ timeout: 5000 })).toThrow("--wait is missing");
    expect(checkWait({ timeout: 5000, wait: true })).toBeUndefined();
  });
});
