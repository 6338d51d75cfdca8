"""pause, resume, cancel, retry, remove on a job in each state; drain."""
import pytest

from origin import content


def parts(room):
    return sorted((room.downloads / ".fetchd").glob("*.part"))


@pytest.fixture
def scene(stopped, ctl, origin):
    """A job in each state: {state: id}. The active one stands in the middle of its body, before gate g."""
    stopped.options.update({"Queue.MaxActive": 1, "Retry.Delay": "1h"})
    stopped.start()
    watch = ctl.watch("--since", 0)
    ids = {}
    [ids["done"]] = ctl.add(origin.url("/bytes/100/done"))
    [ids["failed"]] = ctl.add(origin.url("/bytes/100/failed?status=404&times=1"))
    [ids["waiting"]] = ctl.add(origin.url("/bytes/1000000/waiting?cut=500000"))
    watch.kind("waiting", ids["waiting"])
    [ids["cancelled"]] = ctl.add(origin.url("/gate/never/bytes/100/cancelled"))
    ctl.ok("cancel", ids["cancelled"])
    [ids["active"]] = ctl.add(origin.url("/bytes/1000000/active?pause=500000&until=g"))
    origin.wait_gated("g")
    [ids["queued"]] = ctl.add(origin.url("/gate/h/bytes/100/queued"))
    [ids["paused"]] = ctl.add(origin.url("/bytes/100/paused"))
    ctl.ok("pause", ids["paused"])
    assert {state: ctl.job(job)["state"] for state, job in ids.items()} == {state: state for state in ids}
    return ids


def state(ctl, job):
    return ctl.job(job)["state"]


@pytest.mark.parametrize("start", ["queued", "waiting", "active", "paused"])
def test_01_pause_and_resume(scene, ctl, origin, room, start):
    job = scene[start]
    ctl.ok("pause", job)
    assert state(ctl, job) == "paused"
    ctl.ok("pause", job)
    if start == "active":
        origin.wait_gated("h")
    ctl.ok("resume", job)
    ctl.ok("resume", job)
    for gate in ("g", "h"):
        origin.release(gate)
    assert ctl.wait(job).code == 0
    size = 1000000 if start in ("waiting", "active") else 100
    assert content.same_as_file(room.downloads / start, start, size)


def test_02_a_paused_transfer_keeps_its_bytes(scene, ctl, origin, room):
    ctl.ok("pause", scene["active"])
    assert len(parts(room)) == 2
    for gate in ("g", "h"):
        origin.release(gate)
    ctl.ok("resume", scene["active"])
    assert ctl.wait(scene["active"]).code == 0
    assert origin.requests("/bytes/1000000/active")[1].range == "bytes=500000-"


def test_03_a_pause_outlives_a_restart(scene, stopped, ctl, origin):
    ctl.ok("pause", scene["active"], scene["queued"])
    stopped.restart()
    assert state(ctl, scene["active"]) == state(ctl, scene["queued"]) == state(ctl, scene["paused"]) == "paused"


@pytest.mark.parametrize("start", ["queued", "waiting", "active", "paused"])
def test_04_cancel(scene, ctl, origin, room, start):
    job = scene[start]
    ctl.ok("cancel", job)
    assert state(ctl, job) == "cancelled"
    assert [p for p in parts(room) if p.name.startswith(f"{job}.")] == []
    assert not (room.downloads / start).exists()
    assert ctl.wait(job).code == 1
    ctl.ok("cancel", job)


@pytest.mark.parametrize("start", ["failed", "cancelled", "waiting"])
def test_05_retry(scene, ctl, origin, room, start):
    for gate in ("g", "h", "never"):
        origin.release(gate)
    ctl.ok("retry", scene[start])
    assert ctl.wait(scene[start]).code == 0
    assert content.same_as_file(room.downloads / start, start, 1000000 if start == "waiting" else 100)


