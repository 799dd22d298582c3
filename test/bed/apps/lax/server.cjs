// Reads HTTP as carelessly as a server can: whatever is smuggled past a proxy becomes a request of
// its own here. Each is written into the file LEDGER, and answered with what it was. A target with
// `by=cl` is framed by Content-Length, any other by whatever resembles `Transfer-Encoding: chunked`.
const { appendFileSync } = require("node:fs");
const { createServer } = require("node:net");

const { PORT, HOST, LEDGER } = process.env;

const server = createServer((socket) => {
  let received = "";
  socket.on("data", (data) => {
    received += data.toString("latin1");
    for (let taken = take(received); taken !== null; taken = take(received)) {
      received = received.slice(taken.length);
      serve(socket, taken);
    }
  });
  socket.on("error", () => undefined);
});

/** The first request, null: it is not complete. */
function take(text) {
  const start = /^[\r\n]*/.exec(text)[0].length;
  const end = /\r?\n\r?\n/.exec(text.slice(start));
  if (end === null) return null;
  const bodyAt = start + end.index + end[0].length;
  const [line, ...lines] = text.slice(start, start + end.index).split(/[\r\n]+/);
  const headers = Object.fromEntries(
    lines.map((each) => {
      const [name, ...value] = each.split(":");
      return [name.trim().toLowerCase().replace("_", "-"), value.join(":").trim()];
    }),
  );
  const [method, target = ""] = line.split(/\s+/);
  const coding = headers["transfer-encoding"] ?? "";
  const chunked = /chunk/i.test(coding) && !target.includes("by=cl");
  const bodyLength = chunked
    ? chunksLength(text.slice(bodyAt))
    : Number.parseInt(headers["content-length"], 10) || 0;
  if (bodyLength === null || text.length < bodyAt + bodyLength) return null;
  return { method, target, front: headers["x-front"] ?? "", length: bodyAt + bodyLength };
}

function chunksLength(text) {
  for (let at = 0; ; ) {
    const line = /^\s*([0-9a-f]+)[^\n]*\n/i.exec(text.slice(at));
    if (line === null) return text.length > at + 8 ? at : null;
    const size = Number.parseInt(line[1], 16);
    at += line[0].length;
    if (size === 0) {
      const end = /^\r?\n|\n\r?\n/.exec(text.slice(at));
      return end === null ? null : at + end.index + end[0].length;
    }
    at += size + 2;
  }
}

function serve(socket, { method, target, front }) {
  const said = JSON.stringify({ method, target, front });
  if (target !== "/ready") appendFileSync(LEDGER, `${said}\n`);
  const body = method === "HEAD" ? "" : said;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${said.length}\r\n\r\n${body}`);
}

server.listen({ port: Number(PORT), host: HOST, backlog: 4096 });
process.on("SIGTERM", () => process.exit(0));
