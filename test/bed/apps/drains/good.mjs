// Stops as it should, by hand.
import { setTimeout as after } from "node:timers/promises";
import { followDatabase } from "./database.mjs";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();
let stopping = false;
followDatabase(service);

process.on("SIGTERM", async () => {
  if (stopping) return;
  stopping = true;
  service.state.ready = false;
  service.state.closing = true;
  await after(delayMs);
  await finish(service);
  process.exit(0);
});

listen(service);
