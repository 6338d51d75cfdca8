"""Groups that fail together, deadlines, lists added as a whole, and jobs that follow others."""
import os
import pty
import signal
import subprocess
import time

import pytest

from disks import MIB, Disks
from harness import LIMIT
from varlink import MANAGER, Link


class Varlink(Link):
    """Calls on it are of one session."""

    def call(self, method, **parameters):
        """(its parameters, None) or (parameters, the error's name)."""
        reply = super().call(MANAGER + method, parameters)
        return reply.get("parameters", {}), reply.get("error", "").rpartition(".")[2] or None

    def close(self):
        self.sock.close()


@pytest.fixture
def link(daemon, room):
    connection = Varlink(room)
    yield connection
    connection.close()


def group(ctl, name):
    return ctl.ok("--json", "group", "show", name).json[0]


def names(ctl):
    return [g["name"] for g in ctl.ok("--json", "group", "list").json]


def until(what, told):
    """Nothing tells it, so this looks again and again."""
    deadline = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < deadline, told
        time.sleep(0.01)


def error(ctl, job):
    return ctl.job(job).get("error", {}).get("code")


def urls(origin, path, n, start=0):
    return "".join(origin.url(f"{path}{i}") + "\n" for i in range(start, start + n))


# ---- policies

def test_01_collect(daemon, ctl, origin):
    jobs = ctl.add("-g", "books", origin.url("/bytes/10/a"), origin.url("/bytes/10/b?status=404"), origin.url("/bytes/10/c?status=403"),
                   origin.url("/bytes/10/d"))
    waited = ctl("wait", "-g", "books")
    assert waited.code == 1
    assert [line.split("\t")[:2] for line in waited.lines[:-1]] == [["failed", str(jobs[1])], ["failed", str(jobs[2])]]
    assert "E_HTTP_404" in waited.lines[0] and "/b?status=404" in waited.lines[0]
    assert waited.lines[-1] == "books: 2 done, 2 failed"
    seen = group(ctl, "books")
    assert (seen["state"], seen["policy"], seen["counts"]["done"]) == ("failed", "collect", 2) and seen["finished_usec"] > 0
    assert [f["id"] for f in seen["failures"]] == jobs[1:3]
    [told] = ctl("--json", "wait", "-g", "books").json
    assert [f["error"]["code"] for f in told["failures"]] == ["E_HTTP_404", "E_HTTP_403"]
    assert ctl.ok("group", "list", "--no-legend").out == "books\tcollect\tfailed\t0\t0\t0\t0\t2\t2\t0\n"


def test_02_fail_fast(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 4, "Queue.MaxPerHost": 4})
    stopped.start()
    running = ctl.add("-g", "g", "--policy=fail-fast", *(origin.url(f"/bytes/1000000/r{i}?pause=1000&until=never") for i in range(3)))
    origin.wait_gated("never", 3)
    [bad] = ctl.add("-g", "g", origin.url("/gate/bad/bytes/10/bad?status=404"))
    origin.wait_gated("bad")
    queued = ctl.add("-g", "g", *(origin.url(f"/bytes/10/q{i}") for i in range(20)))
    ctl.ok("pause", queued[0])
    [other] = ctl.add("-g", "other", origin.url("/bytes/10/other"))
    origin.release("bad")
    waited = ctl("--json", "wait", "-g", "g")
    assert waited.code == 1
    [told] = waited.json
    assert told["state"] == "failed" and told["counts"]["cancelled"] == 23 and told["counts"]["failed"] == 1
    assert told["error"] == {"code": "E_GROUP", "message": f"job {bad} failed"}
    assert [f["id"] for f in told["failures"]] == [bad]
    for job in (running[0], queued[0], queued[19]):
        seen = ctl.job(job)
        assert seen["state"] == "cancelled" and seen["error"]["code"] == "E_GROUP" and f"job {bad} " in seen["error"]["message"]
    assert not [r for r in origin.requests() if "/q" in r.path]
    assert ctl.wait(other).code == 0


