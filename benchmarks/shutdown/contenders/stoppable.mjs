import { createServer } from "node:http";
import stoppable from "stoppable";
import { atSigterm, handler, listen, settings } from "./app.mjs";

const server = stoppable(createServer(handler), settings.forceMs);
listen(server);
atSigterm(() => server.stop(() => process.exit(0)));
