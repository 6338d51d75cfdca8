"""Metrics: what is counted is what was done; what they look like to a parser, to promtool, to curl and to a hostile client."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess

import pytest

from harness import LIMIT, Daemon

TREE = pathlib.Path(__file__).resolve().parents[2]
SIZES = [0, 1, 1000, 70000, 300000, 1048576]


@pytest.fixture
def stopped(room):
    daemon = Daemon(room)
    daemon.options["Daemon.MetricsSocket"] = room.path / "m"
    yield daemon
    daemon.close()


@pytest.fixture
def parse():
    pytest.importorskip("prometheus_client", reason="python3-prometheus-client is not installed: nothing parses OpenMetrics")
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    return lambda text: {family.name: family for family in text_string_to_metric_families(text)}


@pytest.fixture
def read(ctl, parse):
    """The samples of now: {(name, label value or None): value}; of a counter what it is called with _total."""
    def scrape():
        found = {}
        for family in parse(ctl.ok("metrics").out).values():
            for sample in family.samples:
                found[sample.name, next(iter(sample.labels.values()), None)] = sample.value
        return found

    return scrape


def ask(room, request, limit=LIMIT):
    """What the metrics socket says to these bytes, until it closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(limit)
        sock.connect(str(room.path / "m"))
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_01_what_is_counted_is_what_was_done(daemon, ctl, origin, read):
    good = ctl.add(*(origin.url(f"/bytes/{size}/f{i}") for i, size in enumerate(SIZES)))
    bad = ctl.add("--retry", 0, *(origin.url(f"/bytes/10/b{i}?status={s}") for i, s in enumerate((404, 403, 500))))
    [again] = ctl.add(origin.url("/bytes/5000/r?status=503&times=2"))
    ctl.wait(*good, *bad, again)
    now, n = read(), len(good) + 1
    assert now["fetchd_jobs", "done"] == n and now["fetchd_jobs", "failed"] == 3 and now["fetchd_jobs", "queued"] == 0
    assert now["fetchd_job_events_total", "added"] == n + 3 and now["fetchd_job_events_total", "done"] == n
    assert now["fetchd_job_events_total", "waiting"] == 2 and now["fetchd_job_events_total", "started"] == n + 5
    assert now["fetchd_attempts_total", "done"] == n and now["fetchd_attempts_total", "failed"] == 3
    assert now["fetchd_attempts_total", "retry"] == 2 and now["fetchd_attempts_total", "held"] == 0
    assert now["fetchd_failures_total", "http_4xx"] == 2 and now["fetchd_failures_total", "http_5xx"] == 3
    assert now["fetchd_received_bytes_total", None] == sum(SIZES) + 5000 == now["fetchd_jobs_disk_bytes", None]
    assert now["fetchd_transfer_seconds_count", None] == n and now["fetchd_transfer_seconds_sum", None] > 0
    assert now["fetchd_first_byte_seconds_count", None] == n + 5 == origin.count()
    assert now["fetchd_commit_seconds_count", None] > 0 and now["fetchd_transfers", "network"] == 0
    assert now["fetchd_database_bytes", None] == (daemon.room.state / "queue.db").stat().st_size
    assert now["fetchd_database_wal_bytes", None] == (daemon.room.state / "queue.db-wal").stat().st_size
    # With the connection that asked.
    assert 0 <= now["process_open_fds", None] - len(os.listdir(f"/proc/{daemon.process.pid}/fd")) <= 1
    assert 1e6 < now["process_resident_memory_bytes", None] < now["process_virtual_memory_bytes", None]
    daemon.restart()
    anew = read()
    assert anew["fetchd_jobs", "done"] == n and anew["fetchd_attempts_total", "done"] == 0


def test_02_while_it_runs(daemon, ctl, origin, read):
    jobs = ctl.add(*(origin.url(f"/bytes/200000/f{i}?pause=100000&until=g") for i in range(5)))
    origin.wait_gated("g", 5)
    ctl.wait_received(100000, *jobs)
    now = read()
    assert now["fetchd_transfers", "network"] == 5 == now["fetchd_jobs", "active"]
    assert now["fetchd_received_bytes_total", None] == 500000
    ctl.ok("limit", "max-active", 3)
    ctl.ok("limit", "limit-rate", "9M")
    ctl.watch("--since", 0).kind("queued")
    now = read()
    assert now["fetchd_limit_transfers", "all"] == 3 and now["fetchd_limit_bytes_per_second", "all"] == 9 << 20
    assert now["fetchd_limit_transfers", "user"] == float("inf")
    assert now["fetchd_sessions", None] == 2 and now["fetchd_watches", None] == 1
    # Two went back to the queue for the sake of the limit, three are stopped.
    ctl.ok("cancel", *jobs)
    now = read()
    assert (now["fetchd_attempts_total", "held"], now["fetchd_attempts_total", "stopped"]) == (2, 3)
    assert now["fetchd_job_events_total", "cancelled"] == 5 == now["fetchd_jobs", "cancelled"]


