"""Hooks of the service: what they may do under its unit, what a drop-in opens, and units of their own."""
import contextlib
import io
import json
import os
import signal
import tarfile

import pytest

from machine import LIMIT, USERS
from origin.raw import RawServer, head

from test_04_user_service import alice  # noqa: F401 - a fixture

ROOT = "/var/lib/fetchd/downloads"
CONF = "/etc/fetchd/fetchd.conf.d/50-test.conf"


def section(name, script, **keys):
    """A hook that is a shell script; it has the file's directory as $1."""
    quoted = script.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f"[Hook {name}]\nCommand=/bin/sh -c \"{quoted}\" sh %d\nMaxAttempts=1\n" + "".join(f"{key}={value}\n" for key, value in keys.items())


@pytest.fixture
def configure(fetchd):
    """configure(TEXT…): the hooks there are. The first of all need a start."""
    def set_to(*sections, drop_in=None):
        fetchd.write(CONF, "\n".join(sections))
        if drop_in:
            fetchd.drop_in(f"[Service]\n{drop_in}\n")
        fetchd.ok("systemctl", "restart", "fetchd.service")
    yield set_to


def run(fetchd, origin, *hooks, user=None, file="/bytes/10/a"):
    """A job with hooks, when they have ended: (the job, {hook: its row})."""
    options = [word for hook in hooks for word in ("--hook", hook)]
    [job] = fetchd.add(*options, origin.url(file), user=user)
    return waited(fetchd, job, user)


def waited(fetchd, job, user=None):
    done = fetchd.ctl("wait", "--hooks", "--timeout", LIMIT - 10, job, user=user)
    assert done.code in (0, 1), done
    told = fetchd.job(job, user=user)
    return told, {row["name"]: row for row in told["hook_history"]}


def tried(row):
    """What a hook has printed: {word: the rest of the line}."""
    return dict(line.split(" ", 1) for line in row["output"].splitlines() if " " in line)


WRITES = ('for place in "$1" /tmp /var/tmp /dev/shm /var/lib/fetchd /etc /usr /run /run/fetchd /home /srv /var/lib; do '
          'if (: >"$place/hook.tried") 2>/dev/null; then echo "$place yes"; rm "$place/hook.tried"; else echo "$place no"; fi; done; '
          "(: >>/var/lib/fetchd/queue.db) 2>/dev/null && echo 'queue yes' || echo 'queue no'")


def test_01_it_runs(fetchd, origin, configure):
    """As fetchd's user; what it makes is the job's owner's to have, and nobody else's."""
    configure(section("note", 'cat >"$1/note.json"; echo "uid $(id -un)"; pwd'))
    job, rows = run(fetchd, origin, "note", user="alice")
    assert job["hook"] == "ok" and rows["note"]["state"] == "ok" and rows["note"]["status"] == 0
    assert rows["note"]["output"] == f"uid fetchd\n{ROOT}/alice\n"
    text = fetchd.ok("cat", f"{ROOT}/alice/note.json", user="alice").out
    assert json.loads(text)["id"] == job["id"] and json.loads(text)["owner"] == USERS["alice"]
    assert fetchd.run("cat", f"{ROOT}/alice/note.json", user="bob").code != 0
    fetchd.ok("mv", f"{ROOT}/alice/note.json", "/home/alice/", user="alice")
    fetchd.ok("journalctl", "--sync")
    lines = fetchd.ok("journalctl", "--no-pager", "-o", "json", "_SYSTEMD_UNIT=fetchd.service", f"FETCHD_JOB_ID={job['id']}").json
    assert any("hook note" in line["MESSAGE"] for line in lines), lines


def test_02_where_it_may_write(fetchd, origin, configure):
    """The roots and places for temporary files, which are the service's own; not to the queue beside them."""
    configure(section("write", WRITES))
    _, rows = run(fetchd, origin, "write")
    may = tried(rows["write"])
    assert {place for place, answer in may.items() if answer == "yes"} == {f"{ROOT}/root", "/tmp", "/var/tmp", "/dev/shm"}, may
    assert len(may) == 13


def test_03_what_it_may_not_do(fetchd, origin, configure):
    """Nor run what was downloaded, nor more than the daemon may."""
    configure(section("try", 'cp /bin/true "$1/program"; chmod 755 "$1/program"; "$1/program" 2>/dev/null && echo "downloaded yes" || echo "downloaded no"; '
                             "/bin/true && echo 'installed yes'; [ -e /home/alice ] && echo 'home yes' || echo 'home no'; "
                             "mount -t tmpfs none /tmp 2>/dev/null && echo 'mount yes' || echo 'mount no'; "
                             "unshare -U true 2>/dev/null && echo 'namespace yes' || echo 'namespace no'; "
                             "grep NoNewPrivs /proc/self/status; grep CapBnd /proc/self/status; "
                             "/usr/bin/probe 2>&1 | grep write-and-execute; nice | sed 's/^/nice /'"))
    _, rows = run(fetchd, origin, "try")
    answers, text = tried(rows["try"]), rows["try"]["output"]
    assert answers.items() >= {"downloaded": "no", "installed": "yes", "home": "no", "mount": "no", "namespace": "no", "nice": "0"}.items(), text
    assert answers["write-and-execute"] in ("EPERM", "EACCES"), text
    assert "NoNewPrivs:\t1" in text and "CapBnd:\t0000000000000000" in text


