// Loss D: refuses requests itself while they still come to it.
import { setTimeout as after } from "node:timers/promises";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();

process.once("SIGTERM", async () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  service.state.refusing = true;
  await after(delayMs);
  await finish(service);
  process.exit(0);
});

listen(service);