@pytest.mark.parametrize("start", ["queued", "waiting", "active", "paused", "done", "failed", "cancelled"])
def test_06_remove(scene, ctl, origin, room, start):
    job = scene[start]
    ctl.ok("remove", job)
    assert ctl("status", job).code == 3
    assert job not in ctl.jobs() and len(ctl.jobs()) == 6
    assert [p for p in parts(room) if p.name.startswith(f"{job}.")] == []
    assert (room.downloads / start).exists() == (start == "done")


def test_07_remove_with_files(scene, ctl, room):
    ctl.ok("remove", "--files", scene["done"])
    assert not (room.downloads / "done").exists()


def test_08_ids_are_never_used_again(scene, stopped, ctl, origin):
    last = max(scene.values())
    ctl.ok("remove", last)
    stopped.restart()
    assert ctl.add(origin.url("/bytes/10/new"))[0] > last


@pytest.mark.parametrize("verb, start", [
    ("pause", "done"), ("pause", "failed"), ("pause", "cancelled"), ("resume", "done"), ("resume", "failed"),
    ("cancel", "done"), ("cancel", "failed"), ("retry", "done"),
])
def test_09_a_verb_in_the_wrong_state(scene, ctl, verb, start):
    result = ctl(verb, scene[start])
    assert result.code == 5 and str(scene[start]) in result.err and start in result.err
    assert state(ctl, scene[start]) == start


def test_10_all_or_none(scene, ctl):
    assert ctl("pause", scene["queued"], 4711).code == 3
    assert ctl("pause", scene["queued"], scene["done"]).code == 5
    assert state(ctl, scene["queued"]) == "queued"


def test_11_all_and_failed(scene, ctl, origin):
    ctl.ok("pause", "--all")
    assert {job: j["state"] for job, j in ctl.jobs().items()} == {
        job: start if start in ("done", "failed", "cancelled") else "paused" for start, job in scene.items()}
    origin.release("g")
    ctl.ok("retry", "--failed")
    assert ctl.wait(scene["failed"]).code == 0
    assert state(ctl, scene["cancelled"]) == "cancelled"


def test_12_drain(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 2
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(5)))
    origin.wait_gated("g", 2)
    ctl.ok("drain")
    origin.release("g")
    assert ctl.wait(*jobs[:2]).code == 0
    seen = ctl.ok("--json", "status").json[0]
    assert seen["draining"] is True and seen["counts"]["queued"] == 3 and seen["counts"]["active"] == 0
    assert origin.count() == 2
    later = ctl.add(origin.url("/bytes/10/later"))
    assert state(ctl, later[0]) == "queued"
    ctl.ok("drain", "--off")
    assert ctl.wait(*jobs, *later).code == 0


def test_13_drain_and_exit(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 2
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(5)))
    origin.wait_gated("g", 2)
    ctl.ok("drain", "--exit")
    ctl.ok("ping")
    origin.release("g")
    assert stopped.wait_exit() == 0
    assert origin.count() == 2
    stopped.start()
    assert ctl.wait(*jobs).code == 0


def test_14_a_watcher_sees_verbs(scene, ctl):
    watch = ctl.watch("--since", 0)
    ctl.ok("pause", scene["queued"])
    assert watch.kind("paused", scene["queued"])["job"]["state"] == "paused"
    ctl.ok("remove", scene["queued"])
    watch.kind("removed", scene["queued"])


def test_15_a_storm_of_verbs(stopped, ctl, origin, room):
    """Verbs that meet outcomes on their way: in the end every job is done and whole."""
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 20})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/200000/f{i}?{'cut=70000' if i % 3 else 'status=503&times=1'}") for i in range(60)))
    for _ in range(5):
        ctl.ok("pause", "--all")
        assert not {"active", "queued", "waiting"} & {j["state"] for j in ctl.jobs().values()}
        ctl.ok("resume", "--all")
    assert ctl.wait(*jobs).code == 0
    assert all(content.same_as_file(room.downloads / f"f{i}", f"f{i}", 200000) for i in range(60))
