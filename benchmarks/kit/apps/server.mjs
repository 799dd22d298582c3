// The same small service, bare and with the kit: `node server.mjs bare|kit|checks|metrics PORT`.
import { createServer } from "node:http";

const [kind, port] = process.argv.slice(2);
const body = "hello from here, ok!";

const server = createServer((request, response) => {
  if (request.method !== "POST") return answer(response);
  request.resume();
  request.once("end", () => answer(response));
});

function answer(response) {
  response.setHeader("Content-Type", "text/plain");
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

if (kind !== "bare") {
  const { serve } = await import("@hitless/app");
  serve(server, await optionsOf(kind));
}
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });

async function optionsOf(kind) {
  const checks = { one: () => {}, two: () => {}, three: { run: () => {}, intervalMs: 100 } };
  if (kind === "checks") return { checks };
  if (kind === "metrics") return { metrics: { client: await import("prom-client") } };
  return {};
}
