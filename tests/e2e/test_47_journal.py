"""The journal: fields, message ids, and that no line about a job lacks its id. The daemon has a mount namespace with a journal
socket of the test's own, and JOURNAL_STREAM names its standard error, as systemd has it."""
import ctypes
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

import pytest

from harness import LIMIT
from origin import netns

HEADER = pathlib.Path(__file__).resolve().parents[2] / "src" / "job" / "message.h"
IDS = dict(re.findall(r'#define MESSAGE_(\w+)\s+"(\w+)"', HEADER.read_text()))
LIBC = ctypes.CDLL(None, use_errno=True)

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="mount namespaces are not permitted here: no journal can be played")


def fields_of(datagram):
    """Of systemd's native protocol: NAME=value, or NAME, the length and bytes."""
    found, at = {}, 0
    while at < len(datagram):
        end = datagram.index(b"\n", at)
        name, equals, value = datagram[at:end].partition(b"=")
        at = end + 1
        if not equals:
            [size] = struct.unpack_from("<Q", datagram, at)
            value = datagram[at + 8:at + 8 + size]
            at += 8 + size + 1
        found.setdefault(name.decode(), []).append(value.decode())
    return found


class Journal:
    def __init__(self, path):
        self.run = path / "run0"
        (self.run / "systemd" / "journal").mkdir(parents=True)
        self.lines = []
        self.changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.run / "systemd" / "journal" / "socket"))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                datagram = self._socket.recv(1 << 20)
            except OSError:
                return
            with self.changed:
                self.lines.append(fields_of(datagram))
                self.changed.notify_all()

    def enter(self):
        """preexec_fn of the daemon."""
        if LIBC.unshare(netns.CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        netns._mount(None, "/", netns.MS_REC | netns.MS_PRIVATE)
        netns._mount(str(self.run), "/run", netns.MS_BIND)

    def find(self, message, **fields):
        """The first line of that id and with these fields, waited for."""
        want = {"MESSAGE_ID": IDS[message], **{name: str(value) for name, value in fields.items()}}

        def there():
            return next((line for line in self.lines if all(line.get(name) == [value] for name, value in want.items())), None)

        with self.changed:
            assert self.changed.wait_for(there, LIMIT), f"{message} {fields} never came; last were {self.lines[-10:]}"
            return {name: values[0] for name, values in there().items()}

    def of_job(self, job):
        """What "journalctl FETCHD_JOB_ID=…" would show."""
        with self.changed:
            return [line for line in self.lines if str(job) in line.get("FETCHD_JOB_ID", [])]

    def close(self):
        self._socket.close()


@pytest.fixture
def journal(room):
    played = Journal(room.path)
    yield played
    played.close()


@pytest.fixture
def stopped(stopped, journal):
    code = ('import os, sys; st = os.fstat(2); os.environ["JOURNAL_STREAM"] = f"{st.st_dev}:{st.st_ino}"; '
            'os.execv(sys.argv[1], sys.argv[1:])')
    plain, spawn = stopped.command, stopped.spawn
    stopped.command = lambda *arguments: [sys.executable, "-c", code, *plain(*arguments)]
    stopped.spawn = lambda *arguments, **more: spawn(*arguments, preexec=journal.enter, **more)
    return stopped


def test_01_a_life_in_lines(daemon, journal, ctl, origin, room):
    assert journal.find("READY")["PRIORITY"] == "5"
    url = origin.url("/bytes/1000/a?X-Amz-Signature=geheim").replace("//", "//me:geheim@")
    [job] = ctl.add("-g", "books", url)
    ctl.wait(job)
    added, started, done = (journal.find(f"JOB_{word}", FETCHD_JOB_ID=job) for word in ("ADDED", "STARTED", "DONE"))
    assert added["FETCHD_OWNER"] == str(os.getuid()) and started["FETCHD_STATE"] == "active" and started["PRIORITY"] == "7"
    assert {name: done[name] for name in done if name.startswith("FETCHD_")} == {
        "FETCHD_JOB_ID": str(job), "FETCHD_EVENT": "done", "FETCHD_STATE": "done", "FETCHD_OWNER": str(os.getuid()),
        "FETCHD_URL": origin.url("/bytes/1000/a?X-Amz-Signature=***"), "FETCHD_HOST": origin.url(""), "FETCHD_GROUP": "books",
        "FETCHD_BYTES": "1000", "FETCHD_ATTEMPTS": "1", "FETCHD_HTTP_STATUS": "200", "FETCHD_PATH": str(room.downloads / "a")}
    assert done["PRIORITY"] == "6" and done["SYSLOG_IDENTIFIER"] == "fetchd" and f"job {job}: done" in done["MESSAGE"]
    daemon.stop()
    assert journal.find("STOPPING") and journal.find("STOPPED")
    assert "geheim" not in str(journal.lines)


def test_02_ends_of_other_kinds(daemon, journal, ctl, origin):
    failed, waiting, stays = ctl.add(origin.url("/bytes/10/b?status=404"), origin.url("/bytes/10/c?status=503&times=1"),
                                     origin.url("/gate/g/bytes/10/d"))
    ctl.wait(failed, waiting)
    line = journal.find("JOB_FAILED", FETCHD_JOB_ID=failed)
    assert line["FETCHD_ERROR"] == "E_HTTP_404" and line["FETCHD_HTTP_STATUS"] == "404" and line["PRIORITY"] == "4"
    line = journal.find("JOB_WAITING", FETCHD_JOB_ID=waiting)
    assert line["FETCHD_ERROR"] == "E_HTTP_503" and line["FETCHD_WAITING_FOR"] == "retry"
    assert "FETCHD_ERROR" not in journal.find("JOB_DONE", FETCHD_JOB_ID=waiting)
    ctl.ok("edit", stays, "-p", 5)
    ctl.ok("pause", stays)
    ctl.ok("resume", stays)
    ctl.ok("cancel", stays)
    ctl.ok("remove", stays)
    for word in ("EDITED", "PAUSED", "CANCELLED", "REMOVED"):
        journal.find(f"JOB_{word}", FETCHD_JOB_ID=stays)
    # A list is one line.
    jobs = ctl.add(*(origin.url(f"/bytes/1/l{i}") for i in range(5)))
    assert journal.find("JOB_ADDED", FETCHD_JOB_ID=jobs[0])["FETCHD_LAST_JOB_ID"] == str(jobs[-1])


def test_03_every_line_about_a_job_has_its_id(daemon, journal, ctl, origin):
    jobs = ctl.add("--retry", 2, *(origin.url(f"/bytes/{4000 * i}/f{i}?cut={i * 50}") for i in range(1, 20)),
                   origin.url("/bytes/9/x?status=500"))
    ctl.wait(*jobs)
    daemon.stop()
    named = [line for line in journal.lines if re.match(r"job \d+:", line["MESSAGE"][0])]
    assert len(named) > 60
    for line in named:
        assert line["FETCHD_JOB_ID"] == [line["MESSAGE"][0].split()[1].rstrip(":")], line
    assert [line["FETCHD_EVENT"] for line in journal.of_job(jobs[-1])] == [
        ["started"], ["waiting"], ["queued"], ["started"], ["waiting"], ["queued"], ["started"], ["failed"]]


def test_04_hosts_and_groups(stopped, journal, ctl, origin):
    stopped.options.update({"Hosts.BreakerFailures": 2, "Hosts.BreakerTime": "1s", "Retry.Delay": "50ms"})
    stopped.start()
    [held] = ctl.add(origin.url("/bytes/10/a?status=503&retry_after=1&times=1", port=1))
    broken = ctl.add(*(origin.url(f"/bytes/10/b{i}?status=500&times=2", port=2) for i in range(2)))
    line = journal.find("HOST_HELD")
    assert (line["FETCHD_HOST"], line["FETCHD_ERROR"], line["FETCHD_JOB_ID"]) == (origin.url("", port=1), "E_HTTP_503", str(held))
    assert journal.find("BREAKER_OPENED", FETCHD_HOST=origin.url("", port=2))["FETCHD_ERROR"] == "E_HTTP_500"
    assert journal.find("HOST_RELEASED", FETCHD_HOST=origin.url("", port=1))
    assert journal.find("BREAKER_CLOSED", FETCHD_HOST=origin.url("", port=2))
    assert ctl.wait(held, *broken).code == 0
    ctl.ok("group", "create", "--policy", "fail-fast", "set")
    [bad, other] = ctl.add("-g", "set", origin.url("/bytes/10/z?status=404", port=3), origin.url("/gate/g/bytes/10/y", port=3))
    line = journal.find("GROUP_FAILED", FETCHD_GROUP="set")
    assert line["FETCHD_JOB_ID"] == str(bad) and journal.find("JOB_CANCELLED", FETCHD_JOB_ID=other)
    ctl.ok("group", "create", "--deadline", "100ms", "late")
    assert journal.find("GROUP_EXPIRED", FETCHD_GROUP="late")


def test_05_the_daemon_itself(daemon, journal, ctl):
    good = daemon.room.config.read_text()
    daemon.room.config.write_text(good + "[Queue]\nMaxPerHost=many\n")
    daemon.signal(1)
    line = journal.find("RELOAD_REFUSED")
    assert line["PRIORITY"] == "3" and f"{daemon.room.config}:" in line["MESSAGE"]
    daemon.room.config.write_text(good)
    daemon.signal(1)
    journal.find("RELOADED")
    ctl.ok("limit", "max-active", 3)
    ctl.ok("drain")
    journal.find("LIMIT_SET")
    journal.find("DRAIN")


@pytest.mark.skipif(not shutil.which("journalctl"), reason="journalctl is not installed")
def test_06_the_catalog_explains_them(journal, room):
    place = room.path / "root" / "usr" / "lib" / "systemd" / "catalog"
    place.mkdir(parents=True)
    (room.path / "root" / "var" / "lib" / "systemd" / "catalog").mkdir(parents=True)
    shutil.copy(HEADER.parents[2] / "systemd" / "catalog" / "fetchd.catalog", place)
    root = ["journalctl", "--root", room.path / "root"]
    subprocess.run([*root, "--update-catalog"], check=True, timeout=LIMIT)
    told = subprocess.run([*root, "--dump-catalog", IDS["JOB_FAILED"]], check=True, capture_output=True, text=True, timeout=LIMIT)
    assert "fetchctl why" in told.stdout and "man:fetchd-errors(7)" in told.stdout
