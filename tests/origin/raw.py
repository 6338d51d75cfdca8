"""The raw server: HTTP/1.1 over a socket where a case is data.

play(path, answer, …) says what the n-th request of a path gets; the last answer stands for all that follow. An
answer is a list of steps: bytes go out as they are; Content, Repeat, Drip, Gate and the ends (CLOSE, RESET, HALF,
CUT, KEEP) do what their names say; an answer may also be a function of the request that gives such a list (File is
one: a file as a good server has it). Without an end the connection is closed cleanly. One thread a connection.
"""
import enum
import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import threading
import time
from dataclasses import dataclass
from email.utils import formatdate

from . import content
from .behaviour import FIRST_MODIFIED, parse_range
from .ledger import Ledger, Request

PIECE = 65536
HEAD_MAX = 1 << 20


class Gone(Exception):
    """The client closed, or the server is to stop."""


class End(enum.Enum):
    CLOSE = "close"  # FIN; under TLS with close_notify
    CUT = "cut"      # FIN; under TLS without close_notify
    RESET = "reset"  # RST, when all that was sent has arrived
    HALF = "half"    # FIN, then read until the client closes
    HANG = "hang"    # nothing more, until the client closes
    KEEP = "keep"    # the connection waits for another request

    def run(self, link):
        link.end(self)


CLOSE, CUT, RESET, HALF, HANG, KEEP = End


@dataclass(frozen=True)
class Content:
    """Bytes [start, end) of the file named by seed."""
    seed: str
    start: int
    end: int

    def run(self, link):
        for start in range(self.start, self.end, PIECE):
            link.send(content.span(self.seed, start, min(self.end, start + PIECE)))


@dataclass(frozen=True)
class Chunked:
    """The same as chunks; without the last chunk."""
    seed: str
    start: int
    end: int
    size: int = 10000

    def run(self, link):
        for start in range(self.start, self.end, self.size):
            piece = content.span(self.seed, start, min(self.end, start + self.size))
            link.send(b"%x\r\n%s\r\n" % (len(piece), piece))


@dataclass(frozen=True)
class Repeat:
    """data again and again; without times until the client closes."""
    data: bytes
    times: int = -1

    def run(self, link):
        left = self.times
        while left:
            link.send(self.data)
            left -= 1


@dataclass(frozen=True)
class Drip:
    """data, a byte at a time: for what is measured in bytes a second there is no gate."""
    data: bytes
    interval: float

    def run(self, link):
        for byte in self.data:
            link.send(bytes([byte]))
            link.wait_gone(self.interval)


@dataclass(frozen=True)
class Gate:
    """Nothing more until the test says release(name)."""
    name: str

    def run(self, link):
        link.pass_gate(self.name)


def head(status, *fields, version="HTTP/1.1"):
    """Status line and header lines, byte for byte, with the empty line that ends them."""
    lines = [f"{version} {status}" if isinstance(status, int) else status, *fields, "", ""]
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode("latin-1") for line in lines)


def date(seconds=None):
    return formatdate(seconds if seconds is not None else time.time(), usegmt=True)


