"""One file that several servers have: the next is asked when one fails, and what is secret goes to the first alone."""
import base64
import contextlib
import hashlib
import json
import re
import socket

import pytest

from origin import content
from origin.programs import Nginx
from origin.raw import RawServer, head

MIB = 1 << 20
CANARY = "hunter2canary"


@pytest.fixture
def dead():
    """A URL where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield lambda path: f"http://127.0.0.1:{unused.getsockname()[1]}{path}"


@pytest.fixture
def nginx(tmp_path_factory):
    if Nginx.missing():
        pytest.skip("nginx is missing")
    with Nginx(tmp_path_factory.mktemp("n") / "nginx") as server:
        yield server


def ports(origin):
    return [origin.ports.index(r.port) for r in origin.requests()]


def add(ctl, url, *mirrors, **more):
    words = [word for mirror in mirrors for word in ("--mirror", mirror)]
    [job] = ctl.add(*more.pop("options", []), *words, url, **more)
    return job


def asked_from(request):
    return int(re.fullmatch(r"bytes=(\d+)-", request.range).group(1))


def test_01_nobody_listens_at_the_first(stopped, ctl, origin, room, dead):
    stopped.options["Retry.Delay"] = "1h"  # the first round takes no time
    stopped.start()
    job = add(ctl, dead("/a"), origin.url("/bytes/1000/a"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 1000)
    seen = ctl.job(job)
    assert seen["attempts"] == 2 and seen["url"] == origin.url("/bytes/1000/a") and seen["mirrors"] == [dead("/a")]
    assert "error" not in seen and "mirrors_failed" not in seen


def test_02_a_first_that_does_not_have_it(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    urls = [origin.url("/bytes/10/a?status=404"), origin.url("/bytes/10/a?status=410", 1), origin.url("/bytes/10/a", 2)]
    job = add(ctl, *urls)
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1, 2]
    seen = ctl.job(job)
    assert seen["url"] == urls[2] and seen["mirrors"] == urls[:2] == seen["mirrors_failed"]
    assert content.same_as_file(room.downloads / "a", "a", 10)


def test_03_all_fail(stopped, ctl, origin, dead):
    stopped.options["Retry.MaxAttempts"] = 4
    stopped.start()
    urls = [origin.url(f"/bytes/10/a?status={400 + n}", n) for n in range(4)]
    job = add(ctl, *urls)
    assert ctl.wait(job).code == 1 and ports(origin) == [0, 1, 2, 3]
    seen = ctl.job(job)
    assert seen["error"]["code"] == "E_HTTP_403" and "all of its 4 sources have failed" in seen["error"]["message"]
    assert [a["host"] for a in ctl.ok("--json", "status", job).json[0]["history"]] == [u.partition("/bytes")[0] for u in urls]
    # A new life, from the first on.
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 1 and ports(origin) == [0, 1, 2, 3] * 2
    # What may be better later is asked as often as ever, in turn.
    other = add(ctl, origin.url("/bytes/10/b?status=503"), dead("/b"))
    assert ctl.wait(other).code == 1
    assert ctl.job(other)["attempts"] == 4 and ports(origin)[8:] == [0, 0]


def test_04_a_round_later_it_is_there(daemon, ctl, origin, room):
    job = add(ctl, origin.url("/bytes/10/a?status=503&times=2"), origin.url("/bytes/10/a?status=500&times=1", 1))
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1, 0, 1]


def test_05_one_that_asks_to_wait(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    watch = ctl.watch("--since", 0)
    job = add(ctl, origin.url("/bytes/10/a?status=503&times=1&retry_after=3000"), origin.url("/bytes/10/a", 1))
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1]
    [host] = [h for h in map(json.loads, ctl.ok("--json", "hosts").lines) if h["state"] == "held"]
    assert host["host"] == origin.url("")
    # Others do not wait there either, those that have nowhere to go do.
    others = [add(ctl, origin.url(f"/bytes/10/b{n}"), origin.url(f"/bytes/10/b{n}", 1 + n % 2)) for n in range(6)]
    alone = add(ctl, origin.url("/bytes/10/c"))
    assert ctl.wait(*others).code == 0
    assert ctl.job(alone)["state"] == "queued" and 0 not in ports(origin)[1:]
    assert watch.kind("done", others[0])["job"]["attempts"] == 1
    # Told to be somewhere else, too, it goes there.
    ctl.ok("edit", alone, "--mirror", origin.url("/bytes/10/c", 3))
    assert ctl.wait(alone).code == 0 and ports(origin)[-1] == 3


def test_06_wrong_bytes(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    right = hashlib.sha256(content.whole("a", 3 * MIB)).hexdigest()
    job = add(ctl, origin.url(f"/bytes/{3 * MIB}/a?seed=wrong"), origin.url(f"/bytes/{3 * MIB}/a", 1),
              options=["--checksum", f"sha-256={right}"])
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1]
    seen = ctl.job(job)
    assert seen["integrity"] == "checksum" and seen["mirrors_failed"] == [origin.url(f"/bytes/{3 * MIB}/a?seed=wrong")]
    assert content.same_as_file(room.downloads / "a", "a", 3 * MIB) and origin.requests()[1].range is None


def test_07_cut_and_gone_on_with_elsewhere(stopped, ctl, origin, room, nginx):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    (nginx.www / "a").write_bytes(content.whole("a", 5 * MIB))
    job = add(ctl, origin.url(f"/bytes/{5 * MIB}/a?cut={2 * MIB}"), nginx.url("/a"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 5 * MIB)
    [entry] = nginx.log("/a", 1)
    # Another server's tag proves nothing: the last 64 KiB are compared.
    assert entry.status == 206 and entry.range == f"bytes={2 * MIB - 65536}-" and entry.if_range == "-"
    assert ctl.job(job)["integrity"] == "unverified"


def test_08_cut_and_begun_anew_where_that_is_asked(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    job = add(ctl, origin.url(f"/bytes/{5 * MIB}/a?cut={2 * MIB}"), origin.url(f"/bytes/{5 * MIB}/a", 1),
              options=["--resume", "strict"])
    assert ctl.wait(job).code == 0 and [r.range for r in origin.requests()] == [None, None]
    assert content.same_as_file(room.downloads / "a", "a", 5 * MIB) and "integrity" not in ctl.job(job)


@pytest.mark.parametrize("what", ["size", "bytes"])
def test_09_a_mirror_with_another_file(daemon, ctl, origin, room, what):
    size = 5 * MIB + (1 if what == "size" else 0)
    wrong = origin.url(f"/bytes/{size}/a?seed=other", 1)
    job = add(ctl, origin.url(f"/bytes/{5 * MIB}/a?cut={2 * MIB}"), wrong, origin.url(f"/bytes/{5 * MIB}/a", 2))
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1, 2]
    assert content.same_as_file(room.downloads / "a", "a", 5 * MIB)


def test_10_mixed_bytes_are_nobody_s_fault_once(daemon, ctl, origin, room):
    right = hashlib.sha256(content.whole("a", 2 * MIB)).hexdigest()
    # The second one's file agrees where the two are compared, and not beyond.
    bad = bytearray(content.whole("a", 2 * MIB))
    bad[-1] ^= 1
    with contextlib.ExitStack() as stack:
        if Nginx.missing():
            pytest.skip("nginx is missing")
        nginx = stack.enter_context(Nginx(room.path / "nginx"))
        (nginx.www / "a").write_bytes(bad)
        job = add(ctl, origin.url(f"/bytes/{2 * MIB}/a?cut={MIB}"), nginx.url("/a"), options=["--checksum", f"sha-256={right}"])
        assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2 * MIB)
    seen = ctl.job(job)
    assert seen["integrity"] == "checksum" and seen["url"].startswith(origin.url(""))


def test_11_secrets_are_for_the_first(daemon, ctl, origin, room):
    jar = room.path / "jar"
    jar.write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\tname\t{CANARY}\n")
    options = ["-u", f"anna:{CANARY}", "-H", f"X-Api-Key: {CANARY}", "-H", "X-Plain: 1", "-b", str(jar)]
    job = add(ctl, origin.url("/bytes/10/a?status=503&times=1"), origin.url("/bytes/10/a?status=503&times=1&seed=a", 1), options=options)
    assert ctl.wait(job).code == 0
    first, second, third = origin.requests()
    login = "Basic " + base64.b64encode(f"anna:{CANARY}".encode()).decode()
    assert ports(origin) == [0, 1, 0]
    for request in first, third:
        assert request.headers["authorization"] == login and request.headers["cookie"] == f"name={CANARY}"
        assert request.headers["x-api-key"] == CANARY
    assert CANARY not in str(second.headers) and not {"authorization", "cookie", "x-api-key"} & set(second.headers)
    assert second.headers["x-plain"] == "1"


def test_12_a_mirror_of_the_same_origin_is_told_them(daemon, ctl, origin, room):
    job = add(ctl, origin.url("/bytes/10/a?status=404"), origin.url("/bytes/10/b"), options=["-u", f"anna:{CANARY}", "-o", "a"])
    assert ctl.wait(job).code == 0
    assert [("authorization" in r.headers) for r in origin.requests()] == [True, True]


def test_13_an_edit_away_from_them(daemon, ctl, origin, room):
    """The secrets are the first URL's, whichever is asked when the edit comes."""
    job = add(ctl, origin.url("/bytes/10/a?status=404"), origin.url("/gate/g/bytes/10/a", 1), options=["-u", f"anna:{CANARY}"])
    origin.wait_gated("g")
    ctl.ok("edit", job, "--url", origin.url("/bytes/10/a?seed=a", 1))
    assert ctl.wait(job).code == 0
    origin.release("g")
    assert [("authorization" in r.headers) for r in origin.requests()] == [True, False, False]


