"""The bounds: never exceeded in any moment, and really used. The origin counts."""
from origin import content


def test_01_twenty_at_once(stopped, ctl, origin, room):
    stopped.options.update({"Queue.MaxActive": 20, "Queue.MaxPerHost": 20})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/5000/f{i}") for i in range(20)))
    origin.wait_gated("g", 20)
    origin.release("g")
    assert ctl.wait(*jobs).code == 0 and origin.peak() == 20
    for i in range(20):
        assert content.same_as_file(room.downloads / f"f{i}", f"f{i}", 5000)


def test_02_max_per_host(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 50, "Queue.MaxPerHost": 3})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/100/f{i}", port) for i in range(15) for port in range(2)))
    for through in range(0, 12, 2):
        origin.wait_gated("g", 6)
        # Later the two that were let through may still wait for the disk.
        assert through > 0 or ctl.ok("--json", "status").json[0]["counts"]["active"] == 6
        assert origin.count() == 6 + through
        origin.release("g", 2)
        origin.wait_for(lambda: origin.count() == 8 + through)
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
    assert origin.peak() == 6 and origin.peak(0) == 3 and origin.peak(1) == 3


def test_03_max_active_over_hosts(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 7, "Queue.MaxPerHost": 3})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/100/f{i}", port) for i in range(10) for port in range(4)))
    origin.wait_gated("g", 7)
    assert origin.count() == 7
    origin.release("g")
    assert ctl.wait(*jobs).code == 0
    assert origin.peak() == 7 and max(origin.peak(port) for port in range(4)) <= 3


def test_04_bounds_hold_in_a_storm(stopped, ctl, origin, room):
    """Hundreds of short files, failures and redirects among them."""
    stopped.options.update({"Queue.MaxActive": 9, "Queue.MaxPerHost": 4, "Daemon.Workers": 4, "Retry.Delay": "10ms"})
    stopped.start()
    words = ["", "?status=503&times=1", "?redirect=1", "?chunked", "?cut=50"]
    jobs = ctl.add(*(origin.url(f"/bytes/100/f{i}{words[i % 5]}", i % 4) for i in range(400)))
    assert ctl.wait(*jobs).code == 0
    assert origin.peak() <= 9 and max(origin.peak(port) for port in range(4)) <= 4
    assert all(content.same_as_file(room.downloads / f"f{i}", f"f{i}", 100) for i in range(400))


def test_05_two_hundred_connections(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 200, "Queue.MaxPerHost": 200})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/100/f{i}") for i in range(250)))
    origin.wait_gated("g", 200)
    ctl.ok("ping")
    assert ctl.ok("--json", "status").json[0]["counts"]["active"] == 200
    origin.release("g")
    assert ctl.wait(*jobs).code == 0 and origin.peak() == 200


def test_06_a_host_that_hangs_does_not_hold_others(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 8, "Queue.MaxPerHost": 4})
    stopped.start()
    ctl.add(*(origin.url(f"/bytes/100/h{i}?hang", 0) for i in range(20)))
    origin.wait_for(lambda: origin.count() == 4)
    jobs = ctl.add(*(origin.url(f"/bytes/100/f{i}", 1) for i in range(20)))
    assert ctl.wait(*jobs).code == 0
