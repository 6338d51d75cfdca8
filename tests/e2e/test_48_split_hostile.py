"""One file over several connections, and what servers, disks and users do meanwhile: the bytes are the server's, or there is no file."""
import itertools
import re
import signal
import time

import pytest

from disks import MIB
from harness import LIMIT
from origin import content
from origin.raw import CLOSE, Chunked, Content, File, Gate, RawServer, head
from varlink import MANAGER, Link

SIZE = 8 * MIB
POISON = "poison"


@pytest.fixture
def split(stopped):
    stopped.options |= {"Transfer.MinSplitSize": "64K", "Transfer.Split": 2, "Hosts.Adaptive": "no", "Retry.Delay": "1h",
                        "Transfer.ReserveSpace": 0}
    return stopped


@pytest.fixture
def server():
    with RawServer() as server:
        yield server


def until(accept):
    deadline = time.monotonic() + LIMIT
    while not accept():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_connections(ctl, n):
    """As the daemon counts them: what a connection that has ended leaves is settled by then."""
    until(lambda: sum(host["active"] for host in ctl.ok("--json", "hosts").json) == n)


def file_of(seed="a", size=SIZE, **more):
    return File(seed, size, **{"fields": ["Accept-Ranges: bytes"], **more})


def span(request, size=SIZE):
    first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", request.range).groups()
    return int(first), int(last) + 1 if last else size


def slow(file, each, gate="g"):
    """A good server that sends so many bytes of each answer, and the rest when the gate is open."""
    def answer(request):
        request.status = 206 if request.range else 200
        start, end = span(request, file.size) if request.range else (0, file.size)
        first = file.part_head(start, end) if request.range else file.whole_head()
        middle = min(start + each, end)
        return [first, Content(file.seed, start, middle), Gate(gate), Content(file.seed, middle, end), CLOSE]
    return answer


def whole_then(file, ranged, each=MIB, gate="g"):
    """The whole as above; to a range what ranged says: an answer, or a function of the request."""
    first = slow(file, each, gate)

    def answer(request):
        if not request.range:
            return first(request)
        return ranged(request) if callable(ranged) else ranged
    return answer


def same(room, name, seed, size):
    assert content.same_as_file(room.downloads / name, seed, size)
    assert sorted((room.downloads / ".fetchd").glob("*.part")) == []


def with_holes(split, ctl, server, each=MIB, size=SIZE, options=()):
    """A job that has got so many bytes by each of two connections, and then its daemon was stopped."""
    server.play("/a", slow(file_of(size=size), each))
    [job] = ctl.add(*options, server.url("/a"))
    server.wait_gated("g", 2)
    ctl.wait_received(2 * each, job)
    split.stop()
    return job


@pytest.mark.parametrize("now", ["empty", "empty-sum", "chunked", "shorter", "longer"])
def test_01_holes_of_a_file_that_is_another_now(split, ctl, server, room, now):
    """Nothing of the old one counts any more, whatever is known of the new one's size."""
    split.start()
    sum_of_none = "sha-256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    job = with_holes(split, ctl, server, options=["--checksum", sum_of_none] if now == "empty-sum" else ())
    size = {"chunked": 3 * MIB, "shorter": 3 * MIB, "longer": 9 * MIB}.get(now, 0)
    new = file_of("b", size, etag='"two"')
    server.play("/a", new if now != "chunked" else [
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *new.validators()), Chunked("b", 0, size), b"0\r\n\r\n"])
    split.start()
    assert ctl.wait(job).code == 0, split.log.tail()
    seen = ctl.job(job)
    assert seen["received"] == seen["size"] == size
    same(room, "a", "b", size)


@pytest.mark.parametrize("verb", ["Pause", "Cancel"])
def test_02_stopped_while_a_part_with_holes_is_looked_at(split, ctl, server, room, shim, verb):
    split.start()
    job = with_holes(split, ctl, server)
    split.start(**shim.environment("open:wait:1:1"))
    shim.wait_for("open")
    link = Link(room)
    with link.sock:
        link.say(MANAGER + verb, {"selection": {"ids": [job]}})
        ctl.job(job)  # asked behind it
        shim.open_gate()
        assert "error" not in link.hear()
    seen = ctl.job(job)
    assert (seen["state"], seen["received"]) == (("paused", 2 * MIB) if verb == "Pause" else ("cancelled", 0))
    split.stop()
    split.start()
    assert ctl.job(job)["state"] == seen["state"]
    if verb == "Pause":
        server.release("g")
        ctl.ok("resume", job)
        assert ctl.wait(job).code == 0
        same(room, "a", "a", SIZE)


