"""What an installation leaves on a running machine."""
import machine as machines


def test_01_it_listens(machine):
    """And nothing more: the first request, or the next boot, starts the daemon."""
    assert machine.show("ActiveState", "fetchd.socket") == "active" and machine.show("UnitFileState", "fetchd.socket") == "enabled"
    assert machine.show("ActiveState") == "inactive" and machine.show("UnitFileState") == "enabled"
    assert machine.ok("stat", "-c", "%U %a", "/run/fetchd/io.fetchd.Manager").out == "root 666\n"
    for unit in ("fetchd.socket", "fetchd.service"):
        assert machine.run("systemctl", "--global", "is-enabled", unit).out == "disabled\n"


def test_02_its_user(machine):
    name, _, uid, _, _, home, shell = machine.ok("getent", "passwd", "fetchd").out.strip().split(":")
    assert 0 < int(uid) < 1000 and home == "/var/lib/fetchd" and shell.endswith("nologin")


def test_03_units_and_catalog(machine):
    machine.ok("systemd-analyze", "--man=no", "--recursive-errors=yes", "verify", "fetchd.socket", "fetchd.service", "fetchd-metrics.timer")
    assert "fetchd" in machine.ok("journalctl", "--no-pager", "--list-catalog").out
    machine.ok("fetchd", "--system", "--check-config")


def test_04_by_whom(machine):
    """Where packages were asked for, it is they that are tried."""
    owned = machine.run("dpkg", "-S", "/usr/bin/fetchd", "/usr/bin/fetchctl")
    assert owned.out.split() == (["fetchd:", "/usr/bin/fetchd", "fetchctl:", "/usr/bin/fetchctl"] if machines.DEBS else [])
