"""What fails for now is tried again: later each time, never before it is due, also over a restart."""
import socket

import pytest

from origin import content


def test_01_twice_503_then_fine(daemon, ctl, origin, room):
    watch = ctl.watch("--since", 0)
    [first] = ctl.add(origin.url("/bytes/1/first"))
    watch.kind("done", first)  # from here on jobs are told as they are at the moment of the event
    [job] = ctl.add(origin.url("/bytes/1000/a?status=503&times=2"))
    waiting = watch.kind("waiting", job)["job"]
    assert waiting["waiting_for"] == "retry" and waiting["error"]["code"] == "E_HTTP_503"
    assert ctl.wait(job).code == 0
    seen = ctl.job(job)
    assert seen["attempts"] == 3 and seen["http_status"] == 200 and "error" not in seen
    assert origin.count() == 1 + 3
    assert content.same_as_file(room.downloads / "a", "a", 1000)


def test_02_the_delay_doubles(stopped, ctl, origin):
    stopped.options["Retry.Delay"] = "100ms"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?status=503&times=4"))
    assert ctl.wait(job).code == 0
    times = [r.time_usec for r in origin.requests()]
    for n, (earlier, later) in enumerate(zip(times, times[1:])):
        assert later - earlier >= 100000 << n


def test_03_it_ends(stopped, ctl, origin):
    stopped.options["Retry.MaxAttempts"] = 3
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?status=500"))
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["attempts"] == 3 and seen["max_attempts"] == 3 and seen["error"]["code"] == "E_HTTP_500"
    assert origin.count() == 3


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_04_the_due_time_outlives_a_restart(stopped, ctl, origin, how):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?status=503&times=1"))
    ctl.watch("--since", 0).kind("waiting", job)
    before = ctl.job(job)
    assert before["next_attempt_usec"] >= origin.requests()[0].time_usec + 3600 * 1000000
    getattr(stopped, how)()
    stopped.start()
    after = ctl.job(job)
    assert after["state"] == "waiting" and after["waiting_for"] == "retry"
    assert after["next_attempt_usec"] == before["next_attempt_usec"] and after["attempts"] == 1
    assert origin.count() == 1
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_05_no_request_before_it_is_due(stopped, ctl, origin, how):
    stopped.options["Retry.Delay"] = "2s"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?status=503&times=1"))
    due = ctl.watch("--since", 0).kind("waiting", job)["job"]["next_attempt_usec"]
    getattr(stopped, how)()
    stopped.start()
    assert ctl.wait(job).code == 0
    assert origin.count() == 2 and origin.requests()[1].time_usec >= due


def test_06_retry_after_is_a_floor(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/bytes/10/a?status=503&times=1&retry_after=2"))
    due = ctl.watch("--since", 0).kind("waiting", job)["job"]["next_attempt_usec"]
    first = origin.requests()[0].time_usec
    assert due >= first + 2000000
    assert ctl.wait(job).code == 0
    assert origin.requests()[1].time_usec >= due


@pytest.mark.parametrize("value", ["-5", "1e30", "soon", "%C2%B2", "Wed,%2001%20Jan%202020%2000:00:00%20GMT", ""])
def test_07_retry_after_that_says_nothing(daemon, ctl, origin, value):
    [job] = ctl.add(origin.url(f"/bytes/10/a?status=503&times=1&retry_after={value}"))
    assert ctl.wait(job).code == 0


def test_08_retry_after_is_capped(stopped, ctl, origin):
    stopped.options["Retry.MaxRetryAfter"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?status=503&times=1&retry_after=864000"))
    due = ctl.watch("--since", 0).kind("waiting", job)["job"]["next_attempt_usec"]
    asked = origin.requests()[0].time_usec
    assert asked + 3600 * 1000000 <= due <= asked + 2 * 3600 * 1000000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501])
def test_09_permanent(daemon, ctl, origin, room, status):
    [job] = ctl.add(origin.url(f"/bytes/10/a?status={status}"))
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["error"]["code"] == f"E_HTTP_{status}" and seen["attempts"] == 1 and origin.count() == 1
    assert {p.name for p in room.downloads.iterdir()} <= {".fetchd"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_10_transient(daemon, ctl, origin, status):
    [job] = ctl.add(origin.url(f"/bytes/10/a?status={status}&times=1"))
    assert ctl.wait(job).code == 0 and origin.count() == 2


def test_11_nobody_listens(stopped, ctl, room):
    stopped.options["Retry.MaxAttempts"] = 2
    stopped.start()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        [job] = ctl.add(f"http://127.0.0.1:{unused.getsockname()[1]}/a")
        assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["error"]["code"] == "E_CONNECT" and seen["attempts"] == 2 and "http_status" not in seen


def test_12_a_connection_that_never_comes(stopped, ctl):
    """A full backlog answers no SYN."""
    stopped.options["Retry.MaxAttempts"] = 1
    stopped.start()
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (one, two):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        [job] = ctl.add("--connect-timeout", "1s", "http://127.0.0.1:%d/a" % full.getsockname()[1])
        assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_TIMEOUT"


def test_13_the_connect_timeout_of_the_configuration(stopped, ctl):
    stopped.options.update({"Retry.MaxAttempts": 1, "Transfer.ConnectTimeout": "1s"})
    stopped.start()
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (one, two):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        [job] = ctl.add("http://127.0.0.1:%d/a" % full.getsockname()[1])
        assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_TIMEOUT"


def test_14_a_stall(stopped, ctl, origin, room):
    """Stalls once in the middle; the next attempt goes on from there."""
    stopped.options["Transfer.StallTimeout"] = "1s"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/1000000/a?stall=400000&times=1"))
    event = ctl.watch("--since", 0).kind("waiting", job)
    assert event["job"]["error"]["code"] == "E_STALL"
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 1000000)
    assert origin.requests()[1].range == "bytes=400000-"


def test_15_an_answer_that_never_comes(stopped, ctl, origin):
    stopped.options["Transfer.StallTimeout"] = "1s"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/10/a?hang&times=1"))
    event = ctl.watch("--since", 0).kind("waiting", job)
    assert event["job"]["error"]["code"] in ("E_TIMEOUT", "E_STALL")
    assert ctl.wait(job).code == 0


def test_16_the_time_of_one_attempt(stopped, ctl, origin):
    stopped.options["Retry.MaxAttempts"] = 1
    stopped.start()
    jobs = ctl.add("-m", "1s", origin.url("/bytes/10/a?hang"), origin.url("/bytes/100000/b?drip=1000"))
    assert ctl.wait(*jobs).code == 1
    assert {ctl.job(job)["error"]["code"] for job in jobs} == {"E_TIMEOUT"}


def test_17_progress_resets_the_count(stopped, ctl, origin, room):
    """More failures than MaxAttempts, but each after a MiB more of durable bytes."""
    stopped.options["Retry.MaxAttempts"] = 2
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/9000000/a?cut=1500000&times=5"))
    assert ctl.wait(job).code == 0 and ctl.job(job)["attempts"] == 6
    assert content.same_as_file(room.downloads / "a", "a", 9000000)