class File:
    """A file as a good server has it: ranges, If-Range, validators. Callable: an answer."""

    def __init__(self, seed, size, etag='"one"', modified=FIRST_MODIFIED, ranges=True, if_range=True, fields=(), end=CLOSE):
        """modified: seconds since the epoch, "now" for the second of its first answer, or None. if_range False: a server
        that has never heard of it and sends the part whatever was asked."""
        self.seed = seed
        self.size = size
        self.etag = etag
        self.modified = modified
        self.ranges = ranges
        self.if_range = if_range
        self.fields = list(fields)
        self.ending = end

    def last_modified(self):
        if self.modified == "now":
            self.modified = int(time.time())
        return None if self.modified is None else date(self.modified)

    def validators(self):
        lines = [f"Date: {date()}"]
        if self.etag:
            lines.append(f"ETag: {self.etag}")
        if self.modified is not None:
            lines.append(f"Last-Modified: {self.last_modified()}")
        return lines + self.fields

    def whole_head(self, *more):
        return head("HTTP/1.1 200 OK", f"Content-Length: {self.size}", *self.validators(), *more)

    def part_head(self, start, end, *more):
        return head("HTTP/1.1 206 Partial Content", f"Content-Length: {end - start}",
                    f"Content-Range: bytes {start}-{end - 1}/{self.size}", *self.validators(), *more)

    def content(self, start=0, end=None):
        return Content(self.seed, start, self.size if end is None else end)

    def cut(self, at, end=CLOSE):
        """The whole is announced, at bytes come."""
        return [self.whole_head(), self.content(0, at), end]

    def part_cut(self, start, at, end=CLOSE):
        return [self.part_head(start, self.size), self.content(start, at), end]

    def _wanted(self, request):
        span = parse_range(request.range, self.size) if self.ranges else None
        condition = request.headers.get("if-range")
        if span is not None and condition is not None and self.if_range:
            strong = self.etag and not self.etag.startswith("W/") and condition == self.etag
            if not strong and condition != self.last_modified():
                return None
        return span

    def __call__(self, request):
        span = self._wanted(request)
        if span is False:
            request.status = 416
            return [head("HTTP/1.1 416 Range Not Satisfiable", f"Content-Range: bytes */{self.size}",
                         "Content-Length: 0", *self.validators()), self.ending]
        if span is None:
            request.status = 200
            return [self.whole_head(), self.content(), self.ending]
        request.status = 206
        return [self.part_head(*span), self.content(*span), self.ending]


