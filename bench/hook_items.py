"""Work after the download: one after the other and overlapped; and what the daemon feels while hooks burn every CPU."""

import gzip
import os
import resource
import sys
import time
from dataclasses import dataclass

import items
import measure
import tools
from measure import Failed

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))

FILES = 200
BYTES = 1 << 20
DELAY = 0.1
AT_ONCE = 20
# gzip as it is: a process of its own for each file, on one CPU.
PACK = """
[Hook pack]
Command=/bin/gzip -9 -k -f -- %p
"""
BURN = """
[Hook burn]
Command=/bin/sh -c 'while :; do :; done'
Timeout=infinity
"""
LOOK_SECONDS = 10
LIMIT = 20 * 1000 * 1000


@dataclass
class LoadSample:
    pings_ms: list
    ratio: float  # of the limited transfer: bytes that came over those that its limit allows
    small: float  # seconds for many small files


def children_cpu():
    """User and system time of all children that have ended and were waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class PackItem:
    """Files from a server that thinks before it answers, each compressed once it is there."""

    needs = "gzip"

    def __init__(self, name, title, run):
        self.name = name
        self.title = title
        self.work = run

    def run(self, bench, fetchd):
        from origin import Origin, content
        folder, scratch = bench.fresh_folders()
        names = [f"{n:03}.bin" for n in range(FILES)]
        measure.warm_memory(scratch, items.WARM_BYTES)
        with Origin(ports=1) as origin:
            urls = [origin.url(f"/bytes/{BYTES}/{name}?seed={name}&delay={DELAY}") for name in names]
            cpu, before = children_cpu(), time.monotonic()
            seconds = self.work(fetchd, urls, names, folder, scratch) - before
            usage = measure.Usage(seconds, children_cpu() - cpu, 0)
        items.check_names(folder, {file for name in names for file in (name, f"{name}.gz")})
        for name in names:
            with gzip.open(f"{folder}/{name}.gz") as packed:
                if packed.read() != content.whole(name, BYTES):
                    raise Failed(f"{name}.gz has the wrong content")
        return items.Sample(usage, measure.sync_seconds(folder))


def one_by_one(_fetchd, urls, names, folder, scratch):
    """When it was done."""
    tools.write_list(f"{scratch}/script", ["set -e"] + [
        f"curl -q -sS --fail -o {name} '{url}'; gzip -9 -k -- {name}" for url, name in zip(urls, names)])
    measure.run(["sh", "-c", f"cd '{folder}' && . '{scratch}/script'"], f"{scratch}/log")
    return time.monotonic()


def overlapped(fetchd, urls, _names, folder, scratch):
    daemon = tools.Daemon(fetchd.build, scratch, folder, [f"Queue.MaxActive={AT_ONCE}", f"Queue.MaxPerHost={AT_ONCE}"], sections=PACK)
    try:
        daemon.client("add", "-g", "bench", "-d", folder, "--hook", "pack", "-i", tools.write_list(f"{scratch}/list", urls))
        daemon.client("wait", "--hooks", "-g", "bench")
        done = time.monotonic()
    finally:
        # Waited for, so that its CPU time and its hooks' are counted.
        daemon.close()
    return done


class LoadItem:
    """A ping each 10 ms, a transfer under a limit, then many small files: while hooks burn every CPU twice over, or do not."""

    needs = "nginx"

    def __init__(self, name, title, burn):
        self.name = name
        self.title = title
        self.burn = burn

    def run(self, bench, fetchd, varlink):
        downloads, scratch = bench.fresh_folders()
        bench.sources("big")
        small = sorted(os.listdir(bench.sources("small")))[:1000]
        base = bench.nginx().base("http")
        busy = 2 * len(os.sched_getaffinity(0))
        daemon = tools.Daemon(fetchd.build, scratch, downloads,
                              [f"Hooks.Concurrency={busy}", "Queue.MaxActive=50", "Queue.MaxPerHost=50"], sections=BURN)
        link = varlink(daemon.socket)
        try:
            if self.burn:
                link.call("Add", jobs=[{"url": f"{base}/small/{small[n]}", "name": f"burn{n}", "hooks": ["burn"]} for n in range(busy)])
                wait_for_children(daemon.pid, busy)
            link.call("Add", jobs=[{"url": f"{base}/big/big.bin", "name": "big", "limit_rate": LIMIT}])
            pings, ratio = look(link)
            urls = tools.write_list(f"{scratch}/list", [f"{base}/small/{name}" for name in small])
            usage = daemon.client("add", "-g", "small", "-i", urls).followed_by(daemon.client("wait", "-g", "small"))
            if self.burn and len(children(daemon.pid)) < busy:
                raise Failed("a hook ended meanwhile")
            return LoadSample(pings, ratio, usage.seconds)
        finally:
            link.close()
            daemon.kill()


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            found += file.read().split()
    return found


def wait_for_children(pid, count):
    deadline = time.monotonic() + 60
    while len(children(pid)) < count:
        if time.monotonic() > deadline:
            raise Failed(f"not all of {count} hooks began")
        time.sleep(0.05)


def received(link):
    return next((job["received"] for job in link.call("Status")["active"] if job["name"] == "big"), 0)


def look(link):
    """(milliseconds of each ping, share of the limit that came)."""
    deadline = time.monotonic() + 60
    while not received(link):
        if time.monotonic() > deadline:
            raise Failed("the transfer did not begin")
        time.sleep(0.05)
    first, begun, pings = received(link), time.monotonic(), []
    while time.monotonic() - begun < LOOK_SECONDS:
        asked = time.monotonic()
        link.call("Ping")
        pings.append(1000 * (time.monotonic() - asked))
        time.sleep(0.01)
    return pings, (received(link) - first) / (LIMIT * (time.monotonic() - begun))


def hook_items():
    return [
        PackItem("hooks-after", "one after the other: curl, then gzip", one_by_one),
        PackItem("hooks", f"fetchd, {AT_ONCE} at once, gzip as a hook", overlapped),
    ]


def load_items():
    return [
        LoadItem("hooks-none", "no hook", False),
        LoadItem("hooks-burn", "hooks that burn every CPU, two for each", True),
    ]
