// Loss A: closes its listener at once, while the platform still routes to it.
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();

process.once("SIGTERM", () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  void finish(service, delayMs);
});

listen(service);
