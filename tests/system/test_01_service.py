"""The units under systemd: started by the first who asks, watched, reloaded, restarted and killed, with nothing lost."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess

import pytest

from frozen import Frozen
from machine import LIMIT
from origin import content
from origin.certs import Certs
from origin.dns import Dns
from origin.raw import File, RawServer


def read(machine, job):
    return subprocess.run(machine.command("cat", job["path"]), capture_output=True, check=True).stdout


def test_01_the_first_client_starts_it(machine, origin):
    assert machine.show("ActiveState") == "inactive" and machine.show("ActiveState", "fetchd.socket") == "active"
    [job] = machine.add(origin.url("/bytes/100000/first"))
    assert machine.show("ActiveState") == "active"
    assert machine.wait(job).code == 0
    assert read(machine, machine.job(job)) == content.whole("first", 100000)
    assert machine.show("NotifyAccess") == "main" and machine.show("User") == "fetchd"


def test_02_status_is_a_summary(fetchd, origin):
    [job] = fetchd.add(origin.url("/gate/g/bytes/10/a"))
    origin.wait_gated("g")
    fetchd.wait_show("StatusText", lambda text: "1 active, 0 queued" in text)
    origin.release("g")
    assert fetchd.wait(job).code == 0
    fetchd.wait_show("StatusText", lambda text: "0 active" in text)


def test_03_a_restart_refuses_no_client(fetchd, origin):
    """Under load, with a client that waits and others that come all the while."""
    jobs = fetchd.add(*(origin.url(f"/bytes/3000000/r{i}?pause=100000&until=r") for i in range(8)))
    origin.wait_gated("r", 6)
    waiting = fetchd.spawn("fetchctl", "--system", "wait", "--timeout", LIMIT - 10, *jobs)
    first = fetchd.show("MainPID")
    restart = fetchd.spawn("systemctl", "restart", "fetchd.service")
    came = 0
    while restart.poll() is None or came < 3:
        result = fetchd.ctl("ping")
        # One that had been accepted is told to try again; nobody finds the door shut.
        assert result.code in (0, 75), result
        came += result.code == 0
    assert restart.wait(LIMIT) == 0 and fetchd.show("MainPID") != first
    origin.release("r")
    assert waiting.wait(LIMIT) == 0, waiting.stderr.read()
    assert all(fetchd.job(job)["state"] == "done" for job in jobs)


def test_04_reload_under_load(fetchd, origin):
    jobs = fetchd.add(*(origin.url(f"/gate/l/bytes/10/l{i}") for i in range(8)))
    origin.wait_gated("l", 6)
    pid = fetchd.show("MainPID")
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Queue]\nMaxPerHost=8\n")
    fetchd.ok("systemctl", "reload", "fetchd.service")
    origin.wait_gated("l", 8)
    assert fetchd.show("MainPID") == pid and origin.count() == 8
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Queue]\nMaxPerHost=many\n")
    refused = fetchd.run("systemctl", "reload", "fetchd.service")
    assert refused.code != 0 and "50-test.conf:2" in fetchd.journal()
    assert fetchd.ctl_ok("--json", "status").json[0]["max_per_host"] == 8
    origin.release("l")
    assert fetchd.wait(*jobs).code == 0 and fetchd.show("ActiveState") == "active"


def test_05_kill_9(fetchd, origin):
    jobs = fetchd.add(*(origin.url(f"/bytes/2000000/k{i}?pause=100000&until=k") for i in range(6)))
    origin.wait_gated("k", 6)
    waiting = fetchd.spawn("fetchctl", "--system", "wait", "--timeout", LIMIT - 10, *jobs)
    before = int(fetchd.show("NRestarts"))
    os.kill(fetchd.main_pid(), signal.SIGKILL)
    fetchd.wait_show("NRestarts", lambda n: int(n) == before + 1)
    origin.release("k")
    assert waiting.wait(LIMIT) == 0, waiting.stderr.read()
    for i, job in enumerate(jobs):
        assert read(fetchd, fetchd.job(job)) == content.whole(f"k{i}", 2000000)


def watched(fetchd, origin, freeze):
    """The watchdog ends a daemon that freeze(pid) has stopped, and nothing is lost."""
    fetchd.drop_in("[Service]\nWatchdogSec=1s\n")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    jobs = fetchd.add(*(origin.url(f"/gate/w/bytes/1000/w{i}") for i in range(4)))
    origin.wait_gated("w", 4)
    before = int(fetchd.show("NRestarts"))
    with freeze(fetchd.main_pid()):
        fetchd.wait_show("NRestarts", lambda n: int(n) == before + 1)
    assert "watchdog" in fetchd.journal().lower()
    origin.release("w")
    assert fetchd.wait(*jobs).code == 0


class Stopped:
    """All of a process, as one that hangs."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        pass


