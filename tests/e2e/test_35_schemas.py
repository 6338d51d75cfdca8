"""Queues of earlier versions of the schema, as the programs of their time left them. Version 1 by itself: test_14, 24."""
import base64
import contextlib
import json
import os
import pathlib
import sqlite3

import pytest

from origin import content

# Never changed by anything but an edit.
ASKED = ("id, owner, priority, url, dir, key, headers, user_agent, referer, checksum, limit_rate, max_filesize,"
         " retry_delay_usec, max_time_usec, connect_timeout_usec, deadline_usec, max_attempts, on_conflict, created_usec")
ASKED_2 = ", resume, auth, remote_name, conditional, insecure, if_newer_usec"
ASKED_3 = ", group_id, mirrors, not_before_usec, same, edits"
ASKED_4 = ", split, hooks"
PARTS = {1: {4: ("cut", 2000000), 5: ("dated", 2000000)},
         2: {4: ("cut", 2000000), 5: ("dated", 2000000), 13: ("active", 500000)}}
PARTS[3] = PARTS[2]
PARTS[4] = {7: ("active", 500000)}


def newest():
    source = (pathlib.Path(__file__).resolve().parents[2] / "src/fetchd/store/schema.c").read_text()
    return source.count("static const char migration_")


@pytest.fixture
def old(request, stopped, origin, room):
    """The database of a version in place, with the parts it speaks of."""
    version = request.param
    text = (pathlib.Path(__file__).parent / f"schema_{version}.sql").read_text()
    text = text.replace("@DIR@", str(room.downloads)).replace("@ADDRESS@", "127.0.0.1:9")
    for port in range(4):
        text = text.replace(f"@ORIGIN{port}@", origin.url("", port).rstrip("/"))
    room.state.mkdir(mode=0o700)
    path = room.state / "queue.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(text + f"PRAGMA application_id = {0x46544348}; PRAGMA user_version = {version};")
    path.chmod(0o600)
    parts = room.downloads / ".fetchd"
    parts.mkdir(mode=0o700)
    for job, (seed, size) in PARTS[version].items():
        (parts / f"{job}.0.part").write_bytes(content.span(seed, 0, size))
        (parts / f"{job}.0.part").chmod(0o600)
    stopped.options.update({"Retry.Deadline": "infinity", "Queue.KeepFinished": "36500d", "Queue.KeepFailed": "36500d",
                            "Retry.MaxDelay": "1s", "Retry.MaxRetryAfter": "1s", "Retry.HoldInterval": "1s"})
    return version


