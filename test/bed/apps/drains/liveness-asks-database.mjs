// Its liveness asks the database: every copy is restarted when the database is gone.
import { setTimeout as after } from "node:timers/promises";
import { databaseAnswers, followDatabase } from "./database.mjs";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();
service.state.isLive = databaseAnswers;
followDatabase(service);

process.once("SIGTERM", async () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  await after(delayMs);
  await finish(service);
  process.exit(0);
});

listen(service);
