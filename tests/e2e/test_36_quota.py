"""What one user may have: bytes on disk, transfers at once, jobs. Others do not notice."""
import contextlib
import os
import pwd
import shutil
import signal
import sqlite3
import tempfile
import pathlib

import pytest

from harness import Ctl, Daemon, Room, program

MIB = 1 << 20


def limited(daemon, **limits):
    daemon.options.update({"Retry.HoldInterval": "100ms", **{f"Queue.{name}": value for name, value in limits.items()}})
    return daemon


def reload(daemon, **limits):
    limited(daemon, **limits).write_config()
    daemon.signal(signal.SIGHUP)


def status(ctl):
    return ctl.ok("--json", "status").json[0]


def held(ctl, job):
    seen = ctl.watch("--since", 0).event(lambda e: e["job_id"] == job and e["kind"] == "waiting")["job"]
    assert seen["waiting_for"] == "quota" and seen["error"]["code"] == "E_QUOTA", seen
    assert "MaxDiskPerUser" in seen["error"]["message"]
    return seen


def counted_right(daemon):
    """What is kept in sum is what the rows say one by one."""
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.options["Daemon.StateDirectory"] / "queue.db")) as database:
        rows = dict(database.execute("SELECT owner, sum(received) FROM jobs WHERE state <> 7 GROUP BY owner"))
        kept = dict(database.execute("SELECT owner, bytes FROM usage"))
    assert {owner: n for owner, n in rows.items() if n} == {owner: n for owner, n in kept.items() if n}
    daemon.start()


def test_01_what_is_counted(stopped, ctl, origin):
    """Parts and files, as long as there is a record; a restart knows it."""
    limited(stopped).start()
    first, second = ctl.add(origin.url("/bytes/1000/a"), origin.url("/bytes/500/b"))
    assert ctl.wait(first, second).code == 0
    assert status(ctl)["usage"] == {"jobs": 0, "active": 0, "bytes": 1500}
    [part] = ctl.add("--retry-delay", "1h", origin.url(f"/bytes/{MIB}/c?cut=300000&times=1"))
    ctl.watch("--since", 0).event(lambda e: e["job_id"] == part and e["kind"] == "waiting")
    kept = ctl.job(part)["received"]
    assert kept > 0 and status(ctl)["usage"] == {"jobs": 1, "active": 0, "bytes": 1500 + kept}
    counted_right(stopped)
    assert status(ctl)["usage"]["bytes"] == 1500 + kept
    ctl.ok("cancel", part)
    assert status(ctl)["usage"]["bytes"] == 1500
    ctl.ok("remove", first)
    assert status(ctl)["usage"]["bytes"] == 500
    counted_right(stopped)


def test_02_who_is_over_it_adds_nothing(stopped, ctl, origin):
    limited(stopped, MaxDiskPerUser="1M").start()
    [full] = ctl.add(origin.url(f"/bytes/{MIB}/a"))
    assert ctl.wait(full).code == 0
    result = ctl("add", origin.url("/bytes/10/b"))
    assert result.code == 5 and "E_LIMIT" in result.err
    assert f"MaxDiskPerUser={MIB}" in result.err and f"{MIB} bytes" in result.err
    assert "1.0MiB of 1.0MiB on disk" in ctl.ok("status").out
    assert status(ctl)["usage_limits"]["bytes"] == MIB
    ctl.ok("remove", full)
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/b"))).code == 0


def test_03_a_file_that_would_pass_it_is_held(stopped, ctl, origin):
    """Its host is not asked again before there is room; smaller ones run."""
    limited(stopped, MaxDiskPerUser="4M").start()
    [big] = ctl.add(origin.url(f"/bytes/{8 * MIB}/a"))
    assert "8.0MiB" in held(ctl, big)["error"]["message"]
    assert ctl.job(big)["received"] == 0 and ctl.job(big)["attempts"] == 0
    small = ctl.add(*(origin.url(f"/bytes/1000/s{i}") for i in range(10)))
    assert ctl.wait(*small).code == 0
    assert len(origin.requests(f"/bytes/{8 * MIB}/a")) == 1
    reload(stopped, MaxDiskPerUser="10M")
    assert ctl.wait(big).code == 0
    assert len(origin.requests(f"/bytes/{8 * MIB}/a")) == 2
    counted_right(stopped)


def test_04_bytes_of_which_nobody_knew(stopped, ctl, origin):
    """A stream is stopped when it is seen to have passed the bound; the rest comes when there is room."""
    limited(stopped, MaxDiskPerUser="8M").start()
    size = 64 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?chunked&pause={40 * MIB}&until=g"))
    seen = held(ctl, job)
    origin.release("g")
    assert 8 * MIB <= ctl.job(job)["received"] < size and seen["attempts"] == 0
    result = ctl("add", origin.url("/bytes/10/b"))
    assert result.code == 5 and "MaxDiskPerUser" in result.err
    reload(stopped, MaxDiskPerUser="0")
    assert ctl.wait(job).code == 0
    assert ctl.job(job)["received"] == size
    counted_right(stopped)


