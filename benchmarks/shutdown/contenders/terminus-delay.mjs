import { createServer } from "node:http";
import terminus from "@godaddy/terminus";
import { handler, listen, settings, sleep } from "./app.mjs";

const server = createServer(handler);
terminus.createTerminus(server, {
  signals: ["SIGTERM"],
  timeout: settings.forceMs,
  healthChecks: { "/ready": async () => ({}) },
  beforeShutdown: () => sleep(settings.delayMs),
  useExit0: true,
});
listen(server);
