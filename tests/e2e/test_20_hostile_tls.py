"""Certificates that prove nothing, connections that end without saying so; servers too slow to be waited for."""
import contextlib
import pathlib
import sqlite3
import ssl
import warnings

import pytest

from disks import own_mounts, run
from hostile import CUT, SEED, SIZE, Case, House, good, house_fixture, ids
from origin import RawServer, content
from origin.raw import CLOSE, CUT as UNTOLD, HALF, HANG, RESET, Chunked, Drip, head

slow = house_fixture(**{"Transfer.StallTimeout": "1s", "Transfer.MinRate": "10000", "Transfer.MinRateTime": "2s",
                        "Transfer.ConnectTimeout": "2s", "Retry.MaxAttempts": 2, "Queue.MaxPerHost": 64})

REST = f"bytes={CUT}-"
MINUTE = 60


@pytest.fixture(scope="module")
def house(tmp_path_factory, certs):
    """A house that trusts the tests' own CA alone."""
    with contextlib.closing(House(tmp_path_factory.mktemp("h"), **{"Transfer.CAFile": certs.ca})) as home:
        yield home.start()
        home.check_all()


# ---- certificates

@pytest.mark.parametrize("kind", ["expired", "not-yet", "wrong-name", "escape-name", "self-signed", "unknown-ca"])
def test_20_tls_not_trusted(house, certs, kind):
    """Never asked without trust; looked at again in 10 minutes. -k is the user's own word."""
    case = Case(kind, [good()], "waiting", "E_TLS_VERIFY", requests=0, server={"tls": certs.server(kind)},
                waiting_for="retry")
    with house.case(case) as run:
        run.settle()
        house.expect(run)
        house.check(run)
        wait = run.job["next_attempt_usec"] - run.job["started_usec"]
        assert wait >= 10 * MINUTE * 1000000, run.job
        assert "\x1b" not in str(house.ctl.ok("status", run.id).out)
        assert run.server.requests() == []
    house.play(Case(f"{kind}-insecure", [good()], requests=1, options=("-k",), server={"tls": certs.server(kind)}))


@pytest.fixture
def system_ca(tmp_path, certs):
    """The tests' own CA as one of the system's."""
    own_mounts()
    (tmp_path / "ca-certificates.crt").write_text(pathlib.Path(certs.file("other.pem")).read_text())
    (tmp_path / "own.pem").write_text(pathlib.Path(certs.ca).read_text())
    run("openssl", "rehash", tmp_path)
    run("mount", "--bind", tmp_path, "/etc/ssl/certs")
    yield
    run("umount", "/etc/ssl/certs")


def test_20_tls_trust_instead_of_the_systems(system_ca, stopped, ctl, certs):
    """What the configuration or a job trusts is all that it trusts."""
    with RawServer(tls=certs.server("good")) as server:
        server.play("/f", good())
        stopped.start()
        [trusted, job] = ctl.add("-o", "a", server.url("/f")) + ctl.add("--cacert", certs.file("other.pem"), "-o", "b", server.url("/f"))
        assert ctl.wait(trusted).code == 0
        watch = ctl.watch("--since", 0)
        assert watch.kind("waiting", job)["job"]["error"]["code"] == "E_TLS_VERIFY"
        stopped.stop()
        stopped.options["Transfer.CAFile"] = certs.file("other.pem")
        stopped.start()
        [third] = ctl.add("-o", "c", server.url("/f"))
        watch = ctl.watch("--since", 0)
        assert watch.kind("waiting", third)["job"]["error"]["code"] == "E_TLS_VERIFY"
        assert len(server.requests()) == 1


def test_20_tls_keys_are_written_nowhere(stopped, ctl, room, certs):
    """Whatever the environment says: libcurl would write what decrypts all that went over the wire."""
    log = room.path / "keys"
    with RawServer(tls=certs.server("good")) as server:
        server.play("/f", good())
        stopped.options["Transfer.CAFile"] = certs.ca
        stopped.start(SSLKEYLOGFILE=str(log))
        assert ctl.wait(*ctl.add(server.url("/f"))).code == 0
    assert not log.exists()


