// A master that holds no socket of its own; its worker listens and is told to end.
const cluster = require("node:cluster");

if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.on("SIGTERM", () => worker.process.kill("SIGTERM"));
  worker.on("exit", () => process.exit(0));
} else {
  require("./server.cjs");
}
