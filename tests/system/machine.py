"""A machine: Debian's systemd booted in a container that is thrown away, into which fetchd is installed. What it needs is made by
itself: a root by mmdebstrap, which is kept, from the mirror that this machine's apt uses."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from origin.netns import Namespace  # noqa: E402

BUILD = pathlib.Path(os.environ.get("FETCHD_BUILDDIR", ".")).resolve()
SUITE = os.environ.get("FETCHD_SUITE", "bookworm")
# Where roots are kept.
ROOTS = pathlib.Path(os.environ.get("FETCHD_ROOTS") or BUILD / "tests" / "system").resolve()
# Where Debian's packages of fetchd are; without it "make install" installs.
DEBS = os.environ.get("FETCHD_DEBS")
LIMIT = 60
PACKAGES = {
    "bookworm": "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,acl,polkitd,curl,libarchive-tools,libcurl4,libevent-core-2.1-7,libevent-extra-2.1-7,libsqlite3-0,libjansson4,libinih1,"
                "libsmartcols1,libncursesw6,libssl3",
    "": "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,acl,polkitd,curl,libarchive-tools,libcurl4t64,libevent-core-2.1-7t64,libevent-extra-2.1-7t64,libsqlite3-0,libjansson4,libinih1,"
        "libsmartcols1,libncursesw6,libssl3t64",
}
USERS = {"alice": 2001, "bob": 2002, "carol": 2003, "dave": 2004}
# The file that says that a root is whole; its text, of what.
MADE = "made-of"


class NotPermitted(Exception):
    """Containers are not to be had here."""


# ---- the root

def mirror():
    """Where apt has Debian from."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        origin, label, uri = line.split("|")
        if origin == label == "Debian":
            return uri
    raise NotPermitted("apt knows no mirror of Debian (apt-get update)")


def base_root():
    """The root of SUITE, made once."""
    root = ROOTS / f"root-{SUITE}"
    packages = PACKAGES.get(SUITE, PACKAGES[""])
    made_of = f"{packages} {USERS}"
    if not (root / MADE).exists() or (root / MADE).read_text() != made_of:
        subprocess.run(["rm", "-rf", "--one-file-system", str(root)])
        root.parent.mkdir(parents=True, exist_ok=True)
        hook = " && ".join(f"chroot \"$1\" useradd -m -s /bin/sh -u {uid} {name}" for name, uid in USERS.items())
        done = subprocess.run(
            # What it mounts goes with it, whatever becomes of it.
            ["unshare", "--mount", "mmdebstrap", "--variant=minbase", "--format=directory", "--quiet", "--dpkgopt=force-unsafe-io", f"--include={packages}",
             f"--customize-hook={hook} && chroot \"$1\" groupadd downloads && chroot \"$1\" gpasswd -a carol downloads >/dev/null",
             SUITE, str(root), f"deb {mirror()} {SUITE} main"], capture_output=True, text=True)
        if done.returncode != 0:
            raise NotPermitted(f"mmdebstrap made no root of {SUITE}: {done.stderr[-1000:]}")
        (root / MADE).write_text(made_of)
    return root


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


# ---- the machine

