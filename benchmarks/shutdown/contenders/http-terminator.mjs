import { createServer } from "node:http";
import { createHttpTerminator } from "http-terminator";
import { atSigterm, handler, listen } from "./app.mjs";

const server = createServer(handler);
const terminator = createHttpTerminator({ server });
listen(server);
atSigterm(async () => {
  await terminator.terminate();
  process.exit(0);
});
