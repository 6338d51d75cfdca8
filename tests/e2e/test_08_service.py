"""The daemon as a service: stop, reload, socket activation, what it tells its supervisor, what it leaves alone."""
import os
import signal
import socket
import stat
import sys

import pytest

from frozen import Frozen
from harness import LIMIT, program, sanitizer


def test_01_a_clean_stop(daemon, ctl, origin):
    watch = ctl.watch("--since", 0)
    jobs = ctl.add(*(origin.url(f"/bytes/2000000/f{i}?pause=500000&until=g") for i in range(3)))
    origin.wait_gated("g", 3)
    daemon.signal(signal.SIGTERM)
    daemon.wait_told("STOPPING=1")
    assert daemon.wait_exit() == 0
    for job in jobs:
        assert watch.kind("queued", job)["job"]["state"] == "queued"
    assert not daemon.room.socket.exists()
    daemon.options["Queue.MaxActive"] = 1
    daemon.start()
    origin.wait_gated("g")
    assert sorted(job["state"] for job in ctl.jobs().values()) == ["active", "queued", "queued"]
    origin.release("g")
    assert ctl.wait(*jobs).code == 0


def test_02_a_stop_while_nothing_runs(daemon):
    daemon.stop()


def test_03_sigint_stops_too(daemon):
    daemon.signal(signal.SIGINT)
    assert daemon.wait_exit() == 0


def test_04_a_second_sigterm_ends_at_once(daemon, ctl, origin):
    jobs = ctl.add(*(origin.url(f"/bytes/30000000/f{i}") for i in range(6)))
    origin.wait_requests("/bytes/30000000/f5")
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGTERM)
    daemon.wait_exit()
    daemon.start()
    assert sorted(ctl.jobs()) == jobs and ctl.wait(*jobs).code == 0


def test_05_reload(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 2
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(8)))
    origin.wait_gated("g", 2)
    stopped.options["Queue.MaxActive"] = 5
    stopped.write_config()
    stopped.signal(signal.SIGHUP)
    stopped.wait_told("RELOADING=1")
    stopped.wait_told("MONOTONIC_USEC=")
    stopped.wait_told("READY=1", 2)
    origin.wait_gated("g", 5)
    assert ctl.ok("--json", "status").json[0]["max_active"] == 5 and origin.count() == 5
    origin.release("g")
    assert ctl.wait(*jobs).code == 0


def test_06_a_bad_reload_changes_nothing(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 2
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(4)))
    origin.wait_gated("g", 2)
    good = stopped.room.config.read_text()
    stopped.room.config.write_text(good.replace("MaxActive=2", "MaxActive=4") + "[Queue]\nMaxPerHost=many\n")
    line = len(stopped.room.config.read_text().splitlines())
    stopped.signal(signal.SIGHUP)
    stopped.wait_told("READY=1", 2)
    told = stopped.log.find(lambda text: f"{stopped.room.config}:{line}" in text)
    assert "MaxPerHost" in told
    assert ctl.ok("--json", "status").json[0]["max_active"] == 2 and origin.count() == 2
    origin.release("g")
    assert ctl.wait(*jobs).code == 0


def test_07_a_lower_bound_holds_for_what_runs(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 4
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(8)))
    origin.wait_gated("g", 4)
    stopped.options["Queue.MaxActive"] = 1
    stopped.write_config()
    stopped.signal(signal.SIGHUP)
    stopped.wait_told("READY=1", 2)
    origin.wait_for(lambda: origin.gated("g") == 1)
    assert ctl.job(jobs[0])["state"] == "active" and origin.count() == 4
    origin.release("g")
    assert ctl.wait(*jobs).code == 0 and origin.peak() == 4
    assert all(ctl.job(job)["attempts"] == 1 for job in jobs)


def test_08_status_lines(daemon, ctl, origin):
    daemon.wait_told("STATUS=")
    ctl.wait(*ctl.add(origin.url("/bytes/10/a")))


