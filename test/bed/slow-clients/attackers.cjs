// PORT COUNT: so many clients, a third of each kind, that take as long as they may. `head` sends a
// byte of its head a second, `body` ten of its body, `read` asks for much and takes 64. Each
// comes back about a second after it was ended, `read` half a minute: sending it megabytes at once
// costs more than keeping it, and is another kind of attack. SIGTERM: says as JSON how they were ended, and when.
const { connect } = require("node:net");

const [port, count] = process.argv.slice(2).map(Number);
const kinds = ["head", "body", "read"];
const head = "Host: attacker\r\n";
const first = {
  head: `GET / HTTP/1.1\r\n${head}X-Long: `,
  body: `POST /orders HTTP/1.1\r\n${head}Content-Length: 1000000\r\n\r\n`,
  read: `GET /large HTTP/1.1\r\n${head}\r\n`,
};
// What is buffered hides from who reads slowly that the connection is gone: only who writes is told.
const more = { head: "x", body: "0123456789", read: "\r\n" };
const tally = Object.fromEntries(
  kinds.map((kind) => [kind, { connected: 0, ended: 0, endedBy: {}, longestMs: 0 }]),
);
const open = new Set();

function attack(kind) {
  const client = { kind, socket: null, answer: "", since: 0, over: false };
  const callback = (length, bytes) => {
    client.answer += bytes.toString("latin1", 0, length);
    if (kind === "read") client.answer = client.answer.slice(0, 300);
    else hear(client);
    return kind !== "read";
  };
  const onread = { buffer: Buffer.alloc(kind === "read" ? 64 : 512), callback };
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, onread });
  client.socket = socket;
  socket.on("connect", () => {
    client.since = performance.now();
    tally[kind].connected += 1;
    open.add(client);
    socket.write(first[kind]);
  });
  socket.on("end", () => over(client, "closed without a word"));
  socket.on("error", (error) => over(client, error.code));
  socket.on("close", () => over(client, "closed"));
}

function hear(client) {
  if (client.answer.includes("\r\n\r\n")) over(client, reasonOf(client.answer));
}

function reasonOf(answer) {
  const status = answer.slice(9, 12);
  const reason = /^x-hitless-reason: (.*)\r$/im.exec(answer)?.[1];
  return reason === undefined ? status : `${status} ${reason}`;
}

function over(client, how) {
  if (client.over) return;
  client.over = true;
  open.delete(client);
  client.socket.destroy();
  const { endedBy } = tally[client.kind];
  endedBy[how] = (endedBy[how] ?? 0) + 1;
  tally[client.kind].ended += 1;
  if (client.since > 0) {
    tally[client.kind].longestMs = Math.max(
      tally[client.kind].longestMs,
      Math.round(performance.now() - client.since),
    );
  }
  const pauseMs = client.kind === "read" ? 30_000 : 1000;
  setTimeout(() => attack(client.kind), pauseMs * (0.5 + Math.random()));
}

// Spread out, or their own process would stumble over its bursts.
for (let i = 0; i < count; i += 1) setTimeout(() => attack(kinds[i % 3]), (i * 5000) / count);
setInterval(() => {
  for (const { kind, socket } of open) {
    if (kind === "read") socket.resume();
    socket.write(more[kind]);
  }
}, 1000);

process.on("SIGTERM", () => {
  const now = performance.now();
  for (const { kind, since } of open) {
    const lived = tally[kind];
    lived.longestMs = Math.max(lived.longestMs, Math.round(now - since));
  }
  process.stdout.write(JSON.stringify({ open: open.size, tally }), () => process.exit(0));
});
process.stdout.write("ready\n");
