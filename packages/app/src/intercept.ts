import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Connections } from "./connections.ts";

/** What is told of each request before the application sees it. True: it has been answered, the application shall not. */
export interface Gate {
  request(request: IncomingMessage, response: ServerResponse): boolean;
  stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
  upgrade(request: IncomingMessage, socket: Duplex): void;
}

/**
 * Stands before all listeners of a server, those that a framework adds later, too. `emit` is the one place that
 * every request passes: a listener can neither keep the others from running nor, for `upgrade`, be there
 * without changing what Node does.
 */
export function intercept(server: NetServer, gate: Gate): void {
  const { emit } = server;
  const intercepted = function (this: NetServer, event: string, ...args: unknown[]): boolean {
    const isAnswered = shownTo(gate, event, args);
    return isAnswered || Reflect.apply(emit, this, [event, ...args]);
  };
  Object.defineProperty(server, "emit", { value: intercepted, configurable: true, writable: true });
}

function shownTo(gate: Gate, event: string, [first, second]: readonly unknown[]): boolean {
  switch (event) {
    case "request":
    case "checkContinue":
    case "checkExpectation":
      return isRequest(first) && isResponse(second) && gate.request(first, second);
    case "stream":
      return isStream(first) && isHeaders(second) && gate.stream(first, second);
    case "upgrade":
    case "connect":
      if (isRequest(first) && second instanceof Duplex) gate.upgrade(first, second);
      return false;
    default:
      return false;
  }
}

/** Notes each connection as what it turns out to be. */
export function noteConnections(server: NetServer, connections: Connections): void {
  const isPlainHttp1 = "keepAliveTimeout" in server && !("setSecureContext" in server);
  server.prependListener("connection", (socket: Socket) => {
    connections.addTcp(socket);
    if (isPlainHttp1) connections.addHttp1(socket);
  });
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol !== "h2") connections.addHttp1(socket);
  });
  server.prependListener("session", (session: ServerHttp2Session) =>
    connections.addSession(session),
  );
}

// By what only HTTP/1's have, not by class: with `node:http` an ES module loads all that this can ever need,
// from Node 22 on a WebSocket client: 80 ms and 10 MiB, in a service that may have none of it by itself.
function isRequest(value: unknown): value is IncomingMessage {
  return isObject(value) && "upgrade" in value && "httpVersion" in value;
}

function isResponse(value: unknown): value is ServerResponse {
  return isObject(value) && "assignSocket" in value;
}

function isStream(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && "respond" in value;
}

function isHeaders(value: unknown): value is IncomingHttpHeaders {
  return isObject(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
