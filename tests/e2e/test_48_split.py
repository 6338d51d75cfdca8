"""One large file over several connections: which ranges are asked for, whose slots they take, and that no byte is lost or wrong."""
import re

import pytest

from origin import content

MIB = 1 << 20
KIB64 = 65536


@pytest.fixture
def split(stopped):
    """A daemon that splits what is larger than 128 KiB, and knows no host's limit but MaxPerHost."""
    stopped.options |= {"Transfer.MinSplitSize": "64K", "Hosts.Adaptive": "no", "Retry.Delay": "1h"}
    return stopped


def asked(request):
    """(from, to): to is None when all to the end was asked for."""
    if request.range is None:
        return 0, None
    first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", request.range).groups()
    return int(first), int(last) + 1 if last else None


def whole(ctl, room, name, size, seed=None):
    [job] = [job for job in ctl.jobs().values() if job["name"] == name]
    assert job["received"] == job["size"] == size
    assert content.same_as_file(room.downloads / name, seed or name, size)
    assert sorted((room.downloads / ".fetchd").glob("*.part")) == []


def test_01_four_connections_by_default(split, ctl, origin, room):
    split.start()
    size = 16 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?pause=200000&until=g"))
    origin.wait_gated("g", 4)
    ranges = sorted(asked(r) for r in origin.requests())
    assert len(ranges) == 4 and ranges[0] == (0, None)
    # Each further one begins in the middle of what was left of another, and ends where that one would have.
    assert all(start % KIB64 == 0 and to in (size, *(r[0] for r in ranges)) for start, to in ranges[1:])
    assert all(r.headers["if-range"].startswith('"') for r in origin.requests() if r.range)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    [attempt] = ctl.ok("--json", "status", job).json[0]["history"]
    assert attempt["bytes"] == size and "over 4 connections" in attempt["note"]


def test_02_one_is_one(split, ctl, origin, room):
    split.options["Transfer.Split"] = 8
    split.start()
    size = 2 * MIB
    jobs = ctl.add("-s", 1, origin.url(f"/bytes/{size}/a?pause=1000000&until=g"))
    origin.wait_gated("g")
    # It has waited for more than a tick: the other job was asked for, split and fetched meanwhile.
    other = ctl.add("-s", 3, origin.url(f"/bytes/{size}/b?pause=100000&until=h"))
    origin.wait_gated("h", 3)
    assert origin.gated("g") == 1 and len(origin.requests(f"/bytes/{size}/a")) == 1
    origin.release("g")
    origin.release("h")
    assert ctl.wait(*jobs, *other).code == 0
    whole(ctl, room, "a", size)
    whole(ctl, room, "b", size)


@pytest.mark.parametrize("words", ["norange", "noetag&nomodified", "weak&nomodified", "chunked", "nolength"])
def test_03_what_cannot_be_joined_is_not_split(split, ctl, origin, room, words):
    split.start()
    size = 4 * MIB
    jobs = ctl.add(origin.url(f"/bytes/{size}/a?pause=2000000&until=g&{words}"))
    origin.wait_gated("g")
    jobs += ctl.add("-s", 2, origin.url(f"/bytes/{size}/b?pause=100000&until=h"))
    origin.wait_gated("h", 2)
    origin.release("g")
    origin.release("h")
    assert ctl.wait(*jobs).code == 0
    whole(ctl, room, "a", size)
    assert len(origin.requests(f"/bytes/{size}/a")) == 1


@pytest.mark.parametrize("how", ["checksum", "digest", "nothing"])
def test_04_sums_are_made_of_the_whole(split, ctl, origin, room, how):
    split.start()
    size = 8 * MIB
    right = content.sha256("a", size)
    options = ["--checksum", f"sha-256={right}"] if how == "checksum" else []
    words = "&digest" if how == "digest" else ""
    [job] = ctl.add(*options, origin.url(f"/bytes/{size}/a?pause=200000&until=g{words}"))
    origin.wait_gated("g", 4)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    seen = ctl.job(job)
    assert seen.get("integrity") == {"checksum": "checksum", "digest": "digest", "nothing": None}[how]
    assert ctl("verify", job).code == 0


