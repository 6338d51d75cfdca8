"""What each attempt came to, whom a failure is put on, and who waits for whom."""
import base64
import contextlib
import ctypes
import http.server
import itertools
import json
import os
import pathlib
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

import pytest

from harness import LIMIT
from origin import content

HOUR = 3600 * 1000000


def call(room, method, **parameters):
    """One Varlink call by hand: (its parameters, None) or (parameters, the error's name)."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT)
        sock.connect(str(room.socket))
        sock.sendall(json.dumps({"method": f"io.fetchd.Manager.{method}", "parameters": parameters}).encode() + b"\0")
        data = b""
        while not data.endswith(b"\0"):
            piece = sock.recv(65536)
            assert piece, f"the daemon hung up on {method}"
            data += piece
    reply = json.loads(data[:-1])
    return reply.get("parameters", {}), reply.get("error", "").rpartition(".")[2] or None


def attempts(room, job):
    reply, error = call(room, "Inspect", id=job)
    assert error is None, reply
    return reply["attempts"]


def outcomes(room, job):
    return [(a["number"], a["outcome"], a.get("error", {}).get("code")) for a in attempts(room, job)]


class Script:
    """A server that answers by a list, one entry a request: (status, {header: value}, body); the last one again and again."""

    def __init__(self, *answers):
        script = self
        self.answers = list(answers)
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                answer = script.answers[min(len(script.seen), len(script.answers) - 1)]
                script.seen.append((self.path, dict(self.headers)))
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# ---- attempts


def test_01_each_attempt_is_told(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000/a?status=500&times=2"))
    assert ctl.wait(job).code == 0
    reply, error = call(room, "Inspect", id=job)
    assert error is None and reply["job"]["id"] == job and reply["job"]["state"] == "done"
    first, second, third = reply["attempts"]
    assert [a["number"] for a in (first, second, third)] == [1, 2, 3]
    assert first["outcome"] == second["outcome"] == "retry" and third["outcome"] == "done"
    assert first["error"]["code"] == "E_HTTP_500" and first["http_status"] == 500 and "error" not in third
    assert third["http_status"] == 200 and third["offset"] == 0 and third["bytes"] == 1000
    assert third["address"].startswith("127.0.0.1:") and third["redirects"] == 0
    assert first["started_usec"] <= first["ended_usec"] <= second["started_usec"]


def test_02_attempts_outlive_the_daemon_and_go_with_the_job(stopped, ctl, origin, room):
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000/a?status=500&times=1"))
    assert ctl.wait(job).code == 0
    before = attempts(room, job)
    stopped.kill9()
    stopped.start()
    assert attempts(room, job) == before and len(before) == 2
    ctl.ok("remove", job)
    assert call(room, "Inspect", id=job)[1] == "NoSuchJob"
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db:
        assert db.execute("SELECT count(*) FROM attempts").fetchone() == (0,)


def test_03_an_attempt_that_was_stopped(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000000/a?pause=400000&until=g"))
    ctl.wait_received(400000, job)
    ctl.ok("pause", job)
    assert [o[:2] for o in outcomes(room, job)] == [(1, "stopped")]
    origin.release("g")
    ctl.ok("resume", job)
    assert ctl.wait(job).code == 0
    assert [o[:2] for o in outcomes(room, job)] == [(1, "stopped"), (2, "done")]


# ---- bytes dropped and asked for again


WRONG = "sha-256=" + "0" * 64


def test_04_twice_the_same_reason_is_the_end(daemon, ctl, origin, room):
    [job] = ctl.add("--checksum", WRONG, origin.url("/bytes/1000/a"))
    assert ctl.wait(job).code == 1
    assert outcomes(room, job) == [(1, "restart", "E_CHECKSUM"), (2, "failed", "E_CHECKSUM")]


def test_05_what_comes_between_does_not_count_for_more(daemon, ctl, room):
    """The same wrong file, a server error, the same wrong file again: there is no third time."""
    whole = (200, {"ETag": '"v"'}, b"wrong")
    with Script(whole, (500, {}, b""), whole) as server:
        [job] = ctl.add("--checksum", WRONG, server.url("/a"))
        assert ctl.wait(job).code == 1
        assert outcomes(room, job) == [(1, "restart", "E_CHECKSUM"), (2, "retry", "E_HTTP_500"), (3, "failed", "E_CHECKSUM")]


def test_06_retry_begins_to_count_anew(daemon, ctl, origin, room):
    [job] = ctl.add("--checksum", WRONG, origin.url("/bytes/1000/a"))
    assert ctl.wait(job).code == 1
    watch = ctl.watch("--since", 0)
    ctl.ok("retry", job)
    watch.event(lambda e: e["kind"] == "failed" and e["job"]["attempts"] == 4)
    assert [o[1] for o in outcomes(room, job)] == ["restart", "failed", "restart", "failed"]


# ---- holds


def test_07_a_hold_uses_no_attempt(stopped, ctl, origin, room):
    """A link stands in the place of the folder, for as long as it takes to look at it three times."""
    stopped.options.update({"Retry.HoldInterval": "20ms", "Retry.MaxAttempts": 1})
    stopped.start()
    folder = room.downloads / "sub"
    folder.mkdir()
    [job] = ctl.add("-d", str(folder), origin.url("/gate/g/bytes/1000/a"))
    origin.wait_for(lambda: origin.count() == 1)
    folder.rmdir()
    (room.path / "elsewhere").mkdir()
    folder.symlink_to(room.path / "elsewhere")
    origin.release("g")
    looks = itertools.count()
    held = ctl.watch("--since", 0).event(lambda e: e["kind"] == "waiting" and next(looks) == 2)["job"]
    assert held["waiting_for"] == "disk" and held["error"]["code"] == "E_DEST_GONE" and held["attempts"] == 0
    assert {o[1] for o in outcomes(room, job)} <= {"held"}
    folder.unlink()
    folder.mkdir()
    assert ctl.wait(job).code == 0
    done = ctl.job(job)
    assert done["attempts"] == 1 and content.same_as_file(folder / "a", "a", 1000)
    assert outcomes(room, job) == [(1, "done", None)]
    assert list((room.path / "elsewhere").iterdir()) == []


# ---- an origin that asks to wait


def hold(ctl, origin, seconds, port=0):
    """A job whose origin asks to wait, and its state when that is known."""
    [job] = ctl.add(origin.url(f"/bytes/10/first?status=503&times=1&retry_after={seconds}", port))
    return job, ctl.watch("--since", 0).kind("waiting", job)["job"]


def test_08_retry_after_holds_the_whole_origin(daemon, ctl, origin):
    first, waiting = hold(ctl, origin, 2)
    [second] = ctl.add(origin.url("/bytes/10/second"))
    [other] = ctl.add(origin.url("/bytes/10/other", 1))
    assert ctl.wait(other).code == 0
    assert ctl.job(second)["state"] == "queued"
    assert ctl.wait(first, second).code == 0
    due = origin.requests()[0].time_usec + 2000000
    assert waiting["next_attempt_usec"] >= due
    assert all(r.time_usec >= due for r in origin.requests()[1:] if not r.target.endswith("other"))
    assert len(daemon.log.text().split("held until")) == 2
    daemon.log.find(lambda line: "held no longer" in line)


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_09_over_a_restart(stopped, ctl, origin, how):
    stopped.options["Retry.HoldInterval"] = "1s"
    stopped.start()
    first, _ = hold(ctl, origin, 3600)
    [second] = ctl.add(origin.url("/bytes/10/second"))
    getattr(stopped, how)()
    stopped.start()
    [third] = ctl.add(origin.url("/bytes/10/third"))
    [other] = ctl.add(origin.url("/bytes/10/other", 1))
    assert ctl.wait(other).code == 0
    assert ctl.job(second)["state"] == ctl.job(third)["state"] == "queued" and ctl.job(first)["state"] == "waiting"
    assert origin.count() == 2
    stopped.log.find(lambda line: "held until" in line)
    # What may be asked for at most has become less: so has what was asked for.
    getattr(stopped, how)()
    stopped.options["Retry.MaxRetryAfter"] = "1s"
    stopped.options["Retry.MaxDelay"] = "1s"
    stopped.start()
    assert ctl.wait(first, second, third).code == 0


def test_10_what_runs_goes_on(daemon, ctl, origin, room):
    [running] = ctl.add(origin.url("/bytes/1000000/running?pause=400000&until=g"))
    origin.wait_for(lambda: origin.count() == 1)
    hold(ctl, origin, 3600)
    origin.release("g")
    assert ctl.wait(running).code == 0
    assert content.same_as_file(room.downloads / "running", "running", 1000000)


@pytest.mark.parametrize("words", ["status=503&times=1", "status=503&times=1&retry_after=0", "status=500&times=1&retry_after=3600"])
def test_11_no_hold(stopped, ctl, origin, words):
    """No time, no time at all, or a status that speaks of this one file."""
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [first] = ctl.add(origin.url(f"/bytes/10/first?{words}"))
    ctl.watch("--since", 0).kind("waiting", first)
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/second"))).code == 0
    assert "held until" not in stopped.log.text()


def test_12_another_origins_wish_is_not_put_on_this_one(stopped, ctl, origin):
    stopped.start()
    there = origin.url("/bytes/10/a?status=503&times=1&retry_after=3600", 1)
    with Script((302, {"Location": there}, b""), (200, {}, b"fine")) as server:
        [first] = ctl.add(server.url("/first"))
        ctl.watch("--since", 0).kind("waiting", first)
        assert ctl.wait(*ctl.add(server.url("/second"))).code == 0


def test_13_a_hold_that_is_over_leaves_nothing(stopped, ctl, origin, room):
    stopped.start()
    first, _ = hold(ctl, origin, 1)
    assert ctl.wait(first).code == 0
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db:
        assert db.execute("SELECT count(*) FROM origins WHERE hold_until_usec != 0").fetchone() == (0,)


# ---- HTTP/2 that goes wrong


class BadHttp2:
    """TLS; over HTTP/2 every stream is reset, over HTTP/1.1 there is a file."""

    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    def __init__(self, path):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", path / "key.pem", "-out", path / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path / "cert.pem", path / "key.pem")
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.spoken = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(plain,), daemon=True).start()

    def answer(self, plain):
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as tls:
            self.spoken.append(tls.selected_alpn_protocol())
            if tls.selected_alpn_protocol() == "h2":
                self.reset_streams(tls)
            else:
                self.send_file(tls)

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def reset_streams(self, tls):
        stream = tls.makefile("rb")
        assert stream.read(len(self.PREFACE)) == self.PREFACE
        tls.sendall(self.frame(4, 0, 0))  # SETTINGS
        while head := stream.read(9):
            stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == 1:  # HEADERS: RST_STREAM, INTERNAL_ERROR
                tls.sendall(self.frame(3, 0, int.from_bytes(head[5:9], "big"), (2).to_bytes(4, "big")))

    @staticmethod
    def send_file(tls):
        stream = tls.makefile("rb")
        while (line := stream.readline()) and line != b"\r\n":
            pass
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfile")

    def url(self, path):
        return f"https://127.0.0.1:{self.listener.getsockname()[1]}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_14_http2_gives_way_for_the_whole_origin(stopped, ctl, room):
    with BadHttp2(room.path) as server:
        stopped.options["Transfer.CAFile"] = room.path / "cert.pem"
        stopped.start()
        [job] = ctl.add(server.url("/a"))
        assert ctl.wait(job).code == 0
        assert outcomes(room, job) == [(1, "retry", "E_HTTP2"), (2, "retry", "E_HTTP2"), (3, "done", None)]
        assert (room.downloads / "a").read_bytes() == b"file"
        tried = server.spoken.count("h2")
        assert tried >= 1
        # Kept, also over a restart.
        assert ctl.wait(*ctl.add(server.url("/b"))).code == 0
        stopped.restart()
        assert ctl.wait(*ctl.add(server.url("/c"))).code == 0
        assert server.spoken.count("h2") == tried


# ---- secrets


CANARY = "canary-7d1f"


def test_15_secrets_live_as_long_as_they_are_needed(stopped, ctl, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    with Script((500, {}, b""), (200, {}, b"fine")) as server:
        reply, error = call(room, "Add", jobs=[{"url": server.url("/a"), "bearer": CANARY}])
        assert error is None, reply
        [job] = reply["ids"]
        watch = ctl.watch("--since", 0)
        watch.kind("waiting", job)
        room.wait_stored(CANARY)
        # Nobody is told, also after a crash; the server is.
        stopped.kill9()
        stopped.start()
        assert CANARY not in json.dumps([call(room, "Inspect", id=job), call(room, "List"), call(room, "Status")])
        ctl.ok("retry", job)
        assert ctl.wait(job).code == 0
        assert [headers.get("Authorization") for _, headers in server.seen] == [f"Bearer {CANARY}"] * 2
    stopped.stop()
    assert [path for path in room.state.iterdir() if CANARY.encode() in path.read_bytes()] == []
    assert not any(CANARY in log.text() for log in stopped.logs)
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db:
        assert db.execute("SELECT has_secrets FROM jobs").fetchall() == [(0,)]
        assert db.execute("SELECT count(*) FROM secrets").fetchone() == (0,)


def test_16_a_cancelled_job_keeps_them_until_it_is_removed(stopped, ctl, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    with Script((500, {}, b""), (401, {}, b""), (200, {}, b"fine")) as server:
        [job] = call(room, "Add", jobs=[{"url": server.url("/a"), "user": "u", "password": CANARY}])[0]["ids"]
        ctl.watch("--since", 0).kind("waiting", job)
        ctl.ok("cancel", job)
        ctl.ok("retry", job)
        assert ctl.wait(job).code == 1 and ctl.job(job)["state"] == "failed"
        ctl.ok("retry", job)
        assert ctl.wait(job).code == 0
        asked = [headers.get("Authorization") for _, headers in server.seen]
        assert len(asked) == 3 and len(set(asked)) == 1 and asked[0].startswith("Basic ")
        [job] = call(room, "Add", jobs=[{"url": server.url("/b"), "bearer": CANARY, "key": "k"}])[0]["ids"]
        ctl.ok("remove", job)
    stopped.stop()
    assert [path for path in room.state.iterdir() if CANARY.encode() in path.read_bytes()] == []


def test_17_secrets_that_are_lost_are_not_done_without(stopped, ctl, origin, room):
    stopped.start()
    ctl.ok("drain")
    [job] = call(room, "Add", jobs=[{"url": origin.url("/bytes/10/a"), "bearer": CANARY}])[0]["ids"]
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db, db:
        db.execute("DELETE FROM secrets")
    stopped.start()
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_INTERNAL" and origin.count() == 0


# ---- after a crash


def test_18_what_is_found_finished_has_no_error(stopped, ctl, origin, room):
    """As if the daemon had died between the rename and the commit."""
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000/a?status=500&times=1"))
    assert ctl.wait(job).code == 0
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db, db:
        db.execute("UPDATE jobs SET state = 3, error_code = 'E_HTTP_500', error_message = 'then', failures = 1")
        db.execute("UPDATE counters SET n = (state = 3)")
    stopped.start()
    done = ctl.job(job)
    assert done["state"] == "done" and "error" not in done and origin.count() == 2


def test_18b_what_is_found_finished_has_no_older_facts(stopped, ctl, origin, room):
    """The last checkpoint was of another generation, which had another digest."""
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000/a"))
    assert ctl.wait(job).code == 0
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db, db:
        db.execute("UPDATE jobs SET state = 3, digest = 'sha-256=' || lower(hex(zeroblob(32))), etag = NULL, validator = 0,"
                   " integrity = 0, received = 400")
        db.execute("UPDATE counters SET n = (state = 3)")
    stopped.start()
    done = ctl.job(job)
    assert done["state"] == "done" and done["integrity"] == "unverified" and origin.count() == 1
    assert ctl("verify", job).code == 0


# ---- verify


def checksum(seed, size):
    return "sha-256=" + content.sha256(seed, size)


def verify(room, job):
    reply, error = call(room, "Verify", id=job)
    assert error is None, (reply, error)
    return reply


def test_19_verify(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000/a"))
    [summed] = ctl.add("--checksum", checksum("b", 1000), origin.url("/bytes/1000/b"))
    assert ctl.wait(job, summed).code == 0
    good = verify(room, job)
    assert good["verified"] and good["size"] == 1000 and good["digest"] == checksum("a", 1000) and "message" not in good
    assert verify(room, summed)["verified"]

    path = room.downloads / "b"
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    bad = verify(room, summed)
    assert not bad["verified"] and bad["message"] == f"it hashes to {bad['digest']}, wanted {checksum('b', 1000)}"
    path.write_bytes(data[:999])
    short = verify(room, summed)
    assert not short["verified"] and short["message"] == "the file's size is 999, it was 1000"
    path.unlink()
    gone = verify(room, summed)
    assert not gone["verified"] and gone["message"]


def test_20_verify_is_for_what_is_done(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/gate/g/bytes/1000/a"))
    assert call(room, "Verify", id=job)[1] == "WrongState"
    assert call(room, "Verify", id=job + 1)[1] == call(room, "Inspect", id=job + 1)[1] == "NoSuchJob"
    origin.release("g")


# ---- a network that comes and goes, in namespaces of the test's own

SERVE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fine")
server = http.server.ThreadingHTTPServer((sys.argv[1], 8000), Handler)
print("ready", flush=True)
server.serve_forever()
"""