def test_09_a_log_line_a_job_event(daemon, ctl, origin):
    jobs = dict(zip(("done", "failed", "waiting", "cancelled"), ctl.add(
        origin.url("/bytes/10/a"), origin.url("/bytes/10/b?status=404"), origin.url("/bytes/10/c?status=503&times=1"),
        origin.url("/gate/g/bytes/10/d"))))
    origin.wait_gated("g")
    ctl.ok("cancel", jobs["cancelled"])
    ctl.wait(*jobs.values())
    for word, job in jobs.items():
        daemon.log.find(lambda line: f"job {job}: started" in line)
        daemon.log.find(lambda line: f"job {job}: {word}" in line)


@pytest.fixture
def listener(room):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(room.socket))
        sock.listen(64)
        yield sock


def activate(daemon, listener):
    """Start the daemon as systemd does: the socket is descriptor 3, LISTEN_PID is its own."""
    code = ('import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ["LISTEN_PID"] = str(os.getpid()); '
            'os.execv(sys.argv[2], sys.argv[2:])')
    plain = daemon.command

    def wrapped(*arguments):
        return [sys.executable, "-c", code, str(listener.fileno()), *plain(*arguments)]

    daemon.command = wrapped
    try:
        daemon.start(pass_fds=(listener.fileno(),), LISTEN_FDS="1")
    finally:
        daemon.command = plain


def test_10_socket_activation(stopped, ctl, origin, room, listener):
    """A client may come before the daemon; the socket stays when it goes."""
    early = ctl.spawn("ping")
    activate(stopped, listener)
    assert early.process.wait(LIMIT) == 0
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/a"))).code == 0
    stopped.stop()
    assert room.socket.exists()
    activate(stopped, listener)
    assert ctl.ok("ping")


