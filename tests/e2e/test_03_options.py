"""Each option of add does what it says."""
import hashlib

import pytest

from origin import content


def test_01_name_and_directory(daemon, ctl, origin, room):
    jobs = ctl.add("-o", "new name.txt", origin.url("/bytes/10/a")) + ctl.add("-d", "sub/deep", origin.url("/bytes/10/b"))
    jobs += ctl.add("-d", room.downloads / "abs", origin.url("/bytes/10/c"))
    assert ctl.wait(*jobs).code == 0
    for path, seed in (("new name.txt", "a"), ("sub/deep/b", "b"), ("abs/c", "c")):
        assert content.same_as_file(room.downloads / path, seed, 10)


def test_02_the_directory_is_relative_to_the_caller(daemon, ctl, origin, room):
    (room.downloads / "here").mkdir()
    [job] = ctl.add("-d", "sub", origin.url("/bytes/10/a"), cwd=room.downloads / "here")
    assert ctl.wait(job).code == 0 and (room.downloads / "here" / "sub" / "a").exists()


def test_03_names_from_urls_are_safe(daemon, ctl, origin, room):
    jobs = ctl.add(origin.url("/bytes/10/..%2F..%2Fetc%2Fpasswd"), origin.url("/bytes/10/.bashrc"),
                   origin.url("/bytes/10/-rf"), origin.url("/bytes/10/a%1b%5b31m%0ab"))
    assert ctl.wait(*jobs).code == 0
    names = {p.name for p in room.downloads.iterdir()} - {".fetchd"}
    assert len(names) == 4
    for name in names:
        assert name[0] not in ".-" and not set(name) & set("/\x1b\n")
    assert "\x1b" not in ctl.ok("list").out + ctl.ok("status", jobs[3]).out + daemon.log.text()


@pytest.mark.parametrize("algorithm", ["sha-256", "sha256", "md5", "sha-512"])
def test_04_a_right_checksum(daemon, ctl, origin, room, algorithm):
    want = hashlib.new(algorithm.replace("-", ""), content.whole("a", 400000)).hexdigest().upper()
    [job] = ctl.add("--checksum", f"{algorithm}={want}", origin.url("/bytes/400000/a"))
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 400000)


@pytest.mark.parametrize("size", [1000, 3000000])
def test_05_a_wrong_checksum(daemon, ctl, origin, room, size):
    [job] = ctl.add("--checksum", "sha-256:" + "0" * 64, origin.url(f"/bytes/{size}/a"))
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_CHECKSUM"
    assert [p for p in room.downloads.rglob("*") if p.is_file() and p.suffix != ".lock" and p.stat().st_size >= size] == []
    assert origin.count() == 2


def test_06_a_checksum_over_a_resumed_file(daemon, ctl, origin, room):
    want = content.sha256("a", 3000000)
    [job] = ctl.add("--checksum", f"sha-256={want}", origin.url("/bytes/3000000/a?cut=1700000"))
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 3000000)


def test_07_request_headers(daemon, ctl, origin):
    [job] = ctl.add("-H", "X-One: 1", "-H", "X-Two: zwei", "-A", "tester/1", "-e", "http://referer.example/",
                    origin.url("/bytes/10/a"))
    ctl.wait(job)
    headers = origin.requests()[0].headers
    assert headers["x-one"] == "1" and headers["x-two"] == "zwei"
    assert headers["user-agent"] == "tester/1" and headers["referer"] == "http://referer.example/"
    assert headers["accept-encoding"] == "identity"


def test_08_the_user_agent_of_the_configuration(stopped, ctl, origin):
    stopped.options["Transfer.UserAgent"] = "house/2"
    stopped.start()
    ctl.wait(*ctl.add(origin.url("/bytes/10/a")))
    assert origin.requests()[0].headers["user-agent"] == "house/2"


