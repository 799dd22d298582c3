import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createServer as createHttp2,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createHttps } from "node:https";
import type { Server } from "node:net";
import { text } from "node:stream/consumers";
import { certificate } from "../certificate.ts";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { listening, served } from "./listening.ts";

export const nodeSubjects: readonly Subject[] = [
  subject("node:http", "http1", (scene) => createServer(handlerOf(scene))),
  subject("node:https", "http1", (scene) => createHttps(certificate, handlerOf(scene))),
  subject("node:http2 cleartext", "http2", (scene) => createHttp2(handlerOf(scene))),
  subject("node:http2 TLS", "http2", (scene) => createSecureServer(certificate, handlerOf(scene))),
  subject("node:http2 cleartext streams", "http2", (scene) => streamsOf(createHttp2(), scene)),
  subject("node:http2 TLS streams", "http2", (scene) =>
    streamsOf(createSecureServer(certificate), scene),
  ),
  subject("node:https beside http2", "http1", (scene) =>
    createSecureServer({ ...certificate, allowHTTP1: true }, handlerOf(scene)),
  ),
];

function subject(
  name: string,
  protocol: Subject["protocol"],
  make: (scene: Scene) => Server,
): Subject {
  return {
    name,
    protocol,
    isTls: /https|TLS/.test(name),
    heldRoute: "/held/7",
    closesIn: null,
    async open(scene) {
      const server = make(scene);
      if (scene.listensFirst) return scene.kit.serve(await listening(server), scene.options);
      return served(scene.kit.serve(server, scene.options));
    },
  };
}

type Asked = IncomingMessage | Http2ServerRequest;
type Answering = ServerResponse | Http2ServerResponse;

function handlerOf(scene: Scene) {
  return (request: Asked, response: Answering) => {
    answer(scene, request, response).catch(() => {
      response.statusCode = 500;
      response.end();
    });
  };
}

async function answer(scene: Scene, request: Asked, response: Answering): Promise<void> {
  switch (request.url) {
    case "/":
      return void response.end("hello");
    case "/echo":
      return void response.end(await text(request));
    case "/held/7":
      return void response.end(await scene.held());
    case "/fails":
      throw new Error("it fails");
    case "/keeps":
      if (request.httpVersionMajor === 1) response.setHeader("Connection", "keep-alive");
      return void response.end("kept");
    case "/events":
      return scene.writeEvents(response);
    case "/event-stream":
      return scene.sendEvents(response);
    default:
      response.statusCode = 404;
      return void response.end();
  }
}

/** The same on HTTP/2's own interface. */
function streamsOf(server: Server, scene: Scene): Server {
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // A client may leave at any time.
    stream.on("error", () => {});
    void answerStream(scene, stream, headers[":path"] ?? "/");
  });
  return server;
}

async function answerStream(scene: Scene, stream: ServerHttp2Stream, path: string): Promise<void> {
  switch (path) {
    case "/":
    case "/keeps":
      return respond(stream, 200, "hello");
    case "/echo":
      return respond(stream, 200, await text(stream));
    case "/held/7":
      return respond(stream, 200, await scene.held());
    case "/fails":
      return respond(stream, 500, "");
    case "/events":
    case "/event-stream":
      return writeEvents(stream);
    default:
      return respond(stream, 404, "");
  }
}

function respond(stream: ServerHttp2Stream, status: number, body: string): void {
  if (stream.destroyed) return;
  stream.respond({ ":status": status });
  stream.end(body);
}

function writeEvents(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "text/event-stream" });
  let number = 0;
  const timer = setInterval(() => {
    number += 1;
    stream.write(`data: ${number}\n\n`);
  }, 5);
  stream.once("close", () => clearInterval(timer));
}
