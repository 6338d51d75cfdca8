"""watch for shells: --format and --on-finish."""
import contextlib
import signal
import sqlite3

import pytest


def stop(stream):
    stream.process.send_signal(signal.SIGINT)
    stream.process.wait()


def test_01_a_form_of_ones_own(daemon, ctl, origin, room):
    watch = ctl.spawn("watch", "--since", 0, "--format", r"%i\t%k\t%n\t%p\t%e\t%g\t100%%")
    good, bad = ctl.add("-g", "set", "--retry", 0, origin.url("/bytes/10/good"), origin.url("/bytes/10/bad?status=404"))
    watch.lines.find(lambda line: line.startswith(f"{good}\tdone"))
    watch.lines.find(lambda line: line.startswith(f"{bad}\tfailed"))
    told = [line.split("\t") for line in watch.lines.lines]
    assert [good, "done", "good", str(room.downloads / "good"), "", "set", "100%"] == [int(x) if x.isdigit() else x for x in
                                                                                     next(row for row in told if row[1] == "done")]
    assert next(row for row in told if row[1] == "failed")[4] == "E_HTTP_404"
    stop(watch)


def test_02_a_command_for_each_that_ends(daemon, ctl, origin, room):
    log = room.downloads / "log"
    command = f'echo "$FETCHD_EVENT $FETCHD_JOB_ID $FETCHD_NAME $FETCHD_ERROR $FETCHD_PATH" >> {log}; test $FETCHD_EVENT = done'
    watch = ctl.spawn("watch", "--on-finish", command, "--since", 0)
    good, bad = ctl.add("--retry", 0, origin.url("/bytes/10/good;name"), origin.url("/bytes/10/bad?status=404"))
    ctl.wait(good, bad)
    watch.errors.find(lambda line: "it ended with status 1" in line)
    [gone] = ctl.add(origin.url("/gate/g/bytes/10/gone"))
    ctl.ok("cancel", gone)
    watch.errors.find(lambda line: "it ended with status 1" in line and watch.errors.text().count("status 1") == 2)
    path = ctl.job(good)["path"]
    assert sorted(log.read_text().splitlines()) == sorted([
        f"done {good} {ctl.job(good)['name']}  {path}", f"failed {bad} bad E_HTTP_404 ", f"cancelled {gone} gone  "])
    stop(watch)


def test_03_none_is_missed(daemon, ctl, origin, room):
    """The cursor of the last, and what has ended since is told when the watch comes back."""
    first = ctl.spawn("watch", "--since", 0, "--format", "%c %k %i")
    [a] = ctl.add(origin.url("/bytes/10/a"))
    line = first.lines.find(lambda line: line.endswith(f"done {a}"))
    stop(first)
    daemon.kill9()
    daemon.start()
    [b] = ctl.add(origin.url("/bytes/10/b"))
    ctl.wait(b)
    second = ctl.spawn("watch", "--since", line.split()[0], "--format", "%k %i")
    second.lines.find(lambda line: line == f"done {b}")
    assert f"done {a}" not in second.lines.text()
    stop(second)


@pytest.mark.parametrize("kept", [True, False], ids=["some", "none"])
def test_05_what_is_no_longer_kept(daemon, ctl, origin, room, kept):
    """It is said, with the cursor to go on from; and not where nothing is missing."""
    jobs = [job for name in "abc" for job in ctl.add(origin.url(f"/bytes/10/{name}"))]
    ctl.wait(*jobs)
    daemon.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database, database:
        [[last]] = database.execute("SELECT max(id) FROM events")
        database.execute("DELETE FROM events WHERE id < ?", (last if kept else last + 1,))
    daemon.start()
    first = last - 1 if kept else last
    watch = ctl.spawn("--json", "watch", "--since", 1)
    lost = watch.kind("lost")
    assert lost["id"] == first and lost["job_id"] == 0 and "job" not in lost
    if kept:
        assert watch.event(lambda event: event["kind"] != "lost")["id"] == last
    plain = ctl.spawn("watch", "--since", 1)
    line = plain.lines.find(lambda line: "lost" in line)
    assert line.startswith(f"{first}\t") and line.endswith("\tlost\t0\t\tevents between the cursor and this number are no longer kept")
    [job] = ctl.add(origin.url("/bytes/10/d"))
    for cursor in (0, first):
        other = ctl.spawn("--json", "watch", "--since", cursor)
        other.kind("done", job)
        assert all(event["kind"] != "lost" for event in other.seen()), (cursor, first, other.seen())


def test_04_refusals(daemon, ctl):
    for words, message in [(("--format", "%x"), "behind % stands"), (("--format", "%"), "behind % stands"),
                           (("--format", "a\\"), "behind \\ stands"), (("--json", "--format", "%i"), "give one")]:
        result = ctl("watch", *words)
        assert result.code == 2 and message in result.err, result


def test_06_the_harness_waits_for_its_watchers(daemon, ctl, origin, room):
    """However long a client takes to come, what happens behind watch() is seen."""
    real, slow = ctl.binary, room.path / "slow"
    slow.write_text(f"""#!/bin/sh
case $* in *watch*) for i in 0 1 2 3 4 5 6 7 8 9; do {real} -s {room.socket} hosts; done > {room.path}/out;; esac
exec {real} "$@"
""")
    slow.chmod(0o755)
    ctl.binary = slow
    watch = ctl.watch()
    ctl.binary = real
    [job] = ctl.add(origin.url("/bytes/10/a"))
    first = watch.event(lambda e: True)
    assert (first["kind"], first["job_id"]) == ("added", job)
