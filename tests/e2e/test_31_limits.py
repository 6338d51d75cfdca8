"""Limits: of bytes a second, of transfers at once, by the calendar; all of them change what runs."""
import signal
import socket
import time

import pytest

from origin import content
from varlink import MANAGER, Link

KIB = 1024
MIB = 1 << 20


def limits(ctl):
    return {limit["name"]: limit for limit in ctl.ok("--json", "limit").json}


def wait_active(ctl, n):
    """Until n jobs are active; nothing tells it but the states themselves."""
    deadline = time.monotonic() + 60
    while ctl.ok("--json", "status").json[0]["counts"]["active"] != n:
        assert time.monotonic() < deadline, f"never {n} active: {ctl.ok('list')!r}"
        time.sleep(0.01)


def reload(daemon):
    count = daemon.told().count("READY=1")
    daemon.write_config()
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", count + 1)


# ---- bytes a second


@pytest.mark.parametrize("options, arguments", [
    ({"Transfer.LimitRate": "400K"}, ()),
    ({"Transfer.LimitRatePerHost": "400K"}, ()),
    ({"Transfer.LimitRatePerUser": "400K"}, ()),
    ({}, ("--limit-rate", "400K")),
], ids=["all", "host", "user", "job"])
def test_01_no_faster_than_the_limit(stopped, ctl, origin, room, options, arguments):
    """A lower bound is arithmetic, on a machine of any speed: 800 KiB less the burst of 20 ms."""
    stopped.options.update(options)
    stopped.start()
    begun = time.monotonic()
    ctl.ok("get", "-q", *arguments, origin.url(f"/bytes/{800 * KIB}/f"))
    assert time.monotonic() - begun >= 2 - 0.03
    assert content.same_as_file(room.downloads / "f", "f", 800 * KIB)


def test_02_a_limit_holds_for_what_runs_and_goes(stopped, ctl, origin, room):
    """1 KiB/s would take hours: that the file comes is the limit's going."""
    stopped.options["Transfer.LimitRate"] = "1K"
    stopped.start()
    job, = ctl.add(origin.url(f"/bytes/{16 * MIB}/f"))
    ctl.wait_received(KIB, job)
    assert ctl.job(job)["received"] < MIB
    ctl.ok("limit", "limit-rate", "0")
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "f", "f", 16 * MIB)
    assert ctl.job(job)["attempts"] == 1


def test_03_limits_of_group_and_host_are_live_and_kept(daemon, ctl, origin):
    ctl.ok("get", "-q", "-g", "slow", origin.url("/bytes/10/first"))
    ctl.ok("limit", "-g", "slow", "limit-rate", "1K")
    ctl.ok("limit", "--host", origin.url("/"), "limit-rate", "1K")
    daemon.restart()
    job, = ctl.add("-g", "slow", origin.url(f"/bytes/{16 * MIB}/f"))
    ctl.wait_received(1, job)
    ctl.ok("limit", "-g", "slow", "limit-rate", "--reset")
    ctl.wait_received(2 * KIB, job)
    # The host's still holds.
    assert ctl.job(job)["received"] < MIB
    ctl.ok("limit", "--host", origin.url("/"), "limit-rate", "0")
    assert ctl.wait(job).code == 0


def test_04_a_limit_before_the_first_job(daemon, ctl, origin):
    """Of an origin that nobody has asked yet; what is taken back need not be there."""
    ctl.ok("limit", "--host", origin.url("/"), "max-active", "--reset")
    ctl.ok("limit", "--host", origin.url("/"), "max-active", "1")
    daemon.restart()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/{i}") for i in range(3)))
    origin.wait_gated("g")
    origin.release("g")
    assert ctl.wait(*jobs).code == 0 and origin.peak() == 1


# ---- transfers at once


