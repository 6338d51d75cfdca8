"""Other people's servers and proxies: nginx, lighttpd, HTTP/2 that goes wrong, proxies that refuse, FTP."""
import base64
import contextlib
import hashlib
import os

import pytest

from hostile import CANARY, CUT, SEED, SIZE, Case, House, good, house_fixture
from origin import content
from origin.programs import Lighttpd, Nginx, free_port
from origin.proxy import Proxy
from origin.raw import KEEP, File, RawServer

pytest.importorskip("h2", reason="python3-h2 is missing")
from origin.http2 import ERRORS, Drop, File2, Goaway, Http2Server, Rst  # noqa: E402

BIG = 6000000
ALPN = ["h2", "http/1.1"]
ftp_house = house_fixture(**{"Transfer.Protocols": "http,https,ftp,ftps"})


@pytest.fixture(scope="module")
def house(tmp_path_factory, certs):
    """Trusts the tests' own CA; many to a host, so that HTTP/2 has what to multiplex."""
    with contextlib.closing(House(tmp_path_factory.mktemp("h"), **{"Transfer.CAFile": certs.ca, "Queue.MaxPerHost": 64})) as home:
        yield home.start()
        home.check_all()


def place(server, name, seed, size):
    """A file that is replaced, as deployments do, not written into."""
    new = server.www / (name + ".new")
    new.write_bytes(content.whole(seed, size))
    os.utime(new, (1577836800 + size, 1577836800 + size))
    new.rename(server.www / name)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, certs):
    if Nginx.missing():
        pytest.skip("nginx is missing")
    port2, port_few, port_client, port_slow = free_port(), free_port(), free_port(), free_port()
    cert, key = certs.pair("good")
    tls = f"ssl_certificate {cert}; ssl_certificate_key {key};"
    path = tmp_path_factory.mktemp("n") / "nginx"
    password = base64.b64encode(hashlib.sha1(CANARY.encode()).digest()).decode()
    users = path.with_name("users")
    users.write_text("someone:{SHA}" + password + "\n")
    with Nginx(path, server=f"location /secret/ {{ alias {path}/www/; auth_basic here; auth_basic_user_file {users}; }}", more=f"""
        server {{ listen 127.0.0.1:{port2} ssl http2; {tls} }}
        server {{ listen 127.0.0.1:{port_slow} ssl http2; {tls} limit_rate 20m; }}
        server {{ listen 127.0.0.1:{port_few} ssl http2; {tls} keepalive_requests 5; }}
        server {{ listen 127.0.0.1:{port_client} ssl; {tls} ssl_verify_client on; ssl_client_certificate {certs.ca}; }}
    """) as server:
        server.h2, server.few, server.client, server.h2_slow = port2, port_few, port_client, port_slow
        for n in range(40):
            place(server, f"f{n}", f"f{n}", 50000 + n)
        place(server, "big", "big", BIG)
        yield server


@pytest.fixture(scope="module")
def lighttpd(tmp_path_factory, certs):
    if Lighttpd.missing():
        pytest.skip("lighttpd is missing")
    path = tmp_path_factory.mktemp("l") / "lighttpd"
    users = path.with_name("users")
    users.write_text("someone:here:" + hashlib.md5(f"someone:here:{CANARY}".encode()).hexdigest() + "\n")
    port2 = free_port()
    cert, key = certs.pair("good")
    with Lighttpd(path, server=f"""
        auth.backend = "htdigest"
        auth.backend.htdigest.userfile = "{users}"
        auth.require = ("/secret" => ("method" => "digest", "realm" => "here", "require" => "valid-user"))
        $SERVER["socket"] == "127.0.0.1:{port2}" {{ ssl.engine = "enable" ssl.pemfile = "{cert}" ssl.privkey = "{key}" }}
    """) as server:
        server.h2 = port2
        place(server, "big", "big", BIG)
        (server.www / "secret").mkdir()
        place(server, "secret/f", "f", 1000)
        for n in range(40):
            place(server, f"f{n}", f"f{n}", 50000 + n)
        yield server


