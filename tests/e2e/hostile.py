"""Hostile cases: what a server does is a script, what must come of it is said beside it, and the invariants I1 to I8
are checked after each, by House.check().

A house is one daemon for many cases. A case has its own server (so its own origin), path, directory and job.
"""
import contextlib
import json
import os
import re
import threading
import time
from dataclasses import dataclass, field

import pytest

from harness import LIMIT, REPORT, Ctl, Daemon, Room, sanitizer
from origin import content
from origin.raw import File, RawServer
from varlink import MANAGER, Link

SIZE = 200000
CUT = 150000
SEED = "truth"
NAME = "f.bin"
# In the place of bytes that must never reach a file.
POISON = "poison"
CANARY = "C4N4RY"
ENDED = ("done", "failed", "cancelled")
# A wait that is longer than all of the retries that a house is configured for.
PARKED_USEC = 3 * 1000000
PLANTED = {"keep": b"foreign\n", NAME + ".part": b"foreign part\n", ".hidden": b"foreign too\n"}


def good(**more):
    return File(SEED, SIZE, **more)


@dataclass
class Case:
    """What a job's path answers, and what must become of the job."""
    id: str
    script: list
    # A state or several; "waiting" stands for a wait that a test does not sit out.
    state: object = "done"
    # Of the error, with a job that is not done: a code or several.
    code: object = None
    # (seed, size) of the file, or its bytes.
    truth: object = (SEED, SIZE)
    # Of the job's own path: a number or (least, most).
    requests: object = None
    options: tuple = ()
    path: str = None
    name: str = NAME
    # Range headers of the requests, in order; None: none.
    ranges: list = None
    # With "waiting": the word, and the seconds from the last request until the next attempt, least and most.
    waiting_for: object = None
    due: tuple = None
    canary: bool = True
    # More to check: called with the Run.
    also: object = None
    # How the server is made.
    server: dict = field(default_factory=dict)

    def __str__(self):
        return self.id


def several(value):
    return (value,) if isinstance(value, str) else tuple(value)


def bounds(value):
    return value if isinstance(value, tuple) else (value, value)


def ids(cases):
    """For pytest: names that are unique and have no odd characters."""
    names = [re.sub(r"[^A-Za-z0-9_.,+=-]+", "_", case.id) for case in cases]
    assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
    return names


class Watcher:
    """Every event of the daemon, by job."""

    def __init__(self, room):
        self.link = Link(room)
        self.link.sock.settimeout(None)
        self.link.say(MANAGER + "Watch", {"since": 0, "all_users": True}, more=True)
        self.changed = threading.Condition()  # its lock is reentrant
        self.events = {}
        self.ended = False
        self.thread = threading.Thread(target=self._hear, daemon=True)
        self.thread.start()

    def _hear(self):
        while (message := self._next()) is not None:
            event = message.get("parameters", {}).get("event")
            if event:
                with self.changed:
                    self.events.setdefault(event["job_id"], []).append(event)
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _next(self):
        try:
            return self.link.hear()
        except OSError:
            return None

    def of(self, job):
        with self.changed:
            return list(self.events.get(job, ()))

    def wait(self, job, accept):
        """The first event of the job that accept() takes."""
        with self.changed:
            found = None

            def there():
                nonlocal found
                found = next((e for e in self.events.get(job, ()) if accept(e)), None)
                return found or self.ended

            self.changed.wait_for(there, LIMIT)
            assert found, f"job {job}: waited in vain; it told {[e['kind'] for e in self.events.get(job, ())]}"
            return found

    def close(self):
        # A close alone does not wake the thread.
        with contextlib.suppress(OSError):
            self.link.sock.shutdown(2)
        self.thread.join()
        self.link.sock.close()


def parked(event):
    """A wait that goes beyond what a test waits for."""
    job = event.get("job") or {}
    return event["kind"] == "waiting" and job.get("next_attempt_usec", 0) > time.time() * 1e6 + PARKED_USEC


@dataclass
class Run:
    """A case under way."""
    house: object
    case: Case
    server: RawServer
    id: int
    path: str
    directory: object
    log_start: int
    job: dict = None
    # A verb made it go on before it was due.
    hurried: bool = False

    def requests(self):
        return self.server.requests(self.path)

    def event(self, accept):
        return self.house.watcher.wait(self.id, accept)

    def settle(self):
        """Until the job has ended, waits for longer than a test does, or is held for what the case says: how
        often that is looked at again is the configuration's."""
        event = self.event(lambda e: e["kind"] in ENDED or parked(e) or self._held(e) or self._restless(e))
        assert not self._restless(event), f"{self.case.id}: it goes round and round\n{self.house.log_of(self)}"
        self.job = self.house.job(self.id)
        if self._held(event):
            self.job = event["job"]

    def _held(self, event):
        word = (event.get("job") or {}).get("waiting_for")
        return event["kind"] == "waiting" and word in several(self.case.waiting_for or ()) and word != "retry"

    def _restless(self, event):
        """More attempts than anything allows."""
        return event["kind"] == "waiting" and len(self.house.watcher.of(self.id)) > 100

    def hurry(self):
        """A verb ends the wait."""
        self.hurried = True
        self.house.call("Retry", selection={"ids": [self.id]})

    @property
    def file(self):
        return self.directory / (self.job or {}).get("name", self.case.name)