class Link:
    """One connection. Runs in its own thread."""

    def __init__(self, server, sock, number):
        self.server = server
        self.raw = self.sock = sock
        self.number = number
        self.request = None
        self.ended = False
        self.buffer = b""

    def run(self):
        try:
            self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.server.greeting is not None:
                self._perform(self.server.greeting)
                return
            if self.server.tls:
                # Takes the descriptor over; what is done below TLS works on it all the same.
                self.raw = self.sock = self.server.tls.wrap_socket(self.raw, server_side=True)
                self.server.handshakes += 1
            self._serve()
        except (OSError, Gone, ValueError):
            pass
        finally:
            self.server.forget(self)
            self.sock.close()

    # ---- requests

    def _serve(self):
        while not self.ended and self._one():
            pass

    def _read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(PIECE)
            if not data or len(self.buffer) > HEAD_MAX:
                return None
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return text + b"\r\n\r\n"

    def _one(self):
        """One request and its answer; whether another may follow."""
        text = self._read_head()
        if text is None:
            return False
        line, *fields = text[:-4].decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        self.request = Request(self.server.port, method, target, target.split("?")[0], headers)
        self.request.head = text
        self.request.connection = self.number
        self.request.http = 1
        answer = self.server.next_answer(self.request)
        try:
            self._perform(answer(self.request) if callable(answer) else answer)
        except (OSError, Gone):
            self.server.ledger.end(self.request, aborted=True)
            raise
        return not self.ended

    def _perform(self, steps):
        for step in [*steps, CLOSE]:
            if isinstance(step, End):
                self.end(step)
                return
            if isinstance(step, bytes):
                self.send(step)
            else:
                step.run(self)

    # ---- steps

    def send(self, data):
        self.sock.sendall(data)
        if self.request:
            self.server.ledger.sent(self.request, len(data))

    def wait_gone(self, seconds=None, more=()):
        """Until the client closes (Gone), the time is over, or a descriptor of more can be read (True)."""
        poll = select.poll()
        poll.register(self.raw, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        poll.register(self.server.stopping, select.POLLIN)
        for fd in more:
            poll.register(fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(None if seconds is None else seconds * 1000)}
        if ready & {self.raw.fileno(), self.server.stopping}:
            raise Gone()
        return bool(ready)

    def pass_gate(self, name):
        gate = self.server.gate(name)
        self.server.ledger.gate(name, 1)
        try:
            self.wait_gone(more=[gate])
        finally:
            self.server.ledger.gate(name, -1)

    def _drained(self):
        """All that was sent is in the client's kernel: an RST does not overtake it."""
        while struct.unpack("i", fcntl.ioctl(self.raw, termios.TIOCOUTQ, b"\0\0\0\0"))[0]:
            self.wait_gone(0.001)

    def end(self, how):
        if self.request:
            self.server.ledger.end(self.request)
        if how is KEEP:
            return
        self.ended = True
        if how is RESET:
            self._drained()
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how is HANG:
            self.wait_gone()
        elif how is HALF:
            self.raw.shutdown(socket.SHUT_WR)
            self.wait_gone()
        elif how is CLOSE and isinstance(self.sock, ssl.SSLSocket):
            # The client's own close_notify may never come.
            self.raw.settimeout(0.0)
            try:
                self.sock.unwrap()
            except (ssl.SSLError, OSError):
                pass


class RawServer:
    """Use as a context manager. All methods may be called from any thread."""

    link_class = Link

    def __init__(self, host="127.0.0.1", port=0, tls=None, greeting=None):
        """tls: an ssl.SSLContext. greeting: an answer that every connection gets at once, without a request (a
        server that speaks something else)."""
        self.host = host
        self.tls = tls
        self.greeting = greeting
        self.ledger = Ledger()
        self.accepted = 0
        self.handshakes = 0
        self.stopping = os.eventfd(0, os.EFD_CLOEXEC)
        self._scripts = {}
        self._counts = {}
        self._gates = {}
        self._links = set()
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=256)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="raw", daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        os.eventfd_write(self.stopping, 1)
        self._thread.join()
        with self._lock:
            links = list(self._links)
        for link in links:
            try:
                link.raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for link in links:
            link.thread.join()
        for fd in (self.stopping, *self._gates.values()):
            os.close(fd)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _accept(self):
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self.stopping, select.POLLIN)
        with self._listener:
            while self.stopping not in {fd for fd, _ in poll.poll()}:
                sock, _ = self._listener.accept()
                self.accepted += 1
                link = self.link_class(self, sock, self.accepted)
                link.thread = threading.Thread(target=link.run, name="link", daemon=True)
                with self._lock:
                    self._links.add(link)
                link.thread.start()

    def forget(self, link):
        with self._lock:
            self._links.discard(link)

    # ---- what tests ask

    @property
    def authority(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def url(self, path, user=None):
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{user + '@' if user else ''}{self.authority}{path}"

    def play(self, path, *answers):
        self._scripts[path] = answers

    def next_answer(self, request):
        with self._lock:
            n = self._counts.get(request.path, 0)
            self._counts[request.path] = n + 1
        script = self._scripts.get(request.path)
        self.ledger.begin(request)
        if script is None:
            return [head("HTTP/1.1 404 Not Found", "Content-Length: 9"), b"no script"]
        return script[min(n, len(script) - 1)]

    def gate(self, name):
        with self._lock:
            if name not in self._gates:
                self._gates[name] = os.eventfd(0, os.EFD_CLOEXEC)
            return self._gates[name]

    def release(self, name):
        os.eventfd_write(self.gate(name), 1)

    def requests(self, path=None):
        with self.ledger.changed:
            return [r for r in self.ledger.all if path is None or r.path == path]

    def wait_for(self, predicate, timeout=60):
        with self.ledger.changed:
            if not self.ledger.changed.wait_for(predicate, timeout):
                raise AssertionError(f"the raw server waited {timeout} s in vain; it saw {self.ledger.as_dict()}")

    def wait_gated(self, name, count=1, timeout=60):
        self.wait_for(lambda: self.ledger.gated.get(name, 0) >= count, timeout)

    def wait_requests(self, path, count=1, timeout=60):
        self.wait_for(lambda: len(self.requests(path)) >= count, timeout)

    def wait_gone(self, path, count, timeout=60):
        """The client has closed the connection of a path's count-th request, which ended with HANG."""
        self.wait_requests(path, count, timeout)
        self.wait_for(lambda: self.requests(path)[count - 1].aborted, timeout)
