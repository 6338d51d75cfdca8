"""kill -9 at random moments, many times. FETCHD_CRASH_ROUNDS and FETCHD_CRASH_SEED choose; make crash ROUNDS=n SEED=s."""
import contextlib
import os
import random
import shutil
import sqlite3
import threading

import pytest

from harness import LIMIT
from origin import content

ROUNDS = int(os.environ.get("FETCHD_CRASH_ROUNDS") or 100)
SEED = os.environ.get("FETCHD_CRASH_SEED") or str(random.SystemRandom().randrange(1 << 32))
BURST = 20
BURSTS = 3
# Now and then everything may end, and what has ended is removed: a long run stays as fast as a short one.
CALM = 20
CANARY = "hunter2canary"
FOREIGN = "not fetchd's\n"
DONE = 5  # as stored


class Wave:
    """The jobs of one round: added by a client while the daemon may be killed at any time."""

    def __init__(self, number, dice, origin):
        self.number = number
        self.jobs = {}  # the name in the URL: (the final name, seed, size)
        self.foreign = []  # names that others took first
        self.bursts = []  # (options, lines)
        for burst in range(BURSTS):
            self.bursts.append(self.burst(f"r{number}-{burst}", dice, origin))

    def burst(self, prefix, dice, origin):
        lines = []
        for i in range(BURST):
            name = f"{prefix}-{i}"
            size, words = self.kind(dice)
            self.jobs[name] = name, name, size
            lines.append(origin.url(f"/bytes/{size}/{name}{words}", dice.randrange(4)))
        return [], lines

    @staticmethod
    def kind(dice):
        """Mostly small files; some bigger; some that fail first, in one way or another."""
        roll = dice.random()
        if roll < 0.70:
            return dice.choice([0, 1, 1000, 20000, 65536, 100000]), ""
        if roll < 0.78:
            return dice.randrange(1 << 20, 6 << 20), dice.choice(["", "?drip=3000000", "?digest"])
        if roll < 0.86:
            return dice.randrange(1000, 200000), "?status=503&times=1"
        size = dice.randrange(300000, 900000)
        word = dice.choice(["", "&chunked", "&norange", "&noetag", "&weak&nomodified"])
        return size, f"?cut={dice.randrange(1, size)}{word}"


class Mixed(Wave):
    """Everything that makes a transfer more than its bytes: comparisons, digests, checksums, names by the server, secrets,
    conditions, redirects, hosts that ask to wait, names that are taken."""

    def burst(self, prefix, dice, origin):
        way = dice.choice(["plain", "checksum", "name", "secret", "conditional"])
        seed, size = f"{prefix}-seed", dice.randrange(1, 600000)
        options = {"plain": [], "checksum": [], "name": ["-J"],
                   "secret": ["-u", f"anna:{CANARY}"], "conditional": ["--conditional-get"]}[way]
        lines = []
        for i in range(BURST):
            name = final = f"{prefix}-{i}"
            words = [f"seed={seed}", *self.fault(dice, size)]
            if way == "name":
                final = f"{name}-by-the-server"
                words.append(f"disposition={final}")
            elif way in ("plain", "secret") and dice.random() < 0.1:
                self.foreign.append(name)
                final = f"{name} (1)"
            self.jobs[name] = final, seed, size
            lines.append(origin.url(f"/bytes/{size}/{name}?{'&'.join(words)}", dice.randrange(3)))
            if way == "checksum":
                lines[-1] += f"\n checksum=sha-256={content.sha256(seed, size)}"
        if way == "secret":
            lines[0] = lines[0].replace(f":{origin.ports[0]}/", f":{origin.ports[3]}/") + "&status=429&times=1&retry_after=1"
        return options, lines

    @staticmethod
    def fault(dice, size):
        words = dice.choice([[], ["noetag", "nomodified"], ["weak", "nomodified"], ["noetag"], ["chunked", "noetag", "nomodified"],
                             ["digest"], ["digest", "noetag", "nomodified"], ["norange"]])
        roll = dice.random()
        if roll < 0.5:
            words = [*words, f"cut={dice.randrange(1, size + 1)}"]
            words += ["times=2"] if dice.random() < 0.3 else []
        elif roll < 0.6:
            words = [*words, "status=503", "times=1"]
        return words + (["redirect=2"] if dice.random() < 0.2 else [])


class Promises:
    """What the daemon has acknowledged, {id: name} of the ids that fetchctl printed, and what it was asked for besides."""

    def __init__(self):
        self.promised = {}
        self.files = {}  # final name: (seed, size)
        self.finals = {}  # name in the URL: final name
        self.foreign = set()
        self.unanswered = []
        self.checked = set()

    def expect(self, wave):
        for name, (final, seed, size) in wave.jobs.items():
            self.finals[name] = final
            self.files[final] = seed, size
        self.foreign.update(wave.foreign)


def name_of(url):
    return url.split("?")[0].rpartition("/")[2]


def add_wave(ctl, wave, promises, started):
    """In a thread: add burst after burst until the daemon is gone; only printed ids count as promised."""
    for options, lines in wave.bursts:
        started.release()
        result = ctl("add", *options, "-", stdin="\n".join(lines) + "\n")
        names = [name_of(line) for line in lines]
        promises.promised.update(zip((int(line) for line in result.lines), names))
        if result.code != 0:
            assert result.lines == [], f"ids were printed, and then: {result!r}"
            print(f"{options}: {result!r}")
            promises.unanswered.append(set(names))
            return


def finals(room):
    return [path for path in room.downloads.iterdir() if path.name != ".fetchd"]