def test_03_hosts_that_are_held_and_broken(stopped, ctl, origin, read):
    stopped.options.update({"Hosts.BreakerFailures": 2, "Hosts.BreakerTime": "1h", "Retry.Delay": "1h"})
    stopped.start()
    ctl.add(origin.url("/bytes/10/a?status=503&retry_after=3600", port=1))
    broken = ctl.add(*(origin.url(f"/bytes/10/b{i}?status=500", port=2) for i in range(2)))
    watch = ctl.watch("--since", 0)
    watch.kind("waiting", 1)
    for job in broken:
        watch.kind("waiting", job)
    now = read()
    assert (now["fetchd_hosts_held", None], now["fetchd_hosts_broken", None]) == (1, 1) and now["fetchd_hosts", None] == 2
    stopped.restart()
    assert (read()["fetchd_hosts_held", None], read()["fetchd_hosts_broken", None]) == (1, 1)


def test_04_counters_never_go_back(daemon, ctl, origin, read):
    jobs = ctl.add(*(origin.url(f"/bytes/{i * 3000}/f{i}?cut={1000 * (i % 3)}") for i in range(60)))
    waiter = ctl.spawn("wait", *jobs)
    last = read()
    while waiter.process.poll() is None:
        now = read()
        for key, value in last.items():
            if key[0].endswith(("_total", "_count", "_bucket", "_sum")):
                assert now[key] >= value, key
        last = now
    assert waiter.process.returncode == 0 and read()["fetchd_jobs", "done"] == 60


def families():
    table = TREE / "src" / "fetchd" / "metrics" / "families.def"
    return re.findall(r"^FAMILY\((\w+), (\w+), (\w*),", table.read_text(), re.M)


def test_05_every_family_is_told(daemon, ctl, parse):
    text = ctl.ok("metrics").out
    told = parse(text)
    assert text.endswith("# EOF\n") and set(told) == {name for _, name, _ in families()} and len(told) > 30
    for kind, name, unit in families():
        assert (told[name].type, told[name].unit) == (kind.lower(), unit) and told[name].documentation and told[name].samples
        assert all(set(sample.labels) <= {"state", "kind", "outcome", "class", "phase", "scope", "lane", "result", "le", "version"}
                   for sample in told[name].samples)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (package prometheus) is not installed")
def test_06_promtool(daemon, ctl, origin):
    ctl.wait(*ctl.add(origin.url("/bytes/1000/a"), origin.url("/bytes/10/b?status=404")))
    done = subprocess.run(["promtool", "check", "metrics"], input=ctl.ok("metrics", "--prometheus").out, capture_output=True,
                          text=True, timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def rules_of(dashboard, doc):
    """Every expression of the dashboard as a rule, and the alerts of the documentation."""
    exprs = [target["expr"] for panel in json.loads(dashboard.read_text())["panels"] for target in panel.get("targets", [])]
    exprs = [expr.replace("$__rate_interval", "5m").replace("$instance", ".*") for expr in exprs]
    assert len(exprs) > 40
    records = [{"record": f"fetchd:panel:{i}", "expr": expr} for i, expr in enumerate(exprs)]
    [alerts] = re.findall(r"```yaml\n(.*?)```", doc.read_text(), re.S)
    return json.dumps({"groups": [{"name": "dashboard", "rules": records}]}), alerts


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (package prometheus) is not installed")
def test_06_queries_of_dashboard_and_alerts(room):
    for i, text in enumerate(rules_of(TREE / "etc" / "grafana" / "fetchd.json", TREE / "doc" / "administration.md")):
        rules = room.path / f"{i}.yml"
        rules.write_text(text)
        done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0 and "SUCCESS" in done.stdout + done.stderr, done


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_07_curl(daemon, ctl, room, parse):
    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--unix-socket", room.path / "m", *arguments], capture_output=True, text=True,
                              timeout=LIMIT, check=True).stdout

    assert "fetchd_jobs" in parse(curl("http://localhost/metrics"))
    head = curl("-I", "http://localhost/metrics")
    assert "HTTP/1.1 200" in head and "application/openmetrics-text; version=1.0.0; charset=utf-8" in head
    assert "404" in curl("-o", "/dev/null", "-w", "%{http_code}", "http://localhost/other")


