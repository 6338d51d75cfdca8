"""A scripted HTTP/2 server (python3-h2) that offers both protocols by ALPN.

Its answers are steps as those of raw.py: Head, Content and the h2 ends below; without an end END_STREAM follows. A
connection that chose HTTP/1.1 is served by raw.py from the same File.
"""
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from . import content
from .ledger import Request
from .raw import PIECE, Gone, Link, RawServer, parse_range

ERRORS = h2.errors.ErrorCodes


@dataclass(frozen=True)
class Head:
    status: int
    fields: tuple = ()


@dataclass(frozen=True)
class Body:
    seed: str
    start: int
    end: int


@dataclass(frozen=True)
class Rst:
    code: int


@dataclass(frozen=True)
class Goaway:
    """The last word of the connection. before: this stream was not touched, it may be asked for again."""
    code: int = 0
    before: bool = False


class Drop:
    """The connection ends without a word."""


class File2:
    """As raw.File, in both protocols. first: steps for the n-th request of HTTP/2 in the place of a good answer; they
    get the whole or the asked part cut at `at` bytes."""

    def __init__(self, file, *faults):
        """faults: for each of the first requests over HTTP/2 a pair (at, end), or None for a good answer."""
        self.file = file
        self.faults = list(faults)

    def __call__(self, request):
        if request.http != 2:
            return self.file(request)
        fault = self.faults.pop(0) if self.faults else None
        span = parse_range(request.range, self.file.size) or (0, self.file.size)
        fields = [tuple(line.split(": ", 1)) for line in self.file.validators()]
        if request.range:
            fields.append(("content-range", f"bytes {span[0]}-{span[1] - 1}/{self.file.size}"))
        fields.append(("content-length", str(span[1] - span[0])))
        request.status = 206 if request.range else 200
        top = Head(request.status, tuple((name.lower(), value) for name, value in fields))
        if fault is None:
            return [top, Body(self.file.seed, *span)]
        at, end = fault
        if at < 0:
            return [end]
        return [top, Body(self.file.seed, span[0], min(span[0] + at, span[1])), end]


class Link2(Link):
    def _serve(self):
        if self.sock.selected_alpn_protocol() != "h2":
            super()._serve()
            return
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
        self.h2.initiate_connection()
        if self.server.max_streams:
            self.h2.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.server.max_streams})
        self.waiting = []
        self._flush()
        while not self.ended:
            if not self.waiting:
                self._pump()
                continue
            self._answer(*self.waiting.pop(0))

    def _flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def _pump(self):
        data = self.sock.recv(PIECE)
        if not data:
            raise Gone()
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.waiting.append((event.stream_id, dict(event.headers)))
            elif isinstance(event, h2.events.ConnectionTerminated):
                raise Gone()
        self._flush()

    def _answer(self, stream, headers):
        target = headers[":path"]
        request = self.request = Request(self.server.port, headers[":method"], target, target.split("?")[0], headers)
        request.connection = self.number
        request.http = 2
        request.head = repr(headers).encode()
        steps = self.server.next_answer(request)
        try:
            for step in steps(request) if callable(steps) else steps:
                if self._step(stream, step):
                    return
            self.h2.end_stream(stream)
            self._flush()
        except h2.exceptions.StreamClosedError:
            pass
        finally:
            self.server.ledger.end(request)

    def _step(self, stream, step):
        """Whether the stream has ended with it."""
        if isinstance(step, Head):
            self.h2.send_headers(stream, [(":status", str(step.status)), *step.fields])
        elif isinstance(step, Body):
            self._body(stream, step)
        elif isinstance(step, Rst):
            self.h2.reset_stream(stream, step.code)
        elif isinstance(step, Goaway):
            self.h2.close_connection(step.code, last_stream_id=max(stream - 2, 0) if step.before else stream)
        elif isinstance(step, Drop):
            raise Gone()
        self._flush()
        if isinstance(step, Goaway):
            self.ended = True
        return isinstance(step, (Rst, Goaway))

    def _body(self, stream, body):
        at = body.start
        while at < body.end:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, body.end - at)
            if room <= 0:
                self._pump()
                continue
            self.h2.send_data(stream, content.span(body.seed, at, at + room))
            self._flush()
            self.server.ledger.sent(self.request, room)
            at += room


class Http2Server(RawServer):
    link_class = Link2

    def __init__(self, tls, max_streams=None, **more):
        """tls must offer "h2" and "http/1.1"."""
        super().__init__(tls=tls, **more)
        self.max_streams = max_streams
