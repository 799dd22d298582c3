// The least that loses nothing, by hand: unready, go on serving and tell clients to leave, then close.
import { createServer } from "node:http";
import { atSigterm, exitAtTheLimit, handler, listen, settings, sleep, state } from "./app.mjs";

const server = listen(createServer(handler));
atSigterm(async () => {
  state.ready = false;
  state.leaving = true;
  await sleep(settings.delayMs);
  server.close(() => process.exit(0));
  exitAtTheLimit();
});
