import { connect } from "node:net";
import type { Hold, HoldEnd, HoldPlace } from "./hold.ts";

interface SaidOnSocket {
  /** Written once, after connecting. */
  readonly says: string;
  /** Whether it is answered before it counts as held. */
  readonly answered?: true;
  /** Body of the answer that must still come. */
  readonly owed?: string;
}

export function holdByNothing(): Promise<Hold> {
  return Promise.resolve({ ended: Promise.resolve({ outcome: "", good: true }) });
}

/** A connection of HTTP/1.1 in one of the states in which it may be. */
export async function holdBySocket({ port }: HoldPlace, said: SaidOnSocket): Promise<Hold> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let heard = "";
  let broken = "";
  socket.setEncoding("latin1");
  socket.on("error", (error) => {
    broken = "code" in error ? String(error.code) : error.message;
  });
  const opened = new Promise<void>((done) => {
    socket.once("connect", () => {
      socket.write(said.says);
      if (said.answered !== true) done();
    });
    socket.on("data", (text) => {
      heard += String(text);
      if (said.answered === true) done();
    });
  });
  const ended = new Promise<HoldEnd>((over) => {
    socket.once("close", () => over(endOf(said, said.answered === true ? "" : heard, broken)));
  });
  await opened;
  return { ended };
}

function endOf({ owed }: SaidOnSocket, heard: string, broken: string): HoldEnd {
  const how = broken === "" ? "closed" : broken;
  if (owed === undefined)
    return { outcome: heard === "" ? how : `${how}, ${first(heard)}`, good: true };
  const whole = heard.startsWith("HTTP/1.1 200 ") && heard.endsWith(`\r\n\r\n${owed}`);
  const told = /^connection: close\r$/im.test(heard);
  if (!whole)
    return { outcome: heard === "" ? `LOST, ${how}` : `LOST, ${first(heard)}`, good: false };
  return { outcome: told ? "answered, told to leave" : "answered", good: true };
}

function first(heard: string): string {
  return heard.split("\r\n", 1)[0] ?? "";
}