def test_04_what_a_drop_in_opens(fetchd, origin, configure):
    fetchd.ok("sh", "-c", "mkdir -p /srv/library && chown fetchd: /srv/library")
    look = section("look", "nice | sed 's/^/nice /'; [ -e /home/alice ] && echo 'home yes' || echo 'home no'; "
                           "(: >/srv/library/x) 2>/dev/null && echo 'library yes' || echo 'library no'; /usr/bin/probe 2>&1 | grep write-and-execute")
    roots = f"[Transfer]\nDownloadRoots={ROOT} /srv/library\n"
    opened = "SystemCallFilter=setpriority\nProtectHome=read-only\nReadWritePaths=/srv/library\nMemoryDenyWriteExecute=no"
    configure(look, roots, drop_in=opened)
    _, rows = run(fetchd, origin, "look")
    assert tried(rows["look"]).items() >= {"nice": "10", "home": "yes", "library": "yes", "write-and-execute": "ok"}.items(), rows
    # What is no download root Landlock keeps closed.
    configure(look, drop_in=opened)
    _, rows = run(fetchd, origin, "look")
    assert tried(rows["look"])["library"] == "no"


def test_05_one_that_takes_too_much(fetchd, origin, configure):
    """Ended by itself; the daemon and the others go on."""
    configure(section("big", "head -c 300M /dev/zero | tail -c 300M >/dev/null", MemoryMax="50M"),
              section("long", "sleep 1000 & sleep 1000", Timeout="300ms"), section("good", "echo good"))
    pid = fetchd.show("MainPID")
    for hook, end in (("big", "exited"), ("long", "timeout")):
        job, rows = run(fetchd, origin, hook)
        assert job["state"] == "done" and job["hook"] == "failed" and rows[hook]["end"] == end, rows
    assert run(fetchd, origin, "good")[0]["hook"] == "ok" and fetchd.show("MainPID") == pid
    assert "sleep" not in fetchd.ok("systemctl", "status", "fetchd.service").out


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_06_not_forgotten(fetchd, origin, configure, how):
    """A hook whose daemon goes runs again, with the same key; that it was cut off is an attempt unless the daemon was stopped."""
    configure(section("gate", f'echo "$FETCHD_KEY" >>{ROOT}/keys; until [ -e {ROOT}/open ]; do sleep 0.05; done', Timeout="1min"))
    [job] = fetchd.add("--hook", "gate", origin.url("/bytes/10/a"))
    waiting = fetchd.spawn("fetchctl", "--system", "wait", "--hooks", "--timeout", LIMIT - 10, job)
    fetchd.ok("sh", "-c", f"until [ -s {ROOT}/keys ]; do sleep 0.05; done")
    if how == "restart":
        fetchd.ok("systemctl", "restart", "fetchd.service")
    else:
        os.kill(fetchd.main_pid(), signal.SIGKILL)
    fetchd.ok("sh", "-c", f"until [ \"$(wc -l <{ROOT}/keys)\" -ge 2 ]; do sleep 0.05; done")
    fetchd.ok("touch", f"{ROOT}/open")
    assert waiting.wait(LIMIT) == 0, waiting.stderr.read()
    keys = fetchd.ok("cat", f"{ROOT}/keys").out.split()
    assert len(keys) == 2 and len(set(keys)) == 1
    assert fetchd.job(job)["hook_history"][0]["attempts"] == (1 if how == "restart" else 2)


# ---- ready-made

@contextlib.contextmanager
def switched_on(fetchd, hook):
    link = f"/etc/fetchd/fetchd.conf.d/40-{hook}.conf"
    fetchd.ok("ln", "-s", f"/usr/share/fetchd/hooks/{hook}.conf", link)
    fetchd.ok("fetchd", "--system", "--check-config")
    fetchd.ok("systemctl", "restart", "fetchd.service")
    yield
    fetchd.ok("rm", link)


def archive(*names):
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"text"))
    return text.getvalue()


def test_10_unpack(fetchd):
    """Into the owner's folder, who may read it, change it and take it away; another may not. What wants out is refused."""
    good, bad = archive("a/b", "c"), archive("../../bob/planted")
    with switched_on(fetchd, "unpack"), fetchd.network.run(RawServer) as server:
        server.play("/good.tar.gz", [head(200, f"Content-Length: {len(good)}"), good])
        server.play("/bad.tar.gz", [head(200, f"Content-Length: {len(bad)}"), bad])
        [job] = fetchd.add("--hook", "unpack", server.url("/good.tar.gz"), user="alice")
        job, rows = waited(fetchd, job, "alice")
        assert job["hook"] == "ok", rows
        folder = f"{ROOT}/alice/good"
        assert fetchd.ok("cat", f"{folder}/a/b", user="alice").out == "text"
        assert fetchd.run("ls", folder, user="bob").code != 0
        fetchd.ok("rm", "-r", f"{folder}/a", user="alice")
        fetchd.ok("mv", folder, "/home/alice/unpacked", user="alice")
        [job] = fetchd.add("--hook", "unpack", server.url("/bad.tar.gz"), user="alice")
        fetchd.wait_journal(f"job {job}: hook unpack: ")
        [row] = fetchd.job(job)["hook_history"]
        assert row["state"] == "pending" and "refused: it has names that lead out" in row["output"], row
        assert fetchd.ok("find", f"{ROOT}", "-name", "planted", "-o", "-name", "bad").out == ""


