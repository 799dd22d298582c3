import { expect, test } from "vitest";
import { certifySettingsOf } from "./certify-options.ts";
import { rehearseHeld } from "./held-rehearsal.ts";

const hello = `
require("node:http").createServer((request, response) => response.end("hello"))
  .listen(process.env.PORT, process.env.HOST)`;

test("tells no app to stop that answers a POST without its body", async () => {
  const settings = certifySettingsOf({ command: [process.execPath, "-e", hello] });
  const nothing = { ready: null, health: null, startup: null };
  const endpoints = { ...nothing, post: "/", postRefused: null, answersEverything: true };
  const seen = await rehearseHeld("upload", { settings, endpoints });
  expect(seen).toMatchObject({ held: { kind: "answered", status: 200 }, heldMs: null });
});
