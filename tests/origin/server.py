"""The origin: an HTTP/1.1 server for tests, whose path is the behaviour.

It runs on an asyncio loop in a thread of its own, listens on loopback, and is driven either from the same
process (class Origin) or over /_control (python3 -m origin).
"""
import asyncio
import base64
import json
import threading
from email.utils import formatdate

from . import content
from .behaviour import Behaviour, parse_range
from .ledger import Ledger, Request

CHUNK = 65536
REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 404: "Not Found", 416: "Range Not Satisfiable",
           429: "Too Many Requests", 503: "Service Unavailable"}


class Gone(Exception):
    """The client closed its connection."""


class Cut(Exception):
    """The behaviour is to close it."""


class Origin:
    """Use as a context manager, or start() and stop(). All methods may be called from any thread."""

    def __init__(self, ports=1, fixed_port=0):
        self.ledger = Ledger()
        self.ports = []
        self._n_ports = ports
        self._fixed_port = fixed_port
        self._versions = {}
        self._counts = {}
        self._admitted = {}
        self._open_gates = set()
        self._waiters = {}
        self._loop = None
        self._thread = None

    # ---- life

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="origin", daemon=True)
        self._thread.start()
        ready.wait()
        if not self.ports:
            raise OSError("the origin cannot listen")
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _run(self, ready):
        asyncio.run(self._serve(ready))

    async def _serve(self, ready):
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda loop, context: None)
        self._stopping = asyncio.Event()
        self._tasks = set()
        servers = []
        try:
            for _ in range(self._n_ports):
                server = await asyncio.start_server(self._connection, "127.0.0.1", self._fixed_port, backlog=1024)
                servers.append(server)
                self.ports.append(server.sockets[0].getsockname()[1])
        finally:
            ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what tests ask

    def url(self, path, port=0):
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def requests(self, path=None):
        """Requests so far, of one path (without its query) or all."""
        with self.ledger.changed:
            return [r for r in self.ledger.all if path is None or r.path == path]

    def count(self):
        return len(self.ledger.all)

    def peak(self, port=None):
        """Most requests ever open at once, on all ports or on the port with that index."""
        with self.ledger.changed:
            return self.ledger.peaks.get(None if port is None else self.ports[port], 0)

    def gated(self, name):
        """Requests that stand before a gate now."""
        with self.ledger.changed:
            return self.ledger.gated.get(name, 0)

    def wait_for(self, predicate, timeout=60):
        """Until predicate() is true; it is asked again whenever something happened here."""
        with self.ledger.changed:
            if not self.ledger.changed.wait_for(predicate, timeout):
                raise AssertionError(f"the origin waited {timeout} s in vain; it saw {self.ledger.as_dict()}")

    def wait_gated(self, name, count=1, timeout=60):
        self.wait_for(lambda: self.gated(name) >= count, timeout)

    def wait_requests(self, path, count=1, timeout=60):
        self.wait_for(lambda: len(self.requests(path)) >= count, timeout)

    def release(self, name, count=None):
        """Open a gate for good, or let count requests through."""
        self._loop.call_soon_threadsafe(self._release, name, count)

    def change(self, path, version):
        """From now on path has other content and other validators."""
        with self.ledger.changed:
            self._versions[path] = version

    def etag(self, path):
        return Behaviour(path).etag(self._versions.get(path, 0))

    def reset(self):
        self._counts = {}
        self._versions = {}
        self.ledger.clear()

    # ---- gates

    def _release(self, name, count):
        waiters = self._waiters.setdefault(name, [])
        if count is None:
            self._open_gates.add(name)
            count = len(waiters)
        for _ in range(min(count, len(waiters))):
            future = waiters.pop(0)
            if not future.done():
                future.set_result(None)

    async def _pass_gate(self, name, reader):
        if name in self._open_gates:
            return
        future = self._loop.create_future()
        waiters = self._waiters.setdefault(name, [])
        waiters.append(future)
        self.ledger.gate(name, 1)
        try:
            await self._unless_gone(future, reader)
        finally:
            if future in waiters:
                waiters.remove(future)
            self.ledger.gate(name, -1)

    async def _unless_gone(self, what, reader):
        """Await what, or raise Gone as soon as the client closes."""
        closed = asyncio.ensure_future(reader.read(1))
        what = asyncio.ensure_future(what)
        try:
            await asyncio.wait({what, closed}, return_when=asyncio.FIRST_COMPLETED)
            if not what.done():
                raise Gone()
        finally:
            closed.cancel()
            what.cancel()
            # The reader is free for the next request only when its task has really ended.
            await asyncio.wait({what, closed})

    # ---- connections

    async def _connection(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, Gone, Cut, ValueError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _request(self, reader, writer):
        """One request; whether the connection may carry another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head[:-4].split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        if target.startswith("/_control/"):
            return await self._control(writer, target)
        behaviour = Behaviour(target)
        request = Request(writer.get_extra_info("sockname")[1], method, target, behaviour.path, headers)
        self.ledger.begin(request)
        try:
            return await self._answer(Exchange(self, request, behaviour, reader, writer))
        except (ConnectionError, Gone, asyncio.CancelledError):
            self.ledger.end(request, aborted=True)
            raise
        finally:
            self.ledger.end(request)

    def first_times(self, request, word, times):
        """Whether this is one of the first so many times (None: always) that target does this."""
        count = self._counts.get((request.target, word), 0)
        self._counts[(request.target, word)] = count + 1
        return times is None or count < times

    async def _answer(self, x):
        """429 when limit=N others that say so are being answered at this port."""
        b, port = x.behaviour, x.request.port
        if not b.has("limit"):
            return await self._behave(x)
        if self._admitted.get(port, 0) >= b.number("limit"):
            return await x.short(429, {})
        self._admitted[port] = self._admitted.get(port, 0) + 1
        try:
            return await self._behave(x)
        finally:
            self._admitted[port] -= 1

    async def _behave(self, x):
        b = x.behaviour
        if b.gate:
            await self._pass_gate(b.gate, x.reader)
        if b.has("hang") and self.first_times(x.request, "hang", b.number("times") or None):
            await self._unless_gone(self._stopping.wait(), x.reader)
        if b.has("delay"):
            await self._unless_gone(asyncio.sleep(b.seconds("delay")), x.reader)
        if b.has("redirect"):
            return await x.short(302, {"Location": b.next_hop()})
        if b.has("status") and self.first_times(x.request, "status", b.number("times") or None):
            after = {"Retry-After": b.query["retry_after"]} if b.has("retry_after") else {}
            return await x.short(b.number("status"), after)
        if not b.known:
            return await x.short(404, {})
        return await x.file(self._versions.get(b.path, 0))

    # ---- control over HTTP

    async def _control(self, writer, target):
        command = Behaviour(target)
        verb = command.path[len("/_control/"):]
        status, answer = 200, {}
        if verb == "stats":
            answer = self.ledger.as_dict()
        elif verb == "reset":
            self.reset()
        elif verb == "release":
            self._release(command.query["gate"], command.number("count") or None)
        elif verb == "change":
            self.change(command.query["path"], command.number("version", 1))
        else:
            status, answer = 404, {"error": "no such command"}
        body = json.dumps(answer).encode() + b"\n"
        writer.write(head_bytes(status, {"Content-Type": "application/json", "Content-Length": len(body)}) + body)
        await writer.drain()
        return True


def head_bytes(status, headers):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", "Date: " + formatdate(usegmt=True)]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Exchange:
    """One request and the writing of its response."""

    def __init__(self, origin, request, behaviour, reader, writer):
        self.origin = origin
        self.request = request
        self.behaviour = behaviour
        self.reader = reader
        self.writer = writer

    async def short(self, status, headers):
        """A response whose body is a line that no file may ever contain."""
        body = f"origin says {status}\n".encode()
        self.request.status = status
        self.origin.ledger.end(self.request)
        headers = {"Content-Type": "text/plain", "Content-Length": len(body), **headers}
        self.writer.write(head_bytes(status, headers) + (b"" if self.request.method == "HEAD" else body))
        await self.writer.drain()
        return True

    def _validators(self, version):
        headers = {}
        etag, modified = self.behaviour.etag(version), self.behaviour.modified(version)
        if etag:
            headers["ETag"] = etag
        if modified is not None:
            headers["Last-Modified"] = formatdate(modified, usegmt=True)
        return headers

    def _wanted(self, headers):
        """The range to send: (start, end), False when it cannot be satisfied, None for the whole."""
        asked = None if self.behaviour.has("norange") else self.request.range
        condition = self.request.headers.get("if-range")
        if condition and condition not in (headers.get("ETag"), headers.get("Last-Modified")):
            return None
        return parse_range(asked, self.behaviour.size)

    async def file(self, version):
        b = self.behaviour
        headers = self._validators(version)
        wanted = self._wanted(headers)
        if wanted is False:
            return await self.short(416, {"Content-Range": f"bytes */{b.size}", **headers})
        start, end = wanted or (0, b.size)
        self.request.status = 206 if wanted else 200
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{b.size}"
        if not b.has("norange"):
            headers["Accept-Ranges"] = "bytes"
        if b.has("disposition"):
            headers["Content-Disposition"] = f'attachment; filename="{b.query["disposition"]}"'
        if b.has("digest"):
            digest = bytes.fromhex(content.sha256(b.content_seed(version), b.size))
            headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(digest).decode()}:"
        headers["Content-Type"] = "application/octet-stream"
        headers.update(self._framing(end - start))
        self.writer.write(head_bytes(self.request.status, headers))
        if self.request.method != "HEAD":
            await self._body(b.content_seed(version), start, end)
        else:
            self.origin.ledger.end(self.request)
        await self.writer.drain()
        return not b.has("nolength")

    def _framing(self, length):
        if self.behaviour.has("chunked"):
            return {"Transfer-Encoding": "chunked"}
        if self.behaviour.has("nolength"):
            return {"Connection": "close"}
        return {"Content-Length": length}

    def _stops(self, length):
        """Places in the body where something happens besides sending: {offset: word}."""
        b, stops = self.behaviour, {}
        for word, times in (("cut", b.number("times", 1)), ("stall", b.number("times") or None), ("pause", None)):
            if b.has(word) and b.number(word) <= length and self.origin.first_times(self.request, word, times):
                stops[b.number(word)] = word
        return stops

    async def _body(self, seed, start, end):
        """Bytes [start, end), in pieces that end where something is to happen."""
        stops = self._stops(end - start)
        drip = self.behaviour.number("drip")
        step = max(drip // 10, 1) if drip else CHUNK
        at, length = 0, end - start
        while True:
            if at in stops:
                await self._stop_here(stops.pop(at))
            if at == length:
                break
            upto = min([at + step, length] + [place for place in stops if place > at])
            await self._piece(content.span(seed, start + at, start + upto), last=upto == length and upto not in stops)
            at = upto
            if drip and at < length:
                await self.origin._unless_gone(asyncio.sleep(step / drip), self.reader)
        self.origin.ledger.end(self.request)
        if self.behaviour.has("chunked"):
            self.writer.write(b"0\r\n\r\n")

    async def _piece(self, data, last):
        if last:
            self.origin.ledger.end(self.request)
        if self.behaviour.has("chunked"):
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.writer.write(data)
        await self.writer.drain()
        self.origin.ledger.sent(self.request, len(data))

    async def _stop_here(self, word):
        if word == "pause":
            await self.origin._pass_gate(self.behaviour.query["until"], self.reader)
        elif word == "stall":
            await self.origin._unless_gone(self.origin._stopping.wait(), self.reader)
        else:
            # What was written must arrive: a half-close, then the end; abort() would throw it away.
            self.origin.ledger.end(self.request)
            self.writer.write_eof()
            await self.reader.read()
            raise Cut()
