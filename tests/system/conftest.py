import pytest

import machine as machines
from origin import Origin


@pytest.fixture(scope="session")
def machine():
    """One boot for all tests; each leaves it as it was."""
    with machines.Machine(machines.base_root()) as booted:
        booted.install()
        yield booted


@pytest.fixture
def origin(machine):
    """A server inside."""
    server = machine.network.run(lambda: Origin(ports=2).start())
    yield server
    server.stop()


@pytest.fixture
def fetchd(machine):
    """The service, running; whatever a test has done to it is undone."""
    machine.run("systemctl", "reset-failed", "fetchd.service", "fetchd.socket")
    machine.ok("systemctl", "start", "fetchd.socket", "fetchd.service")
    yield machine
    machine.run("systemctl", "stop", "fetchd.service")
    machine.ok("sh", "-c", "rm -rf /etc/fetchd/fetchd.conf.d/50-test.conf /etc/credstore/fetchd.conf /var/lib/fetchd/*")
    machine.drop_in(None)
