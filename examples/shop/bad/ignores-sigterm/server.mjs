// Serves well, and does not stop when it is told to.
import { createServer } from "node:http";

const body = JSON.stringify({ app: "shop", version: "bad-ignores-sigterm", pid: process.pid });
process.on("SIGTERM", () => {});
createServer((_request, response) => response.end(body)).listen(
  Number(process.env.PORT ?? 8080),
  process.env.HOST ?? "127.0.0.1",
);
