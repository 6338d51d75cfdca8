"""One process measured: wall time, CPU seconds and peak memory."""

import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass

# How often VmHWM is read, from the first to the longest interval. It only grows, so all that can be missed is what a
# process gains in its last moments. (ru_maxrss will not do: it counts this process too, from the time before exec.)
SAMPLE_MSEC_FIRST = 1
SAMPLE_MSEC = 20


class Failed(Exception):
    """A run that must not be counted; the text says why."""


@dataclass
class Usage:
    seconds: float
    cpu: float
    peak_kib: int

    def followed_by(self, later):
        """Both as one: times add up, the larger peak stays."""
        return Usage(self.seconds + later.seconds, self.cpu + later.cpu, max(self.peak_kib, later.peak_kib))


def status_kib(pid, field):
    """A figure of /proc/PID/status in KiB, 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def cpu_seconds(pid):
    """User and system time of a live process, all its threads, ended ones too: its CPU clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def wait_sampling(process, timeout):
    """Wait for the end of process; its peak memory in KiB."""
    peak_kib = status_kib(process.pid, "VmHWM")
    interval = SAMPLE_MSEC_FIRST
    deadline = time.monotonic() + timeout
    pidfd = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        while not poll.poll(interval):
            interval = min(2 * interval, SAMPLE_MSEC)
            peak_kib = max(peak_kib, status_kib(process.pid, "VmHWM"))
            if time.monotonic() > deadline:
                raise Failed(f"not done after {timeout:.0f} s")
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(pidfd)
    return peak_kib


def run(argv, log, env=None, timeout=600, output=None):
    """Run argv to its end. Standard error goes to log (a path), and standard output too unless output is a path."""
    with open(log, "ab") as errors, open(output or os.devnull, "wb") as out:
        before = time.monotonic()
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out if output else errors, stderr=errors, env=env
        )
        peak_kib = wait_sampling(process, timeout)
        seconds = time.monotonic() - before
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"{os.path.basename(argv[0])} exited with {process.returncode}: {last_line(log)}")
    return Usage(seconds, used.ru_utime + used.ru_stime, peak_kib)


def warm_memory(folder, size):
    """Have size bytes of memory touched and freed just now: those of a file in folder that is gone again.

    A virtual machine may have handed its free pages back to its host; to touch them again takes up to nine times as long
    as to write 2 GiB to warm ones (6.0 s against 0.7 s has been seen), and would be charged to whoever comes next.
    """
    block = bytes(256 * 1024)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(size // len(block)):
            file.write(block)


def last_line(path):
    with open(path, "rb") as log:
        lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(it said nothing)"


def sync_seconds(folder):
    """How long the files of folder still take to reach the disk."""
    before = time.monotonic()
    subprocess.run(["sync", "-f", folder], check=True)
    return time.monotonic() - before
