"""backup: a consistent copy of the queue, made while it changes."""
import base64
import contextlib
import os
import socket
import sqlite3
import stat
import threading
import time
from pathlib import Path

import pytest

from harness import LIMIT, Ctl, Daemon, Room
from origin import content
import varlink


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        counted = {(owner, state): n for owner, state, n in db.execute("SELECT * FROM counters") if n}
        assert counted == {(owner, state): n for owner, state, n in db.execute(
            "SELECT owner, state, count(*) FROM jobs GROUP BY owner, state")}
        return [row[0] for row in db.execute("SELECT id FROM jobs ORDER BY id")]


def fill(ctl, room, n):
    (room.path / "list").write_text("".join(f"http://localhost:1/{'x' * 400}/{i}\n" for i in range(n)))
    return ctl.add("-i", room.path / "list")


def left(room):
    return [p.name for p in room.state.iterdir() if "copy" in p.name]


@pytest.fixture
def draining(daemon, ctl):
    ctl.ok("drain")
    return daemon


def test_01_a_copy_opens_as_a_queue(draining, ctl, origin, room, tmp_path_factory):
    ids = fill(ctl, room, 3000)
    [job] = ctl.add(origin.url("/bytes/1000/a"), "-u", "me:pw", "-g", "g", "--key", "k")
    ctl.ok("backup", room.path / "copy.db")
    assert os.stat(room.path / "copy.db").st_mode & 0o777 == 0o600
    assert rows(room.path / "copy.db") == [*ids, job] and left(room) == []
    assert not (room.path / "copy.db.part").exists()
    ctl.ok("remove", "--all")
    draining.stop()

    other = Room(tmp_path_factory.mktemp("o"))
    other.state.mkdir(mode=0o700)
    os.rename(room.path / "copy.db", other.state / "queue.db")
    second, client = Daemon(other), Ctl(other)
    second.options["Transfer.DownloadRoots"] = second.options["Transfer.DefaultDirectory"] = room.downloads
    try:
        second.start()
        client.ok("cancel", *ids)
        assert client.wait(job).code == 0
        assert content.same_as_file(room.downloads / "a", "a", 1000)
        assert client.add("--key", "k", origin.url("/bytes/1000/a")) == [job]
        assert origin.requests("/bytes/1000/a")[0].headers["authorization"].startswith("Basic")
        second.stop()
    finally:
        second.close()
        client.close()


def test_02_it_is_whole_while_all_changes(daemon, ctl, origin, room):
    """Adds, ends and removals go on: each copy is a queue of one moment, and has all that was there before."""
    before = fill(ctl, room, 2000)
    ctl.ok("pause", "--all")
    over = threading.Event()
    seen = []

    def churn():
        n = 0
        while not over.is_set():
            n += 1
            seen.append(ctl.add(origin.url(f"/bytes/10/f{n}"), "-g", f"g{n % 7}")[0])
            ctl.ok("remove", before[-n])

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for n in range(4):
            known = list(seen)
            ctl.ok("backup", room.path / f"copy{n}")
            assert set(known) <= set(rows(room.path / f"copy{n}"))
    finally:
        over.set()
        thread.join()


def test_03_files_that_are_there(daemon, ctl, room):
    path = room.path / "copy"
    path.write_text("mine")
    result = ctl("backup", path)
    assert result.code == 5 and "--force" in result.err and path.read_text() == "mine"
    ctl.ok("backup", "--force", path)
    assert rows(path) == [] and os.stat(path).st_mode & 0o777 == 0o600
    assert ctl("backup").code == 2 and ctl("backup", "a", "b").code == 2
    assert ctl("backup", room.path / "no" / "where").code == 74
    assert ctl("backup", "-").code == 2 and not (room.downloads / "-").exists()
    (room.path / "part").symlink_to("/nowhere")
    os.rename(room.path / "part", room.path / "new.part")
    ctl.ok("backup", room.path / "new")
    assert rows(room.path / "new") == [] and (room.path / "new.part").is_symlink()
    (room.path / "old.part").write_text("of one that was killed")
    (room.path / "old").write_text("mine")
    ctl.ok("backup", "--force", room.path / "old")
    assert rows(room.path / "old") == [] and not (room.path / "old.part").exists()
    (room.path / "dir").mkdir()
    assert ctl("backup", "--force", room.path / "dir").code == 74 and not (room.path / "dir.part").exists()