@pytest.fixture(params=["nginx", "lighttpd"])
def real(request):
    return request.getfixturevalue(request.param)


class Jobs:
    """Jobs of a house that no Case describes, in a directory of their own."""

    def __init__(self, house, path):
        self.house = house
        self.path = path

    def add(self, *arguments):
        jobs = self.house.ctl.add("-d", self.path, *arguments)
        self.house.added |= set(jobs)
        return jobs

    def end(self, *jobs, state="done", code=None):
        """Wait for the end of all of them; the last as it is then."""
        for job in jobs:
            event = self.house.watcher.wait(job, lambda e: e["kind"] in ("done", "failed", "cancelled"))
            seen = self.house.job(job)
            assert event["kind"] == state, f"{seen}\n{self.house.daemon.log.tail()}"
            assert code is None or seen["error"]["code"] in code, seen
        assert CANARY not in self.house.daemon.log.text() + str(seen)
        return seen

    def get(self, *arguments, **more):
        return self.end(*self.add(*arguments), **more)

    def right(self, name, seed, size):
        return content.same_as_file(self.path / name, seed, size)


@pytest.fixture
def jobs(house):
    yield Jobs(house, house.place())
    assert house.call("Ping") == {"pid": house.pid}


# ---- HTTP/1.1 of real servers

def interrupted(stopped, ctl, room, url, *options):
    """A download that a stop cut in two, and the bytes it had then."""
    stopped.start()
    [job] = ctl.add("--limit-rate", "2M", *options, url)
    ctl.wait_received(1000000, job)
    stopped.stop()
    return job


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_21_resume(stopped, ctl, room, real, certs, scheme):
    """The rest is asked for under the validator and comes as a range."""
    stopped.options["Transfer.CAFile"] = certs.ca
    url = real.url("/big", scheme, real.h2 if scheme == "https" else None)
    before = len(real.log("/big"))
    job = interrupted(stopped, ctl, room, url)
    stopped.start()
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "big", "big", BIG)
    last = real.log("/big", before + 2)[-1]
    assert last.status == 206 and last.range.startswith("bytes=") and len(last.if_range) > 2
    assert last.protocol == "HTTP/1.1"  # it has a limit


def test_21_kill9_and_resume_over_http2(stopped, ctl, room, nginx, certs):
    stopped.options["Transfer.CAFile"] = certs.ca
    size = 40 << 20
    place(nginx, "huge", "huge", size)
    stopped.start()
    [job] = ctl.add("-s", 1, nginx.url("/huge", "https", nginx.h2_slow))
    ctl.wait_received(18 << 20, job)
    stopped.kill9()
    stopped.start()
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "huge", "huge", size)
    last = nginx.log("/huge", 2)[-1]
    assert last.status in (200, 206) and last.protocol == "HTTP/2.0"
    (nginx.www / "huge").unlink()


def test_21_a_limit_that_comes_later_leaves_http2(stopped, ctl, room, nginx, certs):
    """It goes on where it is, over HTTP/1.1, and that is no attempt."""
    stopped.options["Transfer.CAFile"] = certs.ca
    size = 64 << 20
    place(nginx, "late", "late", size)
    stopped.start()
    [job] = ctl.add("-s", 1, nginx.url("/late", "https", nginx.h2_slow))
    watch = ctl.watch(job, "--since", 0)
    ctl.wait_received(4 << 20, job)
    ctl.ok("limit", "limit-rate", "2M")
    watch.kind("queued", job)
    watch.event(lambda e: e["kind"] == "started" and e["job"]["received"] > 0)
    ctl.ok("limit", "limit-rate", "--reset")
    assert ctl.wait(job).code == 0 and ctl.job(job)["attempts"] == 1
    assert content.same_as_file(room.downloads / "late", "late", size)
    first, last = nginx.log("/late", 2)[-2:]
    assert first.protocol == "HTTP/2.0" and last.protocol == "HTTP/1.1" and last.status == 206
    (nginx.www / "late").unlink()