def test_06_the_watchdog_ends_a_daemon_that_hangs(fetchd, origin):
    watched(fetchd, origin, Stopped)


def test_07_the_watchdog_sees_the_engine(fetchd, origin):
    watched(fetchd, origin, lambda pid: Frozen(pid, "engine"))


def test_08_the_watchdog_sees_each_worker(fetchd, origin):
    watched(fetchd, origin, lambda pid: Frozen(pid, "worker-1"))


def test_09_a_daemon_with_nothing_to_do_goes(fetchd, origin):
    """And is there for the next client. What waits for a time keeps it."""
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Daemon]\nExitIdle=200ms\n")
    [later] = fetchd.add("--not-before", "1h", origin.url("/bytes/10/later"))
    fetchd.ok("systemctl", "restart", "fetchd.service")
    pid = fetchd.show("MainPID")
    [job] = fetchd.add(origin.url("/bytes/10/now"))
    assert fetchd.wait(job).code == 0 and fetchd.show("MainPID") == pid
    fetchd.ctl_ok("cancel", later)
    fetchd.wait_show("ActiveState", lambda state: state == "inactive")
    assert fetchd.show("Result") == "success" and fetchd.show("ActiveState", "fetchd.socket") == "active"
    assert fetchd.job(job)["state"] == "done"


@contextlib.contextmanager
def wrong_configuration(fetchd):
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Queue]\nMaxActive=0\n")
    yield "MaxActive"
    fetchd.ok("rm", "/etc/fetchd/fetchd.conf.d/50-test.conf")


@contextlib.contextmanager
def a_database_that_is_none(fetchd):
    fetchd.ok("sh", "-c", "cd /var/lib/fetchd && rm -f queue.db* && yes none | head -c 100000 >queue.db && chown fetchd: queue.db")
    yield "queue.db"
    fetchd.ok("sh", "-c", "rm /var/lib/fetchd/queue.db")


@contextlib.contextmanager
def another_fetchd(fetchd):
    """By hand, on the same state."""
    with fetchd.spawn("setpriv", "--reuid=fetchd", "--regid=fetchd", "--clear-groups", "fetchd", "--system",
                      "-o", "Daemon.Socket=/run/fetchd/other", "-o", "Daemon.MetricsSocket=") as other:
        assert any("ready: " in line for line in other.stderr)
        yield "another fetchd"
        fetchd.ok("setpriv", "--reuid=fetchd", "--regid=fetchd", "--clear-groups", "fetchctl", "-s", "/run/fetchd/other", "drain", "--exit")
        other.communicate(timeout=LIMIT)


@pytest.mark.parametrize("cause, status", [(wrong_configuration, 78), (a_database_that_is_none, 65), (another_fetchd, 75)])
def test_10_no_restart_without_sense(fetchd, cause, status):
    """What no other start cures ends it for good, and the journal says why."""
    fetchd.ok("systemctl", "stop", "fetchd.socket", "fetchd.service")
    with cause(fetchd) as told:
        assert fetchd.run("systemctl", "start", "fetchd.service").code != 0
        assert (fetchd.show("ExecMainStatus"), fetchd.show("NRestarts"), fetchd.show("SubState")) == (str(status), "0", "failed")
        assert told in fetchd.journal(f"_SYSTEMD_INVOCATION_ID={fetchd.show('InvocationID')}")
    fetchd.ok("systemctl", "reset-failed", "fetchd.service", "fetchd.socket")
    fetchd.ok("systemctl", "start", "fetchd.socket", "fetchd.service")