def test_05_a_wrong_sum_is_found(split, ctl, origin, room):
    split.options["Retry.Delay"] = "10ms"
    split.start()
    size = 4 * MIB
    [job] = ctl.add("--checksum", "sha-256=" + "0" * 64, origin.url(f"/bytes/{size}/a?pause=200000&until=g"))
    origin.wait_gated("g", 4)
    origin.release("g")
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_CHECKSUM"
    assert not (room.downloads / "a").exists()


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_06_holes_survive_the_daemon(split, ctl, origin, room, end):
    """What all connections had brought is kept, and only what lies between is asked for again."""
    split.start()
    size, each = 64 * MIB, 8000000
    path = f"/bytes/{size}/a"
    [job] = ctl.add(origin.url(f"{path}?pause={each}&until=g"))
    origin.wait_gated("g", 4)
    ctl.wait_received(4 * each, job)
    before = {asked(r)[0] for r in origin.requests(path)}
    if end == "stop":
        split.stop()
    else:
        room.wait_stored(",".join(f"{start}-{start + each}" for start in sorted(before)))
        ctl.job(job)  # answered behind the commit that wrote it
        split.kill9()
    [part] = (room.downloads / ".fetchd").glob("*.part")
    split.start()
    again = origin.wait_requests(path, 5)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    again = origin.requests(path)[4:]
    assert all(r.headers["if-range"].startswith('"') and r.status == 206 for r in again)
    # The holes begin where the four connections were.
    assert {start + each for start in before} <= {asked(r)[0] for r in again}
    last = ctl.ok("--json", "status", job).json[0]["history"][-1]
    assert last["offset"] == 4 * each and last["bytes"] == size - 4 * each


def test_07_a_file_that_changes_is_fetched_anew(split, ctl, origin, room):
    split.options["Retry.Delay"] = "10ms"
    split.start()
    size = 8 * MIB
    path = f"/bytes/{size}/a"
    [job] = ctl.add("-s", 2, origin.url(f"{path}?pause=200000&until=g"))
    origin.wait_gated("g", 2)
    origin.change(path, 1)
    ctl.ok("edit", "-s", 3, job)  # an attempt of another kind: it begins again, and finds the change
    origin.wait_requests(path, 3)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size, "a#1")


def test_08_a_part_of_another_version_ends_all(split, ctl, origin, room):
    split.options["Retry.Delay"] = "10ms"
    split.start()
    size = 8 * MIB
    path = f"/bytes/{size}/a"
    # The first connection stands still while the second is asked for: by then it is another file.
    [job] = ctl.add("-s", 2, origin.url(f"/gate/first{path}?pause=1000000&until=g"))
    origin.wait_gated("first")
    origin.release("first", 1)
    origin.wait_requests(f"/gate/first{path}", 2)  # the second connection, before its answer
    origin.change(f"/gate/first{path}", 1)
    origin.release("first")
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size, "a#1")
    seen = ctl.ok("--json", "status", job).json[0]
    assert seen["history"][0]["error"]["code"] == "E_CHANGED"


def test_09_a_server_that_refuses_more_connections(split, ctl, origin, room):
    split.start()
    size = 8 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?limit=2&pause=1000000&until=g"))
    origin.wait_gated("g", 2)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    seen = ctl.ok("--json", "status", job).json[0]
    assert seen["attempts"] == 1 and [a["outcome"] for a in seen["history"]] == ["done"]


def test_10_a_connection_that_breaks_leaves_its_range_to_the_others(split, ctl, origin, room):
    split.start()
    size = 8 * MIB
    # Each connection is cut once after 300,000 bytes, the first to get there.
    [job] = ctl.add("-s", 3, origin.url(f"/bytes/{size}/a?cut=900000&pause=300000&until=g"))
    origin.wait_gated("g", 3)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    assert ctl.job(job)["attempts"] == 1


