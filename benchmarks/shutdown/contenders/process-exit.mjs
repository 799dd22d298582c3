import { createServer } from "node:http";
import { atSigterm, handler, listen } from "./app.mjs";

listen(createServer(handler));
atSigterm(() => process.exit(0));