def test_05_who_has_reached_it_starts_nothing(stopped, ctl, origin):
    """What is queued stays so, untouched, and runs when there is room."""
    limited(stopped, MaxDiskPerUser="1M").start()
    more = ctl.add("--not-before", "1h", *(origin.url(f"/bytes/10/m{i}") for i in range(5)))
    [first] = ctl.add(origin.url(f"/bytes/{MIB}/a"))
    assert ctl.wait(first).code == 0
    ctl.ok("retry", *more)
    assert {ctl.job(job)["state"] for job in more} == {"queued"} and origin.count() == 1
    stopped.restart()
    assert {ctl.job(job)["state"] for job in more} == {"queued"}
    ctl.ok("remove", first)
    assert ctl.wait(*more).code == 0
    counted_right(stopped)


def test_06_too_many_jobs(stopped, ctl, origin):
    limited(stopped, MaxJobsPerUser=2).start()
    ctl.add("--not-before", "1h", origin.url("/bytes/10/a"))
    result = ctl("add", origin.url("/bytes/10/b"), origin.url("/bytes/10/c"))
    assert result.code == 5 and "MaxJobsPerUser=2" in result.err and "1 jobs are open" in result.err
    assert len(ctl.jobs()) == 1


def test_07_what_is_there_already_is_over_no_limit(stopped, ctl, origin):
    """Adding it again adds nothing."""
    limited(stopped, MaxJobsPerUser=2, MaxDiskPerUser="1K").start()
    keyed = ["--key", "k", origin.url("/gate/g/bytes/1024/a")]
    same = ["--on-conflict", "fail", origin.url("/gate/g/bytes/10/b")]
    first, second = ctl.add(*keyed) + ctl.add(*same)
    assert ctl.add(*keyed) == [first] and ctl.add(*same) == [second]
    for more in (["--key", "another"], ["--on-conflict", "skip"]):
        result = ctl("add", *more, origin.url("/bytes/10/c"))
        assert result.code == 5 and "2 jobs are open and 1 more" in result.err, result
    assert sorted(ctl.jobs()) == [first, second]
    ctl.ok("cancel", second)
    origin.release("g")
    assert ctl.wait(first).code == 0
    assert ctl.add(*keyed) == [first]
    assert ctl("add", *same).code == 5


# ---- two users


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
class TestTwoUsers:
    @pytest.fixture
    def room(self):
        path = pathlib.Path(tempfile.mkdtemp(prefix="fetchd-test-"))
        path.chmod(0o755)
        shutil.copy(program("fetchctl"), path / "fetchctl")
        yield Room(path)
        shutil.rmtree(path)

    @pytest.fixture
    def stopped(self, room):
        daemon = Daemon(room)
        daemon.options["Security.PrivateAddresses"] = "allow"
        plain = daemon.command
        daemon.command = lambda *arguments: [w if w != "--user" else "--system" for w in plain(*arguments)]
        yield daemon
        daemon.close()

    @pytest.fixture
    def users(self, room):
        clients = [Ctl(room, room.path / "fetchctl", pwd.getpwnam(name)) for name in ("games", "news")]
        yield clients
        for client in clients:
            client.close()

    def test_10_the_disk_of_one(self, stopped, users, origin):
        limited(stopped, MaxDiskPerUser="1M").start()
        games, news = users
        [job] = games.add(origin.url(f"/bytes/{MIB}/a"))
        assert games.wait(job).code == 0
        assert games("add", origin.url("/bytes/10/b")).code == 5
        assert news.wait(*news.add(origin.url(f"/bytes/{MIB}/a"))).code == 0
        assert status(games)["usage"]["bytes"] == status(news)["usage"]["bytes"] == MIB
        counted_right(stopped)

    def test_11_transfers_at_once(self, stopped, users, origin):
        """Two of each, whatever stands in line; the bound follows a reload."""
        limited(stopped, MaxActivePerUser=2, MaxPerHost=16).start()
        games, news = users
        mine = games.add(*(origin.url(f"/gate/g/bytes/10/{i}") for i in range(6)))
        theirs = news.add(*(origin.url(f"/gate/g/bytes/10/{i}") for i in range(6)))
        origin.wait_gated("g", 4)
        assert status(games)["usage"]["active"] == status(news)["usage"]["active"] == 2
        assert status(games)["usage_limits"]["active"] == 2
        assert "2 of 2 at once" in games.ok("status").out
        assert status(games)["counts"]["queued"] == 4
        reload(stopped, MaxActivePerUser=3)
        origin.wait_gated("g", 6)
        assert status(games)["usage"]["active"] == status(news)["usage"]["active"] == 3
        origin.release("g")
        assert games.wait(*mine).code == 0 and news.wait(*theirs).code == 0


@pytest.mark.parametrize("how", ["limit", "reload"])
def test_11_more_room_is_noticed_at_once(stopped, ctl, origin, how):
    limited(stopped, MaxDiskPerUser="4M")
    stopped.options["Retry.HoldInterval"] = "1h"
    stopped.start()
    [big] = ctl.add(origin.url(f"/bytes/{8 * MIB}/a"))
    held(ctl, big)
    if how == "limit":
        ctl.ok("limit", "max-disk-per-user", "10M")
    else:
        stopped.options["Queue.MaxDiskPerUser"] = "10M"
        stopped.write_config()
        stopped.signal(signal.SIGHUP)
    assert ctl.wait(big).code == 0
