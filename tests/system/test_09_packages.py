"""Debian's packages on a running machine: upgraded under load, removed, purged. The last tests: nothing is left."""
import pytest

import machine as machines
from machine import LIMIT

pytestmark = pytest.mark.skipif(not machines.DEBS, reason="FETCHD_DEBS names no packages")
PACKAGES = ("/root/packages/fetchd.deb", "/root/packages/fetchctl.deb")


def test_01_an_upgrade_refuses_no_client(fetchd, origin):
    """The daemon is another, the socket is not; who waits goes on waiting, and nothing is lost."""
    jobs = fetchd.add(*(origin.url(f"/bytes/3000000/u{i}?pause=100000&until=u") for i in range(6)))
    origin.wait_gated("u", 6)
    waiting = fetchd.spawn("fetchctl", "--system", "wait", "--timeout", LIMIT - 10, *jobs)
    daemon, socket = fetchd.show("MainPID"), fetchd.show("InvocationID", "fetchd.socket")
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Queue]\nMaxActive=9\n")
    fetchd.dpkg("-i", *PACKAGES)
    assert fetchd.show("MainPID") not in ("0", daemon) and fetchd.show("InvocationID", "fetchd.socket") == socket
    assert fetchd.ctl_ok("--json", "status").json[0]["max_active"] == 9
    origin.release("u")
    assert waiting.wait(LIMIT) == 0, waiting.stderr.read()
    assert all(fetchd.job(job)["state"] == "done" for job in jobs)


def test_02_removed_and_installed_again(fetchd, origin):
    [job] = fetchd.add(origin.url("/bytes/10/kept"))
    assert fetchd.wait(job).code == 0
    fetchd.dpkg("-r", "fetchd")
    assert fetchd.show("ActiveState") == fetchd.show("ActiveState", "fetchd.socket") == "inactive"
    assert fetchd.ctl("ping").code == 69
    fetchd.dpkg("-i", *PACKAGES)
    assert fetchd.show("ActiveState", "fetchd.socket") == "active"
    assert fetchd.job(job)["state"] == "done"


def test_03_purged(machine, origin):
    [job] = machine.add(origin.url("/bytes/10/mine"), user="alice")
    assert machine.wait(job, user="alice").code == 0
    machine.dpkg("-P", "fetchd", "fetchctl")
    left = machine.ok("find", "/var/lib/fetchd", "/etc/fetchd", "-type", "f").out.split()
    assert left == ["/var/lib/fetchd/downloads/alice/mine", "/etc/fetchd/fetchd.conf.d/10-test.conf"]
    assert machine.show("LoadState") == machine.show("LoadState", "fetchd.socket") == "not-found"