def test_21_changed_meanwhile(stopped, ctl, room, real):
    place(real, "moving", "first", BIG)
    job = interrupted(stopped, ctl, room, real.url("/moving"))
    place(real, "moving", "second", BIG - 1)
    stopped.start()
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "moving", "second", BIG - 1)


def test_21_vanished_meanwhile(stopped, ctl, room, real):
    place(real, "vanishing", "first", BIG)
    job = interrupted(stopped, ctl, room, real.url("/vanishing"))
    (real.www / "vanishing").unlink()
    stopped.start()
    assert ctl.wait(job).code == 1 and ctl.job(job)["error"]["code"] == "E_HTTP_404"
    assert not (room.downloads / "vanishing").exists()


def test_21_conditional_get(jobs, real):
    """What is there and unchanged is not fetched; what changed is replaced."""
    place(real, "news", "first", 5000)
    jobs.get("--conditional-get", real.url("/news"))
    assert jobs.right("news", "first", 5000)
    inode = (jobs.path / "news").stat().st_ino
    jobs.get("--conditional-get", real.url("/news"))
    assert real.log("/news", 2)[-1].status == 304 and (jobs.path / "news").stat().st_ino == inode
    place(real, "news", "second", 6000)
    jobs.get("--conditional-get", real.url("/news"))
    assert jobs.right("news", "second", 6000) and {p.name for p in jobs.path.iterdir()} == {"news"}


def test_21_time_cond(jobs, real):
    place(real, "old", "old", 5000)
    # nginx says 304 to the very date only; then it is the date in its answer that counts.
    jobs.get("-z", "2030-01-01", real.url("/old"))
    assert real.log("/old", 1)[-1].status in (200, 304) and not (jobs.path / "old").exists()
    jobs.get("-z", "2010-01-01", real.url("/old"))
    assert jobs.right("old", "old", 5000)


# ---- HTTP/2

@pytest.mark.parametrize("kind", ["plenty", "few-requests-a-connection"])
def test_21_multiplexed(jobs, nginx, kind):
    """Forty files over a few connections; a GOAWAY in between loses none."""
    port = nginx.h2 if kind == "plenty" else nginx.few
    before = {(e.uri, e.connection) for e in nginx.log()}
    added = jobs.add(*(nginx.url(f"/f{n}", "https", port) for n in range(40)))
    jobs.end(*added)
    for n in range(40):
        assert jobs.right(f"f{n}", f"f{n}", 50000 + n)
    seen = [e for e in nginx.log() if (e.uri, e.connection) not in before]
    assert {e.protocol for e in seen} == {"HTTP/2.0"} and len(seen) >= 40
    if kind == "plenty":
        assert len({e.connection for e in seen}) <= 4, [e.connection for e in seen]


def test_21_multiplexed_lighttpd(jobs, lighttpd):
    jobs.end(*jobs.add(*(lighttpd.url(f"/f{n}", "https", lighttpd.h2) for n in range(40))))
    for n in range(40):
        assert jobs.right(f"f{n}", f"f{n}", 50000 + n)
    assert {e.protocol for e in lighttpd.log("/f39", 1)} == {"HTTP/2.0"}