def test_03_a_failed_group(daemon, ctl, origin):
    [bad] = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/bytes/10/bad?status=404&times=1"))
    assert ctl("wait", "-g", "g").code == 1
    refused = ctl("add", "-g", "g", origin.url("/bytes/10/more"))
    assert refused.code == 5 and "E_GROUP" in refused.err and "retry it" in refused.err
    ctl.ok("retry", "-g", "g")
    assert ctl("wait", "-g", "g").code == 0
    assert group(ctl, "g")["state"] == "done" and "error" not in group(ctl, "g")
    assert len(ctl.add("-g", "g", origin.url("/bytes/10/more"))) == 1
    assert ctl("wait", "-g", "g").code == 0
    assert bad in ctl.jobs("-g", "g")


def test_04_policies_do_not_mix(daemon, ctl, origin):
    ctl.add("-g", "g", origin.url("/bytes/10/a"))
    refused = ctl("add", "-g", "g", "--policy=fail-fast", origin.url("/bytes/10/b"))
    assert refused.code == 5 and "collects failures" in refused.err
    assert ctl("add", "-g", "g", "--policy=often", origin.url("/bytes/10/b")).code == 2
    assert ctl("add", "--policy=fail-fast", origin.url("/bytes/10/b")).code == 2
    assert len(ctl.add("-g", "g", "--policy=collect", origin.url("/bytes/10/c"))) == 1


def test_05_created_groups(daemon, ctl, origin):
    ctl.ok("group", "create", "g", "--policy=fail-fast", "--deadline=2h", "--limit-rate=1M")
    seen = group(ctl, "g")
    assert (seen["state"], seen["policy"], seen["limit_rate"]) == ("empty", "fail_fast", 1 << 20) and "finished_usec" not in seen
    assert seen["deadline_usec"] == pytest.approx(time.time() * 1e6 + 7200e6, abs=600e6)
    waited = ctl("wait", "-g", "g")
    assert (waited.code, waited.out) == (0, "g: none\n")
    again = ctl("group", "create", "g")
    assert again.code == 5 and "E_GROUP" in again.err
    assert ctl("group", "create", "late", "--deadline=2001-01-01").code == 5
    assert ctl("group", "create", "late", "--deadline=soon").code == 2
    assert ctl("group", "create", "late", "--deadline=today 00:00").code == 5
    ctl.ok("group", "create", "soon", "--deadline=tomorrow 23:59")
    assert group(ctl, "soon")["deadline_usec"] > time.time() * 1e6
    ctl.ok("group", "remove", "soon")
    assert ctl("group", "create", "\x07").code == 5
    assert ctl("group", "show", "late").code == 3 and ctl("wait", "-g", "late").code == 3
    ctl.ok("group", "create", "unused")
    ctl.ok("group", "remove", "unused")
    ctl.add("-g", "g", origin.url("/bytes/10/a"))
    assert ctl("group", "remove", "g").code == 5
    assert ctl("wait", "-g", "g").code == 0
    ctl.ok("remove", "-g", "g")
    assert names(ctl) == [] and ctl("group", "show", "g").code == 3


def test_05_a_table_for_people(daemon, ctl, room):
    """Aligned, however wide the letters of a name are."""
    for name in ("東京", "a name of more than twenty-four letters"):
        ctl.ok("group", "create", name)
    command = ctl.command("--no-pager", "--color=never", "group")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, room.environment(COLUMNS="200"))
    shown = b""
    try:
        while data := os.read(terminal, 1000):
            shown += data
    except OSError:
        pass  # the other side has closed
    os.close(terminal)
    os.waitpid(pid, 0)
    heading, wide, narrow = shown.decode().splitlines()
    at = heading.index("POLICY")
    assert wide.index("collect") == at - 2 and narrow.index("collect") == at  # two letters of two columns each
    assert all("empty" in line for line in (wide, narrow))


