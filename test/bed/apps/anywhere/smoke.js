// A service that is stopped in the middle of a slow request; with BARE without the kit. It is also run
// by `require`, with its two imports rewritten.
import { createServer } from "node:http";
import { serve } from "@hitless/app";

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const slow = [];
const server = createServer((request, response) => {
  if (request.url !== "/slow") return void response.end("quick");
  slow.push(response);
  say({ slow: slow.length });
});

if (process.env.BARE === undefined) {
  const service = serve(server, {
    drain: { delayMs: 1500, lingerMs: 100 },
    onShutdown: [{ name: "pool", run: () => say({ hook: "pool" }) }],
  });
  // Behind the delay, when nobody listens any more.
  service.draining.addEventListener("abort", () => setTimeout(answerSlow, 2000));
  void service.listen({ port: 0, host: "127.0.0.1" }).then(say);
} else {
  server.listen(0, "127.0.0.1", () => say(server.address()));
}

function answerSlow() {
  for (const response of slow) response.end("slow");
}
