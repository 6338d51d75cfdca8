"""What stops a start: the exit status and the sentence of the contract, and nothing touched."""
import contextlib
import re
import sqlite3
import subprocess

import pytest

from harness import LIMIT, Daemon


def other(room):
    """A second daemon over the same configuration."""
    class Neighbour:
        path = room.path / "second"
        state, downloads, socket, config = room.state, room.downloads, path / "s", path / "fetchd.conf"
        environment = room.environment

    Neighbour.path.mkdir()
    return Daemon(Neighbour)


def test_01_a_second_daemon_on_one_state(daemon, ctl, room, origin):
    second = other(room)
    second.options["Transfer.DownloadRoots"] = second.options["Transfer.DefaultDirectory"] = second.room.path
    code, said = second.refuse()
    assert code == 75 and str(room.state) in said
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/a"))).code == 0
    second.close()


def test_02_a_second_daemon_on_one_root(daemon, ctl, room, origin):
    second = other(room)
    second.options["Daemon.StateDirectory"] = second.room.path / "state"
    code, said = second.refuse()
    assert code == 75 and str(room.downloads) in said
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/a"))).code == 0
    second.close()


def test_03_a_second_daemon_on_one_socket(daemon, ctl, room):
    second = other(room)
    second.options.update({"Daemon.StateDirectory": second.room.path / "state", "Daemon.Socket": room.socket,
                           "Transfer.DownloadRoots": second.room.path, "Transfer.DefaultDirectory": second.room.path})
    code, said = second.refuse()
    assert code == 75 and str(room.socket) in said
    ctl.ok("ping")
    second.close()