def test_06_deadline(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 1
    stopped.start()
    ctl.ok("group", "create", "g", "--deadline=1500ms")
    [running] = ctl.add("-g", "g", origin.url("/bytes/1000000/r?pause=1000&until=never"))
    queued = ctl.add("-g", "g", *(origin.url(f"/bytes/10/q{i}") for i in range(5)))
    ctl.ok("pause", queued[0])
    [told] = ctl("--json", "wait", "-g", "g").json
    assert told["counts"]["failed"] == 6 and told["error"]["code"] == "E_DEADLINE"
    assert {f["error"]["code"] for f in told["failures"]} == {"E_DEADLINE"}
    assert ctl.job(running)["state"] == "failed"
    refused = ctl("add", "-g", "g", origin.url("/bytes/10/more"))
    assert refused.code == 5 and "deadline" in refused.err


def test_07_a_deadline_that_passes_while_nobody_runs(stopped, ctl, origin):
    stopped.start()
    ctl.ok("drain")
    ctl.ok("group", "create", "g", "--deadline=700ms")
    ctl.ok("group", "create", "empty", "--deadline=700ms")
    [job] = ctl.add("-g", "g", origin.url("/gate/never/bytes/10/a"))
    ends = group(ctl, "g")["deadline_usec"]
    stopped.kill9()
    until(lambda: time.time() * 1e6 > ends, "time stands still")
    stopped.start()
    assert ctl("wait", "-g", "g").code == 1
    assert error(ctl, job) == "E_DEADLINE"
    until(lambda: group(ctl, "empty")["state"] == "failed", "an empty group never expired")


def test_08_killed_in_the_middle_of_the_end(stopped, ctl, origin):
    """2,000 siblings, kill -9 as soon as the fate shows: none of them ever starts, all end."""
    stopped.options.update({"Queue.MaxActive": 2, "Queue.MaxPerHost": 2})
    stopped.start()
    [running] = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/bytes/1000000/r?pause=1000&until=never"))
    [bad] = ctl.add("-g", "g", origin.url("/gate/bad/bytes/10/bad?status=404"))
    origin.wait_gated("bad")
    origin.wait_gated("never")
    siblings = ctl.add("-g", "g", "-", stdin=urls(origin, "/bytes/10/s", 2000))
    watch = ctl.watch("-g", "g", "--since", 0)
    ctl.ok("ping")
    origin.release("bad")
    watch.kind("failed", bad)
    stopped.kill9()
    stopped.start()
    [told] = ctl("--json", "wait", "-g", "g").json
    assert told["counts"]["cancelled"] == 2001 and told["counts"]["failed"] == 1
    assert {j["error"]["code"] for j in ctl.jobs("-g", "g", "--state", "cancelled").values()} == {"E_GROUP"}
    assert not [r for r in origin.requests() if "/10/s" in r.path]
    assert len(siblings) == 2000 and ctl.job(running)["state"] == "cancelled"


def test_09_no_retry_of_one_that_is_being_ended(stopped, ctl, origin):
    stopped.options["Queue.MaxActive"] = 2
    stopped.start()
    jobs = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/gate/bad/bytes/10/bad?status=404"),
                   origin.url("/bytes/1000000/r?pause=1000&until=never"))
    origin.wait_gated("bad")
    origin.wait_gated("never")
    watch = ctl.watch("-g", "g", "--since", 0)
    origin.release("bad")
    watch.kind("failed", jobs[0])
    result = ctl("retry", jobs[0])
    assert result.code == 5 or group(ctl, "g")["counts"]["cancelled"] == 1
    origin.release("never")
    assert ctl("wait", "-g", "g").code == 1


# ---- lists as a whole

PART = 3000


def add_part(link, origin, part, start=0, n=PART, name="list"):
    jobs = [{"url": origin.url(f"/bytes/1/f{i}"), "group": name} for i in range(start, start + n)]
    return link.call("Add", jobs=jobs, part=part)


