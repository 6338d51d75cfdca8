"""The origin governor in the real daemon: what an origin is found to take, the breaker, starts and retries."""
import socket

import pytest


def dead_port():
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def others_are_served(ctl, origin, n=20):
    """Jobs of another host, to their end: in their time the first host could have been asked, too."""
    jobs = ctl.add(*(origin.url(f"/bytes/100/other{i}", 3) for i in range(n)))
    assert ctl.wait(*jobs).code == 0
    ctl.ok("remove", *jobs)


def attempts(ctl, jobs):
    return sum(job["attempts"] for job in ctl.jobs("--all").values() if job["id"] in jobs)


def refused(origin):
    return sum(r.status == 429 for r in origin.requests())


def open_breaker(stopped, ctl, jobs=50):
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 4, "Retry.Delay": "10ms"})
    stopped.start()
    port = dead_port()
    ids = ctl.add(*(f"http://127.0.0.1:{port}/{i}" for i in range(jobs)))
    stopped.log.find(lambda line: "left alone" in line)
    return ids


def test_01_a_dead_port(stopped, ctl, origin):
    """Five failures and what was on its way beside the fifth; then nothing more."""
    jobs = open_breaker(stopped, ctl)
    others_are_served(ctl, origin)
    assert 5 <= attempts(ctl, jobs) <= 8
    assert {ctl.job(job)["state"] for job in jobs} <= {"queued", "waiting"}


@pytest.mark.parametrize("how", ["kill9", "stop"])
def test_02_the_breaker_outlives_a_restart(stopped, ctl, origin, how):
    jobs = open_breaker(stopped, ctl)
    others_are_served(ctl, origin)
    before = attempts(ctl, jobs)
    getattr(stopped, how)()
    stopped.start()
    stopped.log.find(lambda line: "failed again and again: left alone" in line)
    others_are_served(ctl, origin)
    assert attempts(ctl, jobs) == before


def close_some(listener, n):
    for _ in range(n):
        listener.accept()[0].close()


def test_03_one_probe(stopped, ctl, origin):
    """One connection at a time asks whether it lives again, and its answer lets all others come."""
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 1, "Retry.Delay": "10ms",
                            "Hosts.BreakerTime": "100ms"})
    stopped.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        jobs = ctl.add(*(f"http://127.0.0.1:{listener.getsockname()[1]}/{i}" for i in range(50)))
        close_some(listener, 5)
        stopped.log.find(lambda line: "left alone" in line)
        close_some(listener, 2)  # probes that fail
        probe = listener.accept()[0]
        others_are_served(ctl, origin)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
        listener.settimeout(60)
        probe.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        stopped.log.find(lambda line: "it answers again" in line)
        listener.accept()[0].close()
        probe.close()
        assert sum(ctl.job(job)["state"] == "failed" for job in jobs) == 1


def test_04_off(stopped, ctl):
    stopped.options.update({"Hosts.Breaker": "no", "Hosts.Adaptive": "no", "Retry.Delay": "1ms", "Retry.MaxAttempts": 3})
    stopped.start()
    port = dead_port()
    jobs = ctl.add(*(f"http://127.0.0.1:{port}/{i}" for i in range(20)))
    assert ctl.wait(*jobs).code == 1
    assert all(ctl.job(job)["attempts"] == 3 for job in jobs)
    assert "left alone" not in stopped.log.text()


def limited(origin, n, most, words=""):
    return [origin.url(f"{words}/bytes/100/f{i}?limit={most}") for i in range(n)]


def test_05_the_limit_is_found(stopped, ctl, origin):
    """429 above three: no job fails by it, and in the end there are few of them."""
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 20, "Retry.Delay": "10ms"})
    stopped.start()
    jobs = ctl.add(*(url + "&delay=0.02" for url in limited(origin, 300, 3)))
    assert ctl.wait(*jobs).code == 0
    statuses = [r.status for r in origin.requests()]
    assert statuses.count(200) == 300
    assert 0 < refused(origin) < 100 and statuses[-150:].count(429) <= 15


@pytest.mark.parametrize("how", ["kill9", "stop"])
def test_06_the_limit_outlives_a_restart(stopped, ctl, origin, how):
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 20, "Retry.Delay": "10ms"})
    stopped.start()
    jobs = ctl.add(*limited(origin, 20, 3, "/gate/g"))
    origin.wait_for(lambda: refused(origin) > 0 and origin.gated("g") == 3)
    others_are_served(ctl, origin)
    getattr(stopped, how)()
    origin.wait_for(lambda: origin.gated("g") == 0)
    origin.reset()
    stopped.start()
    origin.wait_gated("g", 3)
    others_are_served(ctl, origin)
    assert refused(origin) == 0 and origin.gated("g") == 3
    origin.release("g")
    assert ctl.wait(*jobs).code == 0


def test_07_not_adaptive(stopped, ctl, origin):
    """The plain bound at once, and still after many refusals."""
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 20, "Retry.Delay": "10ms",
                            "Retry.MaxDelay": "10ms", "Retry.MaxAttempts": 1000, "Hosts.Adaptive": "no"})
    stopped.start()
    jobs = ctl.add(*limited(origin, 20, 3, "/gate/g"))
    origin.wait_for(lambda: refused(origin) >= 80)
    more = ctl.add(*(origin.url(f"/gate/h/bytes/100/h{i}") for i in range(17)))
    origin.wait_gated("h", 17)
    origin.release("g")
    origin.release("h")
    assert ctl.wait(*jobs, *more).code == 0 and origin.peak(0) <= 20


def test_08_silence_is_consent(stopped, ctl, origin):
    """Twenty answers that all wait for the twentieth request."""
    stopped.options.update({"Queue.MaxActive": 40, "Queue.MaxPerHost": 20})
    stopped.start()
    assert ctl.wait(*ctl.add(origin.url("/bytes/100/first"))).code == 0
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/100/f{i}") for i in range(30)))
    origin.wait_gated("g", 20)
    origin.release("g")
    assert ctl.wait(*jobs).code == 0 and origin.peak(0) == 20


def test_09_start_interval(stopped, ctl, origin):
    """A start may reach the origin late, so only the sum is exact but for the first one's delay."""
    stopped.options.update({"Queue.MaxPerHost": 6, "Hosts.StartInterval": "200ms"})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/100/f{i}", i % 2) for i in range(12)))
    assert ctl.wait(*jobs).code == 0
    for port in range(2):
        times = [r.time_usec for r in origin.requests() if r.port == origin.ports[port]]
        assert len(times) == 6 and times[5] - times[0] >= 4 * 200000


def test_10_retry_budget(stopped, ctl, origin):
    """A hundred are free."""
    stopped.options.update({"Retry.Delay": "1ms", "Retry.MaxDelay": "1ms", "Retry.MaxAttempts": 1000,
                            "Hosts.Adaptive": "no", "Hosts.RetriesPerHost": "0.001"})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/100/f{i}?status=503") for i in range(30)))
    origin.wait_for(lambda: origin.count() >= 130)
    others_are_served(ctl, origin)
    assert sum(r.port == origin.ports[0] for r in origin.requests()) == 130
    assert all(ctl.job(job)["state"] == "waiting" for job in jobs)


def test_11_no_retry_budget(stopped, ctl, origin):
    stopped.options.update({"Retry.Delay": "1ms", "Retry.MaxDelay": "1ms", "Retry.MaxAttempts": 1000,
                            "Hosts.Adaptive": "no", "Hosts.RetriesPerHost": 0})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/bytes/100/f{i}?status=503&times=10") for i in range(30)))
    assert ctl.wait(*jobs).code == 0
    assert origin.count() == 330
