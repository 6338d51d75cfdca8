"""What a fetchd that was taken over could do: a program in its place, under its unit, tries. And that fetchd says what holds."""
import pytest

OK = "ok"
DENIED = {"EACCES", "EPERM", "EROFS", "ENOENT"}


def probe(machine, *properties, lines=""):
    """The probe under fetchd's own unit: what each attempt came to."""
    text = machine.ok("systemctl", "cat", "fetchd.service").out
    drop = ("ExecStart=", "ExecReload=", "Type=", "Requires=", "Restart=", "Wants=", "WatchdogSec=", "After=")
    text = "\n".join(line for line in text.splitlines() if not line.startswith(drop))
    text = text.replace("[Service]", "[Service]\nType=oneshot\nExecStart=/usr/bin/probe\n" + lines, 1)
    machine.write("/run/systemd/system/probe.service", text)
    machine.ok("systemctl", "daemon-reload")
    mark = machine.ok("date", "+@%s").out.strip()
    machine.ok("systemctl", "start", "probe.service")
    out = machine.ok("journalctl", "--no-pager", "-o", "cat", "-u", "probe.service", "--since", mark, "_COMM=probe").out
    machine.ok("rm", "/run/systemd/system/probe.service")
    machine.ok("systemctl", "daemon-reload")
    return dict(line.split(" ", 1) for line in out.splitlines() if " " in line)


@pytest.fixture(scope="module")
def tried(machine):
    machine.ok("systemctl", "start", "fetchd.service")
    return probe(machine)


@pytest.mark.parametrize("what", ["write-state", "write-root", "read-dirty", "socket-inet", "socket-inet6"])
def test_01_what_it_lives_from(tried, what):
    assert tried[what] == OK


@pytest.mark.parametrize("what", [
    "write-etc", "write-usr", "write-run", "write-tmp", "write-var-lib", "write-home", "read-home", "read-shadow",
    "read-others-process", "link", "setuid-file", "socket-packet", "socket-vsock", "listen-tcp", "write-and-execute", "mount", "ptrace",
    "bpf", "new-namespace", "become-root", "chown", "reboot", "set-clock", "kernel-module", "keyring", "personality", "execute"])
def test_02_all_else_fails(tried, what):
    assert tried[what] in DENIED | {"EAFNOSUPPORT"}, (what, tried[what])


def test_03_it_is_told(fetchd):
    """In status, the log, and by what the kernel says of the process."""
    told = fetchd.ctl_ok("--json", "status").json[0]["sandbox"]
    assert told.startswith("Landlock ABI ") and f"sandbox: {told}" in fetchd.journal()
    assert told in fetchd.ctl_ok("status").out
    with open(f"/proc/{fetchd.main_pid()}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0


def test_04_without_landlock(fetchd, origin):
    """A kernel that does not have it: told, and no failure; the unit's own walls stand."""
    fetchd.drop_in("[Service]\nSystemCallFilter=~landlock_create_ruleset\n")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    assert fetchd.ctl_ok("--json", "status").json[0]["sandbox"].startswith("none: ")
    [job] = fetchd.add(origin.url("/bytes/10/a"))
    assert fetchd.wait(job).code == 0
    without = probe(fetchd)
    assert without["sandbox"].startswith("none: ")
    assert all(without[what] in DENIED for what in ("write-etc", "write-home", "write-var-lib", "mount", "become-root"))


def test_05_landlock_alone(machine):
    """A user's own, by hand, without a unit: what the process does by itself."""
    out = machine.ok("probe", "--user", user="alice", env=("HOME=/home/alice",)).out
    tried = dict(line.split(" ", 1) for line in out.splitlines())
    assert tried["sandbox"].startswith("Landlock ABI ")
    assert tried["write-root"] == tried["write-state"] == tried["read-home"] == OK
    assert tried["write-tmp"] == tried["execute"] == "EACCES"
    if int(tried["sandbox"].rsplit(" ", 1)[1]) >= 4:
        assert tried["listen-tcp"] == "EACCES"


def test_06_roots_that_are_added(fetchd, origin):
    """A root of the unit's drop-in and the configuration's: written by the daemon; added on reload it needs a restart, and says so."""
    fetchd.ok("mkdir", "-p", "/srv/more")
    fetchd.ok("chown", "fetchd:", "/srv/more")
    fetchd.drop_in("[Service]\nReadWritePaths=/srv/more\n")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf",
                 "[Transfer]\nDownloadRoots=/var/lib/fetchd/downloads /srv/more\n")
    fetchd.ok("systemctl", "reload", "fetchd.service")
    fetchd.wait_journal("DownloadRoots was changed: it takes effect at the next start")
    assert fetchd.ctl("add", "-d", "/srv/more", origin.url("/bytes/10/a")).code == 5
    fetchd.ok("systemctl", "restart", "fetchd.service")
    [job] = fetchd.add("-d", "/srv/more", origin.url("/bytes/10/a"))
    assert fetchd.wait(job).code == 0 and fetchd.job(job)["path"] == "/srv/more/a"


def test_07_as_systemd_sees_it(fetchd):
    """The manager that runs it finds the unit well confined: 1.2, of 10."""
    fetchd.ok("systemd-analyze", "security", "--no-pager", "--threshold=12", "fetchd.service")
