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


def whole(room, name, size, seed=None):
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
    whole(room, "a", size)
    [attempt] = ctl.ok("--json", "status", job).json[0]["history"]
    assert attempt["bytes"] == size and "over 4 connections" in attempt["note"]
