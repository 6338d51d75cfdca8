"""Times: not before, deadlines, clocks that are set, and what fell due while nobody ran."""
import signal
import time

import pytest

DAY = 24 * 3600
YEAR = 365 * DAY


@pytest.fixture
def clock(shim, stopped):
    """The daemon is started, and clock.step() sets its wall clock."""
    stopped.start(**shim.environment())
    return shim


def now_usec():
    return int(time.time() * 1000000)


def stepped(daemon, count=1):
    """Until the daemon has noticed that many steps of its clock."""
    daemon.log.find(lambda line: "the clock was set" in line and sum(
        "the clock was set" in seen for seen in daemon.log.text().splitlines()) >= count)


def ended(ctl, job):
    return ctl.watch("--since", 0).event(lambda e: e["job_id"] == job and e["kind"] in ("done", "failed"))["job"]


# ---- not before


def test_01_it_waits_and_says_for_what(daemon, ctl, origin):
    before = now_usec()
    [job] = ctl.add("--not-before", "2h", origin.url("/bytes/10/a"))
    seen = ctl.job(job)
    assert seen["state"] == "waiting" and seen["waiting_for"] == "schedule"
    assert before + 7200000000 <= seen["not_before_usec"] <= now_usec() + 7200000000
    assert seen["next_attempt_usec"] == seen["not_before_usec"] and seen["attempts"] == 0
    text = ctl.ok("status", job).out
    assert "not_before:" in text and "schedule" in text
    assert "schedule" in ctl.ok("list").out
    # It is kept.
    daemon.restart()
    assert ctl.job(job) == seen
    assert origin.count() == 0


def test_02_it_begins_when_the_time_has_come(daemon, ctl, origin):
    [later] = ctl.add("--not-before", "200ms", origin.url("/bytes/10/a"))
    assert ctl.wait(later).code == 0
    seen = ctl.job(later)
    assert seen["started_usec"] >= seen["not_before_usec"] > seen["created_usec"]


