"""PORT COUNT COME_MS: so many slow clients, a third of each kind, that come within that time (0: all at once).

`head` sends a byte of its head a second, `body` ten of its body, `read` asks for much, has a window of a
few KB and takes 64 bytes a second. Each has a second of its own, and comes back about a second after it
was ended; together they open no more connections a second than when they came within five, for a flood of
connections is another attack. They say that their segments are those of Ethernet: with those of loopback, 64 KB, the system
would take megabytes for who reads nothing. SIGTERM: says as JSON how they were ended, and when.
"""
import errno
import heapq
import json
import random
import select
import signal
import socket
import sys
import time

port, count, come_ms = (int(arg) for arg in sys.argv[1:4])
KINDS = ("head", "body", "read")
HOST = b"Host: attacker\r\n"
FIRST = {
    "head": b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: ",
    "body": b"POST /orders HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n",
    "read": b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n",
}
MORE = {"head": b"x", "body": b"0123456789"}
SEGMENT = 1460
WINDOW = 4096
TURNS = 100
AGAIN_PER_SECOND = count / 5

tally = {kind: {"connected": 0, "ended": 0, "endedBy": {}, "longestMs": 0} for kind in KINDS}
lag_ms = 0.0
epoll = select.epoll()
clients = {}
# Those that act in the same hundredth of each second.
turns = [set() for _ in range(TURNS)]
# When who comes (again).
coming = []
last_again = 0.0


class Client:
    __slots__ = ("kind", "sock", "since", "answer", "turn")

    def __init__(self, kind):
        self.kind = kind
        self.since = 0.0
        self.answer = b""
        self.turn = None
        sock = self.sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        if kind == "read":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        sock.connect_ex(("127.0.0.1", port))
        clients[sock.fileno()] = self
        epoll.register(sock.fileno(), select.EPOLLOUT)

    def connected(self):
        self.since = time.monotonic()
        tally[self.kind]["connected"] += 1
        self.turn = random.choice(turns)
        self.turn.add(self)
        # Of one that reads, only the end is told.
        epoll.modify(self.sock.fileno(), 0 if self.kind == "read" else select.EPOLLIN)
        self.sock.send(FIRST[self.kind])

    def act(self):
        if self.kind == "read":
            self.sock.recv(64)
        else:
            self.sock.send(MORE[self.kind])

    def hear(self):
        piece = self.sock.recv(4096)
        self.answer += piece
        if b"\r\n\r\n" in self.answer:
            self.over(reason_of(self.answer.decode("latin1")))
        elif piece == b"":
            self.over("closed without a word")

    def over(self, how):
        fd = self.sock.fileno()
        del clients[fd]
        epoll.unregister(fd)
        self.sock.close()
        if self.turn is not None:
            self.turn.discard(self)
        kind = tally[self.kind]
        kind["ended"] += 1
        kind["endedBy"][how] = kind["endedBy"].get(how, 0) + 1
        self.count()
        global last_again
        last_again = max(time.monotonic() + 0.5 + random.random(), last_again + 1 / AGAIN_PER_SECOND)
        heapq.heappush(coming, (last_again, self.kind))

    def count(self):
        if self.since > 0:
            kind = tally[self.kind]
            kind["longestMs"] = max(kind["longestMs"], round((time.monotonic() - self.since) * 1000))


def reason_of(answer):
    status = answer[9:12]
    for line in answer.split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "x-hitless-reason":
            return f"{status} {value}"
    return status


def guarded(client, step):
    try:
        step()
    except BlockingIOError:
        # Nothing has come that it could read, or it cannot send yet.
        pass
    except OSError as error:
        client.over(errno.errorcode.get(error.errno, str(error)))


def handle(client, events):
    if events & (select.EPOLLERR | select.EPOLLHUP):
        code = client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        client.over(errno.errorcode.get(code, "closed"))
    elif events & select.EPOLLOUT:
        guarded(client, client.connected)
    else:
        guarded(client, client.hear)


def end(_signal, _frame):
    for client in clients.values():
        client.count()
    print(json.dumps({"open": len(clients), "lagMs": round(lag_ms), "tally": tally}), flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
start = time.monotonic()
for i in range(count):
    heapq.heappush(coming, (start + i * come_ms / count / 1000, KINDS[i % 3]))
print("ready", flush=True)
done = int(start * TURNS)
while True:
    for fd, events in epoll.poll(1 / TURNS):
        if fd in clients:
            handle(clients[fd], events)
    now = time.monotonic()
    while coming and coming[0][0] <= now:
        Client(heapq.heappop(coming)[1])
    # One that was late catches up: each acts once a second.
    due = int(now * TURNS)
    lag_ms = max(lag_ms, (due - done - 1) * 1000 / TURNS)
    for turn in range(max(done, due - TURNS), due):
        for client in list(turns[turn % TURNS]):
            guarded(client, client.act)
    done = due