def test_11_names_are_resolved(fetchd, origin):
    """Under RestrictAddressFamilies, by the C library: files and a server of the net."""
    fetchd.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    fetchd.write("/etc/hosts", "127.0.0.1 near.test\n")
    with fetchd.network.run(lambda: Dns("127.0.0.1")) as dns:
        # Nobody listens at the one; the other is tried, too.
        dns.names["good.test"] = ["::1", "127.0.0.1"]
        [job] = fetchd.add(origin.url("/bytes/10/named").replace("127.0.0.1", "good.test"))
        assert fetchd.wait(job).code == 0, fetchd.job(job)
        assert dns.asked
    [job] = fetchd.add(origin.url("/bytes/10/local").replace("127.0.0.1", "near.test"))
    assert fetchd.wait(job).code == 0, fetchd.job(job)


def test_12_a_credential_is_configuration(fetchd):
    """The last file, which nobody but the service reads."""
    fetchd.ok("mkdir", "-p", "/etc/credstore")
    fetchd.write("/etc/credstore/fetchd.conf", "[Transfer]\nProxy=http://u:hunter2@127.0.0.1:3128\n[Queue]\nMaxActive=3\n", mode="0600")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    assert fetchd.ctl_ok("--json", "status").json[0]["max_active"] == 3
    fetchd.ok("systemctl", "reload", "fetchd.service")
    assert fetchd.ctl_ok("--json", "status").json[0]["max_active"] == 3
    assert "hunter2" not in fetchd.journal()
    fetchd.ok("rm", "/etc/credstore/fetchd.conf")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    assert fetchd.ctl_ok("--json", "status").json[0]["max_active"] == 16


def test_13_metrics_are_scraped(fetchd, origin):
    """By fetchctl, and from the socket, which the daemon makes inside its sandbox."""
    [job] = fetchd.add(origin.url("/bytes/10/a"))
    assert fetchd.wait(job).code == 0
    assert 'fetchd_jobs{state="done"} ' in fetchd.ctl_ok("metrics").out
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"/proc/{fetchd.leader}/root/run/fetchd/metrics")
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        answer = client.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.") and "fetchd_watchdog_pings_total" in answer and answer.endswith("# EOF\n")


def test_14_the_journal_knows_each_job(fetchd, origin):
    """Its lines by its id, with fields; and the catalog explains them."""
    [good] = fetchd.add(origin.url("/bytes/10/good"))
    [bad] = fetchd.add("--retry", 0, origin.url("/bytes/10/bad?status=404"))
    assert fetchd.wait(good, bad).code == 1
    fetchd.ok("journalctl", "--sync")
    fetchd.ok("journalctl", "--update-catalog")
    lines = fetchd.ok("journalctl", "--no-pager", "-o", "json", "_SYSTEMD_UNIT=fetchd.service", f"FETCHD_JOB_ID={bad}").json
    assert lines and all(line["FETCHD_JOB_ID"] == str(bad) for line in lines)
    [failed] = [line for line in lines if line.get("FETCHD_STATE") == "failed"]
    assert failed["FETCHD_ERROR"] == "E_HTTP_404" and failed["FETCHD_HTTP_STATUS"] == "404" and failed["FETCHD_OWNER"] == "0"
    assert failed["FETCHD_URL"].endswith("/bytes/10/bad?status=404") and failed["PRIORITY"] == "4"
    explained = fetchd.ok("journalctl", "--no-pager", "-x", f"MESSAGE_ID={failed['MESSAGE_ID']}", f"FETCHD_JOB_ID={bad}").out
    assert f"Subject: Job {bad} " in explained and "man:fetchd-errors(7)" in explained


def test_15_metrics_for_node_exporter(fetchd, origin):
    """Written by a timer; which does not start a daemon."""
    place = "/var/lib/prometheus/node-exporter"
    fetchd.ok("mkdir", "-p", place)
    [job] = fetchd.add(origin.url("/bytes/10/a"))
    assert fetchd.wait(job).code == 0
    fetchd.drop_in("[Timer]\nOnActiveSec=\nOnActiveSec=50ms\nAccuracySec=1ms\n", "fetchd-metrics.timer")
    fetchd.ok("systemctl", "start", "fetchd-metrics.timer")
    fetchd.wait_show("ExecMainExitTimestampMonotonic", lambda time: time != "0", "fetchd-metrics.service")
    assert fetchd.show("Result", "fetchd-metrics.service") == "success", fetchd.journal("-u", "fetchd-metrics.service")
    assert '\nfetchd_jobs{state="done"} 1\n' in fetchd.ok("cat", f"{place}/fetchd.prom").out
    assert fetchd.ok("stat", "-c", "%a", f"{place}/fetchd.prom").out == "644\n"
    fetchd.ok("systemctl", "stop", "fetchd-metrics.timer", "fetchd.service")
    fetchd.ok("systemctl", "start", "fetchd-metrics.service")
    assert fetchd.show("ConditionResult", "fetchd-metrics.service") == "no" and fetchd.show("ActiveState") == "inactive"
    fetchd.drop_in(None, "fetchd-metrics.timer")
    fetchd.ok("rm", "-r", "/var/lib/prometheus")