def test_11_a_lowered_bound_sends_the_newest_back(stopped, ctl, origin, room):
    stopped.options.update({"Queue.MaxActive": 4, "Queue.MaxPerHost": 4})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/300000/f{i}?pause=100000&until=g") for i in range(4)))
    ctl.wait_received(100000, *jobs)
    ctl.ok("limit", "max-active", "2")
    wait_active(ctl, 2)
    states = {job: ctl.jobs()[job] for job in jobs}
    assert [states[job]["state"] for job in jobs] == ["active", "active", "queued", "queued"]
    assert all(states[job]["received"] == 100000 and states[job]["attempts"] == 0 for job in jobs[2:])
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
    assert all(ctl.job(job)["attempts"] == 1 for job in jobs)
    assert [r.range for r in origin.requests() if r.range] == ["bytes=100000-"] * 2
    assert all(content.same_as_file(room.downloads / f"f{i}", f"f{i}", 300000) for i in range(4))


def test_12_priority_stays_and_a_raised_bound_starts_more(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 3, "Queue.MaxPerHost": 3})
    stopped.start()
    low = ctl.add(*(origin.url(f"/gate/g/bytes/100/l{i}") for i in range(2)))
    origin.wait_gated("g", 2)
    high, = ctl.add("-p", "5", origin.url("/gate/g/bytes/100/h"))
    origin.wait_gated("g", 3)
    ctl.ok("limit", "max-per-host", "1")
    wait_active(ctl, 1)
    assert ctl.job(high)["state"] == "active" and {ctl.job(job)["state"] for job in low} == {"queued"}
    ctl.ok("limit", "max-per-host", "3")
    wait_active(ctl, 3)
    ctl.ok("limit", "--host", origin.url("/"), "max-active", "2")
    wait_active(ctl, 2)
    assert ctl.job(high)["state"] == "active"
    origin.release("g")
    assert ctl.wait(high, *low).code == 0


@pytest.mark.parametrize("change, answer", [
    ({"Transfer.MaxTime": "100ms"}, "?pause=100&until=g"),
    ({"Transfer.StallTimeout": "100ms"}, "?pause=100&until=g"),
    ({"Transfer.StallTimeout": "100ms"}, "?hang"),
], ids=["max-time", "stall", "no-answer"])
def test_13_time_outs_reach_what_runs(stopped, ctl, origin, change, answer):
    stopped.options.update({"Transfer.StallTimeout": "1d", "Retry.MaxAttempts": 1})
    stopped.start()
    job, = ctl.add(origin.url(f"/bytes/1000/f{answer}"))
    origin.wait_for(lambda: origin.count() == 1)
    stopped.options.update(change)
    reload(stopped)
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] in ("E_TIMEOUT", "E_STALL") and origin.count() == 1


def test_14_the_connect_timeout_reaches_what_runs(stopped, ctl):
    """Nobody takes the connection: the queue is full. Configured, it would wait for a day."""
    stopped.options.update({"Retry.MaxAttempts": 1, "Transfer.ConnectTimeout": "1d"})
    stopped.start()
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (one, two):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        job, = ctl.add("http://127.0.0.1:%d/a" % full.getsockname()[1])
        ctl.watch(job, "--since", 0).kind("started", job)
        stopped.options["Transfer.ConnectTimeout"] = "100ms"
        reload(stopped)
        assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_TIMEOUT"


def test_15_the_least_rate_reaches_what_runs(stopped, ctl, origin):
    """A trickle that would go on for an hour."""
    stopped.options["Retry.MaxAttempts"] = 1
    stopped.start()
    job, = ctl.add(origin.url("/bytes/3600000/f?drip=1000"))
    ctl.wait_received(1000, job)
    stopped.options.update({"Transfer.MinRate": "1M", "Transfer.MinRateTime": "1s"})
    reload(stopped)
    assert ctl.wait(job).code == 1
    error = ctl.job(job)["error"]
    assert error["code"] == "E_STALL" and "MinRate" in error["message"] and origin.count() == 1


# ---- limit


