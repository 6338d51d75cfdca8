"""Network namespaces of the tests' own: home, where the daemon lives, and world, where the servers are, and a link
between them. A thread that enters a namespace makes its sockets there; they stay there wherever they are used."""
import ctypes
import os
import shutil
import subprocess
import threading

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)

HOME, WORLD = "10.77.0.2", "10.77.0.1"
HOME6, WORLD6 = "fd77::2", "fd77::1"
# Addresses that nobody calls private; world has it.
PUBLIC = "11.22.33.44"


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _mount(source, target, flags):
    _check(_libc.mount(source and source.encode(), target.encode(), None, ctypes.c_ulong(flags), None))


def why_not():
    """A sentence when namespaces are not to be had here, else None."""
    for tool in ("ip", "nft", "unshare", "nsenter"):
        if not shutil.which(tool):
            return f"there is no {tool}"
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-c", "ip link add v0 type veth peer name v1 && nft add table inet t"],
                          capture_output=True, text=True)
    return None if done.returncode == 0 else f"namespaces, veth or nft are not permitted here: {done.stderr.strip()}"


class Namespace:
    def __init__(self, pid=None):
        """The one of a process, or a new one."""
        self._holder = None
        if pid is None:
            # Lives as long as a process is in it, or a descriptor is open.
            self._holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._holder.stdout.read(1)
            pid = self._holder.pid
        self.pid = pid
        self.fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)
        if not self._holder:
            return
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()

    def run(self, make):
        """make() in a thread of this namespace; what it returned or raised."""
        result = []

        def enter():
            try:
                _check(_libc.setns(self.fd, CLONE_NEWNET))
                result.append((make(), None))
            except BaseException as error:  # noqa: B902 - told to the caller
                result.append((None, error))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def command(self, *arguments):
        done = subprocess.run(["nsenter", f"--net=/proc/{self.pid}/ns/net", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"

    def ip(self, text):
        self.command("ip", *text.split())

    def nft(self, text):
        self.command("nft", text)

    def enter(self):
        """For a preexec_fn."""
        _check(_libc.setns(self.fd, CLONE_NEWNET))


class Net:
    """Use as a context manager."""

    def __init__(self, path):
        self.resolv = path / "resolv.conf"
        self.resolv.write_text(f"nameserver {WORLD}\noptions timeout:1 attempts:2\n")
        self.nsswitch = path / "nsswitch.conf"
        self.nsswitch.write_text("hosts: files dns\npasswd: files\ngroup: files\n")
        self.home, self.world = Namespace(), Namespace()

    def __enter__(self):
        self.world.ip("link set lo up")
        self.home.ip("link set lo up")
        self.home.ip(f"link add net0 type veth peer name net0 netns {self.world.pid}")
        self.world.ip(f"addr add {WORLD}/24 dev net0")
        self.world.ip(f"addr add {PUBLIC}/32 dev net0")
        self.world.ip(f"addr add {WORLD6}/64 dev net0 nodad")
        self.world.ip("link set net0 up")
        # Ours hears everything and says nothing: no answer and no refusal.
        self.world.nft("add table inet holes; add chain inet holes in { type filter hook prerouting priority -300; }; "
                       "add rule inet holes in ip daddr 12.0.0.0/8 drop; add rule inet holes in ip6 daddr fd78::/16 drop")
        self.home.ip(f"addr add {HOME}/24 dev net0")
        self.home.ip(f"addr add {HOME6}/64 dev net0 nodad")
        self.up()
        return self

    def __exit__(self, *_):
        self.home.close()
        self.world.close()

    def up(self):
        self.home.ip("link set net0 up")
        self.home.ip(f"route replace default via {WORLD}")
        self.home.ip(f"addr replace {HOME6}/64 dev net0 nodad")
        self.home.ip(f"-6 route replace default via {WORLD6}")
        self.home.ip("route replace unreachable 13.0.0.0/8")

    def down(self):
        self.home.ip("link set net0 down")

    def gone(self):
        """No address is left: a cable pulled, as DHCP clients leave it."""
        self.home.ip("addr flush dev net0")
        self.down()

    def back(self):
        self.home.ip(f"addr add {HOME}/24 dev net0")
        self.up()

    def cut(self):
        """The link stays up and carries nothing any more."""
        self.world.nft("add table inet cut; add chain inet cut in { type filter hook prerouting priority -300; }; "
                       "add rule inet cut in iifname net0 drop")

    def mend(self):
        self.world.nft("delete table inet cut")

    def enter(self):
        """preexec_fn of the daemon: its network, and a resolv.conf of its own."""
        self.home.enter()
        _check(_libc.unshare(CLONE_NEWNS))
        _mount(None, "/", MS_REC | MS_PRIVATE)
        _mount(str(self.resolv), os.path.realpath("/etc/resolv.conf"), MS_BIND)
        _mount(str(self.nsswitch), "/etc/nsswitch.conf", MS_BIND)