H2_FAULTS = {
    "rst-refused": (-1, Rst(ERRORS.REFUSED_STREAM)), "rst-internal": (-1, Rst(ERRORS.INTERNAL_ERROR)),
    "rst-internal-in-body": (CUT, Rst(ERRORS.INTERNAL_ERROR)), "rst-protocol-in-body": (CUT, Rst(ERRORS.PROTOCOL_ERROR)),
    "rst-refused-in-body": (CUT, Rst(ERRORS.REFUSED_STREAM)), "rst-cancel-in-body": (CUT, Rst(ERRORS.CANCEL)),
    "rst-enhance-your-calm": (-1, Rst(ERRORS.ENHANCE_YOUR_CALM)), "rst-http11-required": (-1, Rst(ERRORS.HTTP_1_1_REQUIRED)),
    "rst-no-error-in-body": (CUT, Rst(ERRORS.NO_ERROR)), "rst-unknown-code": (CUT, Rst(0xfeed)),
    "goaway-before": (-1, Goaway(before=True)), "goaway-in-body": (CUT, Goaway()),
    "goaway-enhance-your-calm": (CUT, Goaway(ERRORS.ENHANCE_YOUR_CALM)), "goaway-before-in-body": (CUT, Goaway(before=True)),
    "drop-before": (-1, Drop()), "drop-in-body": (CUT, Drop()), "drop-at-the-last-byte": (SIZE - 1, Drop()),
    "end-stream-early": (CUT, None), "end-stream-at-once": (0, None),
}


@pytest.mark.parametrize("name", H2_FAULTS)
def test_21_http2_fault(house, certs, name):
    """Once: the next attempt brings the rest."""
    fault = H2_FAULTS[name]
    with Http2Server(certs.server("good", ALPN)) as server:
        # libcurl itself asks again for what the server says it has not touched.
        run = house.play(Case(name, [File2(good(), fault)], requests=(2, 3)), server)
        assert run.requests()[0].http == 2
        if fault[0] > 0 and run.job["attempts"] > 1:
            assert run.requests()[-1].range is not None


def test_21_http2_twice_wrong_is_http1(house, certs):
    """After two failures of HTTP/2 the origin is asked over HTTP/1.1, other jobs of it too."""
    with Http2Server(certs.server("good", ALPN)) as server:
        faults = [(CUT, Rst(ERRORS.INTERNAL_ERROR)), (10000, Rst(ERRORS.INTERNAL_ERROR)), *[(1, Rst(ERRORS.INTERNAL_ERROR))] * 20]
        run = house.play(Case("twice", [File2(good(), *faults)], requests=3), server)
        assert [r.http for r in run.requests()] == [2, 2, 1]
        again = house.play(Case("again", [File2(good(), *faults)], requests=1), server)
        assert [r.http for r in again.requests()] == [1]


def test_21_http2_one_stream_at_a_time(jobs, certs):
    """MAX_CONCURRENT_STREAMS 1: they queue, they do not fail."""
    with Http2Server(certs.server("good", ALPN), max_streams=1) as server:
        for n in range(10):
            server.play(f"/m{n}", File2(File(f"m{n}", 30000)))
        jobs.end(*jobs.add(*(server.url(f"/m{n}") for n in range(10))))
        for n in range(10):
            assert jobs.right(f"m{n}", f"m{n}", 30000)


def test_21_http2_goaway_among_many(jobs, certs):
    """A connection that is shared ends under all of its streams: each goes on."""
    with Http2Server(certs.server("good", ALPN)) as server:
        for n in range(12):
            server.play(f"/g{n}", File2(File(f"g{n}", 100000), (50000, Goaway()) if n % 4 == 0 else None))
        jobs.end(*jobs.add(*(server.url(f"/g{n}") for n in range(12))))
        for n in range(12):
            assert jobs.right(f"g{n}", f"g{n}", 100000)


# ---- who asks

def test_21_basic(jobs, nginx):
    url = nginx.url("/secret/f1")
    jobs.get("-u", f"someone:{CANARY}", url)
    assert jobs.right("f1", "f1", 50001)
    jobs.get("-o", "two", url.replace("//", f"//someone:{CANARY}@"))
    assert jobs.right("two", "f1", 50001)
    jobs.get("-u", "someone:wrong", "-o", "three", url, state="failed", code=("E_HTTP_401", "E_AUTH"))
    jobs.get("-o", "four", url, state="failed", code=("E_HTTP_401", "E_AUTH"))


