"""An ASGI app on uvicorn that loses nothing when it is stopped."""

import asyncio
import os
import signal

import uvicorn

DELAY = float(os.environ.get("DRAIN_DELAY_SECONDS", "5"))
BUDGET = 20
CLOSE = [(b"connection", b"close")]

draining = asyncio.Event()
leaving = asyncio.Event()


class Server(uvicorn.Server):
    """uvicorn closes its listener as soon as it gets SIGTERM; this one goes on serving first."""

    def handle_exit(self, sig, frame):
        if sig != signal.SIGTERM:
            # Ctrl-C: now.
            super().handle_exit(sig, frame)
        elif not draining.is_set():
            # Not handed to uvicorn, which would raise it again at the end, and die by it.
            self.loop.call_soon_threadsafe(self.drain)

    def drain(self):
        draining.set()
        self.loop.call_later(DELAY, self.leave)

    def leave(self):
        leaving.set()
        # Closes the listener and idle connections, sends 1012 to WebSockets, awaits the rest.
        self.should_exit = True

    async def serve(self):
        self.loop = asyncio.get_running_loop()
        await super().serve()


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if scope["type"] == "websocket":
        return await web_socket(receive, send)
    path = scope["path"]
    if path == "/events":
        return await events(receive, send)
    if path == "/slow":
        await asyncio.sleep(float(os.environ.get("SLOW_SECONDS", "1")))
    while (await receive()).get("more_body"):
        pass
    if path == "/ready" and draining.is_set():
        return await answer(send, 503)
    known = path in ("/", "/slow", "/ready", "/health", "/startup")
    await answer(send, 200 if known else 404)


async def answer(send, status):
    # Every answer from SIGTERM on tells its client to leave, while the listener is still open.
    headers = [(b"content-length", b"3")] + (CLOSE if draining.is_set() else [])
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok\n"})


async def events(receive, send):
    headers = [(b"content-type", b"text/event-stream")] + CLOSE
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    over = [asyncio.ensure_future(leaving.wait()), asyncio.ensure_future(disconnected(receive))]
    while not any(end.done() for end in over):
        await send({"type": "http.response.body", "body": b"data: tick\n\n", "more_body": True})
        await asyncio.wait(over, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
    for end in over:
        end.cancel()
    await send({"type": "http.response.body", "body": b"retry: 500\n\n"})


async def disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def web_socket(receive, send):
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})


async def lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    # Here the last answer is out: close the database.
    await send({"type": "lifespan.shutdown.complete"})


config = uvicorn.Config(
    app,
    host=os.environ.get("HOST", "127.0.0.1"),
    port=int(os.environ.get("PORT", "8080")),
    timeout_keep_alive=75,
    timeout_graceful_shutdown=BUDGET,
    log_level="warning",
)
asyncio.run(Server(config).serve())
