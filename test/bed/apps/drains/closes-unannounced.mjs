// Loss B: waits, but closes kept connections without having said `Connection: close` on them, as a
// sleep before the signal does.
import { setTimeout as after } from "node:timers/promises";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();

process.once("SIGTERM", async () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  await after(delayMs);
  await finish(service);
  process.exit(0);
});

listen(service);