def test_21_netrc(jobs, nginx):
    netrc = jobs.house.room.path / "run" / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login someone password {CANARY}\n")
    netrc.chmod(0o600)
    try:
        jobs.get("--netrc-file", netrc, "-o", "n", nginx.url("/secret/f1"))
        assert jobs.right("n", "f1", 50001)
    finally:
        netrc.unlink()


def test_21_digest(jobs, lighttpd):
    url = lighttpd.url("/secret/f")
    jobs.get("--digest", "-u", f"someone:{CANARY}", url)
    assert jobs.right("f", "f", 1000)
    assert all(not e.authorization.startswith("Basic") for e in lighttpd.log("/secret/f", 1))
    jobs.get("--anyauth", "-u", f"someone:{CANARY}", "-o", "any", url)
    assert jobs.right("any", "f", 1000)
    jobs.get("--digest", "-u", "someone:wrong", "-o", "wrong", url, state="failed", code=("E_HTTP_401", "E_AUTH"))


def digest_server(stale):
    """It says of so many nonces that they are old."""
    nonces = iter(range(1000))

    def answer(request):
        sent = request.headers.get("authorization", "")
        n = next(nonces)
        if sent.startswith("Digest ") and n > stale:
            return good()(request)
        old = ", stale=true" if sent else ""
        return [f'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n{n}", qop="auth"{old}\r\n'
                "Content-Length: 5\r\n\r\nerror".encode(), KEEP]
    return answer


@pytest.mark.parametrize("stale", [0, 1, 2])
def test_21_digest_that_grows_old(jobs, stale):
    with RawServer() as server:
        server.play("/d", digest_server(stale))
        jobs.get("--digest", "-u", f"someone:{CANARY}", server.url("/d"))
        assert jobs.right("d", SEED, SIZE) and len(server.requests()) == stale + 2


def test_21_digest_that_is_always_old(jobs):
    with RawServer() as server:
        server.play("/d", digest_server(10000))
        jobs.get("--digest", "-u", f"someone:{CANARY}", server.url("/d"), state="failed", code=("E_HTTP_401",))
        assert len(server.requests()) < 10


def test_21_digest_with_a_long_page(jobs):
    """What comes with the challenge is not the file's, however long it is."""
    def answer(request):
        if request.headers.get("authorization", "").startswith("Digest "):
            return good()(request)
        return [b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
                b"Content-Length: 300000\r\n\r\n" + b"P" * 300000, KEEP]

    with RawServer() as server:
        server.play("/d", answer)
        jobs.get("--digest", "-u", f"someone:{CANARY}", server.url("/d"))
        assert jobs.right("d", SEED, SIZE)