def test_03_a_last_sync_that_fails(split, ctl, server, room, shim):
    """The end of the file was durable long before its middle came: that says nothing of the middle."""
    split.options["Transfer.MinSplitSize"] = 2 * MIB
    split.start(**shim.environment("fsync:5:1:1"))
    file = file_of()
    server.play("/a", whole_then(file, file))
    [job] = ctl.add(server.url("/a"))
    server.wait_requests("/a", 2)
    start, _ = span(server.requests("/a")[1])
    have = MIB + SIZE - start
    ctl.wait_received(have, job)
    room.wait_stored(f"0-{MIB},{start}-{SIZE}")
    server.release("g")
    until(lambda: ctl.job(job)["state"] == "waiting")
    seen = ctl.job(job)
    assert seen["error"]["code"] == "E_IO" and ("fsync", "-5") in [(c[0], c[2]) for c in shim.calls()]
    # What the kernel had of the rest may be lost, and it would not say so again.
    assert seen["received"] < SIZE
    before = len(server.requests("/a"))
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    again = server.requests("/a")[before:]
    assert span(again[0])[0] < start
    same(room, "a", "a", SIZE)


def test_04_a_reload_takes_connections_back(split, ctl, server, room):
    split.options["Transfer.Split"] = 4
    split.options["Queue.MaxActive"] = 4
    split.start()
    server.play("/a", slow(file_of(), 300000))
    server.play("/b", File("b", 1000))
    [job] = ctl.add(server.url("/a"))
    server.wait_gated("g", 4)
    split.options["Transfer.Split"] = 2
    split.write_config()
    split.signal(signal.SIGHUP)
    server.wait_for(lambda: server.ledger.gated["g"] == 2)
    split.options["Transfer.Split"] = 1
    split.options["Queue.MaxActive"] = 1
    split.write_config()
    split.signal(signal.SIGHUP)
    server.wait_for(lambda: server.ledger.gated["g"] == 1)
    server.release("g")
    [small] = ctl.add(server.url("/b"))
    assert ctl.wait(job, small).code == 0
    same(room, "a", "a", SIZE)


REFUSALS = {
    "400": [head("HTTP/1.1 400 Bad Request", "Content-Length: 0")],
    "403": [head("HTTP/1.1 403 Forbidden", "Content-Length: 0")],
    "416": [head("HTTP/1.1 416 Range Not Satisfiable", f"Content-Range: bytes */{SIZE}", "Content-Length: 0")],
    "503": [head("HTTP/1.1 503 Service Unavailable", "Content-Length: 0")],
    "whole": file_of(ranges=False),
    "nowhere": [head("HTTP/1.1 302 Found", "Location: http://127.0.0.1:1/x", "Content-Length: 0")],
    "wrong": lambda r: [head("HTTP/1.1 206 Partial Content", f"Content-Range: bytes 0-999/{SIZE}", *file_of().validators()),
                        Content(POISON, 0, 1000)],
    "short": lambda r: [head("HTTP/1.1 206 Partial Content", "Transfer-Encoding: chunked",
                             f"Content-Range: bytes {span(r)[0]}-{span(r)[1] - 1}/{SIZE}", *file_of().validators()), b"0\r\n\r\n"],
}


@pytest.mark.parametrize("how", REFUSALS)
def test_05_a_server_that_gives_no_parts_though_it_says_so(split, ctl, server, room, how):
    """The first connection gets back what was taken from it: as good as one alone."""
    split.start()
    server.play("/a", whole_then(file_of(), REFUSALS[how]))
    [job] = ctl.add(server.url("/a"))
    server.wait_requests("/a", 2)
    until_connections(ctl, 1)
    server.release("g")
    assert ctl.wait(job).code == 0, split.log.tail()
    same(room, "a", "a", SIZE)
    assert ctl.job(job)["attempts"] == 1 and len(server.requests("/a")) == 2


def test_06_one_of_many_servers_has_another_tag(split, ctl, server, room):
    """Over one connection it comes well."""
    split.options["Retry.Delay"] = "10ms"
    split.start()
    other = file_of(POISON, etag='"two"')
    server.play("/a", whole_then(file_of(), lambda r: [other.part_head(*span(r)), other.content(*span(r))]))
    [job] = ctl.add(server.url("/a"))
    server.wait_requests("/a", 3)  # the whole, a part of another, the whole again
    server.release("g")
    assert ctl.wait(job).code == 0, split.log.tail()
    same(room, "a", "a", SIZE)
    assert [bool(r.range) for r in server.requests("/a")] == [False, True, False]


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_07_holes_have_their_room_already(split, ctl, server, room, disks, kind):
    disk = disks.of(kind, 72 * MIB)
    split.options["Transfer.DownloadRoots"] = f"{room.downloads} {disk.path}"
    split.options["Transfer.MinSplitSize"] = 16 * MIB
    split.start()
    size = 48 * MIB
    job = with_holes(split, ctl, server, 2 * MIB, size, ["-d", disk.path])
    [part] = disk.parts()
    need = size - part.stat().st_blocks * 512
    disk.fill(need + 4 * MIB)
    server.release("g")
    split.start()
    assert ctl.wait(job).code == 0, ctl.job(job)
    assert content.same_as_file(disk.path / "a", "a", size) and disk.parts() == []