def test_08_a_file_is_never_half_written(daemon, ctl, room):
    path = room.path / "fetchd.prom"
    path.write_text("old")
    ctl.ok("metrics", "--prometheus", "-o", path)
    assert "# TYPE fetchd_attempts_total counter" in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o644
    assert ctl("metrics", "-o", room.path / "none" / "x").code == 74 and not list(room.path.glob("fetchd.prom.*"))
    assert ctl("metrics", "-o", room.path / "dl").code == 74 and not list(room.path.glob("dl.*"))
    assert "# EOF" in ctl.ok("metrics", "-o", "-").out and not (room.downloads / "-").exists()


def test_09_odd_requests(daemon, room):
    assert ask(room, GET).startswith(b"HTTP/1.1 200")
    for request in (b"POST /metrics HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\n\r\nx", b"PUT / HTTP/1.1\r\nHost: l\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: l\r\n\r\n", b"\0\1\2\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n",
                    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n"):
        try:
            answer = ask(room, request)
        except (ConnectionResetError, BrokenPipeError):
            continue
        assert b" 200 " not in answer[:20]
    assert ask(room, GET + GET).count(b"# EOF") == 1
    assert ask(room, GET).startswith(b"HTTP/1.1 200")


def connect(room, limit=LIMIT):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(limit)
    sock.connect(str(room.path / "m"))
    return sock


def test_10_who_says_nothing_is_sent_away(daemon, room, ctl):
    """More connections than may be, that never ask: all end, others are served then, and only so many are taken at once."""
    def descriptors():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))

    ctl.ok("ping")
    before = descriptors()
    idle = [connect(room) for _ in range(40)]
    for sock in idle[::2]:
        sock.sendall(b"GET /met")
    ctl.ok("ping")
    assert before + 5 < descriptors() <= before + 18
    assert ask(room, GET).startswith(b"HTTP/1.1 200")
    for sock in idle:
        while sock.recv(4096):
            pass
        sock.close()
    assert ask(room, GET).startswith(b"HTTP/1.1 200")


def test_10_who_asks_a_byte_at_a_time_is_sent_away(daemon, room):
    """It is never quiet for as long as the time-out, and ends all the same, long before its request is through."""
    with connect(room, 0.1) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        for _ in range(10 * LIMIT):
            try:
                assert sock.recv(4096) == b""
                break
            except TimeoutError:
                sock.sendall(b"a")
            except ConnectionError:
                break
        else:
            pytest.fail("it was never sent away")


def test_11_many_at_once(daemon, room):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: ask(room, GET), range(300)))
    assert all(answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"# EOF\n") for answer in answers)


def test_12_where_the_socket_is(stopped, room, ctl):
    def restarted(value, *arguments):
        if stopped.running():
            stopped.stop()
        stopped.options["Daemon.MetricsSocket"] = value
        plain = stopped.command
        stopped.command = lambda *more: [word if word != "--user" or "system" not in arguments else "--system"
                                         for word in plain(*more)]
        stopped.start()
        stopped.command = plain

    restarted("none")
    assert not (room.path / "m").exists() and not (room.path / "metrics").exists() and ctl.ok("metrics")
    restarted("")
    assert not (room.path / "metrics").exists()
    restarted(room.path / "m")
    assert stat.S_IMODE((room.path / "m").stat().st_mode) == 0o600
    if os.geteuid() == 0:
        restarted("", "system")
        assert stat.S_IMODE((room.path / "metrics").stat().st_mode) == 0o666
    (room.path / "taken").write_text("mine")
    restarted(room.path / "taken")
    stopped.log.find(lambda line: "metrics are told by fetchctl alone" in line and "taken" in line)
    assert (room.path / "taken").read_text() == "mine" and ctl.ok("metrics")
    stopped.stop()
    assert not (room.path / "m").exists()

