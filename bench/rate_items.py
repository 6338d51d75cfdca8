"""Limits of bytes a second: how exact they are over ten seconds, and how fair."""

import os
import shutil
import time
from dataclasses import dataclass

import servers
import tools
from measure import Failed

# From the moment when every transfer has its first byte.
SECONDS = 10
KB = 1000
MB = 1000 * KB


@dataclass
class RateSample:
    ratio: float  # bytes that came over those that the limit allows
    spread: float  # the transfer that got most over the one that got least
    ping_ms: float  # the slowest answer to a ping meanwhile


def received(link):
    """{id: bytes} of what runs."""
    return {job["id"]: job["received"] for job in link.call("Status")["active"]}


class RateItem:
    """Transfers from nginx that last longer than the measurement, under one limit."""

    needs = "nginx"

    def __init__(self, name, title, transfers, limit, options, live=False):
        self.name = name
        self.title = title
        self.transfers = transfers
        self.limit = limit
        self.options = options
        self.live = live

    def run(self, bench, fetchd, varlink):
        downloads, scratch = bench.fresh_folders()
        bench.sources("big")
        name = os.listdir(f"{bench.folder}/www/big")[0]
        url = f"{bench.nginx().base('http')}/big/{name}"
        options = [f"Queue.MaxActive={self.transfers}", f"Queue.MaxPerHost={self.transfers}", "Hosts.Adaptive=no"]
        options += [] if self.live else [option.format(self.limit) for option in self.options]
        daemon = tools.Daemon(fetchd.build, scratch, downloads, options)
        link = varlink(daemon.socket)
        try:
            if self.live:
                link.call("SetLimit", name="limit-rate", value=20 * KB)
            link.call("Add", jobs=[{"url": url, "name": str(n)} for n in range(self.transfers)])
            return self.measure(link)
        finally:
            link.close()
            daemon.kill()
            shutil.rmtree(downloads)  # it reserved room for whole files

    def measure(self, link):
        deadline = time.monotonic() + 60
        while len([n for n in received(link).values() if n > 0]) < self.transfers:
            if time.monotonic() > deadline:
                raise Failed("not all transfers began")
            time.sleep(0.05)
        if self.live:
            link.call("SetLimit", name="limit-rate", value=self.limit)
        before, begun, slowest = received(link), time.monotonic(), 0
        while time.monotonic() - begun < SECONDS:
            asked = time.monotonic()
            link.call("Ping")
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.01)
        after, seconds = received(link), time.monotonic() - begun
        for job in set(before) - set(after):
            raise Failed(f"a transfer ended: {link.call('Inspect', id=job)}")
        got = [after[job] - before[job] for job in before]
        return RateSample(sum(got) / (self.limit * seconds), max(got) / max(1, min(got)), 1000 * slowest)


def rate_items():
    return [
        RateItem("rate-20k", "20 kB/s, one transfer", 1, 20 * KB, ["Transfer.LimitRate={}"]),
        RateItem("rate-20k-8", "20 kB/s, 8 transfers", 8, 20 * KB, ["Transfer.LimitRate={}"]),
        RateItem("rate-1m-16", "1 MB/s, 16 transfers", 16, MB, ["Transfer.LimitRatePerHost={}"]),
        RateItem("rate-10m-100", "10 MB/s, 100 transfers", 100, 10 * MB, ["Transfer.LimitRatePerUser={}"]),
        RateItem("rate-50m-4", "50 MB/s, 4 transfers", 4, 50 * MB, ["Transfer.LimitRate={}"]),
        RateItem("rate-live", "20 kB/s, then 5 MB/s, 10 transfers", 10, 5 * MB, [], live=True),
    ]