def test_08_a_link_that_expires_loses_no_bytes(split, ctl, server, room):
    split.start()
    job = with_holes(split, ctl, server)
    split.options["Transfer.Split"] = 1
    file = file_of()
    expired = [head("HTTP/1.1 403 Forbidden", "Content-Length: 0")]
    before = len(server.requests("/a"))
    server.play("/a", *itertools.repeat(file, before + 1), expired)
    split.start()
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    first, second = server.requests("/a")[before:]
    assert seen["error"]["code"] == "E_HTTP_403" and second.range
    assert seen["received"] == 2 * MIB + span(first)[1] - span(first)[0]
    server.play("/a", file)
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    same(room, "a", "a", SIZE)
    assert span(server.requests("/a")[before + 2]) == span(second)


@pytest.mark.parametrize("how", ["part", "rest"])
def test_09_a_redirect_to_what_proves_nothing(split, ctl, server, room, how, tmp_path_factory):
    """FTP has no validators: its bytes are never joined to what one has vouched for."""
    module = pytest.importorskip("origin.ftp", reason="python3-pyftpdlib is missing")
    split.options["Transfer.Protocols"] = "http,ftp"
    split.options["Retry.Delay"] = "10ms"
    if how == "rest":
        split.options["Transfer.Split"] = 1
    split.start()
    with module.Ftp(tmp_path_factory.mktemp("ftp")) as ftp:
        (ftp.root / "a").write_bytes(content.whole("other", SIZE))
        away = [head("HTTP/1.1 302 Found", f"Location: {ftp.url('/a')}", "Content-Length: 0")]
        # Without Last-Modified there is nothing but the size to be compared.
        file = file_of(modified=None)
        if how == "part":
            server.play("/a", whole_then(file, away))
        else:
            server.play("/a", file.cut(2 * MIB), away)
        [job] = ctl.add(server.url("/a"))
        server.wait_requests("/a", 2)
        if how == "part":
            until(lambda: any(c.startswith("RETR") for c in ftp.commands))
            until_connections(ctl, 1)
        server.release("g")
        assert ctl.wait(job).code == 0, split.log.tail()
    same(room, "a", "a" if how == "part" else "other", SIZE)


TOO_MANY = [head("HTTP/1.1 429 Too Many Requests", "Retry-After: 3600", "Content-Length: 0")]


def until_host(ctl, **values):
    until(lambda: [{key: host.get(key) for key in values} for host in ctl.ok("--json", "hosts").json] == [values])


def test_10_a_refused_connection_is_told_the_host(split, ctl, server, room):
    """As if a job had got it: it is asked for less, and later; but the job goes on, and no attempt is used up."""
    split.options["Hosts.Adaptive"] = "yes"
    split.start()
    server.play("/a", whole_then(file_of(), TOO_MANY))
    [job] = ctl.add(server.url("/a"))
    server.wait_requests("/a", 2)
    until_host(ctl, active=1, limit=1, state="held", hold_error="E_HTTP_429", last_error="E_HTTP_429", failed=0)
    assert ctl.job(job)["state"] == "active"
    [other] = ctl.add(server.url("/b"))
    assert ctl.job(other)["state"] == "queued"
    server.release("g")
    assert ctl.wait(job).code == 0, split.log.tail()
    same(room, "a", "a", SIZE)
    seen = ctl.ok("--json", "status", job).json[0]
    assert seen["attempts"] == 1 and [a["outcome"] for a in seen["history"]] == ["done"]
    assert len(server.requests("/a")) == 2 and server.requests("/b") == []


def test_11_the_first_connection_is_refused_another_range(split, ctl, server, room):
    """The second one goes on in its slot, and is not taken back as a further one."""
    split.options["Hosts.Adaptive"] = "yes"
    split.start()
    parts = itertools.count()
    rest = slow(file_of(), MIB)
    server.play("/a", whole_then(file_of(), lambda r: TOO_MANY if next(parts) else rest(r), gate="first"))
    [job] = ctl.add(server.url("/a"))
    server.wait_gated("first")
    server.wait_gated("g")
    server.release("first")
    until_host(ctl, active=1, limit=1, state="held", failed=0)
    ctl.ok("limit", "max-per-host", 1)
    server.release("g")
    assert ctl.wait(job).code == 0, split.log.tail()
    same(room, "a", "a", SIZE)
    assert ctl.job(job)["attempts"] == 1 and len(server.requests("/a")) == 3
