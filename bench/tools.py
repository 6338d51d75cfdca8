"""The tools: how each is asked to fetch a list of URLs into a folder."""

import os
import re
import shutil
import signal
import socket
import subprocess

import measure
from measure import Failed

SOCKET_NAME = "io.fetchd.Manager"


def version_of(program):
    """The first thing in the program's --version that looks like one."""
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", text)
    return found.group() if found else "of an unknown version"


class Peer:
    """A program that fetches a list and exits."""

    name = ""
    package = ""

    def __init__(self):
        self.program = shutil.which(self.name)

    def version(self):
        return version_of(self.program)

    def prepare(self, work, folder, scratch):
        """Writes the list; the command."""
        raise NotImplementedError

    def fetch(self, work, folder, scratch):
        """Fetch the work into folder; scratch is for lists and logs. Returns the Usage."""
        argv = self.prepare(work, folder, scratch)
        # No settings of the person who runs this.
        env = {"PATH": os.environ["PATH"], "HOME": scratch, "LC_ALL": "C.UTF-8"}
        return measure.run(argv, f"{scratch}/log", env=env)


def write_list(path, lines):
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line + "\n" for line in lines)
    return path


class Curl(Peer):
    name = "curl"
    package = "curl"

    def prepare(self, work, folder, scratch):
        urls = write_list(f"{scratch}/list", ["remote-name-all"] + [f'url = "{url}"' for url in work.urls])
        argv = [self.program, "-q", "-sS", "--fail", "-Z", "--parallel-immediate",
                "--parallel-max", str(work.parallel), "--output-dir", folder, "-K", urls]
        return argv + (["--cacert", work.ca] if work.ca else [])


class Aria2(Peer):
    name = "aria2c"
    package = "aria2"

    def prepare(self, work, folder, scratch):
        urls = write_list(f"{scratch}/list", work.urls)
        argv = [self.program, "--no-conf", "-q", f"-x{work.split}", f"-s{work.split}", "-k16M", "-j", str(work.parallel), "-d", folder, "-i", urls,
                "--file-allocation=none", "--disable-ipv6", "--auto-save-interval=0", "--summary-interval=0",
                f"--rlimit-nofile={work.parallel + 100}"]
        return argv + ([f"--ca-certificate={work.ca}"] if work.ca else [])


class Wget2(Peer):
    name = "wget2"
    package = "wget2"

    def prepare(self, work, folder, scratch):
        urls = write_list(f"{scratch}/list", work.urls)
        argv = [self.program, "-q", "-nd", "--no-hsts", "--no-ocsp", f"--max-threads={work.parallel}",
                "-P", folder, "-i", urls, *(["--chunk-size=16M"] if work.split > 1 else [])]
        return argv + ([f"--ca-certificate={work.ca}"] if work.ca else [])


class Daemon:
    """A fetchd of its own, private state and socket, started and ready: as a service is before anyone asks it."""

    def __init__(self, build, scratch, downloads, options=(), sections=""):
        """options: "Section.Key=VALUE" each; sections: more of the configuration, as text."""
        self.log = f"{scratch}/fetchd.log"
        self.socket = f"{scratch}/{SOCKET_NAME}"
        self.fetchctl = [f"{build}/fetchctl", "-s", self.socket]
        self.argv = [f"{build}/fetchd", "--user", "--config", write_list(f"{scratch}/fetchd.conf", [
            "[Daemon]", f"StateDirectory={scratch}/state", f"Socket={self.socket}",
            "[Transfer]", f"DownloadRoots={downloads}", f"DefaultDirectory={downloads}", sections,
        ])]
        for option in options:
            self.argv += ["-o", option]
        self.scratch = scratch
        self.start()

    def start(self):
        """Returns when the daemon says READY=1 (sd_notify(3))."""
        notify = f"{self.scratch}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, open(self.log, "ab") as log:
            ready.bind(notify)
            ready.settimeout(0.1)
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, NOTIFY_SOCKET=notify)
            )
            try:
                self.wait_ready(ready)
            except BaseException:
                self.kill()
                raise
            finally:
                os.unlink(notify)

    def wait_ready(self, ready):
        for _ in range(300):
            try:
                if b"READY=1" in ready.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                pass
            if self.process.poll() is not None:
                raise Failed(f"fetchd exited with {self.process.returncode}: {measure.last_line(self.log)}")
        raise Failed("fetchd was not ready after 30 s")

    @property
    def pid(self):
        return self.process.pid

    def client(self, *arguments, output=None):
        """Run fetchctl to its end."""
        return measure.run([*self.fetchctl, *arguments], f"{self.scratch}/log", output=output)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        """A clean stop, and nothing else."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("fetchd did not stop on SIGTERM") from None
        if self.process.returncode != 0:
            raise Failed(f"fetchd exited with {self.process.returncode}: {measure.last_line(self.log)}")


class Fetchd:
    """The daemon runs already; timed are `fetchctl add -i` and `fetchctl wait`, until all files stand under their final
    names. CPU is that of the daemon and of both clients, memory the daemon's peak and the larger client's."""

    name = "fetchd"
    package = "this tree"

    def __init__(self, build):
        self.build = build
        self.program = f"{build}/fetchd" if os.access(f"{build}/fetchd", os.X_OK) else None

    def version(self):
        return version_of(self.program)

    def fetch(self, work, folder, scratch):
        urls = write_list(f"{scratch}/list", work.urls)
        options = [f"Queue.MaxActive={work.parallel}", f"Queue.MaxPerHost={work.parallel}", *work.options]
        daemon = Daemon(self.build, scratch, folder, options + ([f"Transfer.CAFile={work.ca}"] if work.ca else []))
        try:
            cpu = measure.cpu_seconds(daemon.pid)
            usage = daemon.client("add", "-g", "bench", "-d", folder, "-i", urls)
            usage = usage.followed_by(daemon.client("wait", "-g", "bench"))
            usage.cpu += measure.cpu_seconds(daemon.pid) - cpu
            usage.peak_kib += measure.status_kib(daemon.pid, "VmHWM")
        finally:
            daemon.close()
        return usage


def all_tools(build):
    return [Fetchd(build), Curl(), Aria2(), Wget2()]