def test_21_digest_over_redirects(jobs):
    """Each request of the job's own origin is answered anew; another origin learns nothing."""
    def guarded(then):
        def answer(request):
            if request.headers.get("authorization", "").startswith("Digest "):
                return then(request)
            return [b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n', KEEP]
        return answer

    with RawServer() as server, RawServer() as other:
        def to(url):
            return lambda request: [f"HTTP/1.1 302 There\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()]
        server.play("/d", guarded(to("/e")))
        server.play("/e", guarded(to(other.url("/f"))))
        other.play("/f", guarded(good()))
        jobs.get("--digest", "-u", f"someone:{CANARY}", server.url("/d"), state="failed", code=("E_HTTP_401",))
        assert [r.path for r in server.requests()] == ["/d", "/d", "/e", "/e"]
        assert ["authorization" in r.headers for r in other.requests()] == [False]


def test_21_bearer(jobs):
    def answer(request):
        ok = request.headers.get("authorization") == f"Bearer {CANARY}"
        return good()(request) if ok else [b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"]

    with RawServer() as server:
        server.play("/b", answer)
        jobs.get("--oauth2-bearer", CANARY, server.url("/b"))
        assert jobs.right("b", SEED, SIZE)


def test_21_client_certificate(jobs, nginx, certs):
    url = nginx.url("/f2", "https", nginx.client)
    cert, key = certs.pair("client")
    jobs.get("-E", cert, "--cert-key", key, url)
    assert jobs.right("f2", "f2", 50002)
    jobs.get("-o", "none", url, state="failed", code=("E_HTTP_400", "E_TLS", "E_TLS_CONFIG"))
    cert, key = certs.pair("client-unknown")
    jobs.get("-E", cert, "--cert-key", key, "-o", "unknown", url, state="failed", code=("E_HTTP_400", "E_TLS", "E_TLS_CONFIG"))
    # Whoever has none does not get a connection that was made with one.
    jobs.get("-o", "later", url, state="failed", code=("E_HTTP_400", "E_TLS", "E_TLS_CONFIG"))


# ---- proxies

PROXIES = ["http", "connect", "socks5", "socks5h"]


@pytest.fixture(params=PROXIES)
def proxied(request, certs):
    """(what kind, proxy, origin behind it, user): every byte goes through, and only through, the proxy."""
    kind = request.param
    with Proxy("socks5" if kind.startswith("socks") else "http") as proxy, \
            RawServer(tls=certs.server("good") if kind == "connect" else None) as server:
        proxy.option = proxy.url(kind if kind.startswith("socks") else None)
        yield kind, proxy, server


def test_21_proxy(house, proxied):
    kind, proxy, server = proxied
    run = house.play(Case(kind, [good()], requests=1, options=("-x", proxy.option)), server)
    assert len(proxy.asked) == 1 and b"proxy-" not in run.requests()[0].head.lower()
    assert str(server.port) in proxy.asked[0]
    if kind != "http":
        assert all(CANARY.encode() not in head for head in proxy.heads)


def test_21_proxy_that_cuts(house, proxied):
    kind, proxy, server = proxied
    proxy.cut = CUT
    run = house.play(Case(kind, [good()], requests=2, options=("-x", proxy.option)), server)
    assert len(proxy.asked) == 2 and run.requests()[1].range is not None


def test_21_proxy_that_refuses(house, proxied):
    """Again and again through the proxy, never around it."""
    kind, proxy, server = proxied
    proxy.refuse = 1 if kind.startswith("socks") else 503
    code = "E_HTTP_503" if kind == "http" else ("E_PROXY", "E_PROXY_CONNECT")
    house.play(Case(kind, [good()], "failed", code, requests=0, options=("-x", proxy.option)), server)
    assert server.accepted == 0 and len(proxy.asked) == 4


def test_21_proxy_that_refuses_once(house, proxied):
    kind, proxy, server = proxied
    proxy.refuse = 1 if kind.startswith("socks") else 502
    case = Case(kind, [good()], requests=1, options=("--retry", 1000, "-x", proxy.option))
    with house.case(case, server) as run:
        run.event(lambda e: e["kind"] == "waiting")
        proxy.refuse = None
        run.settle()
        house.expect(run)
        house.check(run)


def test_21_proxy_password(house, proxied):
    kind, proxy, server = proxied
    proxy.user = f"someone:{CANARY}"
    option = proxy.option.replace("//", f"//someone:{CANARY}@")
    run = house.play(Case(kind, [good()], requests=1, options=("-x", option), canary=False), server)
    assert CANARY.encode() not in run.requests()[0].head
    asked = len(proxy.asked)
    wrong = proxy.option.replace("//", "//someone:wrong@")
    codes = ("E_PROXY_AUTH", "E_HTTP_407") if "socks" not in kind else ("E_PROXY", "E_PROXY_AUTH")
    house.play(Case(kind + "-wrong", [good()], "failed", codes, requests=0, options=("-x", wrong), path="/wrong/f.bin"), server)
    if "socks" not in kind:
        assert len(proxy.asked) == asked + 1
    house.play(Case(kind + "-none", [good()], "failed", codes, requests=0, options=("-x", proxy.option), path="/none/f.bin"), server)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_21_proxy_that_is_not_there(house, scheme):
    with RawServer() as server:
        house.play(Case(scheme, [good()], "failed", ("E_PROXY", "E_CONNECT"), requests=0,
                        options=("-x", f"{scheme}://127.0.0.1:{free_port()}")), server)
        assert server.accepted == 0


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_21_proxy_that_hangs(house, kind):
    with Proxy(kind) as proxy, RawServer() as server:
        proxy.hang = True
        case = Case(kind, [good()], "failed", ("E_PROXY", "E_TIMEOUT", "E_STALL"), requests=0,
                    options=("-x", proxy.url(), "-m", "1s", "--retry", 1))
        house.play(case, server)
        assert server.accepted == 0


def test_21_proxy_of_the_configuration(stopped, ctl, room):
    """The configuration's proxy serves all; -x "" is the job's word against it; the environment says nothing."""
    with Proxy() as proxy, Proxy() as other, RawServer() as server:
        server.play("/a", good())
        server.play("/b", good())
        stopped.options["Transfer.Proxy"] = proxy.url()
        stopped.spawn(http_proxy=other.url(), HTTP_PROXY=other.url(), ALL_PROXY=other.url(), no_proxy="127.0.0.1")
        stopped.wait_told("READY=1")
        assert ctl.wait(*ctl.add(server.url("/a"))).code == 0
        assert ctl.wait(*ctl.add("-x", "", server.url("/b"))).code == 0
        assert len(proxy.asked) == 1 and other.asked == []
        assert len(server.requests()) == 2


# ---- many over one connection

def test_21_http2_a_slow_one_holds_up_no_other(jobs, nginx, certs):
    """A job with a limit of its own has a connection of its own: a stream that is paused would fill the memory, and the
    others of its connection would wait for it."""
    with Http2Server(certs.server("good", ALPN)) as server:
        for path in ("/a", "/b"):
            server.play(path, File2(good()))
        server.play("/slow", File2(File("slow", 400000000)))
        jobs.get(server.url("/a"))
        [slow] = jobs.add("--limit-rate", "20k", server.url("/slow"))
        jobs.house.ctl.wait_received(1, slow)
        jobs.get(server.url("/b"))
        assert jobs.right("b", SEED, SIZE) and jobs.house.job(slow)["state"] == "active"
        jobs.house.call("Cancel", selection={"ids": [slow]})
        assert [(r.path, r.http) for r in server.requests()] == [("/a", 2), ("/slow", 1), ("/b", 2)]
        assert server.requests("/slow")[0].connection not in {r.connection for r in server.requests() if r.path != "/slow"}
        assert server.requests("/slow")[0].sent < 16 << 20


# ---- FTP

@pytest.fixture
def ftp(tmp_path_factory):
    ftp = pytest.importorskip("origin.ftp", reason="python3-pyftpdlib is missing")
    with ftp.Ftp(tmp_path_factory.mktemp("ftp")) as server:
        (server.root / "f.bin").write_bytes(content.whole(SEED, SIZE))
        yield server


def ftp_get(house, url, *options, state="done", code=None):
    path = house.place()
    jobs = Jobs(house, path)
    seen = jobs.get(*options, url, state=state, code=code)
    names = {p.name for p in path.iterdir()}
    assert names == ({seen["name"]} if state == "done" else set())
    return path / "f.bin", seen


def test_21_ftp(ftp_house, ftp):
    path, _ = ftp_get(ftp_house, ftp.url("/f.bin"))
    assert content.same_as_file(path, SEED, SIZE)
    path, _ = ftp_get(ftp_house, ftp.url("/f.bin", "user:pass"))
    assert content.same_as_file(path, SEED, SIZE)


def test_21_ftp_goes_on(ftp_house, ftp):
    ftp.cut = CUT
    path, _ = ftp_get(ftp_house, ftp.url("/f.bin"))
    assert content.same_as_file(path, SEED, SIZE)
    rest = [c for c in ftp.commands if c.startswith("REST")]
    assert rest and 0 < int(rest[-1].split()[1]) <= CUT


@pytest.mark.parametrize("size", [SIZE, SIZE + 1, CUT - 1, 0])
def test_21_ftp_changed(stopped, ctl, room, ftp, size):
    stopped.options.update({"Transfer.Protocols": "ftp", "Retry.Delay": "1h"})
    stopped.start()
    ftp.cut = CUT
    [job] = ctl.add(ftp.url("/f.bin"))
    watch = ctl.watch("--since", 0)
    assert watch.kind("waiting", job)["job"]["error"]["code"] == "E_TRUNCATED"
    (ftp.root / "f.bin").write_bytes(content.whole("other", size))
    ctl.ok("retry", job)
    watch.event(lambda e: e["kind"] == "waiting" and e["job"]["error"]["code"] in ("E_CHANGED", "E_RANGE"))
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "f.bin", "other", size)


@pytest.mark.parametrize("what,codes", [("wrong-password", ("E_AUTH",)), ("missing", ("E_NOT_FOUND", "E_FTP")), ("directory", ("E_FTP", "E_NOT_FOUND", "E_BAD_URL"))])
def test_21_ftp_refused(ftp_house, ftp, what, codes):
    (ftp.root / "sub").mkdir()
    url = {"wrong-password": ftp.url("/f.bin", f"user:{CANARY}"), "missing": ftp.url("/none"), "directory": ftp.url("/sub")}[what]
    ftp_get(ftp_house, url, state="failed", code=codes)


def test_21_ftp_is_off_until_it_is_switched_on(house, ftp):
    assert house.ctl("add", ftp.url("/f.bin")).code == 5 and ftp.commands == []


def test_21_ftp_through_an_http_proxy(ftp_house, ftp):
    """The proxy's own pages are no files: it is asked for a way through, not for the file."""
    with Proxy() as proxy:
        path, _ = ftp_get(ftp_house, ftp.url("/f.bin"), "-x", proxy.url())
        assert content.same_as_file(path, SEED, SIZE)
        assert proxy.asked and all(line.startswith("CONNECT ") for line in proxy.asked), proxy.asked
        proxy.refuse = 404
        ftp_get(ftp_house, ftp.url("/f.bin"), "-x", proxy.url(), state="failed", code=("E_PROXY",))


@pytest.mark.parametrize("kind", ["a", "A", "d", "D", "x", ""])
def test_21_ftp_type(ftp_house, ftp, kind):
    """As text the lines would end otherwise, and a listing is no file."""
    ftp_get(ftp_house, ftp.url(f"/f.bin;type={kind}"), state="failed", code=("E_BAD_URL",))
    assert not [c for c in ftp.commands if c.startswith(("TYPE A", "LIST", "NLST"))]


def test_21_ftp_type_of_bytes(ftp_house, ftp):
    seen = ftp_get(ftp_house, ftp.url("/f.bin;type=i"), "-o", "f.bin")[0]
    assert content.same_as_file(seen, SEED, SIZE)


CRLF = ["/f.bin%0d%0aDELE%20f.bin", "/%0aQUIT", "/a%00b"]


@pytest.mark.parametrize("path", CRLF, ids=["crlf", "lf", "nul"])
def test_21_ftp_no_command_in_a_path(ftp_house, ftp, path):
    added = ftp_house.ctl("add", ftp.url(path))
    if added.code == 0:
        [job] = map(int, added.lines)
        ftp_house.added.add(job)
        ftp_house.watcher.wait(job, lambda e: e["kind"] == "failed")
    assert not [c for c in ftp.commands if c.startswith("DELE")] and (ftp.root / "f.bin").exists()