def test_14_a_list_with_tabs(daemon, ctl, origin, room, dead):
    lines = [f"{dead('/a')}\t{origin.url('/bytes/10/a')}\t{origin.url('/bytes/10/a', 1)}", "  out=one",
             origin.url("/bytes/10/b"), f"{dead('/c')}\t\t{origin.url('/bytes/10/c')}\t"]
    jobs = ctl.add("-i", "-", stdin="\n".join(lines) + "\n")
    assert ctl.wait(*jobs).code == 0
    assert content.same_as_file(room.downloads / "one", "a", 10) and content.same_as_file(room.downloads / "c", "c", 10)
    assert [len(ctl.job(job).get("mirrors", [])) for job in jobs] == [2, 0, 1]
    bad = ctl("add", "-i", "-", stdin=f"{origin.url('/a')}\tnonsense\n")
    assert bad.code != 0 and ":1:" in bad.err and len(ctl.jobs()) == 3


@pytest.mark.parametrize("mirror, words", [
    ("gopher://x/a", "gopher is not among the allowed protocols"), ("http://u:p@127.0.0.1/a", "goes to no mirror"),
    ("http:///a", "host"), ("*http://127.0.0.1/a", "")])
def test_15_each_is_looked_at(daemon, ctl, origin, mirror, words):
    refused = ctl("add", "--mirror", mirror, origin.url("/a"))
    assert refused.code != 0 and words in refused.err and ":p@" not in refused.err, refused
    many = [word for n in range(17) for word in ("--mirror", origin.url(f"/{n}"))]
    refused = ctl("add", *many, origin.url("/a"))
    assert refused.code != 0 and "more than 16 mirrors" in refused.err
    refused = ctl("add", "--mirror", origin.url("/b"), origin.url("/a"), origin.url("/c"))
    assert refused.code == 2 and "--mirror is for one URL" in refused.err
    assert not ctl.jobs()


