import { expect, test } from "vitest";
import { withoutShell } from "./without-shell.ts";

test.each([
  ["node server.js", "exec node server.js"],
  ["npm start", "exec npm start"],
  ["A=1 node server.js", "A=1 exec node server.js"],
  [`A="x y" B='z' C= node server.js`, `A="x y" B='z' C= exec node server.js`],
  ["uvicorn app:app --port $PORT", "exec uvicorn app:app --port $PORT"],
  ["make && node server.js", "make && node server.js"],
  ["node server.js | cat", "node server.js | cat"],
  ["cd app; node server.js", "cd app; node server.js"],
  ["cd app", "cd app"],
  ["exec node server.js", "exec node server.js"],
])("runs %s as %s", (command, expected) => {
  expect(withoutShell(command)).toBe(expected);
});
