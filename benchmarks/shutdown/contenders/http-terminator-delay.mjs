import { createServer } from "node:http";
import { createHttpTerminator } from "http-terminator";
import { atSigterm, handler, listen, settings, sleep, state } from "./app.mjs";

const server = createServer(handler);
const terminator = createHttpTerminator({
  server,
  gracefulTerminationTimeout: settings.forceMs,
});
listen(server);
atSigterm(async () => {
  state.ready = false;
  await sleep(settings.delayMs);
  await terminator.terminate();
  process.exit(0);
});