def check_files(room, promises):
    """Whatever stands under a final name is whole; none is there twice."""
    for path in finals(room):
        if path.name in promises.foreign:
            assert path.read_text() == FOREIGN, f"{path} was not ours"
            continue
        assert path.name in promises.files, f"{path} is nobody's, or a second copy"
        if path.name not in promises.checked:
            assert content.same_as_file(path, *promises.files[path.name]), f"{path} is not what was sent"
            promises.checked.add(path.name)


def check_queue(room):
    """What the files of a daemon that is gone, or rests, say: looked at in a copy."""
    copy = room.path / "copy"
    shutil.copytree(room.state, copy, ignore=lambda _, names: [name for name in names if not name.startswith("queue.db")])
    with contextlib.closing(sqlite3.connect(copy / "queue.db")) as database:
        def rows(sql):
            return database.execute(sql).fetchall()

        assert rows("PRAGMA integrity_check") == [("ok",)] and rows("PRAGMA foreign_key_check") == []
        # Exactly the jobs that still need them have secrets.
        assert rows("SELECT id, has_secrets, state FROM jobs WHERE has_secrets <> (id IN (SELECT job FROM secrets))") == []
        assert rows(f"SELECT id FROM jobs WHERE state = {DONE} AND has_secrets") == []
        assert rows("SELECT job, number, outcome FROM attempts JOIN jobs ON id = job WHERE number < 1 OR number > attempts + 1"
                    " OR ended_usec < attempts.started_usec OR bytes < 0 OR (outcome = 0) <> (code IS NULL AND outcome <> 5)") == []
        assert rows(f"SELECT job FROM attempts JOIN jobs ON id = job WHERE outcome = 0 AND state <> {DONE}") == []
        assert rows("SELECT owner, state, count(*) FROM jobs GROUP BY 1, 2 ORDER BY 1, 2") == rows(
            "SELECT owner, state, n FROM counters WHERE n <> 0 ORDER BY 1, 2")
    shutil.rmtree(copy)


def check_rows(ctl, room, promises):
    """Every promised job is there once; what is said to be done is on disk; an unanswered call was done whole or not."""
    jobs = ctl.ok("--json", "list").json
    seen = {job["id"]: name_of(job["url"]) for job in jobs}
    names = set(seen.values())
    assert len(seen) == len(jobs) and len(names) == len(jobs), "a job is there twice"
    for job, name in promises.promised.items():
        assert seen.get(job) == name, f"job {job}, {name}, was promised and is {seen.get(job)}"
    for call in promises.unanswered:
        assert call <= names or not call & names, f"half of one call was done: {sorted(call & names)}"
    asked = set(promises.promised.values()).union(*promises.unanswered)
    assert names <= asked, f"nobody asked for {sorted(names - asked)}"
    for job in jobs:
        assert job["state"] in ("queued", "waiting", "active", "done"), job
        if job["state"] == "done":
            assert job["name"] == promises.finals[seen[job["id"]]] and (room.downloads / job["name"]).exists(), job


def strike(dice, origin, before, started):
    """The moment of the kill: an event chosen by the dice, then some microseconds more."""
    if dice.random() < 0.4:
        for _ in range(dice.randrange(1, BURSTS + 1)):
            assert started.acquire(timeout=LIMIT)
    else:
        wanted = before + dice.randrange(1, BURST * BURSTS)
        origin.wait_for(lambda: origin.count() >= wanted)
    threading.Event().wait(dice.choice([0, 0.0005, 0.002, 0.01, 0.03]))


def one_round(wave, dice, daemon, ctl, origin, room, promises):
    promises.expect(wave)
    for name in wave.foreign:
        (room.downloads / name).write_text(FOREIGN)
    before = origin.count()
    started = threading.Semaphore(0)
    client = threading.Thread(target=add_wave, args=(ctl, wave, promises, started))
    client.start()
    try:
        strike(dice, origin, before, started)
    finally:
        daemon.kill9()
        client.join(LIMIT)
    assert not client.is_alive()
    check_files(room, promises)
    check_queue(room)
    daemon.start()
    check_rows(ctl, room, promises)


def settle(ctl, origin, room, promises):
    """Nobody kills: everything ends well, and nothing is left over. Then forget it all."""
    result = ctl.wait(*ctl.jobs())
    assert result.code == 0, result
    check_rows(ctl, room, promises)
    check_files(room, promises)
    assert {path.name for path in finals(room)} == {job["name"] for job in ctl.jobs().values()} | promises.foreign
    assert list((room.downloads / ".fetchd").glob("*.part")) == []
    check_queue(room)
    ctl.ok("remove", "--all", "--files")
    assert ctl.jobs() == {} and {path.name for path in finals(room)} == promises.foreign
    for name in promises.foreign:
        (room.downloads / name).unlink()
    promises.__init__()
    origin.reset()


@pytest.mark.parametrize("kind", [Wave, Mixed], ids=["bytes", "mixed"])
def test_01_kill9_at_random_moments(kind, stopped, ctl, origin, room):
    print(f"seed {SEED}, {ROUNDS} rounds; again: make crash ROUNDS={ROUNDS} SEED={SEED}")
    dice = random.Random(SEED)
    # What has some bytes is fetched over several connections, as far as there are slots.
    stopped.options.update({"Transfer.MinSplitSize": "64K", "Queue.MaxActive": 24, "Queue.MaxPerHost": 8, "Retry.Delay": "20ms",
                            "Retry.MaxDelay": "100ms", "Retry.MaxAttempts": 100000, "Daemon.LogLevel": "info"})
    promises = Promises()
    stopped.start()
    for number in range(ROUNDS):
        one_round(kind(number, dice, origin), dice, stopped, ctl, origin, room, promises)
        if number % CALM == CALM - 1:
            settle(ctl, origin, room, promises)
    if finals(room) or promises.promised:
        settle(ctl, origin, room, promises)
    for log in stopped.logs:
        assert CANARY not in log.text()