class House:
    """One daemon for many cases."""

    def __init__(self, path, **options):
        self.room = Room(path)
        self.ctl = Ctl(self.room)
        self.daemon = Daemon(self.room)
        self.daemon.options.update({
            "Daemon.LogLevel": "debug", "Retry.Delay": "5ms", "Retry.MaxDelay": "20ms", "Retry.MaxAttempts": 4,
            "Retry.HoldInterval": "50ms", "Queue.MaxActive": 64, **options})
        self.asan = sanitizer("asan")
        self.cases = self.places = 0
        self.watcher = None
        self.added = set()

    def start(self):
        self.daemon.start()
        self.link = Link(self.room)
        self.watcher = Watcher(self.room)
        self.pid = self.daemon.process.pid
        self.base_fds, self.base_threads = self._fds(), self._threads()
        self.outside = self._outside()
        return self

    def revive(self):
        """A daemon that a case has brought down fails that case and not those after it."""
        if self.daemon.running():
            return
        self.watcher.close()
        self.daemon.process = None
        self.start()

    def close(self):
        if self.watcher:
            self.watcher.close()
            self.link.sock.close()
        self.ctl.close()
        self.daemon.close()

    # ---- the daemon

    def call(self, method, **parameters):
        reply = self.link.call(MANAGER + method, parameters)
        assert reply is not None, f"{method}: the daemon closed the connection\n{self.daemon.log.tail()}"
        assert "error" not in reply, reply
        return reply["parameters"]

    def job(self, job):
        found = self.call("List", selection={"ids": [job]}, all_users=True)["jobs"]
        assert [j["id"] for j in found] == [job], found
        return found[0]

    def _fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def _memory_mib(self):
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) >> 10

    def _outside(self):
        """What lies in the room beside the directories that are the daemon's to fill."""
        return {str(path) for path in self.room.path.iterdir()} | {str(path) for path in (self.room.path / "run").iterdir()}

    # ---- a case

    def place(self):
        """A new directory for downloads."""
        self.places += 1
        directory = self.room.downloads / f"c{self.places}"
        directory.mkdir()
        return directory

    @contextlib.contextmanager
    def case(self, case, server=None):
        """Server, directory and job of a case; what is under way ends with it. A server that is given is the
        caller's to end."""
        self.revive()
        self.cases += 1
        directory = self.place()
        for name, data in PLANTED.items():
            (directory / name).write_bytes(data)
        path = case.path or f"/c{self.cases}/{NAME}"
        with contextlib.ExitStack() as stack:
            if server is None:
                server = stack.enter_context(RawServer(**case.server))
            server.play(path.split("?")[0], *case.script)
            run = Run(self, case, server, 0, path.split("?")[0], directory, len(self.daemon.log.lines))
            options = [option(run) if callable(option) else option for option in case.options]
            if case.canary:
                options += ["-H", f"Authorization: Bearer {CANARY}-{self.cases}"]
            [run.id] = self.ctl.add("-d", directory, *options, server.url(path))
            self.added.add(run.id)
            try:
                yield run
            finally:
                if self.daemon.running() and self.job(run.id)["state"] not in ENDED:
                    self.call("Cancel", selection={"ids": [run.id]})

    def play(self, case, server=None):
        """The whole of a case: run it, check what it says and the invariants."""
        with self.case(case, server) as run:
            run.settle()
            self.expect(run)
            self.check(run)
            return run

    def expect(self, run):
        """What the case itself says."""
        case, job, requests = run.case, run.job, run.requests()
        error = job.get("error", {})
        story = (f"{case.id}: {job['state']} {error.get('code', '')} {error.get('message', '')} after {len(requests)} requests, "
                 f"{[r.range for r in requests]}\n{job}\n{self.log_of(run)}")
        assert job["state"] in several(case.state), story
        if job["state"] != "done":
            assert case.code is None or error["code"] in several(case.code), story
            assert error["code"].startswith("E_") and error["message"], story
        if case.requests is not None:
            least, most = bounds(case.requests)
            assert least <= len(requests) <= most, story
        if case.ranges is not None:
            assert [r.range for r in requests] == case.ranges, story
        if job["state"] == "waiting" and case.waiting_for is not None:
            assert job["waiting_for"] in several(case.waiting_for), story
        if job["state"] == "waiting" and case.due is not None:
            wait = (job["next_attempt_usec"] - requests[-1].time_usec) / 1e6
            # What lies between the request and the reckoning may take its time on a busy machine.
            assert case.due[0] <= wait <= case.due[1] + 30, f"due in {wait} s, not {case.due}: {story}"
        if case.also:
            case.also(run)

    def log_of(self, run):
        return "\n".join(self.daemon.log.lines[run.log_start:][-40:])

    # ---- the invariants

    def check(self, run):
        self._check_files(run)
        self._check_due(run)
        self._check_secrets(run)
        self._check_daemon(run)

    def _check_files(self, run):
        """I1, I2, I4: the file is right to the byte or not there; nothing else is."""
        job, case = run.job, run.case
        found = {path.name for path in run.directory.iterdir()}
        for name, data in PLANTED.items():
            assert name in found and (run.directory / name).read_bytes() == data, f"{name} was touched"
        found -= set(PLANTED)
        if job["state"] != "done":
            assert not found, f"{job['state']}, and there is {found}"
        else:
            path = run.directory / job["name"]
            assert found == {job["name"]} and job["path"] == str(path) and not path.is_symlink(), (found, job)
            truth = case.truth(run) if callable(case.truth) else case.truth
            if isinstance(truth, bytes):
                assert path.read_bytes() == truth, f"{path.stat().st_size} bytes, and not the right ones"
            else:
                assert content.same_as_file(path, *truth), f"{path.stat().st_size} bytes, and not those of {truth}"
            assert job["received"] == job["size"] == path.stat().st_size, job
            parts = self.room.downloads / ".fetchd"
            assert not list(parts.glob(f"{run.id}.*.part")), "a part outlived its file"
        beside = {path.name for path in self.room.downloads.iterdir()}
        assert beside <= {".fetchd"} | {f"c{n}" for n in range(1, self.places + 1)}, beside
        assert self._outside() == self.outside, self._outside() ^ self.outside

    def _check_due(self, run):
        """I5: an attempt begins when its wait is over, or later."""
        times = [r.time_usec for r in run.requests()]
        if run.hurried or len(times) != run.job["attempts"]:
            return  # attempts that are not a request each (holds, a name in the way) tell nothing here
        for event in self.watcher.of(run.id):
            job = event.get("job") or {}
            due, n = job.get("next_attempt_usec"), job.get("attempts", 0)
            if event["kind"] == "waiting" and job.get("state") == "waiting" and due and n < len(times):
                assert times[n] >= due, f"attempt {n + 1} came {due - times[n]} us before it was due"

    def _check_secrets(self, run):
        """I6. That the server got the secret proves that the case has one."""
        if run.case.canary and run.requests():
            assert CANARY in run.requests()[0].headers.get("authorization", ""), run.requests()[0].headers
        told = json.dumps([run.job, self.watcher.of(run.id)]) + "\n".join(self.daemon.log.lines[run.log_start:])
        assert CANARY not in told, re.findall(f".*{CANARY}.*", told)

    def _check_daemon(self, run):
        """I3, I7, I8, and that it lives without a sanitizer's report."""
        assert self.call("Ping") == {"pid": self.pid}
        assert self.daemon.running(), self.daemon.log.tail()
        log = "\n".join(self.daemon.log.lines[run.log_start:])
        assert not REPORT.search(log), self.daemon.log.tail()
        assert self._fds() <= self.base_fds + 200, os.listdir(f"/proc/{self.pid}/fd")
        assert self._threads() <= self.base_threads + 24
        # A sanitizer keeps what was freed (256 MiB by default) and shadows the rest.
        assert self._memory_mib() <= (900 if self.asan else 160), self._memory_mib()

    def check_all(self):
        """At the end: every job is there once, and nobody tells the secrets."""
        if not self.daemon.running():
            return
        listed, after = [], None
        while True:
            page = self.call("List", all_users=True, **({"after": after} if after else {}))
            listed += [job["id"] for job in page["jobs"]]
            after = page.get("next")
            if after is None:
                break
        assert sorted(listed) == sorted(self.added)
        some = sorted(self.added)[-50:]
        told = self.ctl.ok("list").out + self.ctl.ok("--json", "list").out
        if some:
            told += self.ctl.ok("status", *some).out + self.ctl.ok("--json", "status", *some).out
        assert CANARY not in told + self.daemon.log.text()


def house_fixture(**options):
    """A module's own house: daemon and watcher for all its cases."""
    @pytest.fixture(scope="module")
    def house(tmp_path_factory):
        home = House(tmp_path_factory.mktemp("h"), **options)
        try:
            yield home.start()
            home.check_all()
        finally:
            home.close()
    return house
