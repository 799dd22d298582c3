"""A clock on Python's own http.server: the app in another language."""

import hashlib
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

VERSION = (Path(__file__).parent / "VERSION").read_text().strip()
IDENTITY = {
    "app": "clock",
    "version": VERSION,
    "revision": os.environ.get("HITLESS_REVISION"),
    "replica": os.environ.get("HITLESS_REPLICA"),
    "pid": os.getpid(),
    "config": {"GREETING": os.environ.get("GREETING", "hello")},
}


class Clock(BaseHTTPRequestHandler):
    # HTTP/1.0 closes after each answer, which is Python's default; HTTP/1.1 keeps alive.
    protocol_version = os.environ.get("HTTP_VERSION", "HTTP/1.0")
    # Head and body are two writes: without this, delayed acknowledgements add 40 ms to each answer.
    disable_nagle_algorithm = True
    # An idle connection holds a thread that the exit waits for.
    timeout = 5

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/ready":
            self.answer(200, {"ready": True})
        elif url.path == "/slow":
            time.sleep(min(int(parse_qs(url.query).get("ms", ["300"])[0]), 60_000) / 1000)
            self.answer(200, {**IDENTITY, "now": time.time()})
        elif url.path == "/":
            self.answer(200, {**IDENTITY, "now": time.time()})
        else:
            self.answer(404, {"error": f"no {url.path} here"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/orders":
            self.answer(200, {**IDENTITY, "sha256": hashlib.sha256(body).hexdigest()})
        else:
            self.answer(404, {"error": f"no {self.path} here"})

    def answer(self, status, fields):
        body = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    # Answers in flight are waited for when the server closes.
    daemon_threads = False


server = Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Clock)
# shutdown() waits for the loop it ends, so that it cannot run on the loop's own thread.
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.1)
server.server_close()
