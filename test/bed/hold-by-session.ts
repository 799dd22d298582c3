import { type ClientHttp2Session, connect } from "node:http2";
import type { Hold, HoldEnd, HoldPlace } from "./hold.ts";

/** A session of HTTP/2, idle after a request or with one under way; a good end is announced by a GOAWAY without an error. */
export async function holdBySession(
  { port, certificate }: HoldPlace,
  scheme: "http" | "https",
  state: "idle" | "slow",
): Promise<Hold> {
  const session = connect(`${scheme}://127.0.0.1:${port}`, { ca: certificate });
  let goaway: number | null = null;
  let broken = "";
  session.on("goaway", (code) => (goaway = code));
  session.on("error", (error) => (broken = error.message));
  const closed = new Promise<void>((over) => session.once("close", () => over()));
  const first = await answerOf(session, "/");
  if (first !== "200 at once") throw new Error(`the first answer is ${first} ${broken}`);
  const slow = state === "slow" ? answerOf(session, "/slow") : Promise.resolve(null);
  const ended = Promise.all([slow, closed]).then(([answer]): HoldEnd => {
    const told = goaway === null ? "no GOAWAY" : `GOAWAY ${goaway}`;
    const whole = answer === null || answer === "200 slow, and whole";
    const parts = [
      ...(answer === null ? [] : [whole ? "answered" : `LOST (${answer})`]),
      told,
      ...(broken === "" ? [] : [broken]),
    ];
    return { outcome: parts.join(", "), good: goaway === 0 && whole && broken === "" };
  });
  return { ended };
}

/** Status and body; what went wrong, where that was it. */
function answerOf(session: ClientHttp2Session, path: string): Promise<string> {
  return new Promise((answered) => {
    const stream = session.request({ ":path": path });
    let text = "";
    let status = "no answer";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => (status = String(headers[":status"])));
    stream.on("data", (more) => (text += String(more)));
    stream.on("error", (error) => (status = error.message));
    stream.on("close", () => answered(`${status} ${text}`.trim()));
    stream.end();
  });
}
