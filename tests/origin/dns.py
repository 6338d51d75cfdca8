"""A scripted name server (UDP): a name's answer is data, and may be none."""
import select
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


class Dns:
    """Use as a context manager. names maps a name to a list of addresses, an rcode, None (no answer at all), or bytes
    (what follows the query's id, as it is). A name that ends in a known ".suffix" gets the suffix's answer."""

    def __init__(self, host):
        self.names = {}
        self.asked = []
        self.changed = threading.Condition()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((host, 53))
        self._wake, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.close()
        self._thread.join()
        self._wake.close()
        self._sock.close()

    def _serve(self):
        while self._wake not in select.select([self._sock, self._wake], [], [])[0]:
            query, peer = self._sock.recvfrom(4096)
            reply = self._reply(query)
            if reply is not None:
                self._sock.sendto(reply, peer)

    def _question(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        return ".".join(labels).lower(), struct.unpack("!H", query[at + 1:at + 3])[0], query[12:at + 5]

    def _answer_of(self, name):
        if name in self.names:
            return self.names[name]
        return next((answer for suffix, answer in self.names.items() if suffix.startswith(".") and name.endswith(suffix)), NXDOMAIN)

    def _reply(self, query):
        name, kind, question = self._question(query)
        with self.changed:
            answer = self._answer_of(name)
            self.asked.append(name)
            self.changed.notify_all()
        if callable(answer):
            answer = answer(name)
        if answer is None:
            return None
        if isinstance(answer, bytes):
            return query[:2] + answer
        if isinstance(answer, int):
            return query[:2] + struct.pack("!HHHHH", 0x8180 | answer, 1, 0, 0, 0) + question
        records = b""
        n = 0
        for address in answer:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == (AAAA if ":" in address else A):
                data = socket.inet_pton(family, address)
                records += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data
                n += 1
        return query[:2] + struct.pack("!HHHHH", 0x8180, 1, n, 0, 0) + question + records
