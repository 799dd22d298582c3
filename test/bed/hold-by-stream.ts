import { type IncomingMessage, request } from "node:http";
import { WebSocket } from "ws";
import type { Hold, HoldEnd, HoldPlace } from "./hold.ts";

/** "Going away" (RFC 6455, 7.4.1). */
const goingAway = 1001;

/** Server-sent events: a good end is told behind a whole event, says when to come back, and ends the answer. */
export function holdByEvents({ port }: HoldPlace, path: string): Promise<Hold> {
  return new Promise((held, failed) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false });
    asked.once("error", failed);
    asked.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      // A cut answer is an error, too.
      response.on("error", () => undefined);
      const ended = new Promise<HoldEnd>((over) => {
        response.once("close", () => over(endOfEvents(response, text)));
      });
      response.on("data", (more) => {
        text += String(more);
        if (text.includes("\n\n")) held({ ended });
      });
    });
    asked.end();
  });
}

function endOfEvents({ complete }: IncomingMessage, text: string): HoldEnd {
  const events = text.split("\n\n");
  const rest = events.pop() ?? "";
  const last = rest === "" ? events.pop() : rest;
  const retryMs = /^retry: (\d+)\n?$/.exec(last ?? "")?.[1];
  const whole = events.every((event, index) => event === `data: event ${index + 1}`);
  if (!complete) return { outcome: `cut after ${events.length} events`, good: false };
  if (!whole || retryMs === undefined) {
    return { outcome: `ended with ${JSON.stringify(text.slice(-40))}`, good: false };
  }
  return { outcome: "ended whole, with retry", good: true };
}

/** A WebSocket: a good end has a close frame that says that the server goes away. */
export function holdByWebSocket({ port }: HoldPlace, path: string): Promise<Hold> {
  return new Promise((held, failed) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    socket.once("error", failed);
    const ended = new Promise<HoldEnd>((over) => {
      socket.once("close", (code) => {
        const good = code === goingAway;
        over({ outcome: good ? `close code ${code}` : `cut, no close frame (${code})`, good });
      });
    });
    socket.once("message", () => held({ ended }));
  });
}
