// Starts, answers, and never gets ready.
import { createServer } from "node:http";

const body = JSON.stringify({ app: "shop", version: "bad-never-ready", pid: process.pid });
createServer((request, response) => {
  response.statusCode = request.url === "/ready" ? 503 : 200;
  response.end(body);
}).listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1");