def test_20_tls_it_gives_up(stopped, ctl, room, certs):
    """After 10 minutes, an hour and six hours it is not tried again. The waits are cut short in the stopped queue."""
    stopped.options["Transfer.CAFile"] = certs.ca
    with RawServer(tls=certs.server("expired")) as server:
        server.play("/f", good())
        stopped.start()
        [job] = ctl.add(server.url("/f"))
        watch = ctl.watch("--since", 0)
        for wait in (10 * MINUTE, 60 * MINUTE, 360 * MINUTE):
            watch.kind("waiting", job)
            before = ctl.job(job)
            assert before["error"]["code"] == "E_TLS_VERIFY"
            ended = watch.kind("waiting", job)["time_usec"]
            assert wait * 0.99 <= (before["next_attempt_usec"] - ended) / 1e6 <= wait * 1.6, before
            stopped.stop()
            with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db, db:
                db.execute("update jobs set due_usec = 1")
            stopped.start()
            watch = ctl.watch("--since", watch.seen()[-1]["id"])
        assert ctl.wait(job).code == 1
        seen = ctl.job(job)
        assert seen["error"]["code"] == "E_TLS_VERIFY" and seen["attempts"] == 4 and server.requests() == []


def with_versions(certs, least, most):
    context = certs.server("good")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # That such versions are old is why they are here.
        warnings.simplefilter("ignore")
        context.minimum_version, context.maximum_version = least, most
    return context


CONTEXTS = {
    "good": lambda certs: certs.server("good"),
    "tls-1.1": lambda certs: with_versions(certs, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1),
    "tls-1.2": lambda certs: with_versions(certs, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
}


def endings():
    f = good()
    chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators())
    until_close = head("HTTP/1.1 200 OK", "Connection: close", *f.validators())
    yield Case("good", [f], requests=1)
    yield Case("ipv6", [f], requests=1, server={"host": "::1"})
    yield Case("1.2", [f], requests=1, server={"tls": "tls-1.2"})
    yield Case("1.1", [f], "failed", "E_TLS", requests=0, server={"tls": "tls-1.1"})
    yield Case("cut-middle", [f.cut(CUT), f], requests=2, ranges=[None, REST])
    # The end without close_notify could be anybody's.
    yield Case("length-no-notify", [[f.whole_head(), f.content(), UNTOLD]], requests=1)
    yield Case("length-no-notify-middle", [f.cut(CUT, UNTOLD), f], requests=2)
    yield Case("length-reset-middle", [f.cut(CUT, RESET), f], requests=2)
    yield Case("chunked-no-notify", [[chunked, Chunked(SEED, 0, SIZE), b"0\r\n\r\n", UNTOLD]], requests=1)
    yield Case("chunked-no-notify-middle", [[chunked, Chunked(SEED, 0, CUT), UNTOLD], f], requests=2)
    yield Case("until-close-notified", [[until_close, f.content(), CLOSE]], requests=1)
    yield Case("until-close-no-notify", [[until_close, f.content(0, CUT), UNTOLD], f], requests=2)
    yield Case("until-close-no-notify-all", [[until_close, f.content(), UNTOLD], f], requests=(2, 3))
    yield Case("until-close-no-notify-always", [[head("HTTP/1.1 200 OK", "Connection: close"), f.content(0, CUT), UNTOLD]],
               "failed", ("E_TRUNCATED", "E_RECV", "E_TLS"), requests=(2, 4))
    yield Case("until-close-half", [[until_close, f.content(0, CUT), HALF], f], requests=2)
    yield Case("until-close-reset", [[until_close, f.content(0, CUT), RESET], f], requests=2)
    yield Case("headers-no-notify", [[f.whole_head()[:60], UNTOLD], f], requests=2)
    yield Case("nothing-no-notify", [[UNTOLD], f], requests=2)


ENDINGS = [*endings()]


@pytest.mark.parametrize("case", ENDINGS, ids=ids(ENDINGS))
def test_20_tls_end(house, certs, case):
    case.server["tls"] = CONTEXTS[case.server.get("tls", "good")](certs)
    house.play(case)


def test_20_tls_ca_of_the_job(house, certs):
    """--cacert is the job's trust, in the place of the configuration's."""
    server = {"tls": certs.server("unknown-ca")}
    house.play(Case("own-ca", [good()], requests=1, options=("--cacert", certs.file("other.pem")), server=server))
    house.play(Case("other-ca", [good()], "waiting", "E_TLS_VERIFY", requests=0, options=("--cacert", certs.file("other.pem")),
                    server={"tls": certs.server("good")}))


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"\0" * 5000],
                         ids=["nothing", "http", "alert", "zeros"])
