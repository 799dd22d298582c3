import { describe, expect, it } from "vitest";
import { describeReceipt } from "../diagnosis/describe-receipt.ts";
import { exampleReceipt } from "../testing/example-receipt.ts";
import { readReceipt } from "./drain-receipt-shape.ts";

const read = (changes: object = {}) =>
  readReceipt(JSON.stringify({ ...exampleReceipt, ...changes }));

describe("readReceipt", () => {
  it("reads a receipt, and passes over what a later kit adds", () => {
    const { kind: _kind, schema: _schema, ...receipt } = exampleReceipt;
    expect(read({ later: { and: "greater" } })).toEqual({ kind: "receipt", receipt });
  });

  it.each(["", "  \n"])("takes %j for none", (text) => {
    expect(readReceipt(text)).toEqual({ kind: "none" });
  });

  it.each([
    [JSON.stringify(exampleReceipt).slice(0, -9), /characters are no whole JSON/u],
    ["\0\0\0\0", /4 characters are no whole JSON/u],
    ["[]", /no drain receipt/u],
    ['"drained"', /no drain receipt/u],
    [JSON.stringify({ kind: "drain-receipt" }), /no drain receipt/u],
    [JSON.stringify({ ...exampleReceipt, schema: 2 }), /schema is 2, not 1/u],
    [JSON.stringify({ kind: "drain-receipt", schema: 1 }), /^app: /u],
    [JSON.stringify({ ...exampleReceipt, finished: -1 }), /^finished: /u],
    [JSON.stringify({ ...exampleReceipt, cut: 1e300 }), /^cut: /u],
    [JSON.stringify({ ...exampleReceipt, reason: 15 }), /^reason: /u],
    [
      JSON.stringify({
        ...exampleReceipt,
        hung: new Array(11).fill({ method: "GET", route: "/", seconds: 1 }),
      }),
      /^hung: /u,
    ],
  ])("says why %s is none", (text, why) => {
    expect(readReceipt(text)).toEqual({ kind: "unreadable", why: expect.stringMatching(why) });
  });

  it("lets no word of the app move the cursor, begin a line or fill the screen", () => {
    const route = `/a\u001b[2J\n\u2028b${"c".repeat(500)}`;
    const said = read({ hung: [{ method: "GET", route, seconds: 1 }] });
    if (said.kind !== "receipt") throw new Error("not read");
    expect(said.receipt.hung[0]?.route).toMatch(/^\/a \[2J bc+…$/u);
    expect(said.receipt.hung[0]?.route).toHaveLength(120);
  });
});

describe("describeReceipt", () => {
  const told = (changes: object) => {
    const said = read(changes);
    return said.kind === "receipt" ? describeReceipt(said.receipt) : said;
  };

  it("is one plain line", () => {
    expect(told({})).toBe("drained in 0.2 s: 12 finished, 0 cut");
  });

  it("says what was cut, which routes hung and which hooks did not do their work", () => {
    const changes = {
      cut: 2,
      streams: { ended: 3, cut: 1 },
      seconds: { delay: 0, requests: 30, hooks: 5, total: 35.04 },
      hung: [{ method: "GET", route: "/slow", seconds: 33.1 }],
      hooks: [
        { name: "stop", outcome: "done", seconds: 0 },
        { name: "flush", outcome: "timedOut", seconds: 5 },
        { name: "close", outcome: "skipped", seconds: 0 },
      ],
    };
    expect(told(changes)).toBe(
      "drained in 35.0 s: 12 finished, 2 cut, 3 streams ended, 1 stream cut; " +
        "hung: GET /slow for 33.1 s; hook flush timed out after 5.0 s; hook close was not run",
    );
  });

  it("begins with the crash that it was", () => {
    expect(told({ reason: "crash", error: "TypeError: no" })).toMatch(
      /^crashed \(TypeError: no\) and drained in 0\.2 s: /u,
    );
  });
});
