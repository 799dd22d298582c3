import { createServer } from "node:http";
import { atSigterm, exitAtTheLimit, handler, listen } from "./app.mjs";

const server = listen(createServer(handler));
atSigterm(() => {
  server.close(() => process.exit(0));
  exitAtTheLimit();
});