class Cable:
    """Two namespaces, "here" for the daemon and "there" for a server, and a cable between them."""

    def __init__(self):
        self.here, self.there = f"fd{os.getpid()}h", f"fd{os.getpid()}t"
        self.server = None

    @staticmethod
    def ip(*words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {words}: {done.stderr}"

    def make(self, address="198.51.100.2/24", server="198.51.100.1/24"):
        self.address = address
        self.server_address = server.partition("/")[0]
        for name in (self.here, self.there):
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("link", "add", "veth-here", "netns", self.here, "type", "veth", "peer", "name", "veth-there", "netns",
                self.there)
        self.ip("-n", self.there, "addr", "add", server, "dev", "veth-there")
        self.ip("-n", self.there, "link", "set", "veth-there", "up")
        return self

    def serve(self):
        self.server = subprocess.Popen(["ip", "netns", "exec", self.there, sys.executable, "-c", SERVE, self.server_address],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.server.stdout.readline() == b"ready\n"

    def up(self):
        self.ip("-n", self.here, "addr", "replace", self.address, "dev", "veth-here")
        self.ip("-n", self.here, "link", "set", "veth-here", "up")

    def down(self):
        self.ip("-n", self.here, "link", "set", "veth-here", "down")

    def enter(self):
        """For preexec: only this process."""
        space = os.open(f"/run/netns/{self.here}", os.O_RDONLY)
        assert ctypes.CDLL(None).setns(space, 0x40000000) == 0  # CLONE_NEWNET
        os.close(space)

    def url(self, path):
        return f"http://{self.server_address}:8000{path}"

    def close(self):
        if self.server:
            self.server.terminate()
            self.server.wait(LIMIT)
            self.server.stdout.close()
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.fixture
def cable():
    made = Cable()
    yield made
    made.close()


def test_21_jobs_wait_for_the_network(stopped, ctl, room, cable):
    cable.make().serve()
    stopped.options.update({"Retry.MaxAttempts": 2, "Retry.HoldInterval": "1d"})
    stopped.start(preexec=cable.enter)
    stopped.log.find(lambda line: "network: down" in line)
    jobs = ctl.add(cable.url("/a"), cable.url("/b"))
    [here] = ctl.add("http://127.0.0.1:9/c")
    watch = ctl.watch("--since", 0)
    for job in jobs:
        held = watch.kind("waiting", job)["job"]
        assert held["waiting_for"] == "network" and held["attempts"] == 0
        assert held["error"] == {"code": "E_NETWORK", "message": "waiting for network"}
    # This machine itself does not wait for a network.
    assert watch.kind("failed", here)["job"]["error"]["code"] == "E_CONNECT"
    cable.up()
    assert ctl.wait(*jobs).code == 0
    stopped.log.find(lambda line: "network: up" in line)
    assert {job["attempts"] for job in ctl.jobs().values() if job["id"] in jobs} == {1}
    # And again.
    cable.down()
    stopped.log.find(lambda line: "network: down" in line, start=stopped.log.lines.index(
        next(line for line in stopped.log.lines if "network: up" in line)))
    jobs = ctl.add(cable.url("/d"))
    assert watch.kind("waiting", jobs[0])["job"]["error"]["code"] == "E_NETWORK"
    cable.up()
    assert ctl.wait(*jobs).code == 0


def test_22_the_network_comes_while_nobody_looks(stopped, ctl, cable):
    cable.make().serve()
    stopped.options["Retry.HoldInterval"] = "1d"
    stopped.start(preexec=cable.enter)
    [job] = ctl.add(cable.url("/a"))
    ctl.watch("--since", 0).kind("waiting", job)
    stopped.kill9()
    cable.up()
    stopped.start(preexec=cable.enter)
    assert ctl.wait(job).code == 0


def test_23_a_host_that_answers_is_believed(stopped, ctl, cable):
    """Addresses of one link alone are no network, and still somebody may be there."""
    cable.make("169.254.7.2/16", "169.254.7.1/16").up()
    stopped.options["Retry.HoldInterval"] = "50ms"
    stopped.start(preexec=cable.enter)
    jobs = ctl.add(*(cable.url(f"/{n}") for n in range(5)))
    watch = ctl.watch("--since", 0)
    for job in jobs:
        assert watch.kind("waiting", job)["job"]["error"]["code"] == "E_NETWORK"
    cable.serve()
    assert ctl.wait(*jobs).code == 0
    stopped.log.find(lambda line: "a server has answered" in line)
    assert {job["attempts"] for job in ctl.jobs().values()} == {1}


# ---- a queue of an earlier version


def test_24_schema_1_is_brought_up(stopped, ctl, origin, room):
    """Every job is there as it was, and those that had not ended end; the part with an ETag and the one with a date are
    gone on with."""
    text = (pathlib.Path(__file__).parent / "schema_1.sql").read_text().replace("@DIR@", str(room.downloads))
    for port in range(3):
        text = text.replace(f"@ORIGIN{port}@", origin.url("", port).rstrip("/"))
    room.state.mkdir(mode=0o700)
    path = room.state / "queue.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(text)
        # What stood in the open then.
        db.execute("UPDATE jobs SET url = replace(url, '://', '://user:p%40ss@') WHERE id IN (3, 7)")
        db.execute("UPDATE jobs SET headers = 'X-One: 1\nAuthorization: Bearer canary\nX-Two: 2\n' WHERE id = 5")
        db.execute("UPDATE jobs SET effective_url = 'http://user:p%40ss@example.org/' WHERE id = 1")
        db.executescript(f"PRAGMA application_id = {0x46544348}; PRAGMA user_version = 1;")
    path.chmod(0o600)
    parts = room.downloads / ".fetchd"
    parts.mkdir(mode=0o700)
    for job, seed in ((4, "cut"), (5, "dated")):
        (parts / f"{job}.0.part").write_bytes(content.span(seed, 0, 2000000))
        (parts / f"{job}.0.part").chmod(0o600)
    (room.downloads / "done").write_bytes(content.whole("done", 1000))

    stopped.options.update({"Retry.Deadline": "infinity", "Queue.KeepFinished": "36500d", "Queue.KeepFailed": "36500d",
                            "Retry.MaxDelay": "1s", "Retry.MaxRetryAfter": "1s", "Retry.HoldInterval": "1s"})
    stopped.start()
    assert os.stat(f"{path}.schema-1.backup").st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(f"{path}.schema-1.backup")) as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (1,)
        assert backup.execute("SELECT count(*) FROM jobs").fetchone() == (8,)
    jobs = ctl.jobs()
    assert {job["id"]: job["state"] for job in jobs.values() if job["id"] in (1, 2, 6, 7)} == {
        1: "done", 2: "failed", 6: "cancelled", 7: "paused"}
    assert jobs[3]["group"] == "grp" and jobs[3]["priority"] == 5
    assert ctl.wait(3, 4, 5).code == 0 and ctl.wait(8).code == 1
    assert ctl.job(8)["error"]["code"] == "E_CHECKSUM"
    for name in ("cut", "dated"):
        assert content.same_as_file(room.downloads / name, name, 3000000)
        assert [r.range for r in origin.requests() if f"/{name}?" in r.target] == ["bytes=2000000-"]
    headers = {r.target.partition("?")[0].rpartition("/")[2]: r.headers for r in origin.requests()}
    assert headers["waiting"]["authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()
    assert headers["dated"]["authorization"] == "Bearer canary"
    assert headers["dated"]["x-one"] == "1" and headers["dated"]["x-two"] == "2"
    assert "p%40ss" not in json.dumps(ctl.jobs()) and jobs[1]["effective_url"] == "http://example.org/"
    origin.release("g")
    ctl.ok("resume", 7)
    ctl.ok("retry", 2, 6)
    assert ctl.wait(7).code == 0
    assert ctl.add("--key", "k1", jobs[3]["url"]) == [3]
    assert ctl.add(origin.url("/bytes/10/more")) == [9]
    assert verify(room, 1)["verified"]
    stopped.restart()
    stopped.stop()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (5,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not any(secret in path.read_bytes() for secret in (b"p%40ss", b"p@ss", b"canary"))


def test_25_old_records_go_with_all_that_was_theirs(stopped, ctl, origin, room):
    """Events too, however many: not a handful an hour."""
    stopped.options["Retry.MaxAttempts"] = 1
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/300000/a?cut=200000"))
    assert ctl.wait(job).code != 0
    assert len(list((room.downloads / ".fetchd").iterdir())) == 1
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database, database:
        database.execute("UPDATE jobs SET finished_usec = 1")
        database.execute("UPDATE events SET time_usec = 1")
        database.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                         " INSERT INTO events (id, time_usec, job, owner, kind) SELECT 100 + i, 1, 1, 0, 1 FROM n")
        database.execute("UPDATE sequences SET last = 3100 WHERE name = 'event'")
    stopped.start()
    deadline = time.monotonic() + LIMIT
    while True:
        watch = ctl.watch("--since", 1)
        first = watch.event(lambda event: True)
        watch.close()
        if first["kind"] == "lost" and first["id"] >= 3099:
            break
        assert time.monotonic() < deadline, first
    assert ctl.jobs() == {}
    stopped.stop()
    assert list((room.downloads / ".fetchd").iterdir()) == []
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        assert database.execute("SELECT count(*) FROM events WHERE time_usec = 1").fetchone()[0] == 0


def test_26_a_deadline_holds_without_a_network(stopped, ctl, cable):
    """Those who wait behind the one that looks are ended too."""
    cable.make().serve()
    stopped.options.update({"Retry.HoldInterval": "1s", "Retry.Deadline": "3s"})
    stopped.start(preexec=cable.enter)
    stopped.log.find(lambda line: "network: down" in line)
    jobs = ctl.add("-", stdin="".join(cable.url(f"/{i}") + "\n" for i in range(150)))
    assert ctl.wait(*jobs).code != 0
    assert {job["error"]["code"] for job in ctl.jobs().values()} == {"E_DEADLINE"}
