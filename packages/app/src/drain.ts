import type { Server } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { type Answer, isEventStream, isHttp1 } from "./answer.ts";
import { closeListener } from "./close-listener.ts";
import type { Connections } from "./connections.ts";
import type { DrainBudget } from "./options.ts";
import type { HungRequest } from "./receipt.ts";
import type { Requests } from "./requests.ts";
import { rawEventStream } from "./streams/raw-event-stream.ts";
import type { Streams } from "./streams/streams.ts";
import { upgradedSocket } from "./streams/upgraded-socket.ts";
import type { Upgrades } from "./streams/upgrades.ts";
import { inSeconds, type Work } from "./work.ts";

/** Everything of a service that a drain has to do with. */
export interface Drained {
  readonly server: Server;
  readonly connections: Connections;
  readonly requests: Requests;
  readonly streams: Streams;
  readonly upgrades: Upgrades;
  readonly work: Work;
}

/** What of it was not over in time. */
export interface CutOff {
  readonly hung: readonly HungRequest[];
  readonly streams: number;
}

const lookMs = 20;
/** Of the budget, and before its end: so that the last stream that is told has time to leave. */
const spreadShare = 0.8;
const leavingMs = 2500;

/** Tells everybody to leave, and goes on serving. */
export function tellAll({ requests, connections, work }: Drained): void {
  requests.drain();
  for (const answer of requests.open.keys()) {
    // One that has ended may be read, and followed by the next request, before anything said now is.
    if (!isHttp1(answer) && !answer.writableEnded) connections.usedBy(answer);
  }
  work.drain();
}

/**
 * Stops listening, and waits until nothing is under way or `timeoutMs` are over, while it closes what is idle and
 * ends what has no end of its own. Then cuts the rest.
 */
export async function finish(
  drained: Drained,
  budget: Pick<DrainBudget, "timeoutMs" | "lingerMs">,
): Promise<CutOff> {
  const { server, connections, requests, streams, work } = drained;
  await closeListener(server, () => connections.opened);
  const closedAt = performance.now();
  const deadline = closedAt + budget.timeoutMs;
  adoptStreams(drained);
  const spreadMs = Math.min(budget.timeoutMs * spreadShare, budget.timeoutMs - leavingMs);
  streams.endSpread(Math.max(0, spreadMs));
  while (performance.now() < deadline) {
    adoptStreams(drained);
    streams.endDue();
    const used = busy(drained);
    connections.closeIdle(used, closedAt, budget.lingerMs);
    connections.closeIdleSessions(used, closedAt, budget.lingerMs);
    if (connections.size + requests.open.size + streams.size + work.size === 0) break;
    await after(lookMs);
  }
  return cutOff(drained);
}

/** How many requests wait for an answer that has an end. */
export function countInFlight({ requests, work }: Drained): number {
  return [...requests.open.keys()].filter((answer) => !isEventStream(answer)).length + work.size;
}

/** Those that no helper of ours was used for: any library may have begun them, at any time. */
function adoptStreams({ requests, streams, upgrades }: Drained): void {
  for (const answer of requests.open.keys()) {
    if (!isEventStream(answer) || !streams.claim(answer)) continue;
    answer.once("close", streams.add(rawEventStream(answer)));
  }
  for (const [socket, request] of upgrades.open) {
    if (!streams.claim(socket)) continue;
    socket.once("close", streams.add(upgradedSocket(request, socket)));
  }
}

function busy({ requests, upgrades }: Drained): ReadonlySet<object> {
  const sockets = requests.busy();
  for (const socket of upgrades.open.keys()) sockets.add(socket);
  return sockets;
}

/** Ends what is under way, as well as that goes at once. */
export function cutOff({ connections, requests, streams, work }: Drained): CutOff {
  const now = performance.now();
  const hung: HungRequest[] = [...work.cut()];
  requests.cut();
  for (const [answer, begun] of requests.open) {
    if (isEventStream(answer)) continue;
    hung.push({ ...requests.describe(begun), seconds: inSeconds(now - begun.since) });
    refuse(answer);
  }
  const streamsCut = streams.destroyAll();
  connections.destroyAll();
  return { hung, streams: streamsCut };
}

/** An honest answer where none was begun. Past the response, on which its handler may still write some day. */
function refuse(answer: Answer): void {
  if (answer.headersSent || answer.destroyed) return;
  if (!isHttp1(answer)) {
    answer.respond({ ":status": 503 }, { endStream: true });
    return;
  }
  answer.socket?.end(
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
  );
}
