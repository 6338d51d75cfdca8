"""Disks that are full, read-only, gone, broken or hung. The job waits and goes on by itself, other disks' jobs run on, and
in the end the bytes are right or there is no file; nothing else in the directory is touched."""
import contextlib
import ctypes
import errno
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import time

import pytest

from disks import MIB, need, run
from harness import LIMIT
from origin import content
from origin.raw import HANG, File, RawServer, head

GONE = "E_DEST_GONE"


def on(stopped, *disks, **options):
    """A daemon with these disks as roots beside its own, which looks often at what holds jobs."""
    roots = [stopped.room.downloads, *(disk.path for disk in disks)]
    stopped.options.update({
        "Transfer.DownloadRoots": " ".join(map(str, roots)), "Retry.HoldInterval": "100ms", "Transfer.ReserveSpace": "0",
        **{key.replace("_", "."): value for key, value in options.items()}})
    return stopped


def held(ctl, job, code, wait="disk", stream=None):
    """Until the job waits for that, with that code: the sentence. What does not last needs a stream that has begun
    before: an old event tells the job as it is now."""
    seen = (stream or ctl.watch("--since", 0)).event(
        lambda e: e["job_id"] == job and e["kind"] == "waiting" and e["job"].get("waiting_for") == wait)["job"]
    assert seen["error"]["code"] == code, seen
    # It costs nothing, however often it is looked at.
    assert ctl.job(job).get("failures", 0) == 0
    return seen["error"]["message"]


def waiting(ctl, job):
    """Until the job has failed once and waits for its next attempt."""
    return ctl.watch("--since", 0).event(
        lambda e: e["job_id"] == job and e["kind"] == "waiting" and e["job"].get("waiting_for") == "retry")["job"]


def done(ctl, disk, job, name, size, seed=None, also=()):
    """It ends well, with the right bytes, and has left nothing else."""
    assert ctl.wait(job).code == 0, ctl.job(job)
    assert content.same_as_file(disk.path / name, seed or name, size)
    assert disk.names() == {name, *also} and disk.parts() == []
    assert [j for j in ctl.jobs() if j == job] == [job]


def asked_from(request):
    return int((request.range or "bytes=0-").removeprefix("bytes=").rstrip("-"))


# ---- full


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
@pytest.mark.parametrize("words", ["", "?chunked"])
def test_01_a_full_disk_holds_its_own_jobs_only(disks, stopped, ctl, origin, kind, words):
    disk = disks.of(kind, 40 * MIB)
    on(stopped, disk).start()
    disk.fill(2 * MIB if not words else 0)
    path = f"/bytes/{8 * MIB}/a"
    [job] = ctl.add("-d", disk.path, origin.url(path + words))
    message = held(ctl, job, "E_NO_SPACE")
    assert str(disk.path) in message
    assert words or message.startswith("need 8.0MiB and 0B in reserve, "), message
    assert disk.names() == set()
    others = ctl.add(*(origin.url(f"/bytes/{MIB}/o{i}") for i in range(3)))
    assert ctl.wait(*others).code == 0
    assert ctl.job(job)["state"] != "failed" and disk.names() == set()
    asked = origin.count()
    disk.empty()
    done(ctl, disk, job, "a", 8 * MIB)
    if not words:
        # While there was no room its host was left alone.
        assert asked == 4 and origin.count() == 5


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_02_it_fills_up_in_the_middle(disks, stopped, ctl, origin, kind):
    """Of unknown size, so nothing was reserved. What is on the disk is not fetched again."""
    disk = disks.of(kind, 60 * MIB)
    on(stopped, disk).start()
    path = f"/bytes/{24 * MIB}/a"
    [job] = ctl.add("-d", disk.path, origin.url(f"{path}?chunked&pause={10 * MIB}&until=g"))
    origin.wait_gated("g")
    ctl.wait_received(10 * MIB, job)
    disk.fill(2 * MIB)
    origin.release("g")
    held(ctl, job, "E_NO_SPACE")
    assert disk.names() == set()
    disk.empty()
    done(ctl, disk, job, "a", 24 * MIB)
    first, *more = origin.requests()
    assert asked_from(first) == 0 and all(asked_from(r) >= 9 * MIB for r in more) and more


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_03_what_was_reserved_is_there(disks, stopped, ctl, origin, kind):
    """The room of a file of known size is its own from the first byte on."""
    disk = disks.of(kind, 60 * MIB)
    on(stopped, disk).start()
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{24 * MIB}/a?pause={2 * MIB}&until=g"))
    origin.wait_gated("g")
    ctl.wait_received(2 * MIB, job)
    [part] = disk.parts()
    assert part.stat().st_blocks * 512 >= 24 * MIB and part.stat().st_size < 24 * MIB
    disk.fill(0)
    origin.release("g")
    done(ctl, disk, job, "a", 24 * MIB)
    assert origin.count() == 1


