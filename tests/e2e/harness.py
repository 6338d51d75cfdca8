"""The real daemon and the real client in private directories. Whatever is waited for is an event with a limit."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

# A script that runs the tests in the background has these ignored, and so would have all that they start.
for number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

BUILD = os.environ.get("FETCHD_BUILDDIR", ".")
# Long enough for a sanitizer build on a busy machine; running into it is a failure, never a wait.
LIMIT = 90
REPORT = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")
# Whoever asks it ends with it.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]


def program(name):
    path = os.path.abspath(os.path.join(BUILD, name))
    assert os.access(path, os.X_OK), f"{path} is not built; set FETCHD_BUILDDIR"
    return path


def plain(name):
    """That program without sanitizers, which starts five times as fast, where it is not what is tested. None: there is none."""
    place = os.environ.get("FETCHD_PLAIN")
    return place and os.path.join(place, name)


def sanitizer(name):
    """Whether fetchd was built with it ("asan", "tsan")."""
    with open(program("fetchd"), "rb") as file:
        return f"__{name}_init".encode() in file.read()


class Lines:
    """Reads a pipe line by line in a thread, so that a test can wait for a line that is to come."""

    def __init__(self, pipe):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe):
        with pipe:
            for line in pipe:
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def join(self):
        self._thread.join(LIMIT)

    def find(self, accept, start=0):
        """The first line that accept() takes, waited for; AssertionError when the stream ends without it."""
        seen = start
        with self.changed:
            while True:
                for line in self.lines[seen:]:
                    seen += 1
                    if accept(line):
                        return line
                if self.ended or not self.changed.wait_for(lambda: self.ended or len(self.lines) > seen, LIMIT):
                    raise AssertionError("waited in vain for a line in:\n…\n" + "\n".join(self.lines[-30:]))

    def text(self):
        with self.changed:
            return "\n".join(self.lines)

    def tail(self):
        """The end, for a message: all of a sanitizer's report, else the last lines."""
        with self.changed:
            start = next((i for i, line in enumerate(self.lines) if REPORT.search(line)), len(self.lines) - 30)
            return "\n".join(self.lines[max(start - 5, 0):][:80])