def test_10_nothing_starts_before_the_last_part(link, ctl, origin):
    first, _ = add_part(link, origin, "first", 0, 2)
    assert first["pending"] is True and len(first["ids"]) == 2
    more, _ = add_part(link, origin, "more", 2, 2)
    assert more["pending"] is True
    assert group(ctl, "list")["state"] == "filling"
    refused = ctl("add", "-g", "list", origin.url("/bytes/1/x"))
    assert refused.code == 5 and "not whole" in refused.err
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/another"))).code == 0
    assert origin.count() == 1
    last, _ = add_part(link, origin, "last", 4, 1)
    assert "pending" not in last
    assert ctl("wait", "-g", "list").code == 0 and len(ctl.jobs("-g", "list")) == 5


def test_11_a_client_that_goes_away(link, ctl, origin):
    add_part(link, origin, "first")
    add_part(link, origin, "more", PART)
    link.close()
    until(lambda: names(ctl) == [], "what came of the list was never taken back")
    assert ctl.jobs() == {} and origin.count() == 0
    assert len(ctl.add("-g", "list", origin.url("/bytes/1/x"))) == 1


def test_12_a_daemon_that_dies(stopped, room, ctl, origin):
    stopped.start()
    link = Varlink(room)
    add_part(link, origin, "first")
    stopped.kill9()
    link.close()
    stopped.start()
    until(lambda: names(ctl) == [], "what came of the list was never taken back")
    assert ctl.jobs() == {} and origin.count() == 0


@pytest.mark.parametrize("bad", [{"url": "gopher://h/"}, {"url": "http://h/", "group": "another"}, {"url": "http://h/", "after": [4711]}])
def test_13_a_part_that_is_refused(link, ctl, origin, bad):
    add_part(link, origin, "first", 0, 5)
    _, why = link.call("Add", part="more", jobs=[{"group": "list", **bad}])
    assert why in ("Refused", "InvalidParameter")
    late, why = add_part(link, origin, "last", 5, 1)
    assert why == "Refused" and late["code"] == "E_GROUP"
    until(lambda: names(ctl) == [], "what came of the list was never taken back")
    assert ctl.jobs() == {}


def test_13_others_get_no_job_that_may_be_taken_back(link, ctl, origin):
    """By its key, nor by the list's own session as if it were there for good."""
    job = {"url": origin.url("/bytes/1/a"), "group": "list", "key": "k"}
    link.call("Add", part="first", jobs=[job, job])
    refused = ctl("add", "--key", "k", job["url"])
    assert refused.code == 5 and refused.out == "" and "not whole" in refused.err, refused
    for alone in ({"url": job["url"], "key": "k"}, {"url": job["url"], "group": "list"}):
        _, why = link.call("Add", jobs=[alone])
        assert why == "Refused", alone
    link.close()
    until(lambda: names(ctl) == [], "what came of the list was never taken back")
    assert ctl.wait(*ctl.add("--key", "k", job["url"])).code == 0


def test_13_a_key_is_looked_at_before_anything_is_added(daemon, ctl, origin):
    ctl.add("--key", "taken", origin.url("/bytes/1/other"))
    text = urls(origin, "/bytes/1/f", 2500) + " key=taken\n"
    refused = ctl("add", "-", stdin=text)
    assert refused.code == 5 and "2500" in refused.err and "E_KEY" in refused.err, refused
    assert len(ctl.jobs()) == 1


def test_14_into_a_group_that_is_there(link, ctl, origin):
    ctl.add("-g", "list", origin.url("/bytes/10/a"))
    first, _ = add_part(link, origin, "first", 0, 2)
    assert "pending" not in first
    link.close()
    assert ctl("wait", "-g", "list").code == 0 and len(ctl.jobs("-g", "list")) == 3


