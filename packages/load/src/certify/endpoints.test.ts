import { expect, test } from "vitest";
import { httpServer } from "../testing/http-server.ts";
import { findEndpoints } from "./endpoints.ts";

/** Answers these paths with these statuses, a POST to `/` with `post`. */
function serving(statuses: Readonly<Record<string, number>>, post = 405) {
  return httpServer((request, response) => {
    request.resume();
    const { method, url = "" } = request;
    response.statusCode = method === "POST" ? post : (statuses[url] ?? 404);
    response.end();
  });
}

const none = {
  ready: null,
  health: null,
  startup: null,
  post: null,
  postRefused: null,
  answersEverything: false,
};

test.each<[string, Record<string, number>, object]>([
  [
    "the usual names",
    { "/": 200, "/ready": 200, "/health": 200, "/startup": 200 },
    {
      ready: "/ready",
      health: "/health",
      startup: "/startup",
    },
  ],
  [
    "other names",
    { "/": 200, "/readyz": 200, "/livez": 200 },
    { ready: "/readyz", health: "/livez" },
  ],
  ["a probe that says no", { "/": 200, "/health/ready": 503 }, { ready: "/health/ready" }],
  ["no probe", { "/": 200 }, {}],
])("finds %s", async (_, statuses, expected) => {
  await using server = await serving(statuses);
  const found = await findEndpoints(server.target, { path: "/" });
  expect(found).toEqual({ ...none, ...expected });
});

test("finds what answers otherwise than any path on an app that answers everything", async () => {
  await using server = await httpServer(({ url }, response) => {
    if (url === "/health/ready") response.statusCode = 503;
    response.end(url === "/health" ? '{"status":"alive"}' : "a page");
  });
  expect(await findEndpoints(server.target, { path: "/", startup: "/up" })).toMatchObject({
    ready: "/health/ready",
    health: "/health",
    startup: "/up",
    answersEverything: true,
  });
});

test("finds nothing on an app whose answer to any path is another one each time", async () => {
  await using server = await httpServer(({ url }, response) =>
    response.end(`you asked for ${url}`),
  );
  const found = await findEndpoints(server.target, { path: "/", health: "/alive" });
  expect(found).toMatchObject({ ready: null, health: "/alive", startup: null });
});

test("finds nothing on an app that answers everything alike, and takes what is named", async () => {
  await using server = await httpServer((request, response) => {
    request.resume();
    response.end("a page");
  });
  const found = await findEndpoints(server.target, { path: "/", health: "/alive" });
  expect(found).toEqual({ ...none, health: "/alive", post: "/", answersEverything: true });
});

test("says what a POST got that is named and not answered with 2xx", async () => {
  await using server = await serving({ "/": 200 }, 403);
  const { post, postRefused } = await findEndpoints(server.target, { path: "/", post: "/orders" });
  expect(post).toBe(null);
  expect(postRefused).toBe("/orders: a POST of two bytes answered 403");
});
