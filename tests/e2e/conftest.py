import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from disks import Disks, Shim  # noqa: E402
from harness import Ctl, Daemon, Room, plain  # noqa: E402
from origin import Certs, Origin  # noqa: E402


@pytest.fixture
def origin():
    with Origin(ports=4) as server:
        yield server


def pytest_configure(config):
    config.addinivalue_line("markers", "unchanged: the test leaves its daemon as it was: those of a file have one")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    daemon = Daemon(Room(tmp_path_factory.mktemp("t"))).start()
    yield daemon
    daemon.close()


def is_unchanged(request):
    return request.node.get_closest_marker("unchanged") is not None


@pytest.fixture
def room(tmp_path_factory, request):
    # A short name: the path of a Unix socket has 107 bytes.
    return request.getfixturevalue("lasting").room if is_unchanged(request) else Room(tmp_path_factory.mktemp("t"))


@pytest.fixture
def disks(room):
    """Asked for before the daemon: unmounted after it has ended."""
    disks = Disks(room)
    yield disks
    disks.close()


@pytest.fixture
def shim(room):
    return Shim(room)


# Where the client is tested; and where what it shows is, to which any daemon will do.
CLIENT = ("test_01_", "test_02_", "test_03_", "test_4")
SHOWN = ("test_40_", "test_41_", "test_42_top", "test_43_", "test_44_")


@pytest.fixture
def stopped(room, request):
    """A daemon that is not started yet."""
    daemon = Daemon(room, plain("fetchd") if request.path.name.startswith(SHOWN) else None)
    yield daemon
    daemon.close()


@pytest.fixture
def daemon(request):
    return request.getfixturevalue("lasting") if is_unchanged(request) else request.getfixturevalue("stopped").start()


@pytest.fixture
def ctl(room, request):
    client = Ctl(room, None if request.path.name.startswith(CLIENT) else plain("fetchctl"))
    yield client
    client.close()


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    return Certs(tmp_path_factory.mktemp("certs"))