def test_21_where_a_value_comes_from(stopped, ctl):
    stopped.options["Queue.MaxActive"] = 5
    stopped.start("-o", "Queue.MaxPerHost=3")
    now = limits(ctl)
    assert now["max-active"] == {"name": "max-active", "value": 5, "source": "file"}
    assert now["max-per-host"]["source"] == "override" and now["limit-rate"]["source"] == "default"
    ctl.ok("limit", "max-active", "7")
    ctl.ok("limit", "limit-rate", "10M", "--save")
    ctl.ok("limit", "max-per-host", "4", "--save")
    now = limits(ctl)
    assert now["max-active"]["source"] == "command" and now["max-active"]["value"] == 7
    assert now["limit-rate"] == {"name": "limit-rate", "value": 10 * MIB, "source": "saved", "saved": 10 * MIB}
    assert now["max-per-host"] == {"name": "max-per-host", "value": 4, "source": "command", "saved": 4}
    assert ctl.ok("--json", "status").json[0]["max_active"] == 7
    stopped.restart("-o", "Queue.MaxPerHost=3")
    now = limits(ctl)
    assert now["max-active"]["value"] == 5 and now["limit-rate"]["value"] == 10 * MIB
    assert now["max-per-host"] == {"name": "max-per-host", "value": 3, "source": "override", "saved": 4}
    ctl.ok("limit", "limit-rate", "--reset")
    assert limits(ctl)["limit-rate"] == {"name": "limit-rate", "value": 0, "source": "default"}
    stopped.restart()
    assert limits(ctl)["limit-rate"]["source"] == "default" and limits(ctl)["max-per-host"]["source"] == "saved"
    assert ctl.ok("limit", "max-per-host").out == "max-per-host\t4\tsaved\t-\n"
    assert len(ctl.ok("limit", "--no-legend").lines) == 8


@pytest.mark.unchanged
@pytest.mark.parametrize("arguments, code, says", [
    (("max-activ", "3"), 2, 'Did you mean "max-active"?'),
    (("max-active", "many"), 2, "it is no number"),
    (("limit-rate", "--", "-1"), 2, "it is no rate"),
    (("max-active", "--", "-1"), 5, "max-active is out of range: 1 to 100000"),
    (("max-active", "0"), 5, "max-active is out of range: 1 to 100000"),
    (("limit-rate", "2T"), 5, "limit-rate is out of range"),
    (("max-active", "3", "4"), 2, 'takes no argument "4"'),
    (("max-active", "3", "--reset"), 2, "exclude each other"),
    (("max-active", "--save"), 2, "max-active to what?"),
    (("--save",), 2, "which limit?"),
    (("-g", "g", "--host", "http://h", "limit-rate", "1"), 2, "exclude each other"),
    (("max-active", "-1"), 2, "number below zero"),
    (("-g", "nobody", "limit-rate", "1M"), 3, "nobody"),
    (("-g", "g", "max-active", "3"), 5, "a group has no max-active of its own"),
    (("--host", "gopher://nowhere.example", "limit-rate", "1M"), 5, "gopher is not among"),
    (("--host", "http://", "limit-rate", "1M"), 5, "scheme://host:port"),
    (("--host", "nowhere", "limit-rate", "1M"), 5, "scheme://host:port"),
    (("--host", "http://h", "max-per-host", "3"), 5, "an origin has no max-per-host of its own"),
])
def test_22_refusals_change_nothing(daemon, ctl, arguments, code, says):
    before = limits(ctl)
    result = ctl("limit", *arguments)
    assert result.code == code and says in result.err, result
    assert result.out == "" and limits(ctl) == before


def test_23_values_from_other_programs(daemon, ctl, room):
    link = Link(room)
    ctl.ok("limit", "max-active", 5)
    for value in (0, -5, 10 ** 15, 2 ** 63 - 1, -2 ** 63):
        reply = link.call(MANAGER + "SetLimit", {"name": "max-active", "value": value})
        assert reply["error"] == MANAGER + "Refused" and reply["parameters"]["code"] == "E_LIMIT_RANGE"
    reply = link.call(MANAGER + "SetLimit", {"name": "nonsense", "value": 3})
    assert reply["parameters"]["code"] == "E_NO_LIMIT"
    assert link.call(MANAGER + "SetLimit", {"name": "max-active", "value": "3"})["error"].endswith("InvalidParameter")
    assert limits(ctl)["max-active"]["source"] == "command"
    reply = link.call(MANAGER + "GroupCreate", {"group": "g", "limit_rate": 2 ** 63 - 1})
    assert reply["parameters"]["code"] == "E_LIMIT_RANGE" and ctl.ok("--json", "group", "list").out == ""


