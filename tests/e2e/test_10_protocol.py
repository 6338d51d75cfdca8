"""The socket itself: Varlink in, Varlink out; what is not Varlink closes that connection and no other."""
import json
import os
import socket
import time

import pytest

from harness import LIMIT
from varlink import MANAGER, Link


@pytest.fixture
def link(daemon, room):
    link = Link(room)
    yield link
    link.sock.close()


@pytest.fixture
def stopped_queue(daemon, ctl):
    """Nothing starts."""
    ctl.ok("drain")


@pytest.fixture(autouse=True)
def others_live_on(daemon, room):
    """In every test: a connection that was there before still answers, and the daemon is the same."""
    pid = daemon.process.pid
    bystander = Link(room)
    assert bystander.call(MANAGER + "Ping") == {"parameters": {"pid": pid}}
    yield
    assert bystander.call(MANAGER + "Ping") == {"parameters": {"pid": pid}}
    bystander.sock.close()


def deep(levels):
    return b'{"method":"io.fetchd.Manager.Ping","parameters":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


@pytest.mark.unchanged
@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\n\r\n\0", b"\0", b"{\0", b"[]\0", b"null\0", b'"io.fetchd.Manager.Ping"\0', b"\xff\xfe\0",
    b'{"method": 5}\0', b"{}\0", b'{"method":"io.fetchd.Manager.Ping","parameters":[]}\0', deep(100) + b"\0", deep(100000) + b"\0",
    b'{"method":"io.fetchd.Manager.Ping","more":"yes"}\0',
], ids=range(13))
def test_01_what_is_not_varlink_closes(link, data):
    link.send(data)
    assert link.closed()


def test_02_a_message_without_an_end(link):
    link.send(b'{"method":"io.fetchd.Manager.Ping"}')
    link.sock.shutdown(socket.SHUT_WR)
    assert link.closed()


def test_03_two_mebibytes_without_an_end(link):
    link.send(b" " * (2 << 20))
    assert link.closed()


def test_04_two_mebibytes_of_string(link):
    link.send(b'{"method":"' + b"x" * (2 << 20) + b'"}\0')
    assert link.closed()


def test_05_random_bytes(daemon, room):
    for _ in range(50):
        link = Link(room)
        link.send(os.urandom(3000) + b"\0")
        assert link.closed()
        link.sock.close()


def add(**job):
    return {"jobs": [{"url": "http://127.0.0.1/a", **job}]}


@pytest.mark.unchanged
@pytest.mark.parametrize("method, parameters, field", [
    ("Add", {}, "jobs"), ("Add", {"jobs": {}}, "jobs"), ("Add", {"jobs": [5]}, None), ("Add", {"jobs": [{}]}, "url"),
    ("Add", add(url=5), "url"), ("Add", add(no_such_field=1), "no_such_field"), ("Add", add(priority="high"), "priority"),
    ("Add", add(priority=1.5), "priority"), ("Add", add(priority=2**40), "priority"), ("Add", add(headers=[5]), "headers"),
    ("Add", add(headers="A: b"), "headers"), ("Add", add(on_conflict="panic"), "on_conflict"), ("Add", add(max_filesize=-5), "max_filesize"),
    ("Add", {**add(), "nonsense": 1}, "nonsense"), ("List", {"selection": 5}, "selection"), ("List", {"limit": "all"}, "limit"),
    ("List", {"selection": {"ids": ["1"]}}, "ids"), ("List", {"selection": {"states": ["asleep"]}}, "states"),
    ("Pause", {}, "selection"), ("Pause", {"selection": {"everything": True}}, "everything"), ("Ping", {"a": 1}, "a"),
    ("Remove", {"selection": {"ids": [1]}, "files": "yes"}, "files"), ("Drain", {"exit": 1}, "exit"),
])
def test_06_bad_parameters_name_the_field(link, method, parameters, field):
    reply = link.call(MANAGER + method, parameters)
    assert reply["error"] == "org.varlink.service.InvalidParameter"
    if field:
        assert reply["parameters"]["parameter"].split(".")[-1].split("[")[0] == field
    assert link.call(MANAGER + "List")["parameters"]["jobs"] == []


def test_07_duplicate_keys(link):
    link.send(b'{"method":"io.fetchd.Manager.Ping","method":"io.fetchd.Manager.Status"}\0')
    assert link.closed()


@pytest.mark.parametrize("number", ["1e999", "18446744073709551616", "99999999999999999999999999", "-9223372036854775809"])
def test_08_numbers_that_do_not_fit(link, number):
    link.send(b'{"method":"io.fetchd.Manager.List","parameters":{"limit":%s}}\0' % number.encode())
    reply = link.hear()
    assert reply is None or "error" in reply


