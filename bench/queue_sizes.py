#!/usr/bin/python3
"""make bench-queue: the queue at a thousand, a hundred thousand and a million jobs, over one to a hundred thousand origins.

First the engine and the store alone (bench/queue), then the daemon and its client."""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure
import queue_items
import tools
from measure import Failed

JOBS = (1_000, 100_000, 1_000_000)
ORIGINS = (1, 1_000, 100_000)
PAGE = 100


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---:" for _ in head) + " |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


# ---- the engine alone


def run_engine(build, folder, jobs, origins, rounds):
    """The fastest of the rounds: what others do on the machine only ever adds."""
    argv = [f"{build}/bench/queue", f"--jobs={jobs}", f"--origins={origins}", f"--dir={folder}"]
    results = [json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout)
               for _ in range(rounds)]
    return min(results, key=lambda result: result["usec_per_job"])


def engine_table(args):
    rows, least = [], {}
    for origins in ORIGINS:
        for jobs in JOBS:
            if origins > jobs or jobs > args.most:
                continue
            r = run_engine(args.builddir, args.dir, jobs, origins, args.rounds)
            base = least.setdefault(origins, r["usec_per_job"])
            rows.append((f"{jobs:,}", f"{origins:,}", f"{r['adds_per_sec']:,.0f}", f"{r['finishes_per_sec']:,.0f}",
                         f"{r['usec_per_job']:.1f}", f"{r['usec_per_job'] / base:.2f}", f"{r['open_sec'] * 1000:,.0f}",
                         f"{r['rss_open_kib'] / 1024:.1f}", f"{r['peak_kib'] / 1024:.1f}"))
    print("### The engine and the store, workers that finish at once\n")
    table(("jobs", "origins", "adds/s", "claims and finishes/s", "µs a job", "× fewest jobs", "open and recover ms",
           "RSS open MiB", "peak MiB"), rows)


# ---- the daemon


class Asker(threading.Thread):
    """Calls one method again and again over its own connection, and keeps how long each took."""

    def __init__(self, path, method, **parameters):
        super().__init__()
        self.link = queue_items.Varlink(path)
        self.method, self.parameters = method, parameters
        self.seconds, self.failure = [], None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.wait(0.01):
                before = time.monotonic()
                self.ask()
                self.seconds.append(time.monotonic() - before)
        except (Failed, OSError) as failure:
            self.failure = failure

    def ask(self):
        self.link.call(self.method, **self.parameters)

    def end(self):
        self.ending.set()
        self.join()
        self.link.close()
        if self.failure:
            raise Failed(f"{self.method}: {self.failure}")
        if len(self.seconds) < 2:
            raise Failed(f"{self.method}: no answers")
        return (len(self.seconds), 1000 * statistics.median(self.seconds),
                1000 * statistics.quantiles(self.seconds, n=100)[98])