class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Machine:
    """Use as a context manager."""

    def __init__(self, root):
        self.root = root
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="fetchd-machine-"))
        self.process = self.leader = self.network = None

    def __enter__(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(self.place / "notify"))
        notify.settimeout(1)
        self.console = open(self.place / "console", "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "-D", str(self.root), "--volatile=overlay", "--private-network", "--register=no", "--keep-unit",
             # The container's own filter is not to hide what the unit's does.
             "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self @keyring bpf",
             "--notify-ready=yes", "--console=pipe", "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "NOTIFY_SOCKET": str(self.place / "notify")})
        try:
            self._await_boot(notify)
        except BaseException:
            self.close()
            raise
        finally:
            notify.close()
        self.network = Namespace(self.leader)
        return self

    def _await_boot(self, notify):
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            try:
                lines = notify.recv(65536).decode().splitlines()
            except TimeoutError:
                lines = []
            for line in lines:
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self.leader = int(line.partition("=")[2])
            if "READY=1" in lines:
                return
            if self.process.poll() is not None:
                break
        raise NotPermitted(f"systemd-nspawn did not boot: {(self.place / 'console').read_text(errors='replace')[-2000:]}")

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.network:
            self.network.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.console.close()
        shutil.rmtree(self.place, ignore_errors=True)

    # ---- fetchd

    def install(self):
        """Into the running machine, whose disk forgets it."""
        root = pathlib.Path(f"/proc/{self.leader}/root")
        self.write("/etc/fetchd/fetchd.conf.d/10-test.conf", "[Daemon]\nLogLevel=debug\nWorkers=2\n"
                   "[Security]\nPrivateAddresses=allow\nAdminGroup=downloads\n[Retry]\nDelay=50ms\n")
        if DEBS:
            self._install_packages(root)
        else:
            self._install_files(root)
        run("make", "-s", "-C", str(BUILD), "tests/system/probe")
        shutil.copy(BUILD / "tests" / "system" / "probe", root / "usr" / "bin" / "probe")

    def _install_packages(self, root):
        """All else is the packages' own doing."""
        place = root / "root" / "packages"
        place.mkdir()
        for package in ("fetchd", "fetchctl"):
            [deb] = pathlib.Path(DEBS).glob(f"{package}_[0-9]*.deb")
            shutil.copy(deb, place / f"{package}.deb")
        self.dpkg("-i", "/root/packages/fetchd.deb", "/root/packages/fetchctl.deb")

    def _install_files(self, root):
        run("make", "-s", "-C", str(BUILD), "install", f"DESTDIR={root}")
        self.ok("systemd-sysusers", "fetchd.conf")
        self.ok("systemd-tmpfiles", "--create", "fetchd.conf")
        self.ok("journalctl", "--update-catalog")
        self.ok("systemctl", "daemon-reload")
        self.ok("systemctl", "preset", "fetchd.socket", "fetchd.service")
        self.ok("systemctl", "start", "fetchd.socket")

    def dpkg(self, *arguments):
        return self.ok("dpkg", "--force-unsafe-io", *arguments, env=("DEBIAN_FRONTEND=noninteractive",))

    # ---- commands inside

    def command(self, *arguments, user=None, env=()):
        """In the machine, as root or another user."""
        as_user = []
        if user:
            uid = USERS.get(user, user)
            as_user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups" if user in USERS else "--clear-groups"]
        return ["nsenter", "-t", str(self.leader), "-a", *as_user, "env", "-i", "PATH=/usr/bin:/usr/sbin:/bin:/sbin", "LC_ALL=C.UTF-8",
                "SYSTEMD_PAGER=", *env, *map(str, arguments)]

    def run(self, *arguments, user=None, stdin=None, env=()):
        return Result(subprocess.run(self.command(*arguments, user=user, env=env), input=stdin, capture_output=True, text=True,
                                     errors="replace", stdin=subprocess.DEVNULL if stdin is None else None, timeout=LIMIT))

    def ok(self, *arguments, **more):
        result = self.run(*arguments, **more)
        assert result.code == 0, f"{arguments}: {result!r}\n{self.journal()[-3000:]}"
        return result

    def spawn(self, *arguments, user=None):
        return subprocess.Popen(self.command(*arguments, user=user), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    # ---- its systemd

    def show(self, prop, unit="fetchd.service", **more):
        return self.ok("systemctl", "show", "-P", prop, unit, **more).out.strip()

    def wait_show(self, prop, accept, unit="fetchd.service"):
        """Until a property of a unit is one that accept() takes. Nothing tells it, so this looks again and again."""
        deadline = time.monotonic() + LIMIT
        while not accept(value := self.show(prop, unit)):
            assert time.monotonic() < deadline, f"{unit}: {prop}={value}\n{self.journal()[-3000:]}"
            time.sleep(0.05)
        return value

    def main_pid(self):
        """fetchd's, as this side of the container knows it."""
        inner = int(self.show("MainPID"))
        assert inner, "fetchd does not run"
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                pids = [line.split()[1:] for line in status.read_text().splitlines() if line.startswith("NSpid:")][0]
            except (OSError, IndexError):
                continue
            if pids[-1] == str(inner) and len(pids) > 1 and self._ours(status.parent):
                return int(pids[0])
        raise AssertionError(f"no process is {inner} in there")

    def _ours(self, process):
        try:
            return os.readlink(process / "ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")
        except OSError:
            return False

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", "fetchd.service", "-u", "fetchd.socket", *arguments).out

    def wait_journal(self, text):
        """Until the service has logged text, since it was last started."""
        deadline = time.monotonic() + LIMIT
        while text not in self.journal(f"_SYSTEMD_INVOCATION_ID={self.show('InvocationID')}"):
            assert time.monotonic() < deadline, f"{text} was never logged:\n{self.journal()[-3000:]}"
            time.sleep(0.05)

    def drop_in(self, text, unit="fetchd.service"):
        """A drop-in of /run, or with None none any more."""
        place = f"/run/systemd/system/{unit}.d"
        if text is None:
            self.ok("rm", "-rf", place)
        else:
            self.write(f"{place}/test.conf", text)
        self.ok("systemctl", "daemon-reload")

    def write(self, path, text, mode="0644"):
        self.ok("sh", "-c", f"mkdir -p \"$(dirname '{path}')\" && umask 077 && cat >'{path}' && chmod {mode} '{path}'", stdin=text)

    # ---- fetchctl

    def ctl(self, *arguments, user=None):
        return self.run("fetchctl", "--system", *arguments, user=user)

    def ctl_ok(self, *arguments, user=None):
        return self.ok("fetchctl", "--system", *arguments, user=user)

    def add(self, *arguments, user=None):
        return [int(line) for line in self.ctl_ok("add", *arguments, user=user).out.splitlines()]

    def wait(self, *ids, user=None):
        return self.ctl("wait", "--timeout", LIMIT - 10, *ids, user=user)

    def job(self, job, user=None):
        return self.ctl_ok("--json", "status", job, user=user).json[0]


def main():
    """Makes the root and boots it once: whether it is permitted here."""
    try:
        with Machine(base_root()) as machine:
            print(machine.ok("systemctl", "--version").out.splitlines()[0])
    except NotPermitted as why:
        print(why, file=sys.stderr)
        sys.exit(77)


if __name__ == "__main__":
    main()
