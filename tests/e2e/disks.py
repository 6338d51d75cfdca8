"""File systems for tests: small, real, and broken on demand. Mounted in a mount namespace of this process alone, so that
nothing of them is left."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import struct
import subprocess
import time

import pytest

from harness import LIMIT, sanitizer

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x00020000
MIB = 1 << 20
_namespace = None


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def own_mounts():
    """Once: this thread, and what it starts, gets its own mounts. A skip where that is not permitted."""
    global _namespace
    if _namespace is None:
        try:
            _call("unshare", CLONE_NEWNS)
            _namespace = ""
        except OSError as error:
            _namespace = str(error)
        if not _namespace:
            run("mount", "--make-rprivate", "/")
    if _namespace:
        pytest.skip(f"mounting is not permitted here: {_namespace}")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout


def need(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or pytest.skip(f"{program} is not installed")


class Disk:
    """A mounted file system and, for ext4, the device under it."""

    def __init__(self, path):
        self.path = path
        self.device = None
        self.mounted = False
        self.frozen = False
        self.ballast = path / "ballast"

    def mount(self, *options):
        run("mount", *options, self.device or "none", self.path)
        self.mounted = True

    def remount(self, options):
        run("mount", "-o", f"remount,{options}", self.path)

    def detach(self):
        """As a disk that is pulled out: those who have it open still do."""
        run("umount", "-l", self.path)
        self.mounted = False

    def freeze(self):
        """Nothing can be written, and whoever tries hangs in the kernel."""
        run(need("fsfreeze"), "--freeze", self.path)
        self.frozen = True

    def thaw(self):
        run(need("fsfreeze"), "--unfreeze", self.path)
        self.frozen = False

    def free(self):
        figures = os.statvfs(self.path)
        return figures.f_bavail * figures.f_frsize

    def total(self):
        figures = os.statvfs(self.path)
        return figures.f_blocks * figures.f_frsize

    def fill(self, leave):
        """Someone else's file takes all but some bytes."""
        with open(self.ballast, "ab") as file:
            size = file.tell()
            while self.free() > leave + 65536:
                step = max((self.free() - leave) // 2, 65536)
                os.posix_fallocate(file.fileno(), size, step)
                size += step

    def empty(self):
        self.ballast.unlink()

    def names(self):
        """What stands on it that is not the file system's or the daemon's own folder."""
        return {p.name for p in self.path.iterdir()} - {"lost+found", ".fetchd", "ballast"}

    def parts(self):
        return sorted((self.path / ".fetchd").glob("*.part"))

    def close(self):
        if self.frozen:
            self.thaw()
        if self.mounted:
            run("umount", "-l", self.path)


class Disks:
    def __init__(self, room):
        self._room = room
        self._stack = contextlib.ExitStack()

    def _new(self, name):
        own_mounts()
        path = self._room.path / name
        path.mkdir()
        disk = Disk(path)
        self._stack.callback(disk.close)
        return disk

    def tmpfs(self, size, name="disk"):
        disk = self._new(name)
        disk.mount("-t", "tmpfs", "-o", f"size={size},mode=755")
        return disk

    def ext4(self, size, *mkfs, name="disk", options="noatime"):
        return self._made(need("mkfs.ext4"), size, ["-q", "-F", "-m", "0", *mkfs], name, options)

    def btrfs(self, size, name="disk"):
        need("btrfs")
        return self._made(need("mkfs.btrfs"), size, ["-q"], name, "noatime")

    def _made(self, mkfs, size, arguments, name, options):
        disk = self._new(name)
        image = self._room.path / f"{name}.img"
        with open(image, "wb") as file:
            file.truncate(size)
        run(mkfs, *arguments, image)
        disk.device = self._attach(image)
        try:
            disk.mount("-o", options)
        except AssertionError as error:
            pytest.skip(f"cannot be mounted here: {str(error).split(': ')[0]}")
        return disk

    def _attach(self, image):
        done = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no loop device to be had here: {done.stderr.strip()}")
        device = done.stdout.strip()
        # The mounts are taken down before; a device in use goes when its last user has gone.
        self._stack.callback(subprocess.run, ["losetup", "--detach", device], capture_output=True)
        return device

    def of(self, kind, size, **more):
        return {"tmpfs": self.tmpfs, "ext4": self.ext4}[kind](size, **more)

    def close(self):
        self._stack.close()


class Shim:
    """The C library's file calls, failing as told: FETCHD_SHIM=CALL:HOW:FIRST:COUNT,… for calls on part files. HOW is an
    errno's number, "short" (half of the bytes), or "wait" (until the file FETCHD_SHIM_GATE is there), or "wait" and the number of the errno that comes then."""

    def __init__(self, room):
        self.library = room.path / "shim.so"
        self.log = room.path / "shim.log"
        self.gate = room.path / "shim.gate"
        self.wall = room.path / "shim.wall"
        self.ahead_usec = 0
        source = pathlib.Path(__file__).parent / "shim.c"
        run(need("gcc"), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self.library, source, "-ldl", "-lpthread")
        self.log.touch()
        self.wall.write_bytes(bytes(8))

    def environment(self, *rules):
        variables = {"LD_PRELOAD": str(self.library), "FETCHD_SHIM": ",".join(rules), "FETCHD_SHIM_LOG": str(self.log),
                     "FETCHD_SHIM_GATE": str(self.gate), "FETCHD_SHIM_WALL": str(self.wall)}
        for kind, name in (("asan", "ASAN_OPTIONS"), ("tsan", "TSAN_OPTIONS")):
            if sanitizer(kind):
                variables[name] = os.environ.get(name, "") + ":verify_asan_link_order=0"
        return variables

    def calls(self):
        """[(call, file, result)] in order."""
        return [tuple(line.split()) for line in self.log.read_text().splitlines()]

    def wait_for(self, call, count=1):
        """So many of that call were made."""
        deadline = time.monotonic() + LIMIT
        while [made[0] for made in self.calls()].count(call) < count:
            assert time.monotonic() < deadline, self.calls()
            time.sleep(0.01)

    def step(self, seconds):
        """Someone sets the daemon's wall clock: so much ahead, or back."""
        self.ahead_usec += round(seconds * 1000000)
        with open(self.wall, "r+b", buffering=0) as file:
            file.write(struct.pack("=q", self.ahead_usec))

    def open_gate(self):
        self.gate.touch()
