// Loss A: closes its listener at once, while the platform still routes to it.
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();

process.once("SIGTERM", async () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  await finish(service, { lingerMs: delayMs });
  process.exit(0);
});

listen(service);
