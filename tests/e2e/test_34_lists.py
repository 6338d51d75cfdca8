"""Lists and selections: by whatever index is the narrowest, in the order of ids, a bounded number of rows a turn."""
import contextlib
import os
import sqlite3

import pytest

from harness import Ctl, Daemon, Room, plain
from origin import Origin

N = 20000
STATES = ("queued", "waiting", "active", "paused", "done", "failed", "cancelled")


def state_of(i):
    if i % 997 == 0:
        return 6
    if i % 1499 == 0:
        return 4
    return 5 if i % 3 == 0 else 1


def host_of(i):
    return "rare.example" if i in (100, 9000, N) else f"h{i % 50}.example"


def group_of(i):
    """small: a few; big: half of all; theirs: another owner's of the same name as small."""
    return 2 if i in (5, 12000) else 1 if i % 2 else 0


JOBS = {i: (STATES[state_of(i) - 1], host_of(i), {0: None, 1: "big", 2: "small"}[group_of(i)]) for i in range(1, N + 1)}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("q") / "queue.db"


def start_large(daemon, database, origin):
    """A queue of 20,000 jobs, none of which runs: one more, another user's, has the slot; and draining."""
    state, ctl = daemon.room.state, Ctl(daemon.room, plain("fetchctl"))
    path = state / "queue.db"
    if database.exists():
        state.mkdir(mode=0o700)
    else:
        daemon.start()
        daemon.stop()
        fill(path)
        database.write_bytes(path.read_bytes())
    path.write_bytes(database.read_bytes())
    path.chmod(0o600)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET url = ?, dir = ?, priority = 100 WHERE id = ?",
                   (origin.url("/gate/g/bytes/1/x"), str(daemon.room.downloads), N + 1))
        db.execute("INSERT INTO origins VALUES (1000, ?)".replace("origins", "origins (id, origin)"),
                   (origin.url("").rstrip("/"),))
        db.execute("UPDATE jobs SET origin = 1000 WHERE id = ?", (N + 1,))
    daemon.options.update({"Queue.KeepFinished": "36500d", "Queue.KeepFailed": "36500d", "Queue.MaxActive": 1,
                           "Retry.Deadline": "infinity"})
    daemon.start()
    origin.wait_gated("g")
    ctl.ok("drain")
    return daemon


@pytest.fixture
def large(database, stopped, origin):
    return start_large(stopped, database, origin)


@pytest.fixture(scope="module")
def asked(database, tmp_path_factory):
    """The client of one that is only asked."""
    daemon = Daemon(Room(tmp_path_factory.mktemp("t")))
    with Origin() as origin:
        yield Ctl(start_large(daemon, database, origin).room, plain("fetchctl"))
        daemon.close()


def fill(path):
    hosts = sorted({host_of(i) for i in range(1, N + 1)})
    uid = os.getuid()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO origins (id, origin) VALUES (?, ?)",
                       [(n, f"http://{host}:80") for n, host in enumerate(hosts, 1)])
        db.executemany("INSERT INTO groups (id, owner, name, created_usec) VALUES (?, ?, ?, 1)",
                       [(1, uid, "big"), (2, uid, "small"), (3, uid, "empty"), (4, 4711, "small")])
        db.executemany(
            "INSERT INTO jobs (id, state, owner, origin, created_usec, finished_usec, url, dir, name, group_id)"
            " VALUES (?, ?, ?, ?, 1, ?, ?, '/nowhere', ?, ?)",
            [(i, state_of(i), uid, hosts.index(host_of(i)) + 1, 1 if state_of(i) > 4 else 0,
              f"http://{host_of(i)}/{i}", f"f{i}", group_of(i)) for i in range(1, N + 1)])
        db.execute("INSERT INTO jobs (id, state, owner, origin, created_usec, url, dir, name, group_id)"
                   " VALUES (?, 1, 4711, 1, 1, 'http://h0.example/x', '/nowhere', 'x', 4)", (N + 1,))
        db.execute("DELETE FROM counters")
        db.execute("INSERT INTO counters SELECT owner, state, count(*) FROM jobs GROUP BY owner, state")
        for number, state in enumerate(STATES, 1):
            db.execute(f"UPDATE groups SET {state} = (SELECT count(*) FROM jobs WHERE group_id = groups.id AND state = ?)",
                       (number,))
        db.execute("UPDATE sequences SET last = ? WHERE name = 'job'", (N + 1,))


def wanted(states=None, host=None, group=None):
    return [i for i, (state, on, of) in JOBS.items()
            if (not states or state in states) and (not host or on == host) and (not group or of == group)]


def ids(ctl, *options):
    return [job["id"] for job in ctl.ok("--json", "list", "--mine", *options).json]