def test_15_a_long_list(daemon, ctl, origin):
    ctl.ok("drain")
    watch = ctl.watch("-g", "list")
    ids = ctl.add("-g", "list", "-", stdin=urls(origin, "/bytes/1/f", 25000))
    assert len(ids) == 25000 and group(ctl, "list")["counts"]["queued"] == 25000
    assert group(ctl, "list")["state"] == "running"
    watch.close()


def test_16_the_client_is_killed_in_the_middle(daemon, ctl, origin):
    ctl.ok("drain")
    watch = ctl.watch("--since", 0)
    process = subprocess.Popen(ctl.command("add", "-g", "list", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=ctl.room.environment())
    process.stdin.write(urls(origin, "/bytes/1/f", 60000))
    process.stdin.close()
    watch.kind("added")
    process.send_signal(signal.SIGKILL)
    printed = process.stdout.read()
    process.wait(LIMIT)
    if printed:  # it was quicker: then all of it is in
        assert group(ctl, "list")["counts"]["queued"] == 60000
        return
    until(lambda: [g["state"] for g in ctl.ok("--json", "group", "list").json] in ([], ["running"]), "the list is neither in nor out")
    assert len(ctl.jobs()) in (0, 60000)


# ---- dependencies

def test_20_one_after_the_other(daemon, ctl, origin):
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    [second] = ctl.add("--after", first, origin.url("/bytes/10/b"))
    seen = ctl.job(second)
    assert (seen["state"], seen["waiting_for"], seen["after"]) == ("waiting", "dependency", [first])
    assert "next_attempt_usec" not in seen
    origin.wait_gated("g")
    assert origin.count() == 1
    origin.release("g")
    assert ctl.wait(second).code == 0
    assert "after" not in ctl.job(second)
    [third] = ctl.add("--after", f"{first},{second}", origin.url("/bytes/10/c"))
    assert ctl.wait(third).code == 0


def test_21_a_failure_goes_down_the_chain(daemon, ctl, origin):
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a?status=404"))
    [second] = ctl.add("--after", first, origin.url("/bytes/10/b"))
    [third] = ctl.add("--after", second, origin.url("/bytes/10/c"))
    [anyway] = ctl.add("--after-any", f"{first},{third}", origin.url("/bytes/10/d"))
    origin.release("g")
    assert ctl.wait(second, third).code == 1
    assert ctl.job(second)["error"] == {"code": "E_DEPENDENCY", "message": f"job {first}, which it was to follow, failed"}
    assert ctl.job(third)["error"]["message"] == f"job {second}, which it was to follow, failed"
    assert ctl.wait(anyway).code == 0
    # Alone it would run without what it was to follow.
    ctl.ok("retry", second)
    assert ctl.wait(second).code == 1
    assert ctl.job(second)["error"] == {"code": "E_DEPENDENCY", "message": f"job {first}, which it was to follow, failed"}


@pytest.mark.parametrize("verb", ["cancel", "remove"])
def test_22_one_that_is_taken_away(daemon, ctl, origin, verb):
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    [second] = ctl.add("--after", first, origin.url("/bytes/10/b"))
    [paused] = ctl.add("--after", first, origin.url("/bytes/10/c"))
    ctl.ok("pause", paused)
    ctl.ok(verb, first)
    assert ctl.wait(second, paused).code == 1
    assert error(ctl, second) == error(ctl, paused) == "E_DEPENDENCY"


def test_23_refusals(daemon, ctl, origin):
    [bad] = ctl.add(origin.url("/bytes/10/bad?status=404"))
    assert ctl.wait(bad).code == 1
    url = origin.url("/bytes/10/a")
    for arguments, code in ((("--after", bad), 5), (("--after", 4711), 5), (("--after-any", 4711), 5), (("--after", "x"), 2),
                            (("--after", ""), 2)):
        result = ctl("add", *arguments, url)
        assert result.code == code and result.out == "", (arguments, result)
        assert code == 2 or "E_DEPENDENCY" in result.err
    assert ctl.wait(*ctl.add("--after-any", bad, url)).code == 0
    [keyed] = ctl.add("--key", "k", "--after-any", bad, url)
    ctl.wait(keyed)
    assert ctl.add("--key", "k", "--after", bad, url) == [keyed]


def test_24_verbs_on_one_that_waits(daemon, ctl, origin):
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    [second] = ctl.add("--after", first, origin.url("/bytes/10/b"))
    ctl.ok("retry", second)
    assert ctl.job(second)["waiting_for"] == "dependency"
    for verb, back in (("pause", "resume"), ("pause", "retry"), ("cancel", "retry")):
        ctl.ok(verb, second)
        assert ctl.job(second)["state"] in ("paused", "cancelled")
        ctl.ok(back, second)
        assert ctl.job(second)["waiting_for"] == "dependency", verb
    ctl.ok("pause", second)
    origin.release("g")
    assert ctl.wait(first).code == 0
    until(lambda: "after" not in ctl.job(second), "the end was never told")
    assert ctl.job(second)["state"] == "paused"
    ctl.ok("resume", second)
    assert ctl.wait(second).code == 0


def test_25_ten_thousand_dependents(stopped, ctl, origin):
    """Told in slices: the daemon answers meanwhile, and kill -9 in the middle loses none."""
    stopped.options.update({"Queue.MaxActive": 1})
    stopped.start()
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a?status=404"))
    origin.wait_gated("g")
    ctl.add("-g", "many", "--after", first, "-", stdin=urls(origin, "/bytes/1/f", 10000))
    assert group(ctl, "many")["counts"]["waiting"] == 10000
    watch = ctl.watch(first, "--since", 0)
    ctl.ok("ping")
    origin.release("g")
    watch.kind("failed", first)
    stopped.kill9()
    stopped.start()
    assert ctl("wait", "-g", "many").code == 1
    assert group(ctl, "many")["counts"]["failed"] == 10000
    assert origin.count() == 1


def test_26_a_chain_of_five_hundred(link, ctl, origin):
    [last] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    for i in range(500):
        reply, why = link.call("Add", jobs=[{"url": origin.url(f"/bytes/1/f{i}"), "after": [last], "group": "chain"}])
        assert why is None
        [last] = reply["ids"]
    ctl.ok("cancel", min(ctl.jobs()))
    assert ctl("wait", "-g", "chain").code == 1
    assert group(ctl, "chain")["counts"]["failed"] == 500


def test_27_a_group_of_dependents_fails_fast(daemon, ctl, origin):
    [first] = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/gate/g/bytes/10/a?status=404"))
    [second] = ctl.add("-g", "g", "--after-any", first, origin.url("/bytes/10/b"))
    origin.release("g")
    assert ctl("wait", "-g", "g").code == 1
    assert error(ctl, second) == "E_GROUP" and origin.count() == 1


@pytest.mark.parametrize("status", ["404", "404&times=1"])
def test_28_retried_together(daemon, ctl, origin, status):
    """However urgent: never before the other, never without its success, at the second attempt as at the first."""
    [first] = ctl.add(origin.url(f"/gate/g/bytes/10/a?status={status}"))
    [second] = ctl.add("-p", 5, "--after", first, origin.url("/bytes/10/b"))
    [third] = ctl.add("-p", 9, "--after", second, origin.url("/bytes/10/c"))
    origin.release("g")
    assert ctl.wait(first, second, third).code == 1
    ctl.ok("retry", "--failed")
    good = "times" in status
    assert ctl.wait(first, second, third).code == (0 if good else 1)
    asked = [r.path.split("/")[-1][0] for r in origin.requests()]
    assert asked == (["a", "a", "b", "c"] if good else ["a", "a"])
    if not good:
        assert error(ctl, second) == error(ctl, third) == "E_DEPENDENCY"


def test_29_cancelled_while_the_other_fails(daemon, ctl, origin):
    """What it was to follow failed while nobody asked for it; removed, it cannot succeed any more."""
    [first] = ctl.add(origin.url("/gate/g/bytes/10/a?status=404&times=1"))
    [second] = ctl.add("--after", first, origin.url("/bytes/10/b"))
    [third] = ctl.add("--after", first, origin.url("/bytes/10/c"))
    ctl.ok("cancel", second, third)
    origin.release("g")
    assert ctl.wait(first).code == 1
    ctl.ok("retry", second)
    assert ctl.wait(second).code == 1 and error(ctl, second) == "E_DEPENDENCY"
    # In one request, whatever stands first in it; and the other alone: then it is free.
    ctl.ok("retry", second, first)
    assert ctl.wait(first, second).code == 0
    ctl.ok("remove", first)
    ctl.ok("retry", third)
    assert ctl.wait(third).code == 0
    [bad] = ctl.add(origin.url("/gate/h/bytes/10/d?status=404"))
    [last] = ctl.add("--after", bad, origin.url("/bytes/10/e"))
    origin.release("h")
    assert ctl.wait(last).code == 1
    ctl.ok("remove", bad)
    ctl.ok("retry", last)
    assert ctl.wait(last).code == 1
    assert ctl.job(last)["error"]["message"] == f"job {bad}, which it was to follow, was removed"


# ---- turns that are undone

@pytest.fixture
def disk(room):
    """Asked for before the daemon: unmounted after it has ended."""
    disks = Disks(room)
    yield disks.tmpfs(4 * MIB, "state")
    disks.close()


@pytest.fixture
def small_state(disk, stopped):
    """The state directory is on a disk of its own."""
    disk.path.chmod(0o700)
    stopped.options.update({"Daemon.StateDirectory": disk.path, "Queue.MaxActive": 2})
    return disk


def is_full(daemon):
    return "(database or disk is full)" in daemon.log.text()


def test_30_a_failure_that_cannot_be_written_yet(stopped, small_state, ctl, origin):
    stopped.start()
    jobs = ctl.add("-g", "g", "--policy=fail-fast", origin.url("/gate/bad/bytes/10/bad?status=404"),
                   origin.url("/bytes/1000000/r?pause=1000&until=never"), *(origin.url(f"/bytes/10/q{i}") for i in range(300)))
    origin.wait_gated("bad")
    origin.wait_gated("never")
    small_state.fill(0)
    ctl("add", "-", stdin=urls(origin, "/bytes/10/no", 5000))
    until(lambda: is_full(stopped), "the disk never was full")
    origin.release("bad")
    origin.wait_requests("/gate/bad/bytes/10/bad")
    for _ in range(5):
        assert ctl.job(jobs[5])["state"] == "queued"
    small_state.empty()
    [told] = ctl("--json", "wait", "-g", "g").json
    assert told["counts"]["failed"] == 1 and told["counts"]["cancelled"] == 301
    assert not [r for r in origin.requests() if "/10/q" in r.path]


def test_31_a_part_that_cannot_be_written(stopped, small_state, ctl, origin, room):
    stopped.start()
    link = Varlink(room)
    add_part(link, origin, "first", 0, 10)
    small_state.fill(0)
    _, why = add_part(link, origin, "more", 10, 3000)
    assert why == "TryAgain"
    small_state.empty()
    _, why = add_part(link, origin, "last", 3010, 1)
    assert why in ("Refused", "TryAgain")
    until(lambda: names(ctl) == [], "what came of the list was never taken back")
    assert ctl.jobs() == {} and origin.count() == 0
    link.close()


def test_70_watch_of_what_is_not_there(daemon, ctl, origin):
    assert ctl("watch", 4711).code == 3
    process = subprocess.Popen(ctl.command("watch", "-g", "soon"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=ctl.room.environment())
    assert "no group soon yet" in process.stderr.readline()
    ctl.ok("ping")
    process.terminate()
    process.communicate(timeout=LIMIT)
