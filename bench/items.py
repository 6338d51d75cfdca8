"""The work: what is fetched, from where, and whether it really arrived."""

import os
import shutil
from dataclasses import dataclass, field

import measure
import places
import servers
from measure import Failed

DELAY_BODY_BYTES = 64
SMALL_FILES = 10000
SMALL_BYTES = 1024
# curl's own default for --parallel-max; the same for all.
SMALL_PARALLEL = 50
BLOCK = 1 << 20
SPLIT_BYTES = 128 << 20
SPLIT = 4
# What most runs touch, the client's, the server's and the kernel's memory together.
WARM_BYTES = 256 << 20


@dataclass
class Work:
    """One list of URLs for one run."""

    urls: list
    parallel: int
    ca: str = ""
    split: int = 1
    options: list = field(default_factory=list)


@dataclass
class Sample:
    """What one run took. peak_at_once: requests the origin held at the same moment, 0 when it does not count them."""

    usage: measure.Usage
    sync: float
    peak_at_once: int = 0


def fetched_names(folder):
    """Names in folder. A tool's own left-overs are a failure; fetchd's directory for part files must be empty of them."""
    names = set(os.listdir(folder))
    if ".fetchd" in names:
        names.remove(".fetchd")
        parts = [name for name in os.listdir(f"{folder}/.fetchd") if name.endswith(".part")]
        if parts:
            raise Failed(f"{len(parts)} part files left behind")
    return names


def check_names(folder, expected):
    names = fetched_names(folder)
    missing = len(expected - names)
    strange = sorted(names - expected)
    if missing:
        raise Failed(f"{missing} of {len(expected)} files missing")
    if strange:
        raise Failed(f"{len(strange)} files that nobody asked for, such as {strange[0]}")


def check_same(folder, root, names):
    """Each file holds its source's bytes."""
    for name in names:
        if os.path.getsize(f"{folder}/{name}") != os.path.getsize(f"{root}/{name}"):
            raise Failed(f"{name} has the wrong size")
        with open(f"{folder}/{name}", "rb") as copy, open(f"{root}/{name}", "rb") as source:
            while block := source.read(BLOCK):
                if copy.read(BLOCK) != block:
                    raise Failed(f"{name} has the wrong content")


class DelayItem:
    """So many URLs, each of which takes so many seconds to answer."""

    needs = None

    def __init__(self, count, seconds, target):
        self.name = f"delay-{count}"
        self.title = f"{count:,} URLs × {seconds} s"
        self.target = target
        self.count = count
        self.seconds = seconds

    def run(self, bench, tool, folder, scratch):
        origin = servers.Delayd(f"{bench.build}/bench/delayd")
        names = [f"{n:05}" for n in range(self.count)]
        work = Work([f"{origin.base}/delay/{self.seconds}/{name}" for name in names], self.count)
        measure.warm_memory(scratch, WARM_BYTES)
        try:
            usage = tool.fetch(work, folder, scratch)
        finally:
            origin.close()
        check_names(folder, set(names))
        if any(os.path.getsize(f"{folder}/{name}") != DELAY_BODY_BYTES for name in names):
            raise Failed("a file has the wrong size")
        return Sample(usage, measure.sync_seconds(folder), origin.peak)


class NginxItem:
    """Files from nginx."""

    needs = "nginx"

    def __init__(self, kind, scheme, title, target):
        self.name = f"{kind}-{scheme}"
        self.title = f"{title}, {scheme.upper()}"
        self.target = target
        self.kind = kind
        self.scheme = scheme

    def run(self, bench, tool, folder, scratch):
        root = bench.sources(self.kind)
        nginx = bench.nginx()
        names = sorted(os.listdir(root))
        work = Work([f"{nginx.base(self.scheme)}/{self.kind}/{name}" for name in names],
                    min(SMALL_PARALLEL, len(names)), nginx.ca if self.scheme == "https" else "")
        measure.warm_memory(scratch, WARM_BYTES + (bench.big_bytes if self.kind == "big" else 0))
        usage = tool.fetch(work, folder, scratch)
        sync = measure.sync_seconds(folder)
        check_names(folder, set(names))
        check_same(folder, root, names)
        if self.kind == "big":
            os.unlink(f"{folder}/{names[0]}")
        return Sample(usage, sync)


class SplitItem:
    """One file from a server that gives each connection only so much."""

    needs = "nginx"
    name = "split"
    title = f"one file of {SPLIT_BYTES >> 20} MiB at 8 MiB/s a connection, over 4 connections (curl: 1)"
    target = "no slower than the fastest peer"

    def run(self, bench, tool, folder, scratch):
        root = bench.sources("split")
        work = Work([f"{bench.nginx().base('http')}/slow/split/big.bin"], SPLIT, split=SPLIT)
        measure.warm_memory(scratch, WARM_BYTES)
        usage = tool.fetch(work, folder, scratch)
        sync = measure.sync_seconds(folder)
        check_names(folder, {"big.bin"})
        check_same(folder, root, ["big.bin"])
        return Sample(usage, sync)


def make_small(folder):
    for n in range(SMALL_FILES):
        with open(f"{folder}/{n:05}.bin", "wb") as file:
            file.write(f"{n:05}\n".encode() + os.urandom(SMALL_BYTES - 6))


def make_big(folder, size):
    """Blocks that differ from each other, so that one in another's place is noticed."""
    block = bytearray(os.urandom(BLOCK))
    with open(f"{folder}/big.bin", "wb") as file:
        for n in range(size // BLOCK):
            block[0:8] = n.to_bytes(8, "little")
            file.write(block)


class Bench:
    """Where the runs happen: the build, a fresh folder for each run, and the origins while they are needed."""

    def __init__(self, build, folder, big_bytes, idle_seconds):
        self.build = os.path.abspath(build)
        self.folder = folder
        self.big_bytes = big_bytes
        self.idle_seconds = idle_seconds
        self.running_nginx = None
        places.spread(folder)

    def fresh_folders(self):
        """For files and for scratch, with nothing of an earlier run left to be written."""
        folder = places.quick_folder(self.folder)
        folders = [f"{folder}/files", f"{folder}/scratch"]
        for name in folders:
            os.mkdir(name)
        os.sync()
        return folders

    def sources(self, kind):
        folder = f"{self.folder}/www/{kind}"
        if not os.path.isdir(folder):
            os.makedirs(folder)
            if kind == "small":
                make_small(folder)
            else:
                make_big(folder, SPLIT_BYTES if kind == "split" else self.big_bytes)
        return folder

    def nginx(self):
        if not self.running_nginx:
            os.makedirs(f"{self.folder}/nginx")
            self.running_nginx = servers.Nginx(f"{self.folder}/nginx", f"{self.folder}/www")
        return self.running_nginx

    def close(self):
        if self.running_nginx:
            self.running_nginx.close()
        shutil.rmtree(self.folder)


def fetch_items():
    return [
        DelayItem(20, 1, "at most 1.05 s"),
        DelayItem(100, 2, "at most 2.10 s"),
        DelayItem(1000, 1, "no slower than the fastest peer"),
        DelayItem(10000, 1, "no slower than the fastest peer, under 250 MiB"),
        NginxItem("small", "http", f"{SMALL_FILES:,} files of 1 KiB", "within 1.15× of curl -Z"),
        NginxItem("small", "https", f"{SMALL_FILES:,} files of 1 KiB", "within 1.15× of curl -Z"),
        NginxItem("big", "http", "one big file", "no slower than the fastest peer"),
        NginxItem("big", "https", "one big file", "no slower than the fastest peer"),
        SplitItem(),
    ]
