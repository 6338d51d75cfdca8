"""One file, one job, every way to look at it."""
from origin import content

SIZE = 300000


def parts(room):
    return sorted((room.downloads / ".fetchd").glob("*.part"))


def test_01_ping_and_version(daemon, ctl):
    assert ctl.ok("ping").err == ""
    assert ctl.ok("--json", "ping").json[0]["pid"] == daemon.process.pid
    assert "fetchctl" in ctl.ok("version").out


def test_02_add_prints_the_id_and_nothing_else(daemon, ctl, origin):
    result = ctl.ok("add", origin.url("/bytes/10/one"), origin.url("/bytes/10/two"))
    assert result.out == "1\n2\n"


def test_03_the_file_arrives_whole(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url(f"/bytes/{SIZE}/a.bin"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a.bin", "a.bin", SIZE)
    assert parts(room) == []
    assert origin.count() == 1


def test_04_an_empty_file_is_a_file(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/0/empty"))
    assert ctl.wait(job).code == 0
    assert (room.downloads / "empty").read_bytes() == b""


def test_05_chunked_and_unframed_bodies(daemon, ctl, origin, room):
    jobs = ctl.add(*(origin.url(f"/bytes/{SIZE}/{word}?{word}") for word in ("chunked", "nolength")))
    assert ctl.wait(*jobs).code == 0
    for name in ("chunked", "nolength"):
        assert content.same_as_file(room.downloads / name, name, SIZE)


def test_06_the_whole_of_a_job(daemon, ctl, origin, room):
    url = origin.url(f"/bytes/{SIZE}/a.bin")
    [job] = ctl.add("-p", 3, "-g", "books", url)
    ctl.wait(job)
    seen = ctl.job(job)
    assert seen["id"] == job and seen["url"] == url and seen["state"] == "done"
    assert seen["priority"] == 3 and seen["group"] == "books" and seen["attempts"] == 1
    assert seen["size"] == SIZE and seen["received"] == SIZE and seen["http_status"] == 200
    assert seen["path"] == str(room.downloads / "a.bin") and seen["name"] == "a.bin"
    assert seen["dir"] == str(room.downloads) and seen["host"] == origin.url("")
    assert 0 < seen["created_usec"] <= seen["started_usec"] <= seen["finished_usec"]
    assert not {"error", "next_attempt_usec", "waiting_for", "speed"} & set(seen)
    text = ctl.ok("status", job).out
    assert url in text and "done" in text and str(room.downloads / "a.bin") in text


def test_07_the_summary(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/g/bytes/10/held"))
    origin.wait_gated("g")
    seen = ctl.ok("--json", "status").json[0]
    assert seen["pid"] == daemon.process.pid and seen["mode"] == "user" and seen["draining"] is False
    assert seen["counts"]["active"] == 1 and [j["id"] for j in seen["active"]] == [job]
    assert seen["max_active"] == 16 and seen["max_per_host"] == 6 and seen["workers"] == 2
    assert "\x1b" not in ctl.ok("status").out
    origin.release("g")
    assert ctl.wait(job).code == 0


def test_08_lists(daemon, ctl, origin):
    good = ctl.add(*(origin.url(f"/bytes/10/f{i}") for i in range(5)))
    [bad] = ctl.add(origin.url("/bytes/10/gone?status=404"))
    ctl.wait(*good, bad)
    assert list(ctl.jobs()) == good + [bad] or list(ctl.jobs()) == [bad] + good[::-1]
    assert set(ctl.jobs("--state", "done")) == set(good)
    assert set(ctl.jobs("--state", "failed,cancelled")) == {bad}
    assert set(ctl.jobs("--state", "paused")) == set()
    assert len(ctl.jobs("-n", 2)) == 2
    assert len(ctl.jobs("-n", 99999999999999)) == len(ctl.jobs())
    assert set(ctl.jobs("--host", "127.0.0.1")) == set(good + [bad])
    assert list(ctl.jobs("--reverse")) == list(ctl.jobs())[::-1]
    text = ctl.ok("list").out
    assert "\x1b" not in text
    for job in good:
        assert any(str(job) in line.split() and "done" in line.split() for line in text.splitlines()), text
    assert len(ctl.ok("--no-legend", "list").lines) == 6


def test_09_get_waits_and_tells_the_outcome(daemon, ctl, origin, room):
    result = ctl("get", origin.url(f"/bytes/{SIZE}/a.bin"))
    assert result.code == 0 and "\x1b" not in result.out + result.err
    assert content.same_as_file(room.downloads / "a.bin", "a.bin", SIZE)
    result = ctl("get", origin.url("/bytes/10/b?status=404"))
    assert result.code == 1 and "404" in result.out + result.err


def test_10_watch_tells_a_life(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/bytes/10/a"))
    watch = ctl.watch("--since", 0)
    watch.kind("done", job)
    kinds = [e["kind"] for e in watch.seen() if e["job_id"] == job]
    assert [k for k in kinds if k in ("added", "started", "done")] == ["added", "started", "done"]
    ids = [e["id"] for e in watch.seen() if "id" in e]
    assert ids == sorted(set(ids))
    [later] = ctl.add(origin.url("/bytes/10/b"))
    assert watch.kind("done", later)["job"]["state"] == "done"


def test_11_wait_for_any(daemon, ctl, origin):
    [held] = ctl.add(origin.url("/gate/g/bytes/10/held"))
    [free] = ctl.add(origin.url("/bytes/10/free"))
    assert ctl("wait", "--any", held, free).code == 0
    assert ctl.job(held)["state"] == "active"
    origin.release("g")
    assert ctl.wait(held).code == 0


def test_12_redirects_are_followed(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000/far?redirect=3"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "far", "far", 1000)
    assert ctl.job(job)["effective_url"] == origin.url("/bytes/1000/far")
    assert origin.count() == 4


def test_13_an_endless_redirect_ends(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000/far?redirect=500"))
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_REDIRECT"
    assert not (room.downloads / "far").exists()


def test_14_two_hundred_files(daemon, ctl, origin, room):
    jobs = ctl.add(*(origin.url(f"/bytes/{i * 991}/f{i}") for i in range(200)))
    assert ctl.wait(*jobs).code == 0
    for i in range(200):
        assert content.same_as_file(room.downloads / f"f{i}", f"f{i}", i * 991)
    assert origin.count() == 200
    assert parts(room) == []
