import { expect, test } from "vitest";
import { httpServer } from "../testing/http-server.ts";
import { until } from "../testing/until.ts";
import { KeepAliveWatch } from "./keep-alive-watch.ts";

async function watching(use: "busy" | "idle") {
  const state = { closing: false };
  const http = await httpServer((_request, response) => {
    if (state.closing) response.setHeader("Connection", "close");
    response.end("ok");
  });
  const watch = await KeepAliveWatch.open(http.target, "/", use);
  if (watch === null) throw new Error("the connection was not kept");
  return { state, http, watch };
}

test("sees a busy connection told to go", async () => {
  const { state, http, watch } = await watching("busy");
  await using _ = http;
  watch.signalled();
  state.closing = true;
  await until(() => watch.seen.announced);
  expect(watch.seen).toMatchObject({ use: "busy", answers: 1, loss: null });
});

test("sees a busy connection closed without a word", async () => {
  const { http, watch } = await watching("busy");
  await using _ = http;
  watch.signalled();
  await until(() => watch.seen.answers > 1);
  watch.rest();
  const { answers } = watch.seen;
  http.server.closeIdleConnections();
  await until(() => watch.seen.closedMs !== null);
  expect(watch.seen).toMatchObject({ announced: false, loss: null });
  expect(watch.seen.answers - answers).toBeLessThan(2);
});

test("sees an idle connection that is used once more", async () => {
  const { http, watch } = await watching("idle");
  await using _ = http;
  watch.signalled();
  watch.useOnce();
  await until(() => watch.seen.answers === 1);
  expect(watch.seen).toMatchObject({ announced: false, closedMs: null, loss: null });
  watch.close();
});

test("watches nothing where no connection is kept", async () => {
  await using http = await httpServer((_request, response) => {
    response.setHeader("Connection", "close");
    response.end("ok");
  });
  expect(await KeepAliveWatch.open(http.target, "/", "busy")).toBeNull();
});
