// Takes the signal, and does nothing about it.
import { listen, makeService } from "./service.mjs";

process.on("SIGTERM", () => undefined);

listen(makeService());