def test_11_jobs_come_before_connections(split, ctl, origin, room):
    """Two slots: the file's second connection gives its up when a job waits for one."""
    split.options["Queue.MaxActive"] = 2
    split.start()
    size = 8 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?pause=300000&until=g"))
    origin.wait_gated("g", 2)
    [small] = ctl.add(origin.url("/bytes/1000/b", 1))
    assert ctl.wait(small).code == 0
    assert origin.gated("g") >= 1
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    assert origin.peak() <= 2


@pytest.mark.parametrize("bound", ["max-active", "max-per-host", "max-active-per-user"])
def test_12_within_the_bounds_that_there_are(split, ctl, origin, room, bound):
    key = {"max-active": "Queue.MaxActive", "max-per-host": "Queue.MaxPerHost", "max-active-per-user": "Queue.MaxActivePerUser"}[bound]
    split.options[key] = 3
    split.options["Transfer.Split"] = 16
    split.start()
    size = 16 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?pause=300000&until=g"))
    origin.wait_gated("g", 3)
    # A live limit takes them back, and gives them again.
    ctl.ok("limit", bound, 1)
    origin.wait_for(lambda: origin.gated("g") == 1)
    ctl.ok("limit", bound, 2)
    origin.wait_for(lambda: origin.gated("g") == 2)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    assert origin.peak() <= 3


def test_13_pause_cancel_and_remove_leave_nothing(split, ctl, origin, room):
    split.start()
    size = 64 * MIB
    path = f"/bytes/{size}/a"
    [job] = ctl.add(origin.url(f"{path}?pause=2000000&until=g"))
    origin.wait_gated("g", 4)
    ctl.wait_received(8000000, job)
    ctl.ok("pause", job)
    origin.wait_for(lambda: origin.gated("g") == 0)
    assert ctl.job(job)["state"] == "paused" and ctl.job(job)["received"] == 8000000
    ctl.ok("resume", job)
    origin.wait_gated("g", 4)
    ctl.ok("cancel", job)
    origin.wait_for(lambda: origin.gated("g") == 0)
    assert ctl.job(job)["state"] == "cancelled" and ctl.job(job)["received"] == 0
    ctl.ok("remove", job)
    assert sorted((room.downloads / ".fetchd").glob("*.part")) == [] and not (room.downloads / "a").exists()


def test_14_a_limit_on_speed_holds_for_all_connections_together(split, ctl, origin, room):
    split.start()
    size = 4 * MIB
    jobs = ctl.add("--limit-rate", "2M", origin.url(f"/bytes/{size}/a?pause=100000&until=g"))
    origin.wait_gated("g", 4)
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
    whole(ctl, room, "a", size)
    [attempt] = ctl.ok("--json", "status", jobs[0]).json[0]["history"]
    # Never faster than the limit, whatever the machine; a round of turns may be ahead.
    assert attempt["ended_usec"] - attempt["started_usec"] >= (size / (2 * MIB) - 0.3) * 1e6


def test_15_redirected_once_and_for_all(split, ctl, origin, room):
    split.start()
    size = 8 * MIB
    [job] = ctl.add(origin.url(f"/bytes/{size}/a?redirect=2&pause=300000&until=g"))
    origin.wait_gated("g", 4)
    origin.release("g")
    assert ctl.wait(job).code == 0
    whole(ctl, room, "a", size)
    assert sum("redirect" in r.target for r in origin.requests()) == 2


@pytest.mark.parametrize("value, words", [("0", "not a whole number from 1 to 64"), ("65", "1 to 64"), ("x", "wants a number")])
def test_16_senseless_numbers(daemon, ctl, origin, value, words):
    result = ctl("add", "-s", value, origin.url("/bytes/1/a"))
    assert result.code == 2 and words in result.err
    assert ctl.jobs() == {}


def test_17_a_list_of_aria2(split, ctl, origin, room, tmp_path):
    split.options["Transfer.Split"] = 1
    split.start()
    size = 4 * MIB
    (tmp_path / "list").write_text(origin.url(f"/bytes/{size}/a?pause=100000&until=g") + "\n  split=3\n")
    jobs = ctl.add("-i", tmp_path / "list")
    origin.wait_gated("g", 3)
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
    whole(ctl, room, "a", size)
