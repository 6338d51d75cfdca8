"""Proxies: HTTP (CONNECT and plain) and SOCKS5, that do what they are told and remember what was asked of them."""
import base64
import os
import select
import socket
import struct
import threading

PIECE = 65536


class Gone(Exception):
    pass


class Proxy:
    """Use as a context manager. What it does may be changed at any time:

    user: "name:password" that it wants, else None. refuse: the status of HTTP, or the reply code of SOCKS, that it
    answers with. cut: bytes of an answer after which it closes both sides, once. hang: it never answers.
    """

    def __init__(self, kind="http", user=None, host="127.0.0.1"):
        self.kind = kind
        self.user = user
        self.refuse = None
        self.cut = None
        self.hang = False
        self.asked = []
        self.heads = []
        self._stopping = os.eventfd(0, os.EFD_CLOEXEC)
        self._listener = socket.create_server((host, 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        os.eventfd_write(self._stopping, 1)
        for thread in list(self._threads):
            thread.join()
        os.close(self._stopping)

    def url(self, scheme=None, user=None):
        return f"{scheme or self.kind}://{user + '@' if user else ''}127.0.0.1:{self.port}"

    def _accept(self):
        with self._listener:
            while self._wait(self._listener) is self._listener:
                sock, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _wait(self, *socks):
        """The first of them that can be read; None when the proxy is to stop."""
        ready = select.select([*socks, self._stopping], [], [])[0]
        return None if self._stopping in ready else ready[0]

    def _read(self, sock, n=PIECE):
        data = sock.recv(n) if self._wait(sock) else b""
        if not data:
            raise Gone()
        return data

    def _exactly(self, sock, n):
        data = b""
        while len(data) < n:
            data += self._read(sock, n - len(data))
        return data

    def _serve(self, client):
        with client:
            try:
                if self.hang:
                    while self._wait(client):
                        self._read(client)
                elif self.kind == "http":
                    self._http(client)
                else:
                    self._socks(client)
            except (OSError, Gone, ValueError):
                pass

    # ---- HTTP

    def _http(self, client):
        buffer = b""
        while b"\r\n\r\n" not in buffer:
            buffer += self._read(client)
        head, _, rest = buffer.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        self.asked.append(f"{method} {target}")
        self.heads.append(head)
        wanted = self.user and "Basic " + base64.b64encode(self.user.encode()).decode()
        if self.refuse or (wanted and headers.get("proxy-authorization") != wanted):
            status = self.refuse or 407
            more = 'Proxy-Authenticate: Basic realm="proxy"\r\n' if status == 407 else ""
            client.sendall(f"HTTP/1.1 {status} No\r\n{more}Content-Length: 3\r\nConnection: close\r\n\r\nno\n".encode())
        elif method == "CONNECT":
            host, _, port = target.rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                self._relay(client, server)
        else:
            self._forward(client, method, target, fields, rest)

    def _forward(self, client, method, target, fields, rest):
        authority, _, path = target.split("://", 1)[1].partition("/")
        host, _, port = authority.rpartition(":")
        kept = [f for f in fields if not f.lower().startswith("proxy-")] + ["Connection: close"]
        with socket.create_connection((host.strip("[]"), int(port))) as server:
            server.sendall("\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "", ""]).encode("latin-1") + rest)
            self._relay(client, server)

    # ---- SOCKS5 (RFC 1928, 1929)

    def _socks(self, client):
        version, n = self._exactly(client, 2)
        methods = self._exactly(client, n)
        if version != 5:
            raise Gone()
        method = 2 if self.user else 0
        if method not in methods:
            client.sendall(b"\x05\xff")
            raise Gone()
        client.sendall(bytes([5, method]))
        if self.user:
            self._exactly(client, 1)
            name, password = (self._exactly(client, self._exactly(client, 1)[0]).decode() for _ in range(2))
            right = f"{name}:{password}" == self.user
            client.sendall(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                raise Gone()
        _, _, _, kind = self._exactly(client, 4)
        if kind == 3:
            host = self._exactly(client, self._exactly(client, 1)[0]).decode()
        else:
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, self._exactly(client, 4 if kind == 1 else 16))
        [port] = struct.unpack("!H", self._exactly(client, 2))
        self.asked.append(f"{'name' if kind == 3 else 'address'} {host}:{port}")
        if self.refuse:
            client.sendall(bytes([5, self.refuse, 0, 1, 0, 0, 0, 0, 0, 0]))
            raise Gone()
        with socket.create_connection((host, port)) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            self._relay(client, server)

    # ---- bytes

    def _relay(self, client, server):
        passed = 0
        while (ready := self._wait(client, server)) is not None:
            data = self._read(ready)
            if ready is client:
                server.sendall(data)
                continue
            if self.cut is not None and passed + len(data) >= self.cut:
                client.sendall(data[:self.cut - passed])
                self.cut = None
                raise Gone()
            passed += len(data)
            client.sendall(data)
