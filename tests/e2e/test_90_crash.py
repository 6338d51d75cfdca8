"""kill -9 at random moments, many times. FETCHD_CRASH_ROUNDS and FETCHD_CRASH_SEED choose; make crash ROUNDS=n SEED=s."""
import os
import random
import threading

from harness import LIMIT
from origin import content

ROUNDS = int(os.environ.get("FETCHD_CRASH_ROUNDS") or 100)
SEED = os.environ.get("FETCHD_CRASH_SEED") or str(random.SystemRandom().randrange(1 << 32))
BURST = 20
BURSTS = 3
# Now and then everything may end, and what has ended is removed: a long run stays as fast as a short one.
CALM = 20


class Wave:
    """The jobs of one round: added by a client while the daemon may be killed at any time."""

    def __init__(self, number, dice, origin):
        self.number = number
        self.jobs = {}
        self.bursts = []
        for burst in range(BURSTS):
            lines = []
            for i in range(BURST):
                name = f"r{number}-{burst}-{i}"
                size, words = self.kind(dice)
                self.jobs[name] = size
                lines.append(origin.url(f"/bytes/{size}/{name}{words}", dice.randrange(4)))
            self.bursts.append(lines)

    @staticmethod
    def kind(dice):
        """Mostly small files; some bigger; some that fail first, in one way or another."""
        roll = dice.random()
        if roll < 0.70:
            return dice.choice([0, 1, 1000, 20000, 65536, 100000]), ""
        if roll < 0.78:
            return dice.randrange(1 << 20, 6 << 20), ""
        if roll < 0.86:
            return dice.randrange(1000, 200000), "?status=503&times=1"
        size = dice.randrange(300000, 900000)
        word = dice.choice(["", "&chunked", "&norange", "&noetag", "&weak&nomodified"])
        return size, f"?cut={dice.randrange(1, size)}{word}"


class Promises:
    """What the daemon has acknowledged, {id: name} of the ids that fetchctl printed, and what it was asked for besides."""

    def __init__(self):
        self.promised = {}
        self.sizes = {}
        self.unanswered = []
        self.checked = set()


def name_of(url):
    return url.split("?")[0].rpartition("/")[2]


def add_wave(ctl, wave, promises, started):
    """In a thread: add burst after burst until the daemon is gone; only printed ids count as promised."""
    for lines in wave.bursts:
        started.release()
        result = ctl("add", "-", stdin="\n".join(lines) + "\n")
        names = [name_of(line) for line in lines]
        promises.promised.update(zip((int(line) for line in result.lines), names))
        if result.code != 0:
            assert result.lines == [], f"ids were printed, and then: {result!r}"
            promises.unanswered.append(set(names))
            return


def finals(room):
    return [path for path in room.downloads.iterdir() if path.name != ".fetchd"]


def check_files(room, promises):
    """Whatever stands under a final name is whole; none is there twice."""
    for path in finals(room):
        assert path.name in promises.sizes, f"{path} is nobody's, or a second copy"
        if path.name not in promises.checked:
            assert content.same_as_file(path, path.name, promises.sizes[path.name]), f"{path} is not what was sent"
            promises.checked.add(path.name)


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
            assert job["name"] == seen[job["id"]] and (room.downloads / job["name"]).exists(), job


def strike(dice, origin, before, started):
    """The moment of the kill: an event chosen by the dice, then some microseconds more."""
    if dice.random() < 0.4:
        for _ in range(dice.randrange(1, BURSTS + 1)):
            assert started.acquire(timeout=LIMIT)
    else:
        wanted = before + dice.randrange(1, BURST * BURSTS)
        origin.wait_for(lambda: origin.count() >= wanted)
    threading.Event().wait(dice.choice([0, 0.0005, 0.002, 0.01, 0.03]))


def one_round(number, dice, daemon, ctl, origin, room, promises):
    wave = Wave(number, dice, origin)
    promises.sizes.update(wave.jobs)
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
    daemon.start()
    check_rows(ctl, room, promises)


def settle(ctl, origin, room, promises):
    """Nobody kills: everything ends well, and nothing is left over. Then forget it all."""
    result = ctl.wait(*ctl.jobs())
    assert result.code == 0, result
    check_rows(ctl, room, promises)
    check_files(room, promises)
    assert {path.name for path in finals(room)} == {job["name"] for job in ctl.jobs().values()}
    assert list((room.downloads / ".fetchd").glob("*.part")) == []
    ctl.ok("remove", "--all", "--files")
    assert ctl.jobs() == {} and finals(room) == []
    promises.__init__()
    origin.reset()


def test_01_kill9_at_random_moments(stopped, ctl, origin, room):
    print(f"seed {SEED}, {ROUNDS} rounds; again: make crash ROUNDS={ROUNDS} SEED={SEED}")
    dice = random.Random(SEED)
    stopped.options.update({"Queue.MaxActive": 24, "Queue.MaxPerHost": 8, "Retry.Delay": "20ms", "Retry.MaxDelay": "100ms",
                            "Retry.MaxAttempts": 100000, "Daemon.LogLevel": "info"})
    promises = Promises()
    stopped.start()
    for number in range(ROUNDS):
        one_round(number, dice, stopped, ctl, origin, room, promises)
        if number % CALM == CALM - 1:
            settle(ctl, origin, room, promises)
    if finals(room) or promises.promised:
        settle(ctl, origin, room, promises)