def rows(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def check_copy(path, version):
    """What was there before is kept whole."""
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert rows(path, "PRAGMA user_version") == [(version,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, f"PRAGMA application_id") == [(0x46544348,)]


def check_counts(path):
    """Counters and groups count what is there."""
    states = ["queued", "waiting", "active", "paused", "done", "failed", "cancelled"]
    assert {row[:2]: row[2] for row in rows(path, "SELECT owner, state, n FROM counters WHERE n > 0")} == {
        row[:2]: row[2] for row in rows(path, "SELECT owner, state, count(*) FROM jobs GROUP BY owner, state")}
    for group, *counts in rows(path, f"SELECT id, {', '.join(states)} FROM groups"):
        there = dict(rows(path, f"SELECT state, count(*) FROM jobs WHERE group_id = {group} GROUP BY state"))
        assert counts == [there.get(state, 0) for state in range(1, 8)]


@pytest.mark.parametrize("old", [1, 2, 3, 4], indirect=True)
def test_01_every_job_is_there_as_it_was(old, stopped, ctl, room):
    path = room.state / "queue.db"
    columns = ASKED + (ASKED_2 if old > 1 else "") + (ASKED_3 if old > 2 else "") + (ASKED_4 if old > 3 else "")
    named = "SELECT jobs.id, groups.name FROM jobs LEFT JOIN groups ON groups.id = group_id ORDER BY jobs.id"
    was = rows(path, f"SELECT {columns} FROM jobs ORDER BY id")
    groups = rows(path, named if old > 2 else "SELECT id, grp FROM jobs ORDER BY id")
    attempts = rows(path, "SELECT * FROM attempts ORDER BY job, number") if old > 1 else []
    secrets = rows(path, "SELECT * FROM secrets ORDER BY job") if old > 1 else []
    last = rows(path, "SELECT name, last FROM sequences ORDER BY name")
    stopped.options["Schedule.Window"] = "stop"  # nothing runs, so nothing is done
    stopped.start()
    shown = {job["id"]: job.get("group") for job in ctl.jobs().values()}
    stopped.kill9()
    check_copy(f"{path}.schema-{old}.backup", old)
    assert rows(f"{path}.schema-{old}.backup", f"SELECT {columns} FROM jobs ORDER BY id") == was
    assert rows(path, "PRAGMA user_version") == [(newest(),)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)] and rows(path, "PRAGMA foreign_key_check") == []
    assert rows(path, f"SELECT {columns} FROM jobs ORDER BY id") == was
    assert rows(path, named) == groups == sorted(shown.items())
    if old > 1:
        kept = {row[:2] for row in rows(path, "SELECT job, number FROM attempts")}
        assert {row[:2] for row in attempts} <= kept
        assert set(secrets) <= set(rows(path, "SELECT * FROM secrets"))
    assert [n for _, n in rows(path, "SELECT name, last FROM sequences ORDER BY name")] >= [n for _, n in last]
    check_counts(path)


@pytest.mark.parametrize("old", [2], indirect=True)
def test_02_version_2_goes_on(old, stopped, ctl, origin, room):
    path = room.state / "queue.db"
    stopped.start()
    assert {n: job["state"] for n, job in ctl.jobs().items() if n in (1, 2, 6, 7, 10, 12)} == {
        1: "done", 2: "failed", 6: "cancelled", 7: "paused", 10: "done", 12: "paused"}
    assert ctl.job(7)["name"] == "odd ü ' name" and ctl.job(3)["priority"] == 5
    assert ctl.wait(3, 4, 5, 8, 9, 13).code == 0
    for name, size, start in (("cut", 3000000, 2000000), ("dated", 3000000, 2000000), ("active", 1000000, 500000)):
        assert content.same_as_file(room.downloads / name, name, size)
        assert [r.range for r in origin.requests() if f"/{name}?" in r.target] == [f"bytes={start}-"]
    headers = {r.target.partition("?")[0].rpartition("/")[2]: r.headers for r in origin.requests()}
    assert base64.b64decode(headers["cut"]["authorization"].split()[1]) == b"user:p@ss:w"
    assert headers["dated"]["authorization"] == "Bearer canary" and headers["dated"]["referer"].endswith("/ref")
    assert headers["dated"]["x-one"] == "1" and headers["dated"]["x-two"] == "2"
    assert headers["behind"]["cookie"] == "c=canary"
    assert "p@ss" not in json.dumps(ctl.jobs()) and "canary" not in json.dumps(ctl.jobs())
    origin.release("g")
    ctl.ok("resume", 7)
    ctl.ok("retry", 6)
    assert ctl.wait(7).code == 0
    ctl.ok("cancel", "--state", "waiting,paused,queued,active")
    ctl.ok("remove", "-g", "odd ü☃")
    assert ctl.add("--key", "k1", ctl.job(3)["url"]) == [3]
    assert ctl.add(origin.url("/bytes/10/more")) == [14]
    assert ctl.wait(14).code == 0
    stopped.stop()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    check_counts(path)
    assert not any(secret in path.read_bytes() for secret in (b"p@ss", b"canary"))


@pytest.mark.parametrize("old", [3], indirect=True)
def test_03_version_3_goes_on(old, stopped, ctl, origin, room):
    path = room.state / "queue.db"
    stopped.start()
    assert {n: job["state"] for n, job in ctl.jobs().items() if n in (1, 2, 6, 7, 10, 11, 12)} == {
        1: "done", 2: "failed", 6: "cancelled", 7: "paused", 10: "waiting", 11: "waiting", 12: "waiting"}
    assert ctl.job(12)["waiting_for"] == "schedule" and len(ctl.job(8)["mirrors"]) == 2
    limit = {row["name"]: row for row in ctl.ok("--json", "limit").json}["max-active"]
    assert limit["value"] == 33 and limit["source"] == "saved"
    # Killed by a crash, it begins anew where it was; what follows begins when these are done.
    assert ctl.wait(3, 4, 5, 10, 11, 13).code == 0
    for name, size, start in (("cut", 3000000, 2000000), ("dated", 3000000, 2000000), ("active", 1000000, 500000)):
        assert content.same_as_file(room.downloads / name, name, size)
        assert [r.range for r in origin.requests() if f"/{name}?" in r.target] == [f"bytes={start}-"]
    [group] = ctl.ok("--json", "group", "show", "strict").json
    assert group["policy"] == "fail_fast" and group["limit_rate"] == 5 << 20
    ctl.ok("retry", 12)
    assert ctl.wait(12).code == 0
    ctl.ok("cancel", "--state", "waiting,paused,queued,active")
    stopped.stop()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    check_counts(path)


@pytest.mark.parametrize("old", [4], indirect=True)
def test_04_version_4_goes_on(old, stopped, ctl, origin, room):
    path = room.state / "queue.db"
    for name in ("first", "second", "never", "again", "gate", "all"):
        stopped.options[f"Hook {name}.Command"] = "/bin/true"
    stopped.options.update({"Hook all.On": "group-done", "Hook gate.Delay": "10ms", "Hook all.Delay": "10ms"})
    stopped.start()
    # As the older program wrote them.
    watch = ctl.watch("--since", 0)
    watch.event(lambda event: event.get("id") == 25)
    past = [event for event in watch.seen() if event["kind"].startswith("hook_") and event["id"] <= 25]
    assert [(event["job_id"], event["kind"], "hook" in event) for event in past] == [
        (1, "hook_ok", False), (1, "hook_ok", False), (2, "hook_failed", False)]
    origin.release("g")
    assert ctl("wait", "--hooks", 1, 3, 4, 6, 7, 8).code == 0 and ctl("wait", "--hooks", "-g", "g").code == 0
    assert [r.range for r in origin.requests() if "/active?" in r.target] == ["bytes=500000-"]
    hooks = {n: [(hook["name"], hook["state"], hook["attempts"]) for hook in ctl.job(n)["hook_history"]] for n in range(1, 9) if n != 5}
    assert hooks == {1: [("first", "ok", 1), ("second", "ok", 1)], 2: [("never", "failed", 1), ("second", "failed", 0)],
                     3: [("again", "ok", 2), ("first", "ok", 1)], 4: [("gate", "ok", 2), ("first", "ok", 1)],
                     6: [("second", "ok", 1)], 7: [("first", "ok", 1)], 8: [("second", "ok", 1)]}
    assert ctl.ok("--json", "group", "show", "g").json[0]["hook_history"][0]["attempts"] == 2
    ctl.ok("retry", "--hooks", 2)
    assert ctl("wait", "--hooks", 2).code == 0
    assert [watch.kind("hook_ok", job)["hook"] for job in (6, 7, 8)] == ["second", "first", "second"]
    stopped.stop()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    check_counts(path)


def test_05_there_is_a_queue_of_every_version():
    there = {int(p.stem.rpartition("_")[2]) for p in pathlib.Path(__file__).parent.glob("schema_*.sql")}
    assert there == set(range(1, newest()))