def test_20_tls_spoken_to_who_does_not(house, greeting):
    """What answers the handshake is not TLS: a few tries, no bytes."""
    with RawServer(greeting=[greeting]) as server:
        directory = house.place()
        [job] = house.ctl.add("-d", directory, f"https://{server.authority}/x")
        house.added.add(job)
        house.watcher.wait(job, lambda e: e["kind"] == "failed")
        seen = house.job(job)
        assert seen["error"]["code"] in ("E_TLS", "E_RECV", "E_CONNECT") and seen["attempts"] == 4
        assert not (directory / "x").exists()


def test_20_tls_not_downgraded_by_a_redirect(house, certs):
    """https → http is refused, http → https is followed."""
    with RawServer() as plain, RawServer(tls=certs.server("good")) as safe:
        plain.play("/there.bin", good())
        safe.play("/there.bin", good())
        down = [head("HTTP/1.1 302 There", f"Location: {plain.url('/there.bin')}", "Content-Length: 0")]
        up = [head("HTTP/1.1 302 There", f"Location: {safe.url('/there.bin')}", "Content-Length: 0")]
        house.play(Case("down", [down], "failed", "E_REDIRECT_POLICY", requests=1), safe)
        assert plain.requests() == []
        house.play(Case("up", [up], requests=1), plain)


# ---- slow

def slowness():
    """Each ends by a bound that the configuration has, and goes on from the bytes that came."""
    f = good()
    drip = Drip(b"x" * 10000, 0.05)

    def slow_case(name, first, codes, **more):
        return Case(name, [first, f], also=lambda run: waited(run, codes), requests=2, **more)

    def waited(run, codes):
        event = next(e for e in run.house.watcher.of(run.id) if e["kind"] == "waiting")
        assert event["job"]["error"]["code"] in codes, event

    yield slow_case("no-first-byte", [HANG], ("E_STALL", "E_TIMEOUT"))
    yield slow_case("stall-in-the-head", [f.whole_head()[:60], HANG], ("E_STALL", "E_TIMEOUT"))
    yield slow_case("stall-behind-the-head", [f.whole_head(), HANG], ("E_STALL",))
    yield slow_case("stall-in-the-middle", [f.whole_head(), f.content(0, CUT), HANG], ("E_STALL",), ranges=[None, REST])
    yield slow_case("stall-before-the-last-byte", [f.whole_head(), f.content(0, SIZE - 1), HANG], ("E_STALL",),
                    ranges=[None, f"bytes={SIZE - 1}-"])
    yield slow_case("stall-in-a-chunk-size", [head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators()),
                                              Chunked(SEED, 0, CUT), b"1", HANG], ("E_STALL",), ranges=[None, REST])
    yield slow_case("stall-before-the-last-chunk", [head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), Chunked(SEED, 0, SIZE), HANG],
                    ("E_STALL",))
    # Never still for long enough to stall, never fast enough to end.
    yield slow_case("drip-of-the-body", [f.whole_head(), Drip(content.span(SEED, 0, 10000), 0.05)], ("E_STALL", "E_TIMEOUT", "E_SLOW"))
    yield slow_case("drip-of-the-head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", drip], ("E_STALL", "E_TIMEOUT", "E_SLOW"))
    yield slow_case("drip-of-interim", [Drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 15 + b"x" * 1000, 0.05)], ("E_STALL", "E_TIMEOUT", "E_SLOW"))
    yield Case("error-page-that-hangs", [[head("HTTP/1.1 404 Not Found", "Content-Length: 9"), b"half", HANG]], "failed",
               "E_HTTP_404", requests=1)
    yield Case("error-page-that-drips", [[head("HTTP/1.1 404 Not Found", "Content-Length: 99999"), drip]], "failed",
               "E_HTTP_404", requests=1)
    yield Case("stall-always", [[f.whole_head(), HANG]], "failed", "E_STALL", requests=2)
    yield Case("redirect-that-hangs", [[head("HTTP/1.1 302 There", "Location: /there", "Content-Length: 9"), b"half", HANG]],
               ("failed", "done"), ("E_HTTP_404", "E_STALL", "E_REDIRECT"), requests=(1, 2))


SLOWNESS = [*slowness()]


@pytest.fixture(scope="module")
def slow_runs(slow):
    """All of them at once: what takes seconds takes them together."""
    with contextlib.ExitStack() as stack:
        yield {case.id: stack.enter_context(slow.case(case)) for case in SLOWNESS}


@pytest.mark.parametrize("name", ids(SLOWNESS))
def test_20_slow(slow, slow_runs, name):
    run = slow_runs[name]
    run.settle()
    slow.expect(run)
    slow.check(run)