def test_11_modes_of_files(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/10/a"))
    ctl.wait(job)
    assert stat.S_IMODE((room.state / "queue.db").stat().st_mode) == 0o600
    assert stat.S_IMODE(room.state.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((room.downloads / ".fetchd").stat().st_mode) == 0o700
    assert stat.S_IMODE(room.socket.stat().st_mode) & 0o077 == 0


def test_12_a_stale_socket_is_replaced(daemon, ctl, room):
    daemon.kill9()
    assert room.socket.exists()
    daemon.start()
    ctl.ok("ping")


def test_13_descriptors_do_not_leak(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 30, "Queue.MaxPerHost": 30})
    stopped.start()
    fds = f"/proc/{stopped.process.pid}/fd"

    def round_of_work(name):
        jobs = ctl.add(*(origin.url(f"/bytes/{i * 5000}/{name}{i}?cut=3000") for i in range(60)))
        assert ctl.wait(*jobs).code == 0
        return len(os.listdir(fds))

    first = round_of_work("a")
    # Idle connections are kept, within bounds; a descriptor lost with each transfer would be 180 here.
    assert max(round_of_work(name) for name in "bcd") <= first + 30


def switches(pid):
    """Voluntary context switches of each thread: a thread that sleeps on has none."""
    count = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as status:
            count[task] = [line for line in status if line.startswith("voluntary")]
    return count


@pytest.mark.skipif(sanitizer("tsan"), reason="ThreadSanitizer has a thread of its own that wakes up")
def test_14_an_idle_daemon_sleeps(daemon, ctl, origin):
    """No thread runs a periodic timer: among some windows of a second there is one without a single wake-up."""
    ctl.wait(*ctl.add(origin.url("/bytes/10/a")))
    quiet = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    quiet.settimeout(1)
    for _ in range(20):
        before = switches(daemon.process.pid)
        with pytest.raises(OSError):
            quiet.recv(1)
        if switches(daemon.process.pid) == before:
            break
    else:
        pytest.fail("every second some thread of an idle daemon woke up")
    quiet.close()


@pytest.mark.parametrize("thread", ["engine", "worker-0", "worker-1"])
def test_15_the_watchdog_stands_for_each_thread(stopped, ctl, thread):
    """Idle ones answer; one that hangs is told of, and answers again when it goes on."""
    stopped.start(WATCHDOG_USEC="200000")
    stopped.wait_told("WATCHDOG=1", 3)
    name = thread.replace("-", " ") if "-" in thread else "the engine"
    with Frozen(stopped.process.pid, thread):
        stopped.log.find(lambda line: f"{name} does not answer" in line)
        fed = stopped.told().count("WATCHDOG=1")
        ctl.ok("ping")
    stopped.log.find(lambda line: f"{name} answers again" in line)
    stopped.wait_told("WATCHDOG=1", fed + 3)


def test_16_a_hung_disk_is_no_hung_daemon(stopped, ctl, origin, room):
    stopped.start(WATCHDOG_USEC="200000")
    with Frozen(stopped.process.pid, "disk-small"):
        [job] = ctl.add(origin.url("/bytes/10/a"))
        origin.wait_requests("/bytes/10/a")
        stopped.wait_told("WATCHDOG=1", stopped.told().count("WATCHDOG=1") + 3)
        assert ctl.job(job)["state"] == "active"
    assert ctl.wait(job).code == 0


def test_17_it_goes_when_there_is_nothing_to_do(stopped, ctl, origin, room, listener):
    """Not with a client, nor with a job that waits for its time."""
    stopped.options["Daemon.ExitIdle"] = "100ms"
    activate(stopped, listener)
    [job] = ctl.add("--not-before", "1h", origin.url("/bytes/10/a"))
    watch = ctl.watch(job, "--since", 0)
    watch.kind("added", job)  # it is there: without it the daemon might have gone before
    ctl.ok("cancel", job)
    watch.kind("cancelled", job)
    assert stopped.running()
    watch.close()
    assert stopped.wait_exit() == 0 and "STOPPING=1" in stopped.told()
    assert room.socket.exists()


def test_18_levels_are_numbers_under_a_manager(stopped):
    """Where it is not connected to the journal; sd-daemon(3)."""
    code = 'import os, sys; os.environ["SYSTEMD_EXEC_PID"] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])'
    plain = stopped.command
    stopped.command = lambda *arguments: [sys.executable, "-c", code, *plain(*arguments)]
    stopped.start()
    stopped.log.find(lambda line: line.startswith("<5>ready: "))


def test_19_a_credential_is_read_last(stopped, ctl, room):
    """After the files of the search path; one file that is asked for stays alone. Its mode is the manager's."""
    place = room.path / "credentials"
    place.mkdir()
    (place / "fetchd.conf").write_text("[Queue]\nMaxActive=3\n[Transfer]\nProxy=http://u:hunter2@127.0.0.1:1\n")
    (place / "fetchd.conf").chmod(0o440)
    stopped.start(CREDENTIALS_DIRECTORY=str(place))
    assert ctl.ok("--json", "status").json[0]["max_active"] == 16
    stopped.stop()
    options = [word for key, value in stopped.options.items() for word in ("-o", f"{key}={value}")]
    stopped.command = lambda *arguments: [program("fetchd"), "--user", *options, *map(str, arguments)]
    stopped.start(CREDENTIALS_DIRECTORY=str(place))
    assert ctl.ok("--json", "status").json[0]["max_active"] == 3
    assert "hunter2" not in stopped.log.text()


def test_20_the_sandbox_is_told(daemon, ctl):
    told = ctl.ok("--json", "status").json[0]["sandbox"]
    assert told.startswith(("Landlock ABI ", "none: ")) and told in ctl.ok("status").out
    daemon.log.find(lambda line: f"sandbox: {told}" in line)


def test_21_a_recovery_asks_for_patience(daemon, ctl, origin):
    """Before READY, while it gets on."""
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/{i}") for i in range(3)))
    origin.wait_gated("g", 3)
    daemon.kill9()
    daemon.start()
    told = daemon.told()
    assert [line for line in told[:told.index("READY=1")] if line.startswith("EXTEND_TIMEOUT_USEC=")], told
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