def test_16_files_of_the_configuration(fetchd):
    """UAPI.6: the vendor's, the machine's, this boot's; of drop-ins with one name the highest, in the order of the names; masks."""
    files = {"/usr/lib/fetchd/fetchd.conf.d/30-a.conf": "[Queue]\nMaxActive=30\nMaxPerHost=3\n",
             "/run/fetchd/fetchd.conf.d/30-a.conf": "[Queue]\nMaxActive=31\n",
             "/usr/lib/fetchd/fetchd.conf.d/40-b.conf": "[Retry]\nMaxAttempts=4\n",
             "/usr/lib/fetchd/fetchd.conf.d/50-c.conf": "[Retry]\nMaxDelay=5m\n",
             "/etc/fetchd/fetchd.conf.d/50-c.conf": ""}
    for path, text in files.items():
        fetchd.write(path, text)
    # "# set by: PLACE", then the key.
    printed = fetchd.ok("fetchd", "--system", "--print-config").out
    assert "\n# set by: /run/fetchd/fetchd.conf.d/30-a.conf:2\nMaxActive=31\n" in printed
    assert "\n# set by: default\nMaxPerHost=6\n" in printed and "\n# set by: default\nMaxDelay=1h\n" in printed
    assert "\n# set by: /usr/lib/fetchd/fetchd.conf.d/40-b.conf:2\nMaxAttempts=4\n" in printed
    fetchd.ok("ln", "-s", "/dev/null", "/etc/fetchd/fetchd.conf.d/40-b.conf")
    fetchd.ok("systemctl", "reload", "fetchd.service")
    fetchd.wait_journal("configuration read again")
    assert fetchd.ctl_ok("--json", "status").json[0]["max_active"] == 31
    assert "\nMaxAttempts=10" in fetchd.ok("fetchd", "--system", "--print-config").out
    fetchd.ok("rm", *files, "/etc/fetchd/fetchd.conf.d/40-b.conf")


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certs(tmp_path_factory.mktemp("certs"))


def served(fetchd, certs, kind, file):
    """A server inside that speaks TLS with such a certificate."""
    server = fetchd.network.run(lambda: RawServer(tls=certs.server(kind)))
    server.play("/f", file)
    return server


@pytest.mark.parametrize("trust", ["the machine's", "a credential"])
def test_17_tls(fetchd, certs, trust):
    """Who is trusted is read inside the sandbox; who is not is not even asked."""
    own, file = pathlib.Path(certs.ca).read_text(), File("secret", 300000)
    if trust == "a credential":
        fetchd.write("/etc/credstore/ca.pem", own, mode="0600")
        fetchd.drop_in("[Service]\nLoadCredential=ca.pem\n")
        fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Transfer]\nCAFile=/run/credentials/fetchd.service/ca.pem\n")
    else:
        fetchd.write("/etc/ssl/certs/ca-certificates.crt", own)
    fetchd.ok("systemctl", "restart", "fetchd.service")
    with served(fetchd, certs, "good", file) as good, served(fetchd, certs, "unknown-ca", file) as bad:
        [job] = fetchd.add(good.url("/f"))
        assert fetchd.wait(job).code == 0, fetchd.job(job)
        assert read(fetchd, fetchd.job(job)) == content.whole("secret", 300000)
        [job] = fetchd.add("--retry", 0, bad.url("/f"))
        assert fetchd.wait(job).code == 1
        assert fetchd.job(job)["error"]["code"] == "E_TLS_VERIFY" and bad.requests() == []
    fetchd.ok("rm", "-f", "/etc/credstore/ca.pem", "/etc/ssl/certs/ca-certificates.crt")