def test_05_a_client_that_goes_away(draining, ctl, room):
    """In the middle of the copy, or of the pieces: the next one is not held up, and nothing is left."""
    fill(ctl, room, 5000)
    for takes in (0, 1):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(room.socket))
            connection.sendall(b'{"method":"io.fetchd.Manager.Backup","parameters":{},"more":true}\0')
            if takes:
                assert connection.recv(100)
        # The other one's end may be heard after this one's begin.
        while (result := ctl("backup", "--force", room.path / "copy")).code == 75:
            assert "another backup" in result.err
        assert result.code == 0, result
    assert len(rows(room.path / "copy")) == 5000 and left(room) == []


def regular_sizes(pid):
    """Of the regular files that it has open."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            told = os.stat(entry)
            found += [told.st_size] if stat.S_ISREG(told.st_mode) else []
    return found


def test_04_a_client_that_is_killed_leaves_nothing(room, ctl):
    """This test is the daemon, which stops in the middle."""
    (room.path / "out").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(room.socket))
        listening.listen()
        client = ctl.spawn("backup", room.path / "out" / "copy")
        connection, _ = listening.accept()
        with connection:
            assert b"Backup" in connection.recv(1000)
            piece = base64.b64encode(b"x" * 1000).decode()
            connection.sendall(b'{"parameters":{"data":"%s","size":2000},"continues":true}\0' % piece.encode())
            deadline = time.monotonic() + LIMIT
            while 1000 not in regular_sizes(client.process.pid):
                assert time.monotonic() < deadline, "nothing was written"
                time.sleep(0.01)
            client.process.kill()
            client.process.wait()
    assert list((room.path / "out").iterdir()) == []


def test_06_one_at_a_time(draining, ctl, room):
    fill(ctl, room, 3000)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(room.socket))
        connection.sendall(b'{"method":"io.fetchd.Manager.Backup","parameters":{},"more":true}\0')
        assert connection.recv(10)
        result = ctl("backup", room.path / "copy")
        assert result.code == 75 and "another backup" in result.err
        assert not (room.path / "copy.part").exists()


def test_07_what_a_crash_has_left_is_swept(stopped, ctl, room):
    room.state.mkdir(mode=0o700)
    (room.state / "queue.db.copy").write_text("half a copy")
    stopped.start()
    assert left(room) == []
    [reply] = [line for line in stopped.log.text().splitlines() if "not finished" in line]
    assert "queue.db.copy" in reply


def test_08_no_room(disks, stopped, ctl, room):
    """The copy is refused, the queue goes on, and with room again there is one."""
    disk = disks.tmpfs("16M")
    stopped.options["Daemon.StateDirectory"] = room.state = disk.path / "state"
    stopped.start()
    ctl.ok("drain")
    ids = fill(ctl, room, 2000)
    disk.fill(512 * 1024)
    result = ctl("backup", room.path / "copy")
    assert result.code == 75 and "E_DB" in result.err and "no room" in result.err, result
    assert left(room) == [] and not (room.path / "copy").exists() and not (room.path / "copy.part").exists()
    ctl.ok("pause", ids[0])
    disk.empty()
    ctl.ok("backup", room.path / "copy")
    assert rows(room.path / "copy") == ids
    stopped.stop()


def test_09_the_daemon_goes_away(draining, ctl, room):
    fill(ctl, room, 3000)
    client = ctl.spawn("backup", room.path / "copy")
    draining.kill9()
    assert client.process.wait(LIMIT) in (0, 69)
    assert (room.path / "copy").exists() == (client.process.returncode == 0)
    draining.start()
    assert left(room) == []


def test_10_the_protocol(draining, room):
    link = varlink.Link(room)
    assert "ExpectedMore" in link.call(varlink.MANAGER + "Backup")["error"]
    assert "InvalidParameter" in link.call(varlink.MANAGER + "Backup", {"to": "/tmp/x"}, more=True)["error"]
    link.say(varlink.MANAGER + "Backup", {}, more=True)
    data, continues = b"", True
    while continues:
        message = link.hear()
        data += base64.b64decode(message["parameters"]["data"], validate=True)
        continues = message.get("continues", False)
    assert len(data) == message["parameters"]["size"] and data.startswith(b"SQLite format 3\0")