def test_16_the_same_one_twice_is_one(daemon, ctl, origin):
    url = origin.url("/gate/g/bytes/10/a")
    job = add(ctl, url, url, origin.url("/b", 1), origin.url("/b", 1))
    assert ctl.job(job)["mirrors"] == [origin.url("/b", 1)]
    # Of two adds of one key, and of one file, the first URL says which file it is.
    keyed = add(ctl, url, origin.url("/b", 1), options=["--key", "k"])
    assert add(ctl, url, origin.url("/c", 2), options=["--key", "k"]) == keyed
    assert ctl("add", "--key", "k", origin.url("/c")).code != 0
    once = add(ctl, url, origin.url("/b", 1), options=["--on-conflict", "overwrite", "-o", "x"])
    assert add(ctl, url, options=["--on-conflict", "overwrite", "-o", "x"]) == once
    ctl.ok("cancel", "--all")


def test_17_the_key_after_a_turn(daemon, ctl, origin):
    url, mirror = origin.url("/bytes/10/a?status=404"), origin.url("/gate/g/bytes/10/a", 1)
    options = ["--key", "k", "--on-conflict", "overwrite"]
    job = add(ctl, url, mirror, options=options)
    origin.wait_gated("g")
    assert add(ctl, url, options=options) == job
    assert add(ctl, url, options=options[2:]) == job
    assert ctl("add", *options, mirror).code != 0
    origin.release("g")
    assert ctl.wait(job).code == 0