@pytest.mark.parametrize("when", ["now", "yesterday", "2020-01-01", "@1"])
def test_03_a_time_that_has_passed_is_at_once(daemon, ctl, origin, when):
    [job] = ctl.add("--not-before", when, origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0


def test_04_lists_have_it_too(daemon, ctl, origin):
    [job] = ctl.add("-", stdin=f"{origin.url('/bytes/10/a')}\n  not-before=tomorrow 06:00\n")
    assert ctl.job(job)["waiting_for"] == "schedule"


def test_05_verbs(daemon, ctl, origin):
    """A pause does not make it forget its time; "retry" means now."""
    first, second, third, fourth = ctl.add("--not-before", "2h", *(origin.url(f"/bytes/10/{i}") for i in range(4)))
    ctl.ok("pause", first)
    assert ctl.job(first)["state"] == "paused"
    ctl.ok("resume", first)
    assert ctl.job(first)["waiting_for"] == "schedule"
    assert ctl.job(first)["next_attempt_usec"] == ctl.job(first)["not_before_usec"]
    ctl.ok("retry", second)
    assert ctl.wait(second).code == 0
    ctl.ok("cancel", third)
    assert ctl.job(third)["state"] == "cancelled"
    ctl.ok("remove", fourth)
    assert origin.count() == 1


@pytest.mark.parametrize("when", ["soon", "25:00", "tomorrow 06", "", "-2h"])
def test_06_a_time_that_is_none(daemon, ctl, origin, when):
    result = ctl("add", f"--not-before={when}", origin.url("/bytes/10/a"))
    assert result.code == 2 and "--not-before" in result.err


def test_07_absurd_times(daemon, ctl, origin):
    result = ctl("add", "--not-before", "4000days", origin.url("/bytes/10/a"))
    assert result.code == 5 and "10 years" in result.err, result
    assert "E_NOT_BEFORE" in ctl("--json", "add", "--not-before", "3000-01-01", origin.url("/bytes/10/a")).err
    assert ctl.jobs() == {}


def test_08_many_at_the_same_instant(daemon, ctl, origin):
    """They enter in slices; who asks is answered meanwhile. All run."""
    daemon.options["Queue.MaxActive"] = 64
    at = now_usec() // 1000000 + 1
    urls = "".join(origin.url(f"/bytes/1/f{i}") + "\n" for i in range(1500))
    ctl.add("--not-before", f"@{at}", "-g", "same", "-", stdin=urls)
    assert ctl("wait", "-g", "same").code == 0
    assert origin.count() == 1500


# ---- deadlines


@pytest.mark.parametrize("when", ["yesterday", "2020-01-01", "now"])
def test_10_a_deadline_in_the_past(daemon, ctl, origin, when):
    result = ctl("add", "--deadline", when, origin.url("/bytes/10/a"))
    assert result.code == 2 and "has passed" in result.err
    assert ctl.jobs() == {}


def test_11_a_deadline_before_its_begin(daemon, ctl, origin):
    result = ctl("--json", "add", "--not-before", "2h", "--deadline", "1h", origin.url("/bytes/10/a"))
    assert result.code == 5 and "E_DEADLINE" in result.err, result
    assert ctl.jobs() == {}
    # 0: never.
    ctl.add("--not-before", "2h", "--deadline", "0", origin.url("/bytes/10/a"))
    ctl.add("--not-before", "30days", "--deadline", "31days", origin.url("/bytes/10/b"))


def test_12_a_deadline_that_is_a_time(daemon, ctl, origin):
    at = now_usec() // 1000000 + 2
    [job] = ctl.add("--deadline", f"@{at}", origin.url("/bytes/10/x?status=503"))
    assert ended(ctl, job)["error"]["code"] in ("E_DEADLINE", "E_HTTP_503")
    assert ctl.job(job)["finished_usec"] >= at * 1000000 - 1000000


def expires(ctl, job, last=None):
    seen = ended(ctl, job)
    assert seen["state"] == "failed" and seen["error"]["code"] == "E_DEADLINE", seen
    assert last is None or last in seen["error"]["message"]
    return seen


def test_13_a_job_that_only_stands_in_line(stopped, ctl, origin):
    """Behind a full MaxActive: it fails at its deadline, and the one that runs goes on."""
    stopped.options["Queue.MaxActive"] = 1
    stopped.start()
    [runs] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    origin.wait_gated("g")
    [stands] = ctl.add("--deadline", "100ms", origin.url("/bytes/10/b"))
    assert expires(ctl, stands)["attempts"] == 0
    origin.release("g")
    assert ctl.wait(runs).code == 0 and origin.count() == 1


def test_14_a_job_whose_schedule_never_came(clock, stopped, ctl, origin):
    """Its deadline does not follow the clock that was set back."""
    [job] = ctl.add("--not-before", "4s", "--deadline", "5s", origin.url("/bytes/10/a"))
    clock.step(-DAY)
    expires(ctl, job)
    assert origin.count() == 0


def test_15_a_job_that_is_held(stopped, ctl, origin):
    """The server asked for an hour; the deadline does not wait for it."""
    stopped.start()
    [holds] = ctl.add(origin.url("/bytes/10/a?status=503&retry_after=3600"))
    ctl.watch("--since", 0).kind("waiting", holds)
    [other] = ctl.add("--deadline", "100ms", origin.url("/bytes/10/b"))
    expires(ctl, other)


def test_16_the_configured_deadline_counts_from_the_schedule(stopped, ctl, origin):
    stopped.options["Retry.Deadline"] = "3s"
    stopped.start()
    [job] = ctl.add("--not-before", "4s", origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0


def test_17_a_paused_job_is_not_judged(daemon, ctl, origin):
    """It is when it is resumed."""
    [paused] = ctl.add("--not-before", "1h", "--deadline", "3601s", origin.url("/bytes/10/a"))
    [other] = ctl.add(origin.url("/gate/g/bytes/10/b"))
    [short] = ctl.add("--deadline", "2s", origin.url("/gate/g/bytes/10/c"))
    ctl.ok("pause", short)
    # One whose deadline comes later fails at it.
    [last] = ctl.add("--not-before", "3s", "--deadline", "4s", "--retry-delay", "1h",
                     origin.url("/bytes/10/x?status=503"))
    ended(ctl, last)
    assert ctl.job(short)["state"] == "paused" and ctl.job(paused)["state"] == "waiting"
    origin.release("g")
    assert ctl.wait(other).code == 0


def test_18_retry_gives_a_new_deadline(daemon, ctl, origin):
    [job] = ctl.add("--not-before", "1h", "--deadline", "61min", origin.url("/bytes/10/a"))
    ctl.ok("retry", job)
    assert ctl.wait(job).code == 0
    daemon.options["Queue.MaxActive"] = 1
    daemon.restart()
    [runs] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    origin.wait_gated("g")
    [stands] = ctl.add("--deadline", "2s", origin.url("/bytes/10/b"))
    expires(ctl, stands)
    ctl.ok("pause", "--all")
    origin.release("g")
    ctl.ok("retry", stands)
    assert ctl.wait(stands).code == 0
    assert ctl.job(runs)["state"] in ("paused", "done")


# ---- clocks that are set


def test_20_a_step_over_the_time_starts_it(clock, stopped, ctl, origin):
    early, late = ctl.add("--not-before", "2h", origin.url("/bytes/10/a")) + ctl.add(
        "--not-before", "2days", origin.url("/bytes/10/b"))
    clock.step(3 * 3600)
    assert ctl.wait(early).code == 0
    assert ctl.job(late)["state"] == "waiting"
    clock.step(2 * DAY)
    assert ctl.wait(late).code == 0


def test_21_a_step_back_makes_it_wait_longer(clock, stopped, ctl, origin):
    clock.step(DAY)
    stepped(stopped)
    [job] = ctl.add("--not-before", f"@{now_usec() // 1000000 + DAY + 2}", origin.url("/bytes/10/a"))
    clock.step(-3600)
    stepped(stopped, 2)
    assert ctl.job(job)["state"] == "waiting"
    clock.step(7200)
    assert ctl.wait(job).code == 0


@pytest.mark.parametrize("step", [10 * YEAR, -10 * YEAR])
def test_22_waits_and_deadlines_do_not_move(clock, stopped, ctl, origin, step):
    """Those of jobs that were there, and of those that came after."""
    stopped.options["Retry.Delay"] = "1h"
    stopped.write_config()
    [job] = ctl.add("--retry-delay", "1h", origin.url("/bytes/10/x?status=503"))
    ctl.watch("--since", 0).kind("waiting", job)
    due = ctl.job(job)["next_attempt_usec"]
    clock.step(step)
    stepped(stopped)
    assert ctl.job(job)["state"] == "waiting" and origin.count() == 1
    # What is shown is what the clock will say then.
    assert abs(ctl.job(job)["next_attempt_usec"] - due - step * 1000000) < 1000000
    [new] = ctl.add(origin.url("/bytes/10/a"))
    assert ctl.wait(new).code == 0
    ctl.ok("retry", job)
    ctl.watch("--since", 0).event(lambda e: e["job_id"] == job and e["job"]["attempts"] == 2 and e["kind"] == "waiting")
    assert ctl.job(job)["state"] == "waiting"


@pytest.mark.parametrize("step", [10 * YEAR, -10 * YEAR])
def test_23_a_clock_that_is_set_while_nobody_runs(shim, stopped, ctl, origin, step):
    stopped.start(**shim.environment())
    [job] = ctl.add("--retry-delay", "1h", origin.url("/bytes/10/x?status=503"))
    [soon] = ctl.add("--retry-delay", "1s", origin.url("/bytes/10/s?status=503&times=1"))
    ctl.watch("--since", 0).kind("waiting", job)
    stopped.stop()
    shim.step(step)
    stopped.start(**shim.environment())
    assert ctl.job(job)["state"] == "waiting", ctl.job(job)
    [new] = ctl.add(origin.url("/bytes/10/b"))
    assert ctl.wait(new).code == 0
    assert ctl.job(soon).get("error", {}).get("code") != "E_DEADLINE"


def test_24_a_daemon_that_began_with_a_clock_years_ahead(shim, stopped, ctl, origin):
    """NTP sets it right a minute later."""
    shim.step(20 * YEAR)
    stopped.start(**shim.environment())
    [before] = ctl.add("--deadline", "1h", origin.url("/gate/g/bytes/10/a"))
    shim.step(-20 * YEAR)
    stepped(stopped)
    origin.release("g")
    [after] = ctl.add("--deadline", "1h", origin.url("/bytes/10/b"))
    assert ctl.wait(before, after).code == 0
    stopped.restart()
    assert ctl.wait(*ctl.add("--deadline", "1h", origin.url("/bytes/10/c"))).code == 0


# ---- what fell due while nobody ran


def test_30_what_piled_up_is_let_in_bit_by_bit(shim, stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 1000, "Queue.MaxPerHost": 1000})
    stopped.start(**shim.environment())
    urls = "".join(origin.url(f"/bytes/1/f{i}") + "\n" for i in range(100))
    ctl.add("--not-before", "1h", "-g", "same", "-", stdin=urls)
    [later] = ctl.add("--not-before", "3h", origin.url("/bytes/1/later"))
    stopped.stop()
    shim.step(7200)
    stopped.start(**shim.environment())
    assert ctl("wait", "-g", "same").code == 0
    assert origin.count() == 100
    assert ctl.job(later)["state"] == "waiting"
    stopped.log.find(lambda line: "100 jobs had fallen due" in line)
    shim.step(7200)
    assert ctl.wait(later).code == 0



def test_31_a_clock_that_is_set_back_meanwhile(shim, stopped, ctl, origin):
    """What had fallen due and waits again begins when its time comes again."""
    stopped.options.update({"Queue.MaxActive": 1000, "Queue.MaxPerHost": 1000})
    stopped.start(**shim.environment())
    urls = "".join(origin.url(f"/bytes/1/f{i}") + "\n" for i in range(200))
    ctl.add("--not-before", "1h", "-g", "same", "-", stdin=urls)
    [late] = ctl.add("--not-before", "110min", origin.url("/bytes/1/late"))
    stopped.stop()
    shim.step(7200)
    stopped.start(**shim.environment())
    shim.step(-1800)
    assert ctl("wait", "-g", "same").code == 0
    stopped.log.find(lambda line: "jobs had fallen due" in line)
    shim.step(3600)
    assert ctl.wait(late).code == 0


# ---- results in the order in which they came


def ends(events):
    return [event["job_id"] for event in events if event["kind"] in ("done", "failed")]


def test_40_a_thousand_results_in_order(stopped, ctl, origin):
    """Who watches, who comes later, and who comes after a restart see the same order: that of the ends."""
    stopped.options.update({"Queue.MaxActive": 32, "Queue.MaxPerHost": 32, "Hosts.Adaptive": "no"})
    stopped.start()
    live = ctl.watch("--since", 0)
    urls = "".join(origin.url(f"/bytes/1/f{i}" if i % 50 else f"/bytes/1/f{i}?status=404") + "\n" for i in range(500))
    first = ctl.add("-", stdin=urls)
    assert ctl("wait", *first).code == 1
    seen = []
    live.event(lambda e: seen.append(e) or len(ends(seen)) == 500)
    cursor = max(e["id"] for e in seen if "id" in e)
    stopped.kill9()
    stopped.start()
    later = ctl.add("-", stdin=urls)
    assert ctl("wait", *later).code == 1
    # All of it, and what came after the cursor; the end of a stream is not told, so what must come is waited for.
    whole, rest = [], []
    ctl.watch("--since", 0).event(lambda e: whole.append(e) or len(ends(whole)) == 1000)
    ctl.watch("--since", cursor).event(lambda e: rest.append(e) or len(ends(rest)) == 500)
    assert ends(whole) == ends(seen) + ends(rest)
    assert sorted(ends(whole)) == sorted(first + later) and set(ends(rest)) == set(later)
    times = {job["id"]: job["finished_usec"] for job in ctl.jobs().values()}
    finished = [times[job] for job in ends(whole)]
    assert finished == sorted(finished)


def test_41_wait_any_names_the_first(daemon, ctl, origin):
    """Not the smallest number: the one that ended first."""
    slow, quick = ctl.add(origin.url("/gate/g/bytes/10/a"), origin.url("/bytes/10/b"))
    result = ctl("--json", "wait", "--any", slow, quick)
    assert result.code == 0 and [job["id"] for job in result.json] == [quick], result
    origin.release("g")
    assert ctl.wait(slow).code == 0
    daemon.restart()
    result = ctl("--json", "wait", "--any", slow, quick)
    assert result.code == 0 and result.json[0]["id"] in (slow, quick)


@pytest.mark.parametrize("when", ["2h", f"@{int(time.time()) + 7200}"], ids=["span", "time"])
def test_25_a_group_s_deadline_does_not_move(clock, stopped, ctl, origin, when):
    ctl.ok("group", "create", "g", f"--deadline={when}")
    [job] = ctl.add("-g", "g", origin.url("/gate/g/bytes/10/a"))
    before = ctl.ok("--json", "group", "show", "g").json[0]["deadline_usec"]
    clock.step(DAY)
    stepped(stopped)
    shown = ctl.ok("--json", "group", "show", "g").json[0]
    assert shown["state"] == "running" and abs(shown["deadline_usec"] - before - DAY * 1000000) < 60000000
    origin.wait_gated("g")
    origin.release("g")
    assert ctl.wait(job).code == 0


# ---- deadlines of what runs


def test_50_it_ends_what_runs(daemon, ctl, origin):
    """The attempt is stopped; what follows is as for one that waited."""
    [job] = ctl.add("--deadline", "1s", origin.url("/gate/never/bytes/1000/a"))
    assert ctl.wait(job).code == 1
    seen = ctl.job(job)
    assert seen["state"] == "failed" and seen["error"]["code"] == "E_DEADLINE" and seen["attempts"] == 1


def test_51_it_is_made_nearer_while_it_runs(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/never/bytes/1000/a"))
    origin.wait_gated("never")
    ctl.ok("edit", job, "--deadline", "2s")
    assert ctl.wait(job).code == 1 and ctl.job(job)["error"]["code"] == "E_DEADLINE"


def test_52_the_configured_one_is_made_shorter_while_it_runs(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/never/bytes/1000/a"))
    origin.wait_gated("never")
    daemon.options["Retry.Deadline"] = "1s"
    daemon.write_config()
    daemon.signal(signal.SIGHUP)
    assert ctl.wait(job).code == 1 and ctl.job(job)["error"]["code"] == "E_DEADLINE"


# ---- the calendar


def hour_and_minute(second):
    return time.strftime("%H:%M", time.gmtime(second))


@pytest.fixture
def window(shim, stopped):
    """All is stopped for half an hour, which begins in more than one: (the clock, that moment)."""
    begins = (int(time.time()) // 60 + 90) * 60
    stopped.options["Schedule.Window"] = f"{hour_and_minute(begins)}-{hour_and_minute(begins + 1800)} stop"
    stopped.start(**shim.environment())
    return shim, begins


def set_clock(clock, second):
    clock.step(second - time.time() - clock.ahead_usec / 1000000)


def test_40_a_window_begins_and_ends_under_a_running_daemon(window, stopped, ctl, origin):
    clock, begins = window
    [job] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    origin.wait_gated("g")
    watch = ctl.watch(job, "--since", 0)
    set_clock(clock, begins - 1)
    watch.kind("queued", job)
    text = stopped.log.text()
    assert text.index("the clock was set") < text.index("stopped by the schedule")
    status = ctl.ok("--json", "status").json[0]
    assert status["stopped_until_usec"] == (begins + 1800) * 1000000 and ctl.job(job)["attempts"] == 0
    origin.release("g")
    set_clock(clock, begins + 1799)
    assert ctl.wait(job).code == 0 and origin.count() == 2


def test_41_a_clock_that_is_set_into_a_window_and_out_of_it(window, stopped, ctl, origin):
    clock, begins = window
    [job] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    origin.wait_gated("g")
    watch = ctl.watch(job, "--since", 0)
    set_clock(clock, begins + 600)
    watch.kind("queued", job)
    assert "stopped_by" in ctl.ok("--json", "status").json[0] and ctl.job(job)["state"] == "queued"
    origin.release("g")
    set_clock(clock, begins - 3600)
    assert ctl.wait(job).code == 0 and "stopped_by" not in ctl.ok("--json", "status").json[0]