def test_09_unknown_names(link):
    assert link.call(MANAGER + "Explode") == {
        "error": "org.varlink.service.MethodNotFound", "parameters": {"method": MANAGER + "Explode"}}
    reply = link.call("com.example.Other.Ping")
    assert reply == {"error": "org.varlink.service.InterfaceNotFound", "parameters": {"interface": "com.example.Other"}}
    assert link.call("Ping")["error"].startswith("org.varlink.service.")
    assert "parameters" in link.call(MANAGER + "Ping")


def test_10_introspection(link):
    info = link.call("org.varlink.service.GetInfo")["parameters"]
    assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
    assert set(info["interfaces"]) == {"org.varlink.service", "io.fetchd.Manager"}
    for interface in info["interfaces"]:
        text = link.call("org.varlink.service.GetInterfaceDescription", {"interface": interface})["parameters"]["description"]
        assert f"interface {interface}\n" in text
    assert link.call("org.varlink.service.GetInterfaceDescription", {"interface": "a.b"})["error"] == \
        "org.varlink.service.InterfaceNotFound"
    assert link.call("org.varlink.service.GetInterfaceDescription", {})["error"] == "org.varlink.service.InvalidParameter"


def test_11_calls_in_a_row_are_answered_in_order(link, daemon):
    calls = b"".join(json.dumps({"method": MANAGER + name}).encode() + b"\0" for name in ["Ping", "Status", "List"] * 100)
    link.send(calls)
    for _ in range(100):
        assert "pid" in link.hear()["parameters"]
        assert "version" in link.hear()["parameters"]
        assert "jobs" in link.hear()["parameters"]


def test_12_oneway_is_not_answered(link):
    link.say(MANAGER + "Ping", oneway=True)
    assert "version" in link.call(MANAGER + "Status")["parameters"]


def test_13_a_byte_at_a_time(link, daemon):
    for byte in b'{"method":"io.fetchd.Manager.Ping"}\0':
        link.send(bytes([byte]))
    assert link.hear()["parameters"]["pid"] == daemon.process.pid


def test_14_watch_wants_more(link):
    assert link.call(MANAGER + "Watch")["error"] == "org.varlink.service.ExpectedMore"


def test_15_errors_of_the_interface(link):
    reply = link.call(MANAGER + "Pause", {"selection": {"ids": [77]}})
    assert reply == {"error": MANAGER + "NoSuchJob", "parameters": {"id": 77}}
    reply = link.call(MANAGER + "Pause", {"selection": {"group": "nobody"}})
    assert reply == {"error": MANAGER + "NoSuchGroup", "parameters": {"group": "nobody"}}
    good = {"url": "http://127.0.0.1:9/a"}
    reply = link.call(MANAGER + "Add", {"jobs": [good, {"url": "gopher://127.0.0.1/"}]})
    assert reply["error"] == MANAGER + "Refused" and reply["parameters"]["index"] == 1
    assert reply["parameters"]["code"].startswith("E_") and reply["parameters"]["message"]
    assert link.call(MANAGER + "List")["parameters"]["jobs"] == []


def test_16_check_adds_nothing(link):
    job = {"url": "http://127.0.0.1:9/a"}
    assert "error" not in link.call(MANAGER + "Add", {"jobs": [job], "check": True})
    assert link.call(MANAGER + "Add", {"jobs": [{"url": "gopher://a/"}], "check": True})["error"] == MANAGER + "Refused"
    assert link.call(MANAGER + "List")["parameters"]["jobs"] == []


def test_17_too_many_jobs_in_one_call(link):
    reply = link.call(MANAGER + "Add", {"jobs": [{"url": "http://a/"}] * 10001})
    assert reply["error"] in (MANAGER + "Refused", "org.varlink.service.InvalidParameter")
    assert link.call(MANAGER + "List")["parameters"]["jobs"] == []


def test_18_pages_of_a_list(link, ctl, origin):
    """With "more" every job comes once; page by page with "after" too."""
    jobs = ctl.add("-", stdin="".join(origin.url(f"/gate/g/bytes/1/f{i}") + "\n" for i in range(2500)))
    link.say(MANAGER + "List", {}, more=True)
    seen, reply = [], {"continues": True}
    while reply.get("continues"):
        reply = link.hear()
        seen += [job["id"] for job in reply["parameters"]["jobs"]]
    assert sorted(seen) == jobs
    seen, after = [], {}
    while True:
        page = link.call(MANAGER + "List", {"limit": 700, **after})["parameters"]
        assert len(page["jobs"]) <= 700
        seen += [job["id"] for job in page["jobs"]]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    assert sorted(seen) == jobs
    ctl.ok("cancel", "--all")


