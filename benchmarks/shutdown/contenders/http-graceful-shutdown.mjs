import { createServer } from "node:http";
import gracefulShutdown from "http-graceful-shutdown";
import { handler, listen, settings } from "./app.mjs";

const server = createServer(handler);
gracefulShutdown(server, { signals: "SIGTERM", timeout: settings.forceMs });
listen(server);
