"""Networks that fail: names, black holes, links that go away; in network namespaces of the tests' own."""
import pytest

from disks import Shim
from origin import content, netns
from origin.dns import NOERROR, NXDOMAIN, REFUSED, SERVFAIL, Dns
from origin.raw import File, Gate, RawServer, head

pytestmark = pytest.mark.skipif(netns.why_not() is not None, reason=str(netns.why_not()))

SIZE = 300000
CUT = 200000


@pytest.fixture
def net(tmp_path):
    with netns.Net(tmp_path) as net:
        yield net


@pytest.fixture
def dns(net):
    with net.world.run(lambda: Dns(netns.WORLD)) as server:
        server.names["good.test"] = [netns.WORLD]
        yield server


def serve(net, host="0.0.0.0", port=0):
    server = net.world.run(lambda: RawServer(host, port))
    server.play("/f", File("f", SIZE))
    return server


@pytest.fixture
def web(net):
    with serve(net) as server:
        yield server


@pytest.fixture
def away(stopped, net):
    """A daemon in the home namespace, not started yet."""
    stopped.options.update({"Retry.Delay": "20ms", "Retry.MaxDelay": "100ms", "Retry.MaxAttempts": 3, "Retry.HoldInterval": "1h",
                            "Transfer.ConnectTimeout": "1s", "Transfer.StallTimeout": "1s", "Queue.MaxActive": 100})
    start = stopped.start
    stopped.start = lambda *arguments, **more: start(*arguments, preexec=net.enter, **more)
    return stopped


def waited(ctl, job, *codes):
    """The first wait of the job; its error is one of codes."""
    event = ctl.watch("--since", 0).kind("waiting", job)
    assert event["job"].get("error", {}).get("code") in codes, event
    return event["job"]


def url(web, host="good.test", path="/f"):
    return f"http://{host}:{web.port}{path}"


def right(room, name="f"):
    return content.same_as_file(room.downloads / name, "f", SIZE)


# ---- names