def harm_version(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=9999")


def harm_application(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id=12345")


def harm_garbage(path):
    path.write_bytes(b"This is not a database at all. " * 400)


def harm_header(path):
    data = bytearray(path.read_bytes())
    data[0:100] = bytes(100)
    path.write_bytes(data)


def harm_middle(path):
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


def harm_page(path, of):
    """The first page of a table or index."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (of,)).fetchone()
        size, = db.execute("PRAGMA page_size").fetchone()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 200)


def harm_index(path):
    """Found when the queue is read, after all that is looked at when it is opened."""
    harm_page(path, "jobs_state")


@pytest.mark.parametrize("harm", [harm_version, harm_application, harm_garbage, harm_header, harm_middle, harm_index])
def test_04_a_database_that_is_not_ours(daemon, ctl, origin, room, harm):
    jobs = ctl.add(origin.url("/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    daemon.stop()
    path = room.state / "queue.db"
    good = path.read_bytes()
    harm(path)
    harmed = path.read_bytes()
    assert harmed != good
    code, said = daemon.refuse()
    assert code == 65 and str(path) in said
    assert path.read_bytes() == harmed
    path.write_bytes(good)
    origin.release("g")
    daemon.start()
    assert sorted(ctl.jobs()) == jobs and ctl.wait(*jobs).code == 0


def test_04_a_damaged_database_is_repaired_by_the_command_that_is_named(daemon, ctl, origin, room):
    jobs = ctl.add(origin.url("/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    ctl.wait(jobs[0])
    daemon.stop()
    harm_page(room.state / "queue.db", "attempts")
    daemon.start()
    assert ctl("retry", jobs[1]).code == 0 and origin.release("g") is None
    code = daemon.wait_exit()
    command = re.search("repair it with: (.*)", daemon.log.text())
    assert code == 65 and command, daemon.log.text()
    subprocess.run(["sh", "-c", command.group(1)], check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
    daemon.start()
    assert sorted(ctl.jobs()) == jobs and ctl.wait(*jobs).code == 0


def test_05_a_foreign_database(stopped, room):
    room.state.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as db:
        db.execute("CREATE TABLE photos (id INTEGER)")
    (room.state / "queue.db").chmod(0o600)
    before = (room.state / "queue.db").read_bytes()
    code, said = stopped.refuse()
    assert code == 65 and "queue.db" in said
    assert (room.state / "queue.db").read_bytes() == before


@pytest.mark.parametrize("line", [
    "MaxActive=banana", "MaxActive=0", "MaxActive=-1", "NoSuchKey=1", "KeepFinished=soon", "MaxActive=99999999999999999999",
])
def test_06_a_bad_configuration(stopped, room, line):
    stopped.options["Queue.MaxActive"] = 3
    stopped.write_config()
    lines = room.config.read_text().replace("MaxActive=3", line)
    at = lines.splitlines().index(line) + 1
    stopped.write_config = lambda: room.config.write_text(lines)
    code, said = stopped.refuse()
    assert code == 78 and f"{room.config}:{at}:" in said and line.split("=")[0].split()[0] in said
    assert not room.state.exists()


def test_06_a_line_that_is_nothing(stopped, room):
    stopped.write_config = lambda: room.config.write_text("[Queue]\njust words\n")
    code, said = stopped.refuse()
    assert code == 78 and f"{room.config}:2:" in said


def test_07_a_bad_section(stopped, room):
    stopped.options["Quue.MaxActive"] = 3
    code, said = stopped.refuse()
    assert code == 78 and str(room.config) in said and "Quue" in said


@pytest.mark.parametrize("override, named", [
    ("Queue.MaxActive=banana", "MaxActive"), ("Queue.NoSuchKey=1", "NoSuchKey"), ("MaxActive", "MaxActive"),
    ("NoSection.Key=1", "NoSection"),
])
def test_08_a_bad_override(stopped, override, named):
    code, said = stopped.refuse("-o", override)
    assert code == 78 and named in said


def test_09_an_override_wins(stopped, ctl):
    stopped.options["Queue.MaxActive"] = 3
    stopped.start("-o", "Queue.MaxActive=5")
    assert ctl.ok("--json", "status").json[0]["max_active"] == 5


def test_10_a_configuration_that_is_not_there(stopped, room):
    stopped.write_config = lambda: None
    code, said = stopped.refuse()
    assert code == 78 and str(room.config) in said


@pytest.mark.parametrize("change", [
    {"Transfer.DownloadRoots": "/nonexistent/fetchd", "Transfer.DefaultDirectory": "/nonexistent/fetchd"},
    {"Transfer.DownloadRoots": "relative"}, {"Transfer.DefaultDirectory": "/etc"},
    {"Transfer.CAFile": "/nonexistent/ca.pem"}, {"Transfer.Protocols": "gopher"},
])
def test_11_places_that_cannot_be(stopped, change):
    stopped.options.update(change)
    code, said = stopped.refuse()
    assert code == 78 and list(change)[0].partition(".")[2] in said


def run(daemon, *arguments):
    daemon.write_config()
    return subprocess.run(daemon.command(*arguments), capture_output=True, text=True, timeout=LIMIT,
                          env=daemon.room.environment())


def test_12_check_config(stopped):
    assert run(stopped, "--check-config").returncode == 0
    stopped.options["Queue.MaxActive"] = "banana"
    done = run(stopped, "--check-config")
    assert done.returncode == 78 and "MaxActive" in done.stderr


def test_13_print_config_is_a_configuration(stopped, room):
    stopped.options["Queue.MaxActive"] = 7
    done = run(stopped, "--print-config")
    assert done.returncode == 0 and "MaxActive=7" in done.stdout
    stopped.write_config = lambda: room.config.write_text(done.stdout)
    stopped.start()


def test_14_help_and_version(stopped):
    assert "--check-config" in run(stopped, "--help").stdout
    assert run(stopped, "--version").stdout.startswith("fetchd ")
    assert run(stopped, "--no-such-option").returncode not in (0, 75)


def test_14_a_closed_standard_error_is_nobody_elses(stopped, ctl, room, origin):
    """No file of the daemon gets its number, and the log with it."""
    plain = stopped.command
    stopped.command = lambda *arguments: ["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *plain(*arguments)]
    stopped.start()
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/a"))).code == 0
    assert (room.state / "lock").read_text() == f"{stopped.process.pid}\n"


def test_15_a_row_that_makes_no_sense_and_its_group(stopped, ctl, room, origin):
    """It fails like any other of its group, and what it had on disk is not counted any more."""
    stopped.start()
    ctl.ok("drain")
    bad, other = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("UPDATE jobs SET resume = 77, received = 5 WHERE id = ?", (bad,))
        database.execute("UPDATE usage SET bytes = 5")
    stopped.start()
    assert ctl("wait", "-g", "g").code == 1
    assert [ctl.job(job)["error"]["code"] for job in (bad, other)] == ["E_INTERNAL", "E_GROUP"]
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        assert database.execute("SELECT sum(bytes) FROM usage").fetchone() == (0,)
    stopped.start()


@pytest.mark.parametrize("state", ["queued", "waiting", "active"])
def test_15_rows_that_make_no_sense(stopped, ctl, room, origin, state):
    """They fail, and the others go on."""
    stopped.start()
    ctl.ok("drain")
    bad = ctl.add(origin.url("/bytes/10/a"), origin.url("/bytes/10/b"), origin.url("/bytes/10/c"))
    good = ctl.add(origin.url("/bytes/10/d"))
    stopped.stop()
    number = {"queued": 1, "waiting": 2, "active": 3}[state]
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute(f"UPDATE jobs SET state = {number}, received = -5 WHERE id = ?", (bad[0],))
        database.execute(f"UPDATE jobs SET state = {number}, resume = 77 WHERE id = ?", (bad[1],))
        database.execute(f"UPDATE jobs SET state = {number}, waiting_for = 99 WHERE id = ?", (bad[2],))
    stopped.start()
    assert ctl.wait(*good).code == 0
    assert ctl.wait(*bad).code != 0
    for job in bad:
        assert (ctl.job(job)["state"], ctl.job(job)["error"]["code"]) == ("failed", "E_INTERNAL")
    ctl.ok("retry", *bad)
    assert ctl.wait(*bad).code == 0
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        assert database.execute("SELECT state, n FROM counters WHERE n > 0 AND state > 1").fetchall() == [(5, 4)]
    stopped.start()
