"""Other people's servers: nginx and lighttpd, each a private instance in a directory of the test's own."""
import pathlib
import shutil
import signal
import socket
import subprocess
import time

LIMIT = 30

NGINX = """
daemon off; master_process off; worker_processes 1;
pid {dir}/nginx.pid; error_log {dir}/error.log notice;
events {{ worker_connections 512; }}
http {{
	log_format ledger '$status|$server_protocol|$http_range|$http_if_range|$connection|$http_authorization|$request_uri';
	access_log {dir}/access.log ledger;
	client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4;
	scgi_temp_path {dir}/t5;
	types {{ }} default_type application/octet-stream;
	root {www};
	{http}
	server {{ listen 127.0.0.1:{port}; {server} }}
	{more}
}}
"""

LIGHTTPD = """
server.modules = ("mod_auth", "mod_authn_file", "mod_accesslog", "mod_openssl")
server.document-root = "{www}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{dir}/error.log"
server.stat-cache-engine = "disable"
server.upload-dirs = ("{dir}")
accesslog.filename = "{dir}/access.log"
accesslog.format = "%s|%H|%{{Range}}i|%{{If-Range}}i|-|%{{Authorization}}i|%U"
mimetype.assign = ("" => "application/octet-stream")
{server}
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Entry:
    """A line of the access log."""

    def __init__(self, line):
        status, self.protocol, self.range, self.if_range, self.connection, self.authorization, self.uri = line.split("|", 6)
        self.status = int(status)


class Program:
    """Use as a context manager; what it serves lies in www."""

    def __init__(self, path, config, **sections):
        self.path = pathlib.Path(path)
        self.www = self.path / "www"
        self.www.mkdir(parents=True)
        self.port = free_port()
        sections = {"server": "", "http": "", "more": "", **sections}
        text = {key: value.replace("{dir}", str(self.path)) for key, value in sections.items()}
        self.config = self.path / "config"
        self.config.write_text(config.format(dir=self.path, www=self.www, port=self.port, **text))
        self.process = None

    @classmethod
    def missing(cls):
        return shutil.which(cls.program) is None

    def __enter__(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(self.path / "stderr", "w"), cwd=self.path)
        # Nothing tells that it listens, so this looks again and again.
        deadline = time.monotonic() + LIMIT
        while True:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                logs = "".join(p.read_text() for p in (self.path / "stderr", self.path / "error.log") if p.exists())
                raise AssertionError(f"{self.command()} does not come up:\n{logs}")
            time.sleep(0.01)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def url(self, path, scheme="http", port=None):
        return f"{scheme}://127.0.0.1:{port or self.port}{path}"

    def flush(self):
        """Have the log written."""

    def log(self, path=None, count=0):
        """What the access log says, once it has count lines of the path: a line is written when a request ends."""
        deadline = time.monotonic() + LIMIT
        while True:
            self.flush()
            text = (self.path / "access.log").read_text() if (self.path / "access.log").exists() else ""
            entries = [Entry(line) for line in text.splitlines()]
            found = [e for e in entries if path is None or e.uri == path]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, text
            time.sleep(0.01)


class Nginx(Program):
    """server, http: more directives of these sections; more: further servers."""

    program = "nginx"

    def __init__(self, path, **sections):
        super().__init__(path, NGINX, **sections)

    def command(self):
        return ["nginx", "-p", str(self.path), "-e", str(self.path / "error.log"), "-c", str(self.config)]


class Lighttpd(Program):
    program = "lighttpd"

    def __init__(self, path, **sections):
        super().__init__(path, LIGHTTPD, **sections)

    def command(self):
        return ["lighttpd", "-D", "-f", str(self.config)]

    def flush(self):
        # It writes its log every four seconds, and when it is to open it anew.
        self.process.send_signal(signal.SIGHUP)
