"""Varlink over the daemon's socket, by hand."""
import json
import socket

from harness import LIMIT

MANAGER = "io.fetchd.Manager."


class Link:
    """A raw connection."""

    def __init__(self, room):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(LIMIT)
        self.sock.connect(str(room.socket))
        self.buffer = b""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def say(self, method, parameters=None, **more):
        message = {"method": method, **more}
        if parameters is not None:
            message["parameters"] = parameters
        self.send(json.dumps(message).encode() + b"\0")

    def hear(self):
        """The next message, or None when the daemon has closed."""
        while b"\0" not in self.buffer:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def call(self, method, parameters=None, **more):
        self.say(method, parameters, **more)
        return self.hear()

    def closed(self):
        while (message := self.hear()) is not None:
            assert "error" in message
        return True
