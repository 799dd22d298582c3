// What a server is held by: requests that take 4 s, events, WebSockets, and requests that never end. It says what came.
import { WebSocketServer } from "ws";

const slowMs = 4000;
const tickMs = 50;

/** `openEvents`: a helper that answers with events; without one they are written as they are. */
export function handlerOf(openEvents = rawEvents) {
  return (request, response) => {
    const { pathname } = new URL(request.url, "http://a");
    say({ came: pathname });
    if (pathname === "/slow") setTimeout(() => response.end("slow, and whole"), slowMs);
    else if (pathname === "/events") events(openEvents(response), response);
    else if (pathname === "/raw-events") events(rawEvents(response), response);
    else if (!pathname.startsWith("/hang")) response.end("at once");
    request.resume();
  };
}

/** A line of its log. */
export function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function events(stream, response) {
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    stream.send({ data: `event ${n}` });
  }, tickMs);
  response.once("close", () => clearInterval(timer));
}

function rawEvents(response) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  return { send: ({ data }) => response.write(`data: ${data}\n\n`) };
}

/** On `/socket` those that `attend` takes care of, on `/raw-socket` those that nobody does. */
export function webSocketsOn(server, attend = () => {}) {
  const attended = new WebSocketServer({ noServer: true });
  const others = new WebSocketServer({ noServer: true });
  attend(attended);
  server.on("upgrade", (request, socket, head) => {
    const sockets = request.url === "/socket" ? attended : others;
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit("connection", opened, request);
      const timer = setInterval(() => opened.send("tick"), tickMs);
      opened.once("close", () => clearInterval(timer));
    });
  });
}
