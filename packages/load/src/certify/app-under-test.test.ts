import { expect, test } from "vitest";
import { AppUnderTest } from "./app-under-test.ts";
import { certifySettingsOf } from "./certify-options.ts";

const noHome = `
require("node:http").createServer((request, response) => response.writeHead(404).end())
  .listen(process.env.PORT, process.env.HOST)`;

test("says what answered when nothing but that came in time", async () => {
  const command = [process.execPath, "-e", noHome];
  const app = await AppUnderTest.start(certifySettingsOf({ command, startTimeoutMs: 1000 }));
  try {
    const started = { kind: "failed", what: expect.stringMatching(/for GET \/ .* 1 s: .*404/) };
    expect(await app.untilReady(null)).toEqual(started);
  } finally {
    await app.stop();
  }
});
