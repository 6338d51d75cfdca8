"""What only a queue has: durable adds a second, and what the daemon costs when it has nothing to do."""

import json
import os
import socket
import time
from dataclasses import dataclass

import measure
import servers
import tools
from measure import Failed

ADDS_ONE = 2000
ADDS_PROCESS = 200
ADDS_LIST = 100000
IDLE_JOBS = 10000
# By then the workers have let go of what the transfers left: connections, caches, buffers.
SETTLE_SECONDS = 35
# The queue is drained: nothing is ever asked of this port.
URL = "http://127.0.0.1:9/{:06}.bin"


@dataclass
class AddSample:
    usage: measure.Usage
    adds: int


@dataclass
class IdleSample:
    rss_kib: int
    cpu: float  # of one CPU, 1.0 is all of it
    wakeups: float  # a second


class Varlink:
    """One connection, one call after the other."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.rest = b""

    def call(self, method, **parameters):
        message = {"method": f"io.fetchd.Manager.{method}", "parameters": parameters}
        self.socket.sendall(json.dumps(message).encode() + b"\0")
        while b"\0" not in self.rest:
            received = self.socket.recv(65536)
            if not received:
                raise Failed(f"the daemon hung up on {method}")
            self.rest += received
        text, _, self.rest = self.rest.partition(b"\0")
        reply = json.loads(text)
        if "error" in reply:
            raise Failed(f"{method}: {reply['error']} {reply.get('parameters')}")
        return reply.get("parameters", {})

    def close(self):
        self.socket.close()


def count_jobs(daemon):
    link = Varlink(daemon.socket)
    try:
        return sum(link.call("Status")["counts"].values())
    finally:
        link.close()


def add_one_by_one(daemon, _scratch):
    link = Varlink(daemon.socket)
    before, cpu = time.monotonic(), time.process_time()
    for n in range(ADDS_ONE):
        link.call("Add", jobs=[{"url": URL.format(n)}])
    usage = measure.Usage(time.monotonic() - before, time.process_time() - cpu, 0)
    link.close()
    return usage


def add_by_process(daemon, _scratch):
    usage = daemon.client("add", URL.format(0))
    for n in range(1, ADDS_PROCESS):
        usage = usage.followed_by(daemon.client("add", URL.format(n)))
    return usage


def add_list(daemon, scratch):
    urls = tools.write_list(f"{scratch}/list", [URL.format(n) for n in range(ADDS_LIST)])
    usage = daemon.client("add", "-i", urls, output=f"{scratch}/ids")
    with open(f"{scratch}/ids", encoding="ascii") as ids:
        if len(set(ids)) != ADDS_LIST:
            raise Failed("not one id for each URL")
    return usage


class AddItem:
    """Adds to a drained daemon, so that only they are measured. They count when all are there after kill -9."""

    def __init__(self, name, title, count, add):
        self.name = name
        self.title = title
        self.count = count
        self.add = add

    def run(self, bench, fetchd):
        downloads, scratch = bench.fresh_folders()
        daemon = tools.Daemon(fetchd.build, scratch, downloads)
        try:
            daemon.client("drain")
            cpu = measure.cpu_seconds(daemon.pid)
            usage = self.add(daemon, scratch)
            usage.cpu += measure.cpu_seconds(daemon.pid) - cpu
            usage.peak_kib += measure.status_kib(daemon.pid, "VmHWM")
            daemon.kill()
            daemon.start()
            found = count_jobs(daemon)
            if found != self.count:
                raise Failed(f"{found} of {self.count} jobs are there after kill -9")
        finally:
            daemon.kill()
        return AddSample(usage, self.count)


def disk_floor(folder):
    """What the disk alone allows: appends of 4 KiB, each with fdatasync(2), a second."""
    fd = os.open(f"{folder}/floor", os.O_WRONLY | os.O_CREAT, 0o600)
    before = time.monotonic()
    for _ in range(ADDS_ONE):
        os.write(fd, bytes(4096))
        os.fdatasync(fd)
    seconds = time.monotonic() - before
    os.close(fd)
    return ADDS_ONE / seconds


def wakeups(pid):
    """Times any thread of pid left its sleep."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        total += measure.status_kib(f"{pid}/task/{thread}", "voluntary_ctxt_switches")
    return total


class IdleItem:
    """A daemon that has nothing to do, fresh or after work."""

    def __init__(self, name, title, jobs):
        self.name = name
        self.title = title
        self.jobs = jobs

    def run(self, bench, fetchd):
        downloads, scratch = bench.fresh_folders()
        daemon = tools.Daemon(fetchd.build, scratch, downloads, ["Queue.MaxActive=50", "Queue.MaxPerHost=50"])
        try:
            if self.jobs:
                self.work(bench, daemon, scratch)
            time.sleep(SETTLE_SECONDS if self.jobs else 1)
            before, cpu, woken = time.monotonic(), measure.cpu_seconds(daemon.pid), wakeups(daemon.pid)
            time.sleep(bench.idle_seconds)
            seconds = time.monotonic() - before
            return IdleSample(measure.status_kib(daemon.pid, "VmRSS"),
                              (measure.cpu_seconds(daemon.pid) - cpu) / seconds,
                              (wakeups(daemon.pid) - woken) / seconds)
        finally:
            daemon.close()

    def work(self, bench, daemon, scratch):
        origin = servers.Delayd(f"{bench.build}/bench/delayd")
        try:
            urls = tools.write_list(f"{scratch}/list", [f"{origin.base}/delay/0/{n:05}" for n in range(self.jobs)])
            daemon.client("add", "-g", "bench", "-i", urls)
            daemon.client("wait", "-g", "bench")
        finally:
            origin.close()


def queue_items():
    return [
        AddItem("adds-one", "one by one, one Varlink connection", ADDS_ONE, add_one_by_one),
        AddItem("adds-process", "one by one, a fetchctl process each", ADDS_PROCESS, add_by_process),
        AddItem("adds-list", "fetchctl add -i, one list", ADDS_LIST, add_list),
        IdleItem("idle", "started, nothing asked yet", 0),
        IdleItem("idle-after", f"after {IDLE_JOBS:,} downloads", IDLE_JOBS),
    ]