# ---- the calendar


def test_31_stop_and_go(stopped, ctl, origin, room):
    stopped.start()
    job, = ctl.add(origin.url("/bytes/300000/f?pause=100000&until=g"))
    ctl.wait_received(100000, job)
    watch = ctl.watch("--since", 0)
    stopped.options["Schedule.Window"] = "stop"
    reload(stopped)
    watch.kind("queued", job)
    shown = ctl.job(job)
    assert shown["state"] == "queued" and shown["received"] == 100000 and shown["attempts"] == 0
    status = ctl.ok("--json", "status").json[0]
    assert status["stopped_by"] == "stop" and "stopped_until_usec" not in status
    assert "stopped by schedule (stop)" in ctl.ok("status").out
    other, = ctl.add(origin.url("/bytes/10/other"))
    stopped.restart()
    assert ctl.job(other)["state"] == "queued" and origin.count() == 1
    del stopped.options["Schedule.Window"]
    origin.release("g")
    reload(stopped)
    assert ctl.wait(job, other).code == 0 and "stopped_by" not in ctl.ok("--json", "status").json[0]
    assert ctl.job(job)["attempts"] == 1
    assert content.same_as_file(room.downloads / "f", "f", 300000)


def test_32_a_window_wins_over_what_was_set(stopped, ctl):
    stopped.options["Schedule.Window"] = "\nWindow=max-active=3 limit-rate=1M\nWindow=max-active=4 max-per-host=2"
    stopped.start()
    told = ctl.ok("limit", "max-active", "9")
    assert told.out == "" and "The window max-active=3 limit-rate=1M holds now: 3." in told.err
    assert ctl.ok("limit", "max-active", "3").err == "" and ctl.ok("-q", "limit", "max-active", "9").err == ""
    now = limits(ctl)
    assert now["max-active"] == {"name": "max-active", "value": 3, "source": "window",
                                 "window": "max-active=3 limit-rate=1M"}
    assert now["max-per-host"]["window"] == "max-active=4 max-per-host=2"
    assert now["limit-rate"]["value"] == MIB
    del stopped.options["Schedule.Window"]
    reload(stopped)
    assert limits(ctl)["max-active"]["value"] == 9 and limits(ctl)["max-active"]["source"] == "command"


def test_33_an_end_that_is_known_is_told(stopped, ctl):
    """Days before and after today are free: the end is within two weeks, whenever this runs."""
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    today = time.gmtime().tm_wday
    stopped.options["Schedule.Window"] = f"{days[today]},{days[(today + 1) % 7]} stop"
    stopped.start()
    status = ctl.ok("--json", "status").json[0]
    assert time.time() < status["stopped_until_usec"] / 1e6 <= time.time() + 2 * 86400
    assert status["stopped_until_usec"] % 86400000000 == 0
    assert "stopped by schedule until" in ctl.ok("status").out


@pytest.mark.parametrize("window, says", [
    ("Mon..Fri 08:00-18:00", "says when, but not what"),
    ("Moonday stop", '"Moonday" is no days'),
    ("25:00-26:00 stop", "is no days (Mon..Fri), times (08:00-18:00)"),
    ("max-active=-3", "max-active=-3 is out of range: 1 to 100000"),
    ("speed=3", 'there is no limit "speed"'),
])
def test_34_bad_windows_are_refused_with_their_line(stopped, room, window, says):
    stopped.options["Schedule.Window"] = f"stop\nWindow={window}"
    code, text = stopped.refuse("--check-config")
    line = room.config.read_text().splitlines().index(f"Window={window}") + 1
    assert code == 78 and f"fetchd.conf:{line}: Schedule.Window: " in text and says in text


def test_35_an_empty_window_forgets_those_above(stopped, ctl):
    stopped.options["Schedule.Window"] = "stop\nWindow=\nWindow=max-active=3"
    stopped.start()
    assert limits(ctl)["max-active"]["source"] == "window" and "stopped_by" not in ctl.ok("--json", "status").json[0]