GARBAGE = b"\x81\x80" + b"\xff" * 40
ANSWERS = {
    "nxdomain": NXDOMAIN, "servfail": SERVFAIL, "refused": REFUSED, "empty": NOERROR, "silence": None, "garbage": GARBAGE,
    "truncated": b"\x83\x80\0\0\0\0\0\0\0\0", "header-alone": b"\x81\x80",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_22_a_name_that_fails_at_first(away, ctl, room, dns, web, answer):
    """E_DNS, tried again, found."""
    away.options.update({"Transfer.ConnectTimeout": "3s", "Retry.Delay": "1h", "Retry.MaxDelay": "1h"})
    dns.names["late.test"] = ANSWERS[answer]
    away.start()
    [job] = ctl.add(url(web, "late.test"))
    waited(ctl, job, "E_DNS", "E_TIMEOUT")
    dns.names["late.test"] = [netns.WORLD]
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0 and right(room)


@pytest.mark.parametrize("answer", ["nxdomain", "servfail", "empty"])
def test_22_a_name_that_always_fails(away, ctl, dns, web, answer):
    dns.names["never.test"] = ANSWERS[answer]
    away.start()
    [job] = ctl.add(url(web, "never.test"))
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_DNS" and ctl.job(job)["attempts"] == 3 and web.accepted == 0


def test_22_fifty_black_holes_slow_nobody(away, ctl, room, net, dns, web):
    """Names that are never answered and addresses that swallow everything: the others are through while all of them
    still wait."""
    away.options.update({"Transfer.ConnectTimeout": "1h", "Retry.MaxAttempts": 1})
    net.resolv.write_text(f"nameserver {netns.WORLD}\noptions timeout:30 attempts:5\n")
    dns.names[".hole.test"] = None
    away.start()
    holes = ctl.add(*(url(web, f"n{n}.hole.test") for n in range(50)), *(f"http://12.0.0.{n}:81/f" for n in range(1, 11)))
    with dns.changed:
        assert dns.changed.wait_for(lambda: len({n for n in dns.asked if n.endswith(".hole.test")}) >= 40, 60)
    others = ctl.add(*(url(web, path=f"/f?{n}") for n in range(10)), "-d", room.downloads)
    assert ctl.wait(*others).code == 0
    jobs = ctl.jobs()
    assert {jobs[job]["state"] for job in holes} == {"active"}
    ctl.ok("cancel", *holes)
    jobs = ctl.jobs()
    assert {jobs[job]["state"] for job in holes} == {"cancelled"}


def test_22_a_stop_does_not_wait_for_names(away, ctl, dns, web):
    dns.names[".hole.test"] = None
    away.options["Transfer.ConnectTimeout"] = "1h"
    away.start()
    jobs = ctl.add(*(url(web, f"n{n}.hole.test") for n in range(20)))
    with dns.changed:
        assert dns.changed.wait_for(lambda: len(set(dns.asked)) >= 10, 60)
    away.stop()
    away.start()
    assert set(ctl.jobs()) == set(jobs)


# ---- addresses

@pytest.mark.parametrize("host,codes", [
    ("12.0.0.1", ("E_TIMEOUT", "E_CONNECT")), ("13.0.0.1", ("E_CONNECT",)), ("[fd78::1]", ("E_TIMEOUT", "E_CONNECT")),
    (netns.WORLD, ("E_CONNECT",)), (f"[{netns.WORLD6}]", ("E_CONNECT",))])
def test_22_nobody_answers(away, ctl, net, host, codes):
    """Swallowed, unreachable, refused: retried, then failed."""
    away.options["Retry.MaxAttempts"] = 2
    away.start()
    [job] = ctl.add(f"http://{host}:81/f")
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["error"]["code"] in codes and seen["attempts"] == 2


@pytest.mark.parametrize("addresses", [
    ["fd78::1", netns.WORLD], ["12.0.0.1", netns.WORLD], ["13.0.0.1", netns.WORLD], ["fd78::1", "fd78::2", "12.0.0.1", netns.WORLD]],
    ids=["ipv6-swallowed", "ipv4-swallowed", "ipv4-unreachable", "three-swallowed"])
def test_22_another_address_of_the_name(away, ctl, room, dns, web, addresses):
    """The addresses of a name are tried one after the other, both families side by side."""
    away.options["Transfer.ConnectTimeout"] = "10s"
    dns.names["many.test"] = addresses
    away.start()
    [job] = ctl.add(url(web, "many.test"))
    assert ctl.wait(job).code == 0 and right(room)


def test_22_ipv6(away, ctl, room, net, dns):
    with serve(net, "::") as web:
        dns.names["six.test"] = [netns.WORLD6]
        away.start()
        assert ctl.wait(*ctl.add(url(web, "six.test"))).code == 0 and right(room)
        assert ctl.wait(*ctl.add("-o", "g", f"http://[{netns.WORLD6}]:{web.port}/f")).code == 0 and right(room, "g")


# ---- who may be asked

def denied(ctl, job, accepted):
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["error"]["code"] in ("E_BLOCKED_ADDR", "E_BAD_URL") and seen["attempts"] <= 1, seen
    assert accepted() == 0


def test_22_private_addresses_by_every_way(away, ctl, room, net, dns):
    """PrivateAddresses=deny: by name, by redirect, by a name that changes its mind; the public one is served."""
    away.options["Security.PrivateAddresses"] = "deny"
    dns.names.update({"public.test": [netns.PUBLIC], "private.test": [netns.WORLD], "loop.test": ["127.0.0.1"],
                      "mapped.test": [f"::ffff:{netns.WORLD}"], "local6.test": [netns.WORLD6]})
    with serve(net, netns.PUBLIC) as public, serve(net, netns.WORLD, public.port) as private:
        away.start()
        assert ctl.wait(*ctl.add(url(public, "public.test"))).code == 0 and right(room)
        for host in ("private.test", "loop.test", "mapped.test", "local6.test", netns.WORLD, f"[{netns.WORLD6}]", "0x0a4d0001", "10.77.1"):
            result = ctl("add", url(public, host))
            if result.code == 0:
                denied(ctl, int(result.out), lambda: private.accepted)
        for host in ("private.test", netns.WORLD, "127.0.0.1", f"[::ffff:{netns.WORLD}]", f"[{netns.WORLD6}]", "2130706433"):
            public.play("/r", [head("HTTP/1.1 302 There", f"Location: http://{host}:{public.port}/f", "Content-Length: 0")])
            [job] = ctl.add(url(public, "public.test", "/r"))
            assert ctl.wait(job).code == 1 and ctl.job(job)["error"]["code"] in ("E_BLOCKED_ADDR", "E_REDIRECT"), ctl.job(job)
            assert private.accepted == 0
        answers = [[netns.PUBLIC], [netns.WORLD]]
        dns.names["rebind.test"] = lambda name: answers[min(len([n for n in dns.asked if n == name]) // 3, 1)]
        public.play("/cut", [File("f", SIZE).cut(CUT)[0], File("f", SIZE).content(0, CUT)])
        [job] = ctl.add("--retry", 5, url(public, "rebind.test", "/cut"))
        assert ctl.wait(job).code == 1 and private.accepted == 0


# ---- links

def test_22_swallowed_in_the_middle(away, ctl, room, net, web):
    """Nothing arrives any more: the attempt stalls; when the way is open again it goes on where it was."""
    away.options.update({"Retry.Delay": "1h", "Retry.MaxDelay": "1h"})
    web.play("/f", [File("f", SIZE).whole_head(), File("f", SIZE).content(0, CUT), Gate("g")], File("f", SIZE))
    away.start()
    [job] = ctl.add(url(web, netns.WORLD))
    web.wait_gated("g")
    ctl.wait_received(CUT, job)
    net.cut()
    assert waited(ctl, job, "E_STALL", "E_TIMEOUT")["received"] == CUT
    net.mend()
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0 and right(room)
    assert web.requests()[-1].range == f"bytes={CUT}-"


@pytest.mark.parametrize("how", ["down", "gone"])
def test_22_link_down_and_up(away, ctl, room, net, web, how):
    """Without a network nothing is tried and no attempt is used; it goes on by itself when there is one."""
    web.play("/f", [File("f", SIZE).whole_head(), File("f", SIZE).content(0, CUT), Gate("g")], File("f", SIZE))
    away.start()
    [job] = ctl.add(url(web, netns.WORLD))
    web.wait_gated("g")
    ctl.wait_received(CUT, job)
    watch = ctl.watch("--since", 0)
    getattr(net, how)()
    held = watch.event(lambda e: e["kind"] == "waiting" and (e.get("job") or {}).get("waiting_for") == "network")["job"]
    assert held["error"]["code"] == "E_NETWORK" and held["received"] <= CUT
    [other] = ctl.add("-o", "other", url(web, netns.WORLD))
    watch.event(lambda e: e["kind"] == "waiting" and e["job_id"] == other and e["job"]["waiting_for"] == "network")
    attempts = ctl.job(job)["attempts"]
    net.up() if how == "down" else net.back()
    assert ctl.wait(job, other).code == 0 and right(room) and right(room, "other")
    assert ctl.job(job)["attempts"] <= attempts + 1


def test_22_started_without_a_network(away, ctl, room, net, web):
    net.gone()
    away.start()
    [job] = ctl.add(url(web, netns.WORLD))
    waiting = ctl.watch("--since", 0).kind("waiting", job)["job"]
    assert waiting["waiting_for"] == "network" and waiting["attempts"] == 0
    net.back()
    assert ctl.wait(job).code == 0 and right(room) and ctl.job(job)["attempts"] == 1


def test_22_loopback_needs_no_network(away, ctl, room, net):
    """What this machine serves itself is fetched with every cable pulled."""
    with net.home.run(lambda: RawServer("127.0.0.1")) as own:
        own.play("/f", File("f", SIZE))
        net.gone()
        away.start()
        assert ctl.wait(*ctl.add(own.url("/f"))).code == 0 and right(room)


def test_22_the_address_changes(away, ctl, room, net, web):
    """Another address of this machine: what ran over the old one goes on over the new one."""
    web.play("/f", [File("f", SIZE).whole_head(), File("f", SIZE).content(0, CUT), Gate("g")], File("f", SIZE))
    away.start()
    [job] = ctl.add(url(web, netns.WORLD))
    web.wait_gated("g")
    ctl.wait_received(CUT, job)
    net.home.ip(f"addr del {netns.HOME}/24 dev net0")
    net.home.ip("addr add 10.77.0.99/24 dev net0")
    net.home.ip(f"route replace default via {netns.WORLD}")
    assert ctl.wait(job).code == 0 and right(room)
    assert web.requests()[-1].range == f"bytes={CUT}-"


def test_22_the_address_changes_and_the_disk_is_slow(away, ctl, room, net, web):
    """The network is there again before the job has let go of its part: it goes on all the same."""
    shim = Shim(room)
    web.play("/f", [File("f", SIZE).whole_head(), File("f", SIZE).content(0, CUT), Gate("g")], File("f", SIZE))
    away.start(**shim.environment("fdatasync:wait:1:1"))
    [job] = ctl.add(url(web, netns.WORLD))
    web.wait_gated("g")
    ctl.wait_received(CUT, job)
    net.home.ip(f"addr del {netns.HOME}/24 dev net0")
    net.home.ip("addr add 10.77.0.99/24 dev net0")
    net.home.ip(f"route replace default via {netns.WORLD}")
    away.log.find(lambda line: "routes have changed" in line)
    shim.wait_for("fdatasync")
    assert ctl.job(job)["state"] == "active"
    shim.open_gate()
    assert ctl.wait(job).code == 0 and right(room)
    assert web.requests()[-1].range == f"bytes={CUT}-"


def test_22_slow_link(away, ctl, room, net, web):
    """A link of 2 Mbit/s is slow, not dead."""
    try:
        net.world.ip("link set net0 txqueuelen 100")
        net.world.command("tc", "qdisc", "add", "dev", "net0", "root", "tbf", "rate", "2mbit", "burst", "16kb", "latency", "400ms")
    except AssertionError as error:
        pytest.skip(f"this kernel has no tc: {error}")
    away.start()
    assert ctl.wait(*ctl.add(url(web, netns.WORLD))).code == 0 and right(room)
    assert len(web.requests()) == 1
