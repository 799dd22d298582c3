"""Like gunicorn: the master binds, forks a worker that accepts, and passes SIGTERM on."""

import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(
            {
                "version": os.environ.get("VERSION", "1"),
                "revision": os.environ["HITLESS_REVISION"],
                "replica": os.environ["HITLESS_REPLICA"],
                "pid": os.getpid(),
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


def work(listener):
    server = HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener

    def end(*_args):
        mark = f"{os.environ['HITLESS_REPLICA']}.{os.getpid()}"
        open(os.path.join(os.environ["MARKS"], mark), "w").close()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    server.serve_forever()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ["PORT"])))
listener.listen(128)
child = os.fork()
if child == 0:
    work(listener)
listener.close()
signal.signal(signal.SIGTERM, lambda *_args: os.kill(child, signal.SIGTERM))
os.waitpid(child, 0)
sys.exit(0)
