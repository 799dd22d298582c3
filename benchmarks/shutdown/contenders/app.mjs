// What every contender serves: the same answers, the same work, the same line when it listens.
import { createHash } from "node:crypto";

const { PORT, CHECK_PORT, NAME, DELAY_MS = "3000", FORCE_MS = "10000" } = process.env;

export const settings = {
  port: Number(PORT),
  /** For a library that answers probes on a port of its own. */
  checkPort: Number(CHECK_PORT),
  /** How long those that can wait go on serving, ms. */
  delayMs: Number(DELAY_MS),
  /** When those that have a limit force the end, ms. */
  forceMs: Number(FORCE_MS),
};

/** `ready`: what `/ready` says. `leaving`: whether clients are told to leave with each answer. */
export const state = { ready: true, leaving: false };

/** `/` takes 10 to 50 ms, and 3 % of the requests 400 to 900 ms. */
export function handler(request, response) {
  if (request.url === "/ready") {
    response.statusCode = state.ready ? 200 : 503;
    response.end();
    return;
  }
  const digest = createHash("sha256");
  request.on("data", (chunk) => digest.update(chunk));
  request.on("end", () => {
    const took = Math.random() < 0.03 ? 400 + Math.random() * 500 : 10 + Math.random() * 40;
    setTimeout(() => answer(response, digest), took);
  });
}

function answer(response, digest) {
  if (state.leaving) response.setHeader("Connection", "close");
  response.setHeader("Content-Type", "application/json");
  const body = { version: NAME, pid: process.pid, sha256: digest.digest("hex") };
  response.end(JSON.stringify({ ...body, filling: "x".repeat(200) }));
}

export function listen(server) {
  return server.listen(settings.port, "127.0.0.1", listening);
}

export function listening() {
  console.log("listening");
}

export function atSigterm(stop) {
  process.once("SIGTERM", () => void stop());
}

export function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** What people write beside a `close` that may never end. */
export function exitAtTheLimit() {
  setTimeout(() => process.exit(1), settings.forceMs);
}