class Origin(threading.Thread):
    """An origin that answers each connection with a file of no bytes, so that claims go on."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.served = 0

    def run(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            with link:
                try:
                    link.recv(4096)
                    link.sendall(self.ANSWER)
                    self.served += 1
                except OSError:
                    pass  # it was cancelled


def latency(path, work):
    """Latencies of status and of a page of the list while work() runs."""
    askers = [Asker(path, "Status"), Asker(path, "List", limit=PAGE)]
    for asker in askers:
        asker.start()
    try:
        work()
    finally:
        results = [asker.end() for asker in askers]
    return results


def url(number, origins, port):
    return f"http://h{number % origins}.bench.localhost:{port}/file-{number:07}.bin"


class Rig:
    def __init__(self, args, scratch):
        self.downloads = f"{scratch}/downloads"
        os.mkdir(self.downloads)
        self.daemon = tools.Daemon(args.builddir, scratch, self.downloads)
        self.scratch = scratch

    def add(self, jobs, origins, port=9):
        urls = tools.write_list(f"{self.scratch}/list", [url(n, origins, port) for n in range(jobs)])
        return self.daemon.client("add", "-i", urls, output=f"{self.scratch}/ids")

    def restart(self):
        """After kill -9: seconds to READY=1, and the memory then."""
        self.daemon.kill()
        before = time.monotonic()
        self.daemon.start()
        return time.monotonic() - before, measure.status_kib(self.daemon.pid, "VmRSS")


def daemon_row(args, jobs, origins):
    with tempfile.TemporaryDirectory(dir=args.dir, prefix="fetchd-queue-") as scratch:
        rig = Rig(args, scratch)
        try:
            rig.daemon.client("drain")
            usage = []
            busy = latency(rig.daemon.socket, lambda: usage.append(rig.add(jobs, origins)))
            peak = measure.status_kib(rig.daemon.pid, "VmHWM")
            ready, rss = rig.restart()
            if queue_items.count_jobs(rig.daemon) != jobs:
                raise Failed("jobs are missing after kill -9")
        finally:
            rig.daemon.kill()
    row = [f"{jobs:,}", f"{origins:,}", f"{jobs / usage[0].seconds:,.0f}"]
    row += [f"{figure:.1f}" for _, median, p99 in busy for figure in (median, p99)]
    return row + [f"{ready:.2f}", f"{rss / 1024:.1f}", f"{peak / 1024:.1f}"]


def alone_row(args, jobs, origins):
    """Adds with nobody else asking."""
    with tempfile.TemporaryDirectory(dir=args.dir, prefix="fetchd-queue-") as scratch:
        rig = Rig(args, scratch)
        try:
            rig.daemon.client("drain")
            usage = rig.add(jobs, origins)
        finally:
            rig.daemon.kill()
    return [f"{jobs:,}", f"{origins:,}", f"{jobs / usage.seconds:,.0f}", f"{usage.cpu:.1f}"]


def running_row(args, jobs, origins):
    """Latencies while jobs are claimed and finished."""
    server = Origin()
    server.start()
    with tempfile.TemporaryDirectory(dir=args.dir, prefix="fetchd-queue-") as scratch:
        rig = Rig(args, scratch)
        try:
            rig.daemon.client("drain")
            rig.add(jobs, origins, server.port)
            rig.daemon.client("drain", "--off")
            busy = latency(rig.daemon.socket, lambda: time.sleep(args.seconds))
        finally:
            rig.daemon.kill()
            server.socket.close()
    if server.served == 0:
        raise Failed("nothing was fetched")
    row = [f"{jobs:,}", f"{origins:,}", f"{server.served / args.seconds:,.0f}"]
    return row + [f"{figure:.1f}" for _, median, p99 in busy for figure in (median, p99)]


def daemon_tables(args):
    most = min(args.most, JOBS[-1])
    origins = [o for o in ORIGINS if o <= most]
    print("### `fetchctl add -i`, nobody else asks\n")
    table(("jobs", "origins", "durable adds/s", "client CPU s"), [alone_row(args, most, o) for o in origins])
    print("### Latency in ms while a list is added, then kill -9\n")
    table(("jobs", "origins", "adds/s", "status median", "status p99", "list median", "list p99", "READY s",
           "RSS ready MiB", "peak MiB"), [daemon_row(args, most, o) for o in origins])
    print("### Latency in ms while jobs run\n")
    table(("jobs", "origins", "files/s", "status median", "status p99", "list median", "list p99"),
          [running_row(args, most, o) for o in origins[:2]])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builddir", default="build")
    parser.add_argument("--dir", default="/var/tmp", help="a folder on a real disk with 4 GiB of room")
    parser.add_argument("--rounds", type=int, default=3, help="of each size of the engine; the fastest counts")
    parser.add_argument("--most", type=int, default=JOBS[-1], help="the largest number of jobs")
    parser.add_argument("--seconds", type=float, default=10, help="how long jobs run")
    parser.add_argument("--only", choices=("engine", "daemon"))
    args = parser.parse_args()
    try:
        if args.only != "daemon":
            engine_table(args)
        if args.only != "engine":
            daemon_tables(args)
    except (Failed, subprocess.CalledProcessError) as failure:
        print(f"bench-queue: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