class Room:
    """A private home: directories, a socket, an environment without anything of the caller's."""

    def __init__(self, path):
        self.path = path
        self.state = path / "state"
        self.downloads = path / "dl"
        self.socket = path / "s"
        self.config = path / "fetchd.conf"
        self.downloads.mkdir()
        (path / "run").mkdir(mode=0o700)
        assert len(str(path / "notify")) < 100, f"{path} is too long for a socket"

    def wait_stored(self, text):
        """Until the queue's files hold text. Nothing tells it, so this looks again and again."""
        deadline = time.monotonic() + LIMIT
        while not any(text.encode() in path.read_bytes() for path in self.state.glob("queue.db*")):
            assert time.monotonic() < deadline, f"{text} was never stored"
            time.sleep(0.01)

    def environment(self, **more):
        keep = {key: value for key, value in os.environ.items()
                if key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")}
        return {**keep, "HOME": str(self.path), "XDG_RUNTIME_DIR": str(self.path / "run"), "LC_ALL": "C.UTF-8",
                "TZ": "UTC", **more}


class Daemon:
    """fetchd --user --config FILE, told READY=1 over a notify socket of its own."""

    def __init__(self, room, binary=None):
        self.room = room
        self.binary = binary or program("fetchd")
        self.process = None
        self.log = None
        self.logs = []
        self.options = {
            "Daemon.StateDirectory": room.state,
            "Daemon.Socket": room.socket,
            "Daemon.Workers": 2,
            "Daemon.LogLevel": "debug",
            "Transfer.DownloadRoots": room.downloads,
            "Transfer.DefaultDirectory": room.downloads,
            "Retry.Delay": "50ms",
            "Retry.Jitter": 0,
        }
        self._notify = None
        self._told = []
        self._told_changed = threading.Condition()

    # ---- life

    def write_config(self):
        sections = {}
        for key, value in self.options.items():
            section, _, name = key.partition(".")
            sections.setdefault(section, []).append(f"{name}={value}\n")
        text = "".join(f"[{section}]\n{''.join(lines)}" for section, lines in sections.items())
        self.room.config.write_text(text)

    def command(self, *arguments):
        return [self.binary, "--user", "--config", str(self.room.config), *map(str, arguments)]

    def spawn(self, *arguments, preexec=None, pass_fds=(), **environment):
        """Start without waiting for READY."""
        assert not self.running()
        self._listen()
        self.write_config()

        # Without a preexec_fn the process is made by vfork(2): five times as cheap, from a large Python.
        self.process = subprocess.Popen(
            DIE_WITH_PARENT + self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", preexec_fn=preexec, pass_fds=pass_fds,
            env=self.room.environment(NOTIFY_SOCKET=str(self.room.path / "notify"), **environment))
        self.log = Lines(self.process.stderr)
        self.logs.append(self.log)
        threading.Thread(target=self._watch_exit, args=(self.process,), daemon=True).start()

    def start(self, *arguments, **more):
        self.spawn(*arguments, **more)
        self.wait_told("READY=1")
        return self

    def refuse(self, *arguments):
        """Start a daemon that must not come up: (exit status, what it said)."""
        self.spawn(*arguments)
        code = self.process.wait(LIMIT)
        self.log.join()
        self.process = None
        assert "READY=1" not in self._told
        return code, self.log.text()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self):
        """The exit status; the daemon may end on its own from here on."""
        code = self.process.wait(LIMIT)
        self.log.join()
        self.process = None
        return code

    def stop(self):
        """A clean stop: SIGTERM, exit 0."""
        assert self.running(), f"fetchd is gone: {self.process and self.process.returncode}\n{self.log.text()}"
        self.signal(signal.SIGTERM)
        code = self.wait_exit()
        assert code == 0, f"fetchd ended with {code}:\n{self.log.tail()}"

    def kill9(self):
        assert self.running(), f"fetchd is gone: {self.process and self.process.returncode}\n{self.log.text()}"
        self.signal(signal.SIGKILL)
        assert self.wait_exit() == -signal.SIGKILL

    def restart(self, *arguments):
        self.stop()
        self.start(*arguments)

    def close(self):
        """End of the test: a daemon that still runs must stop cleanly; none may have left a sanitizer's report."""
        try:
            if self.process is not None:
                self.stop()
        finally:
            if self.running():
                self.process.kill()
            if self._notify:
                self._notify.close()
        for log in self.logs:
            assert not REPORT.search(log.text()), log.tail()

    # ---- what it tells its supervisor

    def _listen(self):
        path = self.room.path / "notify"
        if self._notify is None:
            self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._notify.bind(str(path))
            threading.Thread(target=self._hear, args=(self._notify,), daemon=True).start()
        with self._told_changed:
            self._told = []

    def _hear(self, notify):
        while True:
            try:
                message = notify.recv(65536).decode(errors="replace")
            except OSError:
                return
            with self._told_changed:
                self._told += message.split("\n")
                self._told_changed.notify_all()

    def _watch_exit(self, process):
        process.wait()
        with self._told_changed:
            self._told_changed.notify_all()

    def told(self):
        with self._told_changed:
            return list(self._told)

    def wait_told(self, line, count=1):
        """Until the supervisor was told line (a whole line, or a beginning that ends in "=") count times."""
        def there():
            return sum(t == line or (line.endswith("=") and t.startswith(line)) for t in self._told) >= count

        with self._told_changed:
            self._told_changed.wait_for(lambda: there() or not self.running(), LIMIT)
            heard = there()
        if not heard:
            self.log.join() if not self.running() else None
            raise AssertionError(f"fetchd never said {line}; it said {self._told} and\n{self.log.tail()}")