def test_09_priority(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 1
    stopped.start()
    first = ctl.add(origin.url("/gate/g/bytes/10/first"))
    origin.wait_gated("g")
    for priority in (0, 5, -5, 10, 5):
        first += ctl.add("-p", priority, origin.url(f"/bytes/10/p{priority}"))
    origin.release("g")
    assert ctl.wait(*first).code == 0
    assert [r.path.rpartition("/")[2] for r in origin.requests()] == ["first", "p10", "p5", "p5", "p0", "p-5"]


def test_10_groups(daemon, ctl, origin):
    books = ctl.add("-g", "books", origin.url("/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    films = ctl.add("-g", "films", origin.url("/gate/g/bytes/10/c"))
    assert sorted(ctl.jobs("-g", "books")) == books
    ctl.ok("cancel", "-g", "films")
    assert ctl.job(films[0])["state"] == "cancelled"
    origin.release("g")
    assert ctl("wait", "-g", "books").code == 0
    assert ctl("wait", "-g", "films").code == 1


def test_11_the_same_key_is_the_same_job(daemon, ctl, origin):
    [job] = ctl.add("--key", "k", origin.url("/bytes/10/a"))
    assert ctl.add("--key", "k", origin.url("/bytes/10/a")) == [job]
    ctl.wait(job)
    assert ctl.add("--key", "k", origin.url("/bytes/10/a")) == [job]
    [other] = ctl.add("--key", "l", origin.url("/bytes/10/a"))
    assert other != job and len(ctl.jobs()) == 2
    daemon.restart()
    assert ctl.add("--key", "k", origin.url("/bytes/10/a")) == [job]


def test_12_conflict_rename(daemon, ctl, origin, room):
    (room.downloads / "a.tar.gz").write_text("mine")
    jobs = ctl.add(origin.url("/bytes/10/a.tar.gz")) + ctl.add(origin.url("/bytes/10/a.tar.gz"))
    assert ctl.wait(*jobs).code == 0
    assert (room.downloads / "a.tar.gz").read_text() == "mine"
    assert {ctl.job(job)["name"] for job in jobs} == {"a (1).tar.gz", "a (2).tar.gz"}
    for name in ("a (1).tar.gz", "a (2).tar.gz"):
        assert content.same_as_file(room.downloads / name, "a.tar.gz", 10)


def test_13_conflict_fail(daemon, ctl, origin, room):
    (room.downloads / "a").write_text("mine")
    [job] = ctl.add("--on-conflict", "fail", origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 1 and ctl.job(job)["error"]["code"] == "E_EXISTS"
    assert (room.downloads / "a").read_text() == "mine" and origin.requests() == []


def test_14_conflict_overwrite(daemon, ctl, origin, room):
    (room.downloads / "a").write_text("mine")
    [job] = ctl.add("--on-conflict", "overwrite", origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 10)


def test_15_conflict_skip(daemon, ctl, origin, room):
    (room.downloads / "a").write_text("mine")
    [job] = ctl.add("--on-conflict", "skip", origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0 and origin.requests() == []
    assert (room.downloads / "a").read_text() == "mine"


def test_15b_conflict_skip_after_a_part(stopped, ctl, origin, room):
    """What an earlier attempt brought goes when the name turns out to be taken."""
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add("--on-conflict", "skip", origin.url("/bytes/300000/a?cut=200000"))
    ctl.watch("--since", 0).kind("waiting", job)
    assert len(list((room.downloads / ".fetchd").iterdir())) == 1
    (room.downloads / "a").write_text("mine")
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0 and len(origin.requests()) == 1
    assert (room.downloads / "a").read_text() == "mine"
    assert list((room.downloads / ".fetchd").iterdir()) == []


def test_16_many_with_one_name(daemon, ctl, origin, room):
    """Thirty at once want the same name: each gets its own, and its own content."""
    jobs = ctl.add(*(origin.url(f"/bytes/{1000 + i}/same?seed={i}") for i in range(30)))
    assert ctl.wait(*jobs).code == 0
    paths = {job: ctl.job(job)["path"] for job in jobs}
    assert len(set(paths.values())) == 30
    for i, job in enumerate(jobs):
        assert content.same_as_file(paths[job], str(i), 1000 + i)


def test_17_the_largest_file_allowed(daemon, ctl, origin, room):
    jobs = ctl.add("--max-filesize", "1M", origin.url("/bytes/2000000/known"), origin.url("/bytes/2000000/unknown?chunked"))
    jobs += ctl.add("--max-filesize", "2M", origin.url("/bytes/2000000/fits"))
    assert ctl.wait(*jobs).code == 1
    assert [ctl.job(job)["state"] for job in jobs] == ["failed", "failed", "done"]
    assert {ctl.job(job)["error"]["code"] for job in jobs[:2]} == {"E_TOO_LARGE"}
    assert {p.name for p in room.downloads.iterdir()} == {".fetchd", "fits"}
    assert list((room.downloads / ".fetchd").glob("*.part")) == []


def test_18_deadline(daemon, ctl, origin):
    [job] = ctl.add("--deadline", "1s", "--retry", 1000, origin.url("/bytes/10/a?status=503"))
    assert ctl.wait(job).code == 1
    assert 1 < ctl.job(job)["attempts"] < 1000


def test_19_secrets_do_not_come_out(daemon, ctl, origin):
    url = origin.url("/gate/g/bytes/10/a").replace("//", "//someone:hunter2@")
    [job] = ctl.add("-H", "Authorization: Bearer hunter2", url)
    origin.wait_gated("g")
    seen = [ctl.ok(*words).out for words in (["status", job], ["list"], ["--json", "status", job], ["--json", "list"])]
    origin.release("g")
    ctl.wait(job)
    seen += [ctl.ok("--json", "status", job).out, str(ctl.watch("--since", 0).kind("done", job)), daemon.log.text()]
    assert all("hunter2" not in text for text in seen)
    assert "authorization" in origin.requests()[0].headers
