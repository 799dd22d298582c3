import { createServer } from "node:http";
import terminus from "@godaddy/terminus";
import { handler, listen } from "./app.mjs";

const server = createServer(handler);
terminus.createTerminus(server, {
  signals: ["SIGTERM"],
  healthChecks: { "/ready": async () => ({}) },
  useExit0: true,
});
listen(server);