def test_11_webhook(fetchd, origin):
    """Its secrets come as a credential, which nobody but the service can read."""
    with fetchd.network.run(RawServer) as server, switched_on(fetchd, "webhook"):
        server.play("/hook", [head(204)])
        fetchd.write("/etc/credstore/webhook", f'url = "{server.url("/hook")}"\nheader = "Authorization: Bearer hunter2"\n', mode="0600")
        fetchd.write(CONF, "[Hook webhook]\nCommand=/usr/lib/fetchd/hooks/webhook /run/credentials/fetchd.service/webhook\n")
        fetchd.drop_in("[Service]\nLoadCredential=webhook\n")
        fetchd.ok("systemctl", "restart", "fetchd.service")
        [job] = fetchd.add(origin.url("/bytes/10/a"))
        job, rows = waited(fetchd, job)
        assert job["hook"] == "ok", rows
        [request] = server.requests("/hook")
        assert request.method == "POST" and request.headers["authorization"] == "Bearer hunter2"
        assert "hunter2" not in fetchd.journal()
    fetchd.ok("rm", "/etc/credstore/webhook")


# ---- Isolation=unit

UNIT = "sed 's/^/cgroup /' /proc/self/cgroup; id -un | sed 's/^/user /'; echo \"key $FETCHD_KEY\"; cat | wc -c | sed 's/^/input /'; " \
       "(: >/var/tmp/hook.unit) && echo 'machine yes'; nice | sed 's/^/nice /'"
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.systemd1.manage-units" && subject.user == "fetchd")
        return polkit.Result.YES;
});
"""


def test_20_a_unit_of_the_system(fetchd, origin, configure):
    """Where polkit lets the user fetchd; where it does not, the job says so."""
    configure(section("unit", UNIT, Isolation="unit"), section("never", "sleep 1000", Isolation="unit", Timeout="1s"))
    job, rows = run(fetchd, origin, "unit")
    assert job["hook"] == "failed" and job["state"] == "done" and rows["unit"]["output"], rows
    fetchd.write("/etc/polkit-1/rules.d/50-fetchd.rules", RULE)
    fetchd.ok("systemctl", "restart", "polkit.service")
    job, rows = run(fetchd, origin, "unit")
    assert job["hook"] == "ok", rows
    told = tried(rows["unit"])
    assert "/fetchd-hook-" in told["cgroup"] and told["user"] == "fetchd" and told["key"] and int(told["input"]) > 10
    assert told["machine"] == "yes" and told["nice"] == "10"
    fetchd.ok("rm", "/var/tmp/hook.unit")
    job, rows = run(fetchd, origin, "never")
    assert rows["never"]["end"] == "timeout"
    assert fetchd.ok("systemctl", "list-units", "--no-legend", "--all", "fetchd-hook-*").out == ""
    fetchd.ok("rm", "/etc/polkit-1/rules.d/50-fetchd.rules")


def test_21_a_unit_of_a_user(machine, alice, origin):  # noqa: F811
    """With nothing to prepare; and a plain hook beside it, in the sandbox of the user's service."""
    machine.ok("sh", "-c", "umask 022; mkdir -p ~/.config/fetchd && cat >~/.config/fetchd/fetchd.conf", user="alice", env=("HOME=/home/alice",),
               stdin=section("unit", UNIT, Isolation="unit") + section("plain", '(: >"$XDG_RUNTIME_DIR/x") 2>/dev/null && echo "run yes" || echo "run no"; '
                                                                       '(: >"$1/made") && echo "root yes"'))
    alice("systemctl", "--user", "start", "fetchd.socket")
    job = int(alice("fetchctl", "add", "--hook", "plain", "--hook", "unit", origin.url("/bytes/10/mine")).out)
    alice("sh", "-c", f"fetchctl wait --hooks --timeout {LIMIT - 10} {job} || true")
    rows = {row["name"]: row for row in alice("fetchctl", "--json", "status", job).json[0]["hook_history"]}
    assert rows["unit"]["state"] == "ok", str(rows["unit"])
    assert tried(rows["plain"]) == {"run": "no", "root": "yes"}
    told = tried(rows["unit"])
    assert f"user@{USERS['alice']}.service" in told["cgroup"] and "/fetchd-hook-" in told["cgroup"] and told["user"] == "alice"
    machine.ok("rm", "-r", "/home/alice/.config/fetchd")