class Result:
    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def json(self):
        return [json.loads(line) for line in self.lines]

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Stream:
    """fetchctl --json watch …, running."""

    def __init__(self, process):
        self.process = process
        self.lines = Lines(process.stdout)
        self.errors = Lines(process.stderr)

    def event(self, accept):
        """The first event that accept() takes, from the beginning of the stream."""
        return json.loads(self.lines.find(lambda line: accept(json.loads(line))))

    def kind(self, kind, job=None):
        return self.event(lambda e: e["kind"] == kind and job in (None, e["job_id"]))

    def seen(self):
        with self.lines.changed:
            return [json.loads(line) for line in self.lines.lines]

    def all(self):
        """Every event until the stream ends by itself."""
        assert self.process.wait(LIMIT) is not None
        self.lines.join()
        return self.seen()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(LIMIT)
        self.errors.join()
        assert not REPORT.search(self.errors.text()), self.errors.text()


class Ctl:
    """fetchctl -s SOCKET …, as the caller or as another user."""

    def __init__(self, room, binary=None, user=None):
        self.room = room
        self.binary = binary or program("fetchctl")
        self.user = user
        self._streams = []

    def command(self, *arguments):
        return [str(self.binary), "-s", str(self.room.socket), *map(str, arguments)]

    def _how(self, cwd=None):
        how = {"cwd": cwd or self.room.downloads, "env": self.room.environment(), "text": True, "errors": "replace"}
        if self.user:
            how.update(cwd="/", user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        return how

    def __call__(self, *arguments, stdin=None, cwd=None):
        how = self._how(cwd)
        # What ends at once need not look for leaks, which takes as long as the rest of its life.
        how["env"]["ASAN_OPTIONS"] = how["env"].get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL if stdin is None else None, **how)
        assert not REPORT.search(done.stderr), done.stderr
        assert done.returncode >= 0, f"fetchctl {arguments} died of signal {-done.returncode}: {done.stderr}"
        return Result(done.returncode, done.stdout, done.stderr)

    def spawn(self, *arguments):
        """A client that stays: a Stream."""
        stream = Stream(subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, **self._how()))
        self._streams.append(stream)
        return stream

    def _watches(self):
        """Watches whose call the daemon has read: what is asked of it later, they see."""
        return next(float(line.split()[1]) for line in self.ok("metrics").lines if line.startswith("fetchd_watches "))

    def watch(self, *arguments):
        """A watcher whose stream has begun: what happens from here on is seen. With --since nothing can be missed."""
        if "--since" in arguments:
            return self.spawn("--json", "watch", *arguments)
        before = self._watches()
        stream = self.spawn("--json", "watch", *arguments)
        deadline = time.monotonic() + LIMIT
        while self._watches() <= before:
            assert stream.process.poll() is None and time.monotonic() < deadline, "the watcher was never heard"
        return stream

    def ok(self, *arguments, **more):
        result = self(*arguments, **more)
        assert result.code == 0, f"fetchctl {arguments}: {result!r}"
        return result

    def add(self, *arguments, **more):
        """The ids of what was added."""
        return [int(line) for line in self.ok("add", *arguments, **more).lines]

    def job(self, job):
        """The whole of one job."""
        return self.ok("--json", "status", job).json[0]

    def jobs(self, *arguments):
        return {job["id"]: job for job in self.ok("--json", "list", *arguments).json}

    def wait_received(self, size, *ids):
        """Until each job has got size bytes: the origin may have sent what still stands in the socket's buffers."""
        deadline = time.monotonic() + LIMIT
        while any(self.job(job)["received"] < size for job in ids):
            assert time.monotonic() < deadline, f"{ids} never got {size} bytes"
            time.sleep(0.01)

    def wait(self, *ids):
        return self("wait", "--timeout", LIMIT - 20, *ids)

    def close(self):
        for stream in self._streams:
            stream.close()