def test_19_a_watch_that_ends_with_its_jobs(link, ctl, origin):
    jobs = ctl.add(origin.url("/gate/g/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    link.say(MANAGER + "Watch", {"selection": {"ids": jobs}, "snapshot": True, "until": "all"}, more=True)
    first = [link.hear(), link.hear()]
    assert {m["parameters"]["event"]["kind"] for m in first} == {"snapshot"} and all(m["continues"] for m in first)
    origin.release("g")
    kinds = []
    while True:
        message = link.hear()
        if "parameters" in message and "event" in message["parameters"]:
            kinds.append(message["parameters"]["event"]["kind"])
        if not message.get("continues"):
            break
    assert kinds.count("done") == 2
    assert "pid" in link.call(MANAGER + "Ping")["parameters"]


def test_20_a_watcher_that_never_reads(daemon, room, ctl, origin):
    """It is dropped or told that it lags; nobody waits for it."""
    deaf = Link(room)
    deaf.say(MANAGER + "Watch", {"progress": True}, more=True)
    jobs = ctl.add(*(origin.url(f"/bytes/10/f{i}?" + "x" * 2000) for i in range(1000)))
    assert ctl.wait(*jobs).code == 0
    deaf.sock.close()


def test_21_many_connections(daemon, room, ctl):
    """More clients than there are places: the surplus is closed, and places come back."""
    links = []
    try:
        for _ in range(600):
            links.append(Link(room))
    except OSError:
        pass
    for link in links:
        link.sock.close()
    # A caller may come before the daemon has seen that the others went: it is told to try again.
    deadline = time.monotonic() + LIMIT
    while ctl("ping").code == 75:
        assert time.monotonic() < deadline, "no place came back"
    ctl.ok("ping")


def test_22_a_client_that_goes_in_the_middle(daemon, room, ctl, origin):
    for _ in range(20):
        link = Link(room)
        link.say(MANAGER + "List", {}, more=True)
        link.say(MANAGER + "Watch", {"snapshot": True}, more=True)
        link.say(MANAGER + "Add", {"jobs": [{"url": origin.url("/bytes/10/a")}]})
        link.sock.close()
    ctl.ok("ping")


def test_23_descriptors_sent_along_are_dropped(daemon, room):
    fds = f"/proc/{daemon.process.pid}/fd"
    link = Link(room)
    assert link.call(MANAGER + "Ping")
    before = len(os.listdir(fds))
    for _ in range(10):
        socket.send_fds(link.sock, [b'{"method":"io.fetchd.Manager.Ping"}\0'], [0, 1, 2])
        assert "parameters" in link.hear()
    assert len(os.listdir(fds)) == before
    link.sock.close()


def test_24_secrets_stay_inside(link, ctl, origin):
    reply = link.call(MANAGER + "Add", {"jobs": [{"url": origin.url("/bytes/1/a"), "headers": ["Cookie: hunter2"]}]})
    [job] = reply["parameters"]["ids"]
    ctl.wait(job)
    assert "hunter2" not in json.dumps(link.call(MANAGER + "List"))


def many(n, word, **more):
    return {"jobs": [{"url": f"http://127.0.0.1:9/{word}{i}"} for i in range(n)], **more}


def test_25_adds_in_a_row_are_answered_in_order(link, stopped_queue):
    """The daemon begins some before the first is answered; what is refused at once waits for its turn."""
    sizes = [200, 1, 300, 2, 100, 3, 50, 4, 20, 5, 10, 6]
    for i, size in enumerate(sizes):
        link.say(MANAGER + "Add", many(size, f"a{i}-"))
        link.say(MANAGER + "Add", {"jobs": [{"url": "gopher://a/"}]})
        if i % 3 == 0:
            link.say(MANAGER + "Ping")
        if i % 4 == 0:
            link.say(MANAGER + "Add", many(1, f"o{i}"), oneway=True)
    link.say(MANAGER + "Status")
    ids = []
    for i, size in enumerate(sizes):
        got = link.hear()["parameters"]["ids"]
        assert len(got) == size
        ids += got
        assert link.hear()["error"] == MANAGER + "Refused"
        if i % 3 == 0:
            assert "pid" in link.hear()["parameters"]
    assert ids == sorted(ids)
    assert link.hear()["parameters"]["counts"]["queued"] == sum(sizes) + 3


@pytest.mark.parametrize("last", [b"nonsense\0", b'{"method":5}\0', b" " * (2 << 20), b'{"method":"io.fetchd.Manager.Ping"}'],
                         ids=["not-json", "no-call", "too-long", "not-whole"])
def test_26_adds_before_nonsense_are_answered(link, stopped_queue, last):
    for i in range(5):
        link.say(MANAGER + "Add", many(100, f"b{i}-"))
    link.send(last)
    link.sock.shutdown(socket.SHUT_WR)
    for i in range(5):
        assert len(link.hear()["parameters"]["ids"]) == 100
    assert link.closed()


def test_27_adds_and_then_silence(daemon, room, stopped_queue, ctl):
    """A client that goes once it has said all: what came whole is added."""
    link = Link(room)
    for i in range(20):
        link.say(MANAGER + "Add", many(50, f"c{i}-"))
    link.sock.shutdown(socket.SHUT_WR)
    assert [len(link.hear()["parameters"]["ids"]) for _ in range(20)] == [50] * 20
    assert link.closed()
    link.sock.close()
    assert len(ctl.ok("list", "--json").lines) == 1000
