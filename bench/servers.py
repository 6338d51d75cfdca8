"""The origins: delayd, and nginx with a throw-away certificate."""

import os
import shutil
import signal
import socket
import subprocess
import time

from measure import Failed

NGINX_CONF = """\
daemon off;
{user}
pid {dir}/nginx.pid;
error_log {dir}/error.log;
worker_processes auto;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    ssl_certificate {dir}/server.pem;
    ssl_certificate_key {dir}/server.key;
    server {{
        listen 127.0.0.1:{http} backlog=4096;
        listen 127.0.0.1:{https} ssl backlog=4096;
        root {root};
        location /slow/ {{
            alias {root}/;
            limit_rate 8m;
        }}
    }}
}}
"""


def find_program(name):
    """Path of an installed program, /usr/sbin too, or None."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Delayd:
    """A delay server of its own for each run: nothing is left over from the run before, neither sockets nor counters."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        if line[:1] != ["port"]:
            raise Failed("delayd did not start")
        self.base = f"http://127.0.0.1:{line[1]}"
        self.peak = 0

    def close(self):
        stop(self.process)
        words = self.process.stdout.read().split()
        self.process.stdout.close()
        if words[:1] == ["requests"]:
            self.peak = int(words[3])


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"openssl {arguments[0]}: {done.stderr.strip()}")


def make_certificates(folder):
    """ca.pem, and server.pem with server.key for 127.0.0.1."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=fetchd bench CA", "-keyout", f"{folder}/ca.key",
            "-out", f"{folder}/ca.pem", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key[:-2], "-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/server.key",
            "-out", f"{folder}/server.csr")
    with open(f"{folder}/server.ext", "w", encoding="ascii") as extensions:
        extensions.write("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", f"{folder}/server.ext", "-out", f"{folder}/server.pem")


class Nginx:
    """Debian's nginx with a configuration, pid file and log of its own, as it would serve static files."""

    def __init__(self, folder, root):
        self.http = free_port()
        self.https = free_port()
        self.ca = f"{folder}/ca.pem"
        make_certificates(folder)
        user = "user root;" if os.geteuid() == 0 else ""
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as conf:
            conf.write(NGINX_CONF.format(dir=folder, root=root, user=user, http=self.http, https=self.https))
        self.process = subprocess.Popen(
            [find_program("nginx"), "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        )
        self.wait_listening(folder)

    def wait_listening(self, folder):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.https), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        self.close()
        raise Failed(f"nginx did not start: see {folder}/error.log")

    def base(self, scheme):
        return f"{scheme}://127.0.0.1:{self.https if scheme == 'https' else self.http}"

    def close(self):
        stop(self.process)