FILTERS = [
    {},
    {"states": ["failed"]},
    {"states": ["failed", "paused"]},
    {"states": ["failed", "queued"]},
    {"states": ["waiting"]},
    {"states": ["done"]},
    {"host": "rare.example"},
    {"host": "h7.example"},
    {"host": "rare.example", "states": ["queued", "done"]},
    {"host": "h7.example", "states": ["failed"]},
    {"host": "nowhere.example"},
    {"group": "small"},
    {"group": "big"},
    {"group": "empty"},
    {"group": "big", "states": ["failed", "paused"]},
    {"group": "big", "host": "rare.example"},
    {"group": "small", "states": ["failed"]},
]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_01_whatever_is_asked(asked, chosen, reverse):
    options = ["--reverse"] if reverse else []
    if "states" in chosen:
        options += ["--state", ",".join(chosen["states"])]
    if "host" in chosen:
        options += ["--host", chosen["host"]]
    if "group" in chosen:
        options += ["-g", chosen["group"]]
    expect = wanted(**chosen)
    if reverse:
        expect.reverse()
    assert ids(asked, *options) == expect
    assert ids(asked, "-n", 3, *options) == expect[:3]


@pytest.mark.parametrize("host, found", [
    ("rare.example", True), ("RARE.example", True), ("rare.example:80", True), ("http://rare.example", True),
    ("http://rare.example:80", True), ("https://rare.example", False), ("rare.example:8", False), ("are.example", False),
    ("rare.exampl", False), ("http://", False),
])
def test_02_how_a_host_is_written(asked, host, found):
    assert ids(asked, "--host", host) == (wanted(host="rare.example") if found else [])


def test_03_another_users(asked):
    """Everyone's group of a name for those who may see it; one's own else."""
    everyone = [job["id"] for job in asked.ok("--json", "list", "--all-users", "-g", "small").json]
    assert everyone == [*wanted(group="small"), N + 1]
    assert len(asked.ok("--json", "list", "--all-users").lines) == N + 1


def test_05_a_group_is_known_without_jobs(large, ctl):
    assert ids(ctl, "-g", "empty") == []
    assert ctl("list", "-g", "unknown").code == 3
    for verb in ("pause", "resume", "cancel", "retry", "remove"):
        assert ctl(verb, "-g", "unknown").code == 3
        result = ctl(verb, "-g", "empty")
        assert result.code == 0 and " 0 jobs" in result.err


def test_06_a_page_at_a_time(large, room):
    """Pages may be short; together they are all."""
    import varlink
    link = varlink.Link(room)
    got, after = [], 0
    while True:
        reply = link.call(varlink.MANAGER + "List", {"selection": {"states": ["failed"], "host": "h7.example"},
                                                     "after": after})["parameters"]
        got += [job["id"] for job in reply["jobs"]]
        if not (after := reply.get("next", 0)):
            break
    assert got == wanted(states=["failed"], host="h7.example")


@pytest.mark.parametrize("verb, states, becomes", [
    ("retry", ["failed"], "queued"), ("pause", ["queued"], "paused"), ("resume", ["paused"], "queued"),
    ("cancel", ["queued", "paused"], "cancelled"), ("remove", list(STATES), None),
])
@pytest.mark.parametrize("how", ["state", "group", "host", "all"])
def test_07_verbs_on_selections(large, ctl, room, verb, states, becomes, how):
    """Each does it to those of its states, and leaves the others."""
    chosen = {"state": {"states": states}, "group": {"group": "big"}, "host": {"host": "h7.example"}, "all": {}}[how]
    options = {"state": ["--state", ",".join(states)], "group": ["-g", "big"], "host": ["--host", "h7.example"],
               "all": ["--all"]}[how]
    hit = set(wanted(**chosen)) & set(wanted(states=states if verb != "retry" or how == "state"
                                             else ["failed", "paused"]))
    result = ctl.ok("--json", verb, *options)
    others = (how == "all" and verb in ("pause", "cancel", "remove")) + (how == "state" and verb == "remove")
    assert result.json[0]["changed"] == len(hit) + others
    large.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db:
        now = dict(db.execute("SELECT id, state FROM jobs WHERE id <= ?", (N,)))
        for owner, state, n in db.execute("SELECT owner, state, count(*) FROM jobs GROUP BY owner, state"):
            assert db.execute("SELECT n FROM counters WHERE owner = ? AND state = ?", (owner, state)).fetchone() == (n,)
    for i, (state, _, _) in JOBS.items():
        expect = becomes if i in hit else state
        assert (STATES[now[i] - 1] if i in now else None) == expect, i


def test_08_failed_ones(large, ctl):
    assert ctl.ok("--json", "retry", "--failed").json[0]["changed"] == len(wanted(states=["failed"]))
    assert ctl.ok("--json", "retry", "--failed").json[0]["changed"] == 0
    result = ctl("retry", "--failed")
    assert result.code == 0 and "0 jobs" in result.err
    assert ctl("retry").code == 2


def test_09_others_are_served_meanwhile(large, ctl, room):
    """While a list looks for what is nowhere, the engine answers."""
    import varlink
    slow, quick = varlink.Link(room), varlink.Link(room)
    for _ in range(50):
        slow.say(varlink.MANAGER + "List", {"selection": {"host": "rare.example", "states": ["done", "queued"]}})
        assert quick.call(varlink.MANAGER + "Inspect", {"id": 1})["parameters"]["job"]["id"] == 1
        assert "parameters" in slow.hear()
