// Stops as it should, but for the one FAULT that it is told.
import { spawn } from "node:child_process";
import { setTimeout as after } from "node:timers/promises";
import { followDatabase } from "./database.mjs";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const { FAULT } = process.env;
const service = makeService();
const { state, server, streams } = service;
const lateMs = 700;

/** What each fault changes from the start on. */
const fromTheStart = {
  "ready-in-time": async () => {
    state.refusing = true;
    await after(lateMs);
    state.refusing = false;
  },
  startup: () => {
    state.started = false;
  },
  "no-children": () => {
    spawn("sleep", ["30"], { stdio: "ignore" }).unref();
  },
};

/** What each fault changes when the signal comes. */
const onSignal = {
  liveness: () => {
    state.isLive = async () => false;
  },
  "readiness-at-signal": () => {
    state.ready = true;
  },
  "held-sse": () => cutStreams(),
  "held-web-socket": () => cutStreams(),
  "second-sigterm": () => {
    process.on("SIGTERM", () => process.exit(0));
  },
};

/** Connections that each fault never closes. */
const spared = {
  "held-idle": (socket) => used.has(socket),
  "held-silent": (socket) => socket.bytesRead === 0,
  "held-half-head": (socket) => socket.bytesRead > 0 && !used.has(socket),
};

const used = new WeakSet();
server.on("request", (request) => used.add(request.socket));
server.keepAliveTimeout = 120_000;

function cutStreams() {
  for (const stream of streams) stream.leave = stream.cut;
}

async function stop() {
  process.on("SIGTERM", () => undefined);
  state.ready = false;
  state.closing = true;
  onSignal[FAULT]?.();
  await after(delayMs);
  await finish(service, { reaps: (socket) => !spared[FAULT]?.(socket) });
  process.exit(FAULT === "exit-code" ? 1 : 0);
}

if (FAULT !== "readiness-tells") followDatabase(service);
void fromTheStart[FAULT]?.();
process.once("SIGTERM", stop);
listen(service);
