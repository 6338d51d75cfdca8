"""A user's own service: systemctl --user."""
import pytest

from machine import USERS


@pytest.fixture
def alice(machine):
    uid = USERS["alice"]
    machine.ok("systemctl", "start", f"user@{uid}.service")

    def run(*arguments):
        return machine.ok(*arguments, user="alice", env=(f"XDG_RUNTIME_DIR=/run/user/{uid}", "HOME=/home/alice"))

    yield run
    machine.ok("systemctl", "stop", f"user@{uid}.service")


def test_01_a_users_own(machine, alice, origin):
    alice("systemctl", "--user", "start", "fetchd.socket")
    assert alice("systemctl", "--user", "show", "-P", "ActiveState", "fetchd.service").out.strip() == "inactive"
    job = int(alice("fetchctl", "add", origin.url("/bytes/10/mine")).out)
    alice("fetchctl", "wait", job)
    assert alice("cat", "/home/alice/Downloads/mine").code == 0
    assert '"mode": "user"' in alice("fetchctl", "--json", "status").out.replace('":"', '": "')
    assert "Landlock ABI" in alice("fetchctl", "status").out
    alice("systemctl", "--user", "reload", "fetchd.service")
    alice("systemctl", "--user", "restart", "fetchd.service")
    assert alice("fetchctl", "--json", "status", job).json[0]["state"] == "done"


def test_02_others_have_no_door(machine, alice):
    alice("systemctl", "--user", "start", "fetchd.socket")
    socket = f"/run/user/{USERS['alice']}/fetchd/io.fetchd.Manager"
    assert machine.run("fetchctl", "-s", socket, "ping", user="bob").code == 4
