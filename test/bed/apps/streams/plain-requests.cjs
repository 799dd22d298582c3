// A server of plain requests on bare sockets, at less of the machine than node:http takes: a proof that
// offers thousands of requests a second to a proxy must not measure its own app. What is no plain
// request, and whatever follows on that connection, goes to the HTTP server that it is given. Nobody
// asks twice before the first answer: a proxy does not.
const { createHash } = require("node:crypto");
const { appendFileSync } = require("node:fs");
const { createServer } = require("node:net");

const headEnd = Buffer.from("\r\n\r\n");
const { ARRIVALS = "", HITLESS_REVISION } = process.env;

/** `identity` is the body of every answer, with the digest of the body where there was one. */
exports.plainRequests = (identity, others) =>
  createServer({ noDelay: true }, (socket) => {
    let held = Buffer.alloc(0);
    const read = (bytes) => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const end = held.indexOf(headEnd);
      if (end < 0) return;
      const head = held.latin1Slice(0, end + 2);
      const request = plain(head);
      const bodyAt = end + headEnd.length;
      if (held.length < bodyAt + (request?.length ?? 0)) return;
      note(head);
      if (request === null) handOver();
      else {
        answer(socket, request, answerTo(request, held.subarray(bodyAt)));
        held = Buffer.alloc(0);
      }
    };
    const answerTo = ({ posts }, body) =>
      posts ? { ...identity, sha256: createHash("sha256").update(body).digest("hex") } : identity;
    const handOver = () => {
      socket.off("data", read);
      socket.pause();
      others.emit("connection", socket);
      socket.unshift(held);
      socket.resume();
    };
    socket.on("error", () => socket.destroy());
    socket.on("data", read);
  });

/** When a request head came through the proxy, which numbers them; a probe comes from elsewhere. */
function note(head) {
  if (ARRIVALS === "" || !/^x-request-id:/im.test(head)) return;
  appendFileSync(`${ARRIVALS}/${HITLESS_REVISION}`, `${Date.now()}\n`);
}

/** Null: it is not for us. */
function plain(head) {
  const [, method, waitMs = "0"] =
    /^(GET|POST) \/(?:orders|slow\?ms=(\d+))? HTTP\/1\.1\r\n/.exec(head) ?? [];
  if (method === undefined || /^(upgrade|transfer-encoding|expect):/im.test(head)) return null;
  const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
  const closes = /^connection: *close\r$/im.test(head);
  return { posts: method === "POST", length, waitMs: Number(waitMs), closes };
}

function answer(socket, { waitMs, closes }, body) {
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n`;
  const whole = `${head}connection: ${closes ? "close" : "keep-alive"}\r\n\r\n${text}`;
  const say = () => (closes ? socket.end(whole, "latin1") : socket.write(whole, "latin1"));
  if (waitMs > 0) setTimeout(say, waitMs);
  else say();
}