def test_18_edit(stopped, ctl, origin, room, dead):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    watch = ctl.watch("--since", 0)
    job = add(ctl, dead("/a"))
    watch.kind("waiting", job)
    ctl.ok("edit", job, "--mirror", origin.url("/bytes/10/a?status=404"), "--mirror", origin.url("/gate/g/bytes/10/a", 1))
    # It was waiting for the first: what is new is asked at once, in turn.
    origin.wait_gated("g")
    assert ports(origin) == [0, 1]
    seen = ctl.job(job)
    assert seen["mirrors"] == [dead("/a"), origin.url("/bytes/10/a?status=404")]
    assert seen["mirrors_failed"] == [origin.url("/bytes/10/a?status=404")]
    # What runs goes on as long as it is among them, and all are there again.
    ctl.ok("edit", job, "--mirror", origin.url("/gate/g/bytes/10/a", 1), "--mirror", origin.url("/bytes/10/a", 2))
    assert ctl.job(job)["state"] == "active" and ctl.job(job)["mirrors"] == [origin.url("/bytes/10/a", 2), dead("/a")]
    # Else it ends, and the first is asked.
    ctl.ok("edit", job, "--mirror", origin.url("/bytes/10/a", 2))
    assert ctl.wait(job).code == 0
    assert ports(origin) == [0, 1, 2] and content.same_as_file(room.downloads / "a", "a", 10)
    other = add(ctl, dead("/b"), dead("/c"))
    ctl.ok("edit", other, "--unset", "mirror")
    assert "mirrors" not in ctl.job(other)
    assert ctl("edit", "--all", "--mirror", origin.url("/d")).code == 2


def test_19_what_people_see(stopped, ctl, origin):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    bad, secret = origin.url("/bytes/10/a?status=404"), origin.url("/gate/g/bytes/10/a?X-Amz-Signature=hunter2canary", 1)
    job = add(ctl, bad, secret, origin.url("/b", 2))
    origin.wait_gated("g")
    for verb in "status", "why":
        text = ctl.ok(verb, job).out
        assert f"mirror: {bad} (failed)" in text and f"mirror: {origin.url('/b', 2)}" in text
    text = ctl.ok("status", job).out
    assert CANARY not in text + str(ctl.job(job)) and "E_HTTP_404" in text
    hosts = ctl.ok("status", "--columns", "number,host", job).out
    assert f"1\t{origin.url('')}" in hosts
    origin.release("g")
    assert ctl.wait(job).code == 0


@pytest.mark.parametrize("when", ["asking", "held"])
def test_20_kill_9_in_between(stopped, ctl, origin, room, when):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    login = ["-u", f"anna:{CANARY}"]
    if when == "asking":
        job = add(ctl, origin.url("/bytes/10/a?status=404"), origin.url("/gate/g/bytes/10/a", 1), options=login)
        origin.wait_gated("g")
    else:
        # Both ask to wait: it stands at one of them.
        job = add(ctl, origin.url("/bytes/10/a?status=503&times=1&retry_after=2"),
                  origin.url("/bytes/10/a?status=503&times=1&retry_after=3000&seed=a", 1), options=login)
        ctl.watch("--since", 0).kind("waiting", job)
    before = ctl.job(job)
    stopped.kill9()
    stopped.start()
    after = ctl.job(job)
    assert after["mirrors"] == before["mirrors"] and after.get("mirrors_failed") == before.get("mirrors_failed")
    if when == "asking":
        origin.release("g")
    else:
        ctl.ok("retry", job)
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 10)
    assert all((r.port == origin.ports[0]) == ("authorization" in r.headers) for r in origin.requests())


def test_21_a_pause_in_between(daemon, ctl, origin, room):
    job = add(ctl, origin.url("/bytes/10/a?status=404"), origin.url("/gate/g/bytes/10/a", 1))
    origin.wait_gated("g")
    ctl.ok("pause", job)
    ctl.ok("resume", job)
    origin.wait_gated("g")
    origin.release("g")
    assert ctl.wait(job).code == 0 and ports(origin) == [0, 1, 1]


def test_22_a_breaker_that_is_open(stopped, ctl, origin, room, dead):
    """Some jobs find out that nobody is there: the others do not even ask."""
    stopped.options.update({"Retry.Delay": "1h", "Queue.MaxPerHost": 1, "Hosts.BreakerFailures": 3})
    stopped.start()
    jobs = [add(ctl, dead(f"/f{n}"), origin.url(f"/bytes/10/f{n}")) for n in range(12)]
    assert ctl.wait(*jobs).code == 0
    assert sum(ctl.job(job)["attempts"] == 1 for job in jobs) >= 12 - 4


def test_23_bytes_outlive_a_mirror_that_leads_astray(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    with RawServer() as raw:
        raw.play("/a", [head(302, "Location: gopher://127.0.0.1/a")])
        job = add(ctl, origin.url(f"/bytes/{5 * MIB}/a?cut={2 * MIB}"), raw.url("/a"), origin.url(f"/bytes/{5 * MIB}/a", 1))
        assert ctl.wait(job).code == 0
    assert asked_from(origin.requests()[1]) == 2 * MIB - 65536 and ports(origin) == [0, 1]
    assert content.same_as_file(room.downloads / "a", "a", 5 * MIB)
    assert ctl.job(job)["mirrors_failed"] == [raw.url("/a")]
