// Two services of one process, one by `import` and one by `require`: one signal, two receipts, one exit.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import * as imported from "@hitless/app";

const required = createRequire(import.meta.url)("@hitless/app");
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

for (const [name, { serve }] of Object.entries({ imported, required })) {
  const service = serve(createServer(), {
    drain: { delayMs: 0, lingerMs: 0 },
    onShutdown: [{ name, run: () => {} }],
  });
  await service.listen({ port: 0, host: "127.0.0.1" });
}
say({
  isOne: imported.serve === required.serve,
  imported: Object.keys(imported),
  required: Object.keys(required),
});
process.on("exit", (code) => say({ code }));
process.kill(process.pid, "SIGTERM");
