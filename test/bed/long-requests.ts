import { createHash } from "node:crypto";
import { request } from "node:http";
import { setTimeout as after } from "node:timers/promises";

const pieceEveryMs = 50;

/** A request that is under way until it is told to end. */
export interface LongRequest {
  /** Ends it; resolves with what is wrong with it, in words, or null. */
  finish(): Promise<string | null>;
}

/** A POST whose body comes in small pieces; the shop's answer has to hold its SHA-256. */
export function slowPost(url: string): LongRequest {
  const digest = createHash("sha256");
  const asked = request(`${url}/orders`, { method: "POST", agent: false });
  const answered = new Promise<string | null>((said) => {
    asked.once("error", (error) => said(`the slow POST broke: ${error.message}`));
    asked.once("response", (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.once("close", () => {
        const right = response.statusCode === 200 && text.includes(digest.digest("hex"));
        said(right ? null : `the slow POST got ${response.statusCode} ${text}`);
      });
    });
  });
  let pieces = 0;
  const timer = setInterval(() => {
    pieces += 1;
    digest.update(`piece ${pieces}\n`);
    asked.write(`piece ${pieces}\n`);
  }, pieceEveryMs);
  return {
    async finish() {
      clearInterval(timer);
      asked.end();
      return await answered;
    },
  };
}

/** The shop's event stream; it must not end, and still say something when it is to finish. */
export function openStream(url: string): LongRequest {
  let events = 0;
  let broken: string | null = null;
  const asked = request(`${url}/events`, { agent: false });
  asked.once("error", (error) => (broken = error.message));
  asked.once("response", (response) => {
    response.on("data", () => (events += 1));
    response.once("close", () => (broken ??= "it ended"));
  });
  asked.end();
  return {
    async finish() {
      const soFar = events;
      const until = performance.now() + 5000;
      while (broken === null && events === soFar && performance.now() < until) await after(20);
      const fault = broken ?? (events > soFar ? null : "it fell silent");
      asked.destroy();
      return fault === null ? null : `the stream, after ${soFar} events: ${fault}`;
    },
  };
}
