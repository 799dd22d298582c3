// Gets ready, serves, and crashes five seconds later.
import { createServer } from "node:http";

const body = JSON.stringify({ app: "shop", version: "bad-crashes-after-5s", pid: process.pid });
createServer((_request, response) => response.end(body)).listen(
  Number(process.env.PORT ?? 8080),
  process.env.HOST ?? "127.0.0.1",
);
setTimeout(() => {
  throw new Error("out of luck");
}, 5000);