def test_04_the_reserve_is_left_to_others(disks, stopped, ctl, origin):
    """A hundredth of the disk at most; a reload changes it."""
    disk = disks.ext4(200 * MIB)
    on(stopped, disk, Transfer_ReserveSpace="1G").start()
    reserve = disk.total() // 100
    disk.fill(4 * MIB)
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{disk.free() - reserve // 2}/a"))
    message = held(ctl, job, "E_NO_SPACE")
    assert "in reserve" in message and "0B in reserve" not in message
    small = ctl.add("-d", disk.path, origin.url(f"/bytes/{MIB}/b"))
    assert ctl.wait(*small).code == 0
    (disk.path / "b").unlink()
    stopped.options["Transfer.ReserveSpace"] = "0"
    stopped.write_config()
    stopped.signal(signal.SIGHUP)
    assert ctl.wait(job).code == 0
    assert disk.free() < reserve


def test_05_a_stream_of_unknown_size_stops_at_the_reserve(disks, stopped, ctl, origin):
    disk = disks.ext4(200 * MIB)
    on(stopped, disk, Transfer_ReserveSpace="1G").start()
    reserve = disk.total() // 100
    disk.fill(12 * MIB)
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{16 * MIB}/a?chunked"))
    held(ctl, job, "E_NO_SPACE")
    # It is looked at while the file grows: some buffers may be on their way.
    assert disk.free() > reserve // 2
    disk.empty()
    done(ctl, disk, job, "a", 16 * MIB)


def test_06_no_inodes(disks, stopped, ctl, origin):
    disk = disks.ext4(16 * MIB, "-N", "32")
    on(stopped, disk).start()
    clutter = []
    with pytest.raises(OSError) as caught:
        for i in range(1000):
            clutter.append(disk.path / f"clutter{i}")
            clutter[-1].touch()
    assert caught.value.errno == errno.ENOSPC and os.statvfs(disk.path).f_favail == 0
    clutter.pop()
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{MIB}/a"))
    assert "inodes" in held(ctl, job, "E_QUOTA", "quota")
    clutter.pop().unlink()
    done(ctl, disk, job, "a", MIB, also={p.name for p in clutter})


def _without_resource_capability():
    if ctypes.CDLL(None).prctl(24, 24, 0, 0, 0) != 0:  # PR_CAPBSET_DROP, CAP_SYS_RESOURCE
        raise OSError("CAP_SYS_RESOURCE cannot be dropped")


def set_quota(device, uid, limit_bytes):
    """quotactl(2): struct if_dqblk, of which only the block limits are set."""
    numbers = [limit_bytes // 1024, limit_bytes // 1024, 0, 0, 0, 0, 0, 0]
    block = (ctypes.c_uint64 * 9)(*numbers, 1)  # QIF_BLIMITS
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.quotactl(0x800008 << 8, device.encode(), uid, ctypes.byref(block)) != 0:  # Q_SETQUOTA, USRQUOTA
        pytest.skip(f"no quotas here: {os.strerror(ctypes.get_errno())}")


def ext4_with_quota(disks):
    disk = disks.ext4(200 * MIB, "-O", "quota", "-E", "quotatype=usrquota", options="usrquota")
    return disk, lambda limit: set_quota(disk.device, os.geteuid(), limit)


def btrfs_with_quota(disks):
    disk = disks.btrfs(200 * MIB)
    run("btrfs", "quota", "enable", disk.path)
    return disk, lambda limit: run("btrfs", "qgroup", "limit", limit or "none", disk.path)


@pytest.mark.parametrize("kind", [ext4_with_quota, btrfs_with_quota])
@pytest.mark.parametrize("words", ["", "?chunked"])
def test_07_a_quota(disks, stopped, ctl, origin, kind, words):
    disk, limit = kind(disks)
    on(stopped, disk).start(preexec=_without_resource_capability)
    limit(4 * MIB)
    path = f"/bytes/{16 * MIB}/a"
    [job] = ctl.add("-d", disk.path, origin.url(path + words))
    held(ctl, job, "E_QUOTA", "quota")
    other = ctl.add(origin.url(f"/bytes/{MIB}/o"))
    assert ctl.wait(*other).code == 0
    limit(0)
    done(ctl, disk, job, "a", 16 * MIB)
    if not words:
        # The quota was tried, not the host.
        assert len(origin.requests(path)) == 2


# ---- read-only, gone


def test_08_read_only_and_back(disks, stopped, ctl, origin):
    disk = disks.ext4(40 * MIB)
    on(stopped, disk, Retry_Delay="1h").start()
    path = f"/bytes/{2 * MIB}/a"
    [job] = ctl.add("-d", disk.path, origin.url(f"{path}?cut={MIB}"))
    waiting(ctl, job)
    disk.remount("ro")
    ctl.ok("retry", job)
    held(ctl, job, "E_READONLY")
    [new] = ctl.add("-d", disk.path, "-o", "b", origin.url(f"/bytes/{MIB}/b"))
    held(ctl, new, "E_READONLY")
    disk.remount("rw")
    assert ctl.wait(new).code == 0
    done(ctl, disk, job, "a", 2 * MIB, also={"b"})
    assert content.same_as_file(disk.path / "b", "b", MIB)
    assert [asked_from(r) for r in origin.requests(path)] == [0, MIB]


class Away:
    """Ways for a root to be no more, and back."""

    def __init__(self, disk):
        self.path = disk.path
        self.aside = disk.path.with_name("aside")
        self.disk = disk

    def unmounted(self, back):
        self.disk.mount() if back else self.disk.detach()

    def renamed(self, back):
        self.aside.rename(self.path) if back else self.path.rename(self.aside)

    def symlink(self, back):
        if back:
            self.path.unlink()
        self.renamed(back)
        if not back:
            self.path.symlink_to(self.aside)

    def replaced(self, back):
        if back:
            self.path.rmdir()
        self.renamed(back)
        if not back:
            self.path.mkdir()


class Folder:
    """A root that is a folder on the machine's own disk."""

    def __init__(self, room):
        self.path = room.path / "folder"
        self.path.mkdir()

    def names(self):
        return {p.name for p in self.path.iterdir()} - {".fetchd"}

    def parts(self):
        return sorted((self.path / ".fetchd").glob("*.part"))


def away_from(disks, room, harm):
    disk = disks.ext4(40 * MIB) if harm == "unmounted" else Folder(room)
    return disk, getattr(Away(disk), harm)


HARMS = ["unmounted", "renamed", "symlink", "replaced"]


def is_untouched(path):
    """Nothing was made where the root was."""
    return path.is_symlink() or not path.exists() or not list(path.iterdir())


@pytest.mark.parametrize("harm", HARMS)
def test_09_a_root_that_is_gone_before_an_attempt(disks, stopped, ctl, origin, room, harm):
    disk, harm = away_from(disks, room, harm)
    on(stopped, disk, Retry_Delay="1h").start()
    path = f"/bytes/{2 * MIB}/a"
    [job] = ctl.add("-d", disk.path, origin.url(f"{path}?cut={MIB}"))
    waiting(ctl, job)
    harm(back=False)
    ctl.ok("retry", job)
    assert str(disk.path) in held(ctl, job, GONE)
    other = ctl.add(origin.url(f"/bytes/{MIB}/o"))
    assert ctl.wait(*other).code == 0
    assert is_untouched(disk.path)
    harm(back=True)
    done(ctl, disk, job, "a", 2 * MIB)
    assert [asked_from(r) for r in origin.requests(path)] == [0, MIB]


@pytest.mark.parametrize("size", [1000, 2 * MIB])
@pytest.mark.parametrize("harm", HARMS)
def test_10_a_root_that_goes_while_a_file_comes(disks, stopped, ctl, origin, room, harm, size):
    """The file is whole and has no place: it keeps its bytes, and nothing is fetched again."""
    disk, harm = away_from(disks, room, harm)
    on(stopped, disk).start()
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{size}/a?pause={size // 2}&until=g"))
    origin.wait_gated("g")
    ctl.wait_received(size // 2, job)
    harm(back=False)
    origin.release("g")
    held(ctl, job, GONE)
    assert is_untouched(disk.path)
    harm(back=True)
    done(ctl, disk, job, "a", size)
    if size > 65536:
        assert sum(r.sent for r in origin.requests()) < 2 * size


def test_11_a_folder_in_a_root_is_made_again(stopped, ctl, origin, room):
    """Only roots are never made."""
    on(stopped).start()
    [job] = ctl.add("-d", room.downloads / "x" / "y", origin.url(f"/bytes/{MIB}/a?pause=1000&until=g"))
    origin.wait_gated("g")
    origin.release("g")
    assert ctl.wait(job).code == 0
    (room.downloads / "x" / "y" / "a").unlink()
    (room.downloads / "x" / "y").rmdir()
    (room.downloads / "x").rmdir()
    [job] = ctl.add("-d", room.downloads / "x" / "y", origin.url(f"/bytes/{MIB}/a"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "x" / "y" / "a", "a", MIB)


@pytest.mark.parametrize("size", [1000, 20 * MIB])
def test_12_a_mount_below_a_root(disks, stopped, ctl, origin, size):
    """A part cannot be renamed to it: told before the bytes come."""
    disk = disks.ext4(64 * MIB)
    on(stopped, disk).start()
    below = disk.path / "below"
    below.mkdir()
    run("mount", "-t", "tmpfs", "none", below)
    try:
        [job] = ctl.add("-d", below, origin.url(f"/bytes/{size}/a?pause={size - 1}&until=g"))
        if size > 65536:
            assert ctl.wait(job).code == 1
        origin.release("g")
        assert ctl.wait(job).code == 1
        assert ctl.job(job)["error"]["code"] == "E_XDEV"
        assert list(below.iterdir()) == [] and disk.parts() == []
    finally:
        run("umount", "-l", below)


def test_13_the_folder_of_parts_is_made_again(daemon, ctl, origin, room):
    """Someone tidies up while a file comes: it is fetched again, and others have their place."""
    [job] = ctl.add(origin.url(f"/bytes/{2 * MIB}/a?pause={MIB}&until=g&times=1"))
    origin.wait_gated("g")
    wait_for_part(room)
    shutil.rmtree(room.downloads / ".fetchd")
    jobs = ctl.add(origin.url(f"/bytes/{MIB}/b"), origin.url("/bytes/1000/c"))
    assert ctl.wait(*jobs).code == 0
    origin.release("g")
    fine(ctl, room, job, "a", 2 * MIB, also={"b", "c"})
    assert (room.downloads / ".fetchd").stat().st_mode & 0o777 == 0o700
    daemon.restart()
    assert ctl.job(job)["state"] == "done"


# ---- errors, by a library that fails on demand


def parts_of(room):
    return sorted((room.downloads / ".fetchd").glob("*.part"))


def files_of(room):
    return {p.name for p in room.downloads.iterdir()} - {".fetchd"}


def fine(ctl, room, job, name, size, also=()):
    assert ctl.wait(job).code == 0, ctl.job(job)
    assert content.same_as_file(room.downloads / name, name, size)
    assert files_of(room) == {name, *also} and parts_of(room) == []


@pytest.mark.parametrize("rule", ["pwrite:5:1:1", "pwrite:5:9:1", "fdatasync:5:1:1", "fsync:5:1:1"])
@pytest.mark.parametrize("size", [1000, 20 * MIB])
def test_14_an_input_output_error_once(shim, stopped, ctl, origin, room, rule, size):
    on(stopped).start(**shim.environment(rule))
    [job] = ctl.add(origin.url(f"/bytes/{size}/a"))
    fine(ctl, room, job, "a", size)


def test_14_a_checkpoint_that_fails_with_the_end_behind_it(shim, stopped, ctl, origin, room):
    """All bytes are there when the sync of some of them fails: a sync that succeeds after it proves nothing."""
    on(stopped, Queue_MaxActive=1).start(**shim.environment("fdatasync:wait5:1:1"))
    [job, other] = ctl.add(origin.url(f"/bytes/{20 * MIB}/a?pause={18 * MIB}&until=g"), origin.url("/bytes/10/b"))
    shim.wait_for("fdatasync")
    origin.release("g")
    origin.wait_for(lambda: any(r.path.endswith("/b") for r in origin.requests()))
    shim.open_gate()
    assert ctl.wait(other).code == 0
    fine(ctl, room, job, "a", 20 * MIB, also={"b"})
    assert [attempt.get("error", {}).get("code") for attempt in ctl.job(job)["history"]] == ["E_IO", None]


def test_15_an_error_of_a_sync_keeps_what_was_synced_before(shim, stopped, ctl, origin, room):
    """The first checkpoint counts, the second failed: the file is not synced again, and goes on behind the first."""
    on(stopped, Retry_Delay="1h").start(**shim.environment("fdatasync:5:2:1"))
    path = f"/bytes/{48 * MIB}/a"
    [job] = ctl.add("-s", 1, "--limit-rate", "24M", origin.url(path))
    seen = waiting(ctl, job)
    assert seen["error"]["code"] == "E_IO"
    assert 16 * MIB <= seen["received"] < 48 * MIB
    [part] = parts_of(room)
    syncs = [call for call in shim.calls() if call[0] in ("fsync", "fdatasync")]
    assert syncs == [("fdatasync", part.name, "0"), ("fdatasync", part.name, "-5")], "no sync after one that failed"
    ctl.ok("retry", job)
    fine(ctl, room, job, "a", 48 * MIB)
    assert [asked_from(r) for r in origin.requests(path)] == [0, seen["received"]]


def test_16_an_error_of_a_write_means_no_sync(shim, stopped, ctl, origin, room):
    on(stopped, Retry_Delay="1h").start(**shim.environment("pwrite:5:20:1"))
    [job] = ctl.add(origin.url(f"/bytes/{12 * MIB}/a"))
    assert waiting(ctl, job)["error"]["code"] == "E_IO"
    assert [call for call in shim.calls() if call[0] in ("fsync", "fdatasync")] == []
    ctl.ok("retry", job)
    fine(ctl, room, job, "a", 12 * MIB)


@pytest.mark.parametrize("rule", ["rename", "overwrite", "fail"])
@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_17_a_name_that_cannot_be_synced_is_taken_back(shim, stopped, ctl, origin, room, rule, size):
    """Else the next attempt would find it taken, by itself."""
    on(stopped).start(**shim.environment("dirsync:5:1:1"))
    [job] = ctl.add("--on-conflict", rule, origin.url(f"/bytes/{size}/a"))
    fine(ctl, room, job, "a", size)
    assert ("dirsync", "dl", "-5") in shim.calls() and ctl.job(job)["name"] == "a"


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_18_the_second_error_in_a_row_is_final(shim, stopped, ctl, origin, room, call):
    on(stopped).start(**shim.environment(f"{call}:5:1:0"))
    [job] = ctl.add(origin.url(f"/bytes/{MIB}/a"))
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_IO" and origin.count() == 2
    assert files_of(room) == set()


def test_19_one_sync_for_many_that_fails_fails_all(shim, stopped, ctl, origin, room):
    """The first file waits in its sync while the others come: those are synced together."""
    meminfo = room.path / "meminfo"
    meminfo.write_text("MemTotal: 1 kB\nDirty: 0 kB\n")
    on(stopped, **{"Queue_MaxActive": 100, "Queue_MaxPerHost": 100}).start(
        **shim.environment("fsync:wait:1:1", "syncfs:5:1:1"), FETCHD_SHIM_MEMINFO=str(meminfo))
    jobs = ctl.add(*(origin.url(f"/bytes/1000/f{i}") for i in range(60)))
    origin.wait_for(lambda: origin.count() >= 60)
    shim.open_gate()
    assert ctl.wait(*jobs).code == 0
    assert ("syncfs", "-5") in [(call[0], call[2]) for call in shim.calls()]
    for i in range(60):
        assert content.same_as_file(room.downloads / f"f{i}", f"f{i}", 1000)
    assert files_of(room) == {f"f{i}" for i in range(60)} and parts_of(room) == []
    assert origin.count() > 60


CAUSES = [(errno.ENOSPC, "E_NO_SPACE", "disk"), (errno.EDQUOT, "E_QUOTA", "quota"), (errno.EROFS, "E_READONLY", "disk"),
          (errno.ESTALE, GONE, "disk")]
CALLS = ["create", "fallocate", "pwrite", "fdatasync", "fsync", "rename"]


# A reservation that fails for another reason than room is no error.
@pytest.mark.parametrize("call, number, code, wait", [
    (call, *cause) for call in CALLS for cause in CAUSES if call != "fallocate" or cause in CAUSES[:2]])
def test_20_whatever_call_says_so_the_job_waits(shim, stopped, ctl, origin, room, call, number, code, wait):
    on(stopped).start(**shim.environment(f"{call}:{number}:1:1"))
    path = f"/bytes/{20 * MIB}/a"
    [job] = ctl.add(origin.url(f"/gate/head{path}?pause={18 * MIB}&until=g"))
    origin.wait_gated("head")
    stream = ctl.watch("--since", 0)
    stream.kind("started", job)
    origin.release("head")
    if call == "fdatasync":
        # A checkpoint, of what has come so far.
        origin.wait_gated("g")
        stream.kind("waiting", job)
    origin.release("g")
    held(ctl, job, code, wait, stream)
    fine(ctl, room, job, "a", 20 * MIB)


@pytest.mark.parametrize("rule", ["pwrite:short:1:0", f"pwrite:{errno.EINTR}:1:5", f"fallocate:{errno.EOPNOTSUPP}:1:0",
                                  f"rename:{errno.EINVAL}:1:0"])
def test_21_what_is_no_error(shim, stopped, ctl, origin, room, rule):
    """Short writes, interrupted ones, file systems that cannot reserve or have no renameat2(2)."""
    on(stopped).start(**shim.environment(rule))
    jobs = ctl.add(origin.url(f"/bytes/{3 * MIB}/a"), origin.url("/bytes/1000/b"))
    assert ctl.wait(*jobs).code == 0
    fine(ctl, room, jobs[0], "a", 3 * MIB, also={"b"})
    assert content.same_as_file(room.downloads / "b", "b", 1000)
    assert all((room.downloads / name).stat().st_nlink == 1 for name in "ab")


def test_22_a_file_larger_than_the_limit(stopped, ctl, origin, room):
    """RLIMIT_FSIZE: the signal is ignored, the job fails, the daemon and others go on."""
    on(stopped).start(preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MIB, 4 * MIB)))
    jobs = ctl.add(origin.url(f"/bytes/{8 * MIB}/a"), origin.url(f"/bytes/{2 * MIB}/b"))
    assert ctl.wait(*jobs).code == 1
    assert ctl.job(jobs[0])["error"]["code"] == "E_TOO_LARGE"
    fine(ctl, room, jobs[1], "b", 2 * MIB)


LONG = "n" * 200 + ".tar.gz"


@pytest.mark.parametrize("limit, size", [(143, 143), (120, 100)])
def test_23_a_name_too_long_for_the_file_system(shim, stopped, ctl, origin, room, limit, size):
    on(stopped).start(FETCHD_SHIM_NAME_MAX=str(limit), **shim.environment())
    names = []
    for wanted in ("n" * (size - 7) + ".tar.gz", None):
        [job] = ctl.add("-o", LONG, origin.url("/bytes/1000/a"))
        assert ctl.wait(job).code == 0
        names.append(ctl.job(job)["name"])
        assert wanted in (None, names[-1])
        assert content.same_as_file(room.downloads / names[-1], "a", 1000)
    assert names[1].endswith(" (1).tar.gz") and len(names[1]) <= limit and files_of(room) == set(names)


def test_24_a_name_that_no_cut_helps(shim, stopped, ctl, origin, room):
    on(stopped).start(FETCHD_SHIM_NAME_MAX="50", **shim.environment())
    [job] = ctl.add("-o", LONG, origin.url("/bytes/1000/a"))
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_NAME" and files_of(room) == set() and parts_of(room) == []


# ---- parts that someone touched


FOREIGN = b"foreign" * 300000


class Harm:
    """What can happen to a part behind the daemon's back."""

    def __init__(self, room):
        self.foreign = room.path / "foreign"
        self.foreign.write_bytes(FOREIGN)

    def shorter(self, part):
        os.truncate(part, 1000)

    def removed(self, part):
        part.unlink()

    def hardlinked(self, part):
        self.foreign.unlink()
        os.link(part, self.foreign)

    def symlink(self, part):
        part.unlink()
        part.symlink_to(self.foreign)

    def replaced(self, part):
        part.unlink()
        part.write_bytes(FOREIGN)
        os.chown(part, 12345, -1)

    def owned(self, part):
        os.chown(part, 12345, -1)

    def fifo(self, part):
        part.unlink()
        os.mkfifo(part)

    def folder(self, part):
        part.unlink()
        part.mkdir()

    def check(self, harm):
        if harm == "hardlinked":
            assert self.foreign.stat().st_nlink == 1
        else:
            assert self.foreign.read_bytes() == FOREIGN and self.foreign.stat().st_nlink == 1


TOUCHED = ["shorter", "removed", "hardlinked", "symlink", "replaced", "owned", "fifo", "folder"]


def needs_root(harm):
    if harm in ("replaced", "owned") and os.geteuid() != 0:
        pytest.skip("giving a file away needs root")


@pytest.mark.parametrize("harm", TOUCHED)
def test_25_a_part_touched_between_attempts(stopped, ctl, origin, room, harm):
    needs_root(harm)
    on(stopped, Retry_Delay="1h").start()
    [job] = ctl.add(origin.url(f"/bytes/{2 * MIB}/a?cut={MIB}"))
    waiting(ctl, job)
    harms = Harm(room)
    [part] = parts_of(room)
    before = part.read_bytes()
    getattr(harms, harm)(part)
    ctl.ok("retry", job)
    fine(ctl, room, job, "a", 2 * MIB)
    assert [asked_from(r) for r in origin.requests()] == [0, 0]
    harms.check(harm)
    if harm == "hardlinked":
        assert harms.foreign.read_bytes() == before


@pytest.mark.parametrize("harm", TOUCHED)
def test_26_a_part_touched_while_it_is_written(stopped, ctl, origin, room, harm):
    """The name at the end is that of what was written, or the file is fetched again."""
    needs_root(harm)
    on(stopped).start()
    [job] = ctl.add(origin.url(f"/bytes/{2 * MIB}/a?pause={MIB}&until=g&times=1"))
    origin.wait_gated("g")
    ctl.wait_received(MIB, job)
    harms = Harm(room)
    [part] = wait_for_part(room)
    getattr(harms, harm)(part)
    origin.release("g")
    assert ctl.wait(job).code == 0, ctl.job(job)
    assert content.same_as_file(room.downloads / "a", "a", 2 * MIB)
    assert files_of(room) == {"a"} and parts_of(room) == []
    assert (room.downloads / "a").stat().st_nlink == 1 and (room.downloads / "a").stat().st_uid == os.geteuid()
    harms.check(harm)


def wait_until(there):
    """Of what no one tells."""
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_part(room):
    """Bytes are received before they are written."""
    wait_until(lambda: parts_of(room))
    return parts_of(room)


# ---- a name that appears meanwhile


@pytest.mark.parametrize("rule, code, name, foreign", [
    ("skip", 0, "a", True), ("rename", 0, "a (1)", True), ("overwrite", 0, "a", False), ("fail", 1, None, True)])
@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_27_the_name_is_taken_while_the_file_comes(stopped, ctl, origin, room, rule, code, name, foreign, size):
    on(stopped).start()
    [job] = ctl.add("--on-conflict", rule, origin.url(f"/bytes/{size}/a?pause={size // 2}&until=g"))
    origin.wait_gated("g")
    (room.downloads / "a").write_bytes(FOREIGN)
    origin.release("g")
    assert ctl.wait(job).code == code
    assert ((room.downloads / "a").read_bytes() == FOREIGN) == foreign
    told = ctl.job(job)
    if name:
        assert told["state"] == "done" and told["name"] == name
    else:
        assert told["error"]["code"] == "E_EXISTS"
    if rule in ("rename", "overwrite"):
        assert content.same_as_file(room.downloads / name, "a", size)
    assert files_of(room) == {"a", name or "a"} and parts_of(room) == []


# ---- a finished file, looked at again


def finished(ctl, origin, *options, size=MIB):
    [job] = ctl.add(*options, origin.url(f"/bytes/{size}/a"))
    assert ctl.wait(job).code == 0
    return job


def verified(ctl, job):
    result = ctl("verify", job)
    return result.code == 0, result.out + result.err


class Decay:
    """What becomes of a finished file, and what is said of it."""

    def changed(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        return "hashes to"

    def shorter(self, path):
        os.truncate(path, 1000)
        return "size"

    def removed(self, path):
        path.unlink()
        return "not there any more"

    def symlink(self, path):
        path.rename(path.with_name("b"))
        path.symlink_to("b")
        return "something else"

    def folder(self, path):
        path.unlink()
        path.mkdir()
        return "something else"


@pytest.mark.parametrize("decay", ["changed", "shorter", "removed", "symlink", "folder"])
def test_28_verify_reads_the_file_again(daemon, ctl, origin, room, decay):
    job = finished(ctl, origin, "--checksum", "sha-256=" + content.sha256("a", MIB))
    good, said = verified(ctl, job)
    assert good, said
    sentence = getattr(Decay(), decay)(room.downloads / "a")
    good, said = verified(ctl, job)
    assert not good and sentence in said, said
    assert ctl.job(job)["state"] == "done"


def has_open(daemon, path):
    for link in (pathlib.Path("/proc") / str(daemon.process.pid) / "fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(link) == str(path):
                return True
    return False


def test_29_a_long_read_holds_nobody(daemon, ctl, origin, room):
    """Not the other jobs, not the end of the daemon."""
    job = finished(ctl, origin)
    os.truncate(room.downloads / "a", 1 << 40)
    reader = ctl.spawn("verify", job)
    wait_until(lambda: has_open(daemon, room.downloads / "a"))
    others = ctl.add(*(origin.url(f"/bytes/{2 * MIB}/o{i}") for i in range(4)))
    assert ctl.wait(*others).code == 0
    assert reader.process.poll() is None
    daemon.stop()
    assert reader.process.wait(60) != 0


# ---- a file system that hangs


@contextlib.contextmanager
def frozen(disk):
    """Thawed whatever happens: what hangs in the kernel cannot be ended."""
    disk.freeze()
    try:
        yield
    finally:
        disk.thaw()


def test_30_a_hung_disk_holds_its_own_transfers_only(disks, stopped, ctl, origin):
    """More bytes come for it than there are buffers for all; others still get theirs."""
    need("fsfreeze")
    disk = disks.ext4(400 * MIB)
    on(stopped, disk, Queue_MaxActive=40, Queue_MaxPerHost=40).start()
    warm = ctl.add("-d", disk.path, origin.url("/bytes/10/warm"))
    assert ctl.wait(*warm).code == 0
    jobs = ctl.add("-d", disk.path, *(origin.url(f"/gate/g/bytes/{9 * MIB}/h{i}", port=1) for i in range(20)))
    origin.wait_gated("g", 20)
    with frozen(disk):
        origin.release("g")
        origin.wait_for(lambda: sum(r.sent for r in origin.requests()) > 32 * MIB)
        others = ctl.add(*(origin.url(f"/bytes/{4 * MIB}/o{i}") for i in range(8)))
        assert ctl.wait(*others).code == 0
        assert ctl("ping").code == 0
        assert disk.names() == {"warm"}
        # Whoever looks is told why nothing goes on.
        wait_until(lambda: "E_IO_STALL" in ctl.ok("status").out)
        assert metric(ctl, "fetchd_disk_stalled_seconds") > 1 and metric(ctl, "fetchd_disk_buffer_bytes") > 0
        stopped.log.find(lambda line: "the disk has not responded for" in line)
    assert ctl.wait(*jobs).code == 0
    for i in range(20):
        assert content.same_as_file(disk.path / f"h{i}", f"h{i}", 9 * MIB)
    assert disk.parts() == []


def test_31_a_stop_while_a_disk_hangs(disks, stopped, ctl, origin):
    """It is left behind; the next start takes up what is there."""
    need("fsfreeze")
    disk = disks.ext4(64 * MIB)
    on(stopped, disk).start()
    [job] = ctl.add("-d", disk.path, origin.url(f"/bytes/{8 * MIB}/a?pause={MIB}&until=g"))
    origin.wait_gated("g")
    ctl.wait_received(MIB, job)
    with frozen(disk):
        origin.release("g")
        origin.wait_for(lambda: sum(r.sent for r in origin.requests()) > 2 * MIB)
        stopped.signal(signal.SIGKILL)
    assert stopped.wait_exit() == -signal.SIGKILL
    assert disk.names() == set()
    stopped.start()
    done(ctl, disk, job, "a", 8 * MIB)


def test_32_freeze_leaves_nothing(disks):
    """The tests' own tools: a disk that is filled, frozen and thawed is as before."""
    disk = disks.ext4(32 * MIB)
    before = disk.free()
    disk.fill(MIB)
    assert disk.free() <= MIB + 65536
    disk.empty()
    assert disk.free() == before
    assert run("findmnt", "--noheadings", "--output", "FSTYPE", disk.path).strip() == "ext4"


def test_32b_a_hold_that_goes_on_leaves_no_trail(disks, stopped, ctl, origin, room):
    """Who watches sees each look; the record tells that it is held, once, and when it runs."""
    disk = disks.tmpfs(4 * MIB)
    on(stopped, disk, Retry_HoldInterval="10ms").start()
    disk.fill(0)
    [job] = ctl.add("-d", disk.path, origin.url("/bytes/1000000/a"))
    stream = ctl.watch("--since", 0)
    stream.kind("waiting", job)
    deadline = time.monotonic() + LIMIT
    while sum(event["kind"] == "waiting" for event in stream.seen()) < 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "E_NO_SPACE" in stopped.log.text()
    disk.empty()
    assert ctl.wait(job).code == 0
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM events ORDER BY id")]
    assert len(kinds) < 10 and len(stream.seen()) > 40, kinds
    stopped.start()


def hung_sync(shim, stopped, ctl, origin, part):
    """A job with a part of that many bytes waits for its retry; then the lane that syncs, and removes parts, hangs."""
    on(stopped, Retry_Delay="1h", Queue_MaxPerHost=8).start(**shim.environment("fdatasync:wait:2:1"))
    [job] = ctl.add(*part)
    waiting(ctl, job)
    # So slow that it is synced on its way.
    [other] = ctl.add("--limit-rate", "40M", "-o", "other", origin.url(f"/bytes/{60 * MIB}/other"))
    shim.wait_for("fdatasync", 2)
    return job, other


def test_30_a_part_that_takes_long_to_remove(shim, stopped, ctl, origin, room):
    """What takes its place is small, and finished before the old one is gone."""
    old, new = File("old", 200000, etag='"old"'), File("new", 1000, etag='"new"')
    with RawServer() as server:
        server.play("/f", old.cut(150000), new)
        job, other = hung_sync(shim, stopped, ctl, origin, [server.url("/f")])
        ctl.ok("retry", job)
        server.wait_requests("/f", 2)
        place = room.downloads / "f"
        while not place.exists():
            assert stopped.running(), stopped.log.tail()
            time.sleep(0.01)
        shim.open_gate()
        assert ctl.wait(job, other).code == 0
        assert content.same_as_file(place, "new", 1000)
    assert parts_of(room) == []


def test_31_not_modified_while_a_part_is_removed(shim, stopped, ctl, origin, room):
    """The part is lost, and the file turns out to be no newer than asked for."""
    with RawServer() as server:
        server.play("/f", File("f", 200000).cut(150000), [head("HTTP/1.1 304 Not Modified", "Connection: close"), HANG])
        job, other = hung_sync(shim, stopped, ctl, origin, ["-z", "2019-01-01", server.url("/f")])
        for part in room.downloads.glob(f".fetchd/{job}.*"):
            part.unlink()
        ctl.ok("retry", job)
        server.wait_gone("/f", 2)
        shim.open_gate()
        assert ctl.wait(job, other).code == 0, stopped.log.tail()
    assert files_of(room) == {"other"} and parts_of(room) == []


# ---- the queue's own disk


def metric(ctl, name):
    """A single figure of now."""
    return float(next(line for line in ctl.ok("metrics").lines if line.startswith(name + " ")).split()[1])


@pytest.fixture
def small_state(stopped, disks):
    """The state directory is on a disk of its own."""
    disk = disks.tmpfs(4 * MIB, "state")
    disk.path.chmod(0o700)
    stopped.options.update({"Daemon.StateDirectory": disk.path, "Queue.MaxPerHost": 4})
    return disk


def test_33_a_full_disk_under_the_queue(stopped, small_state, ctl, origin, room):
    """Nothing new is taken, nothing that was taken is lost, whoever asks is answered; with room it goes on by itself."""
    stopped.start()
    running = ctl.add(*(origin.url(f"/bytes/300000/{i}?pause=1000&until=g") for i in range(4)))
    origin.wait_gated("g", 4)
    queued = ctl.add("-", stdin="".join(origin.url(f"/bytes/10/q{i}\n") for i in range(50)))
    small_state.fill(0)
    refused = ctl("add", "-", stdin="".join(origin.url(f"/bytes/10/no{i}\n") for i in range(5000)))
    assert refused.code == 75 and refused.lines == [] and "no room" in refused.err, refused
    # Now slots are free, jobs are ready, outcomes are there, and none of it can be written.
    origin.release("g")
    for _ in range(20):
        assert len(ctl.jobs()) == 54
        assert ctl.job(queued[-1])["id"] == queued[-1]
        ctl.ok("ping")

    def full():
        told, again = (stopped.log.text().count(word) for word in ("(database or disk is full)", "there is room again"))
        assert told > 0 and told - again in (0, 1)
        return told - again

    # A small write may have found some room.
    wait_until(lambda: metric(ctl, "fetchd_database_full") == full())
    small_state.empty()
    assert ctl.wait(*running, *queued).code == 0
    assert len(ctl.jobs()) == 54 and stopped.log.find(lambda line: "there is room again" in line)
    assert metric(ctl, "fetchd_database_full") == 0
    # What could not be written never happened.
    for kind in ("added", "done"):
        assert metric(ctl, f'fetchd_job_events_total{{kind="{kind}"}}') == 54
    assert metric(ctl, 'fetchd_attempts_total{outcome="done"}') == 54
    assert all(content.same_as_file(room.downloads / str(i), str(i), 300000) for i in range(4))


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_34_an_end_while_the_queues_disk_is_full(stopped, small_state, ctl, origin, room, end):
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/300000/{i}?pause=1000&until=g") for i in range(4)))
    origin.wait_gated("g", 4)
    small_state.fill(0)
    origin.release("g")
    assert ctl("add", "-", stdin="".join(origin.url(f"/bytes/10/no{i}\n") for i in range(5000))).code == 75
    getattr(stopped, end)()
    assert "in time" not in stopped.log.text()
    small_state.empty()
    stopped.start()
    assert ctl.wait(*jobs).code == 0
    assert {path.name for path in room.downloads.iterdir()} == {".fetchd", "0", "1", "2", "3"}


def test_35_a_start_on_a_full_disk(stopped, small_state, ctl, origin):
    """For a service manager a reason to try again, not to give up."""
    small_state.fill(0)
    code, said = stopped.refuse()
    assert code == 75 and "no room" in said
    small_state.empty()
    stopped.start()
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/a"))).code == 0


def test_36_what_a_full_disk_undid(stopped, small_state, ctl, origin, room):
    """Claims, verbs, retries and schedules that came while nothing could be written: none is half-done, none is
    forgotten, and the sums are those of the rows."""
    small_state.remount("size=16m")
    stopped.options.update({"Queue.MaxPerHost": 8, "Hosts.Adaptive": "no", "Hosts.Breaker": "no", "Hosts.RetriesPerHost": 0})
    stopped.start()
    running = ctl.add("-g", "all", *(origin.url(f"/bytes/300000/{i}?pause=1000&until=g") for i in range(8)))
    origin.wait_gated("g", 8)
    queued = ctl.add("-g", "all", "-", stdin="".join(origin.url(f"/bytes/10/q{i}\n") for i in range(300)))
    failing = ctl.add("-g", "all", "--priority", 1, "--retry-delay", "200ms",
                      *(origin.url(f"/bytes/10/r{i}?status=503&times=1", port=1) for i in range(8)))
    for job in failing:
        ctl.watch("--since", 0).kind("waiting", job)
    later = ctl.add("-g", "all", "--not-before", "300ms", *(origin.url(f"/bytes/10/l{i}", port=2) for i in range(8)))
    small_state.fill(0)
    refused = ctl("add", "-", stdin="".join(origin.url(f"/bytes/10/no{i}\n") for i in range(5000)))
    assert refused.code == 75
    for verb in ("pause", "cancel"):
        result = ctl(verb, "--all")
        assert result.code == 75 and "nothing was changed" in result.err, result
    # The slots are free, and each claim is undone.
    origin.release("g")
    assert ctl("cancel", *running).code == 75
    states = {job["state"] for job in ctl.jobs().values()}
    assert not states & {"paused", "cancelled"}, states
    small_state.empty()
    everything = [*running, *queued, *failing, *later]
    assert ctl.wait(*everything).code == 0
    assert all(job["state"] == "done" for job in ctl.jobs().values()) and len(ctl.jobs()) == len(everything)
    counts = ctl.ok("--json", "status").json[0]["counts"]
    assert counts["done"] == len(everything) == sum(counts.values())
    stopped.stop()
    with contextlib.closing(sqlite3.connect(small_state.path / "queue.db")) as database:
        [sums] = database.execute("SELECT queued, waiting, active, paused, done, failed, cancelled FROM groups")
        assert sums == (0, 0, 0, 0, len(everything), 0, 0)
        rows = database.execute("SELECT sum(received) FROM jobs").fetchall()
        assert database.execute("SELECT bytes FROM usage").fetchall() == rows
    stopped.start()
