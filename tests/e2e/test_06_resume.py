"""Bytes that are on disk are not fetched again, and never mixed with another file's."""
import re

import pytest

from origin import content

MIB = 1 << 20


def parts(room):
    return sorted((room.downloads / ".fetchd").glob("*.part"))


def asked_from(request):
    match = re.fullmatch(r"bytes=(\d+)-", request.range or "")
    assert match, request.as_dict()
    return int(match.group(1))


@pytest.mark.parametrize("cut", [1, 65536, 300001, 1999999])
def test_01_a_cut_goes_on_where_it_was(daemon, ctl, origin, room, cut):
    [job] = ctl.add(origin.url(f"/bytes/2000000/a?cut={cut}"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)
    first, second = origin.requests()
    assert first.range is None and asked_from(second) == cut
    assert second.headers["if-range"].startswith('"') and second.status == 206
    assert ctl.job(job)["size"] == 2000000


def test_02_cut_again_and_again(stopped, ctl, origin, room):
    stopped.options["Retry.MaxDelay"] = "50ms"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000000/a?cut=123457&times=8"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 1000000)
    assert [asked_from(r) for r in origin.requests()[1:]] == [123457 * n for n in range(1, 9)]


def test_03_the_truncation_is_named(stopped, ctl, origin):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000000/a?cut=400000"))
    seen = ctl.watch("--since", 0).kind("waiting", job)["job"]
    assert seen["error"]["code"] == "E_TRUNCATED" and seen["received"] == 400000


def test_04_a_chunked_body_without_its_end(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/1000000/a?chunked&cut=400000"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 1000000)
    assert origin.count() == 2


def test_05_other_content_is_fetched_whole(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/2000000/a?cut=1500000"))
    ctl.watch("--since", 0).kind("waiting", job)
    origin.change("/bytes/2000000/a", 1)
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a#1", 2000000)
    assert asked_from(origin.requests()[1]) == 1500000 and origin.requests()[1].status == 200
    assert parts(room) == []


def test_06_a_server_without_ranges(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/2000000/a?norange&cut=1500000"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)


def test_07_a_date_is_a_validator_when_it_is_old(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/2000000/a?noetag&cut=1500000"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)
    assert origin.requests()[1].headers["if-range"] == "Wed, 01 Jan 2020 00:00:00 GMT"


@pytest.mark.parametrize("words", ["noetag&nomodified", "weak&nomodified"])
def test_08_without_a_validator_nothing_is_mixed(stopped, ctl, origin, room, words):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url(f"/bytes/2000000/a?cut=1500000&{words}"))
    ctl.watch("--since", 0).kind("waiting", job)
    events = ctl.watch()
    origin.change("/bytes/2000000/a", 1)
    ctl.ok("retry", job)
    assert events.kind("waiting", job)["job"]["error"]["code"] == "E_CHANGED"
    assert not any(path.is_file() for path in room.downloads.iterdir())
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a#1", 2000000)


def test_09_a_weak_tag_is_not_sent_back(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/2000000/a?cut=1500000&weak"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)
    assert not origin.requests()[1].headers.get("if-range", "").startswith("W/")


def test_10_a_clean_stop_keeps_every_byte(daemon, ctl, origin, room):
    jobs = ctl.add(*(origin.url(f"/bytes/3000000/f{i}?pause=2000000&until=g") for i in range(4)))
    origin.wait_gated("g", 4)
    ctl.wait_received(2000000, *jobs)
    daemon.stop()
    assert len(parts(room)) == 4
    assert {p.name for p in room.downloads.iterdir()} == {".fetchd"}
    origin.release("g")
    daemon.start()
    assert ctl.wait(*jobs).code == 0
    for i in range(4):
        assert content.same_as_file(room.downloads / f"f{i}", f"f{i}", 3000000)
        again = origin.requests(f"/bytes/3000000/f{i}")[1]
        assert 0 < asked_from(again) <= 2000000 and again.headers["if-range"].startswith('"')
    assert parts(room) == []


def test_11_kill9_in_the_middle_of_a_big_file(daemon, ctl, origin, room):
    """40 of 48 MiB are sent; what the last checkpoint covers, which stores the validator with it, is not asked for again."""
    path = f"/bytes/{48 * MIB}/big"
    [job] = ctl.add("-s", 1, origin.url(f"{path}?pause={40 * MIB}&until=g"))
    origin.wait_gated("g")
    room.wait_stored(origin.etag(path))
    ctl.job(job)  # answered behind the commit that wrote it
    daemon.kill9()
    assert not (room.downloads / "big").exists() and len(parts(room)) == 1
    origin.release("g")
    daemon.start()
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "big", "big", 48 * MIB)
    first, second = origin.requests(path)
    assert 16 * MIB <= asked_from(second) <= 40 * MIB
    assert second.headers["if-range"].startswith('"') and second.status == 206
    assert parts(room) == []


def test_12_after_kill9_the_length_of_the_part_means_nothing(daemon, ctl, origin, room):
    """Bytes behind the checkpoint may be anything: here they are spoiled by hand."""
    path = f"/bytes/{48 * MIB}/big"
    [job] = ctl.add("-s", 1, origin.url(f"{path}?pause={40 * MIB}&until=g"))
    origin.wait_gated("g")
    room.wait_stored(origin.etag(path))
    ctl.job(job)  # answered behind the commit that wrote it
    daemon.kill9()
    [part] = parts(room)
    with open(part, "r+b") as file:
        file.seek(0, 2)
        file.truncate(47 * MIB)
        file.seek(41 * MIB)
        file.write(b"spoiled" * 100000)
    origin.release("g")
    daemon.start()
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "big", "big", 48 * MIB)


@pytest.mark.parametrize("harm", ["truncate", "remove", "symlink"])
def test_13_a_part_that_someone_touched(stopped, ctl, origin, room, harm):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/2000000/a?cut=1500000"))
    ctl.watch("--since", 0).kind("waiting", job)
    stopped.stop()
    [part] = parts(room)
    foreign = room.path / "foreign"
    foreign.write_bytes(b"foreign" * 300000)
    if harm == "truncate":
        with open(part, "r+b") as file:
            file.truncate(1000)
    else:
        part.unlink()
        if harm == "symlink":
            part.symlink_to(foreign)
    stopped.start()
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)
    assert not (room.downloads / "a").is_symlink() and foreign.read_bytes() == b"foreign" * 300000


def test_14_416_when_nothing_is_missing(stopped, ctl, origin, room):
    """The cut came behind the last byte: the file is whole, the server has no more."""
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/2000000/a?cut=2000000&chunked"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "a", "a", 2000000)


def test_15_no_temporary_file_of_a_stranger_is_touched(stopped, ctl, origin, room):
    (room.downloads / ".fetchd").mkdir(mode=0o700)
    mine = room.downloads / ".fetchd" / "notes.txt"
    mine.write_text("mine")
    stopped.start()
    ctl.wait(*ctl.add(origin.url("/bytes/10/a")))
    stopped.restart()
    assert mine.read_text() == "mine"
