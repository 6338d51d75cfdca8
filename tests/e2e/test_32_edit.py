"""edit: other terms and another request for jobs that have not ended; and adds that ask for the same."""
import base64
import contextlib
import errno
import os
import sqlite3

import pytest

from origin import content

SIZE = 1000000


@pytest.fixture
def queue(stopped, ctl, origin):
    """One slot, taken by a job before gate "slot"."""
    stopped.options.update({"Queue.MaxActive": 1, "Queue.MaxPerHost": 1})
    stopped.start()
    [first] = ctl.add(origin.url("/gate/slot/bytes/10/first", 3))
    origin.wait_gated("slot")
    return first


def targets(origin, word):
    return [r.target for r in origin.requests() if word in r.target]


# ---- what waits


def test_01_a_queued_job_gets_another_request(queue, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/100/old"), "-H", "X-One: 1", "-H", "X-Two: 2", "-H", "X-Token: s3cret")
    watch = ctl.watch(job, "--since", 0)
    ctl.ok("edit", job, "--url", origin.url("/bytes/200/new"), "-o", "name", "-A", "agent/1", "-e",
           "http://example.org/", "-H", "X-Two: two", "-H", "X-One:", "-H", "X-Three: 3")
    watch.kind("edited", job)
    shown = ctl.job(job)
    assert shown["url"] == origin.url("/bytes/200/new") and shown["name"] == "name" and shown["state"] == "queued"
    origin.release("slot")
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "name", "new", 200)
    headers = origin.requests("/bytes/200/new")[0].headers
    assert headers["user-agent"] == "agent/1" and headers["referer"] == "http://example.org/"
    assert "x-one" not in headers and headers["x-two"] == "two" and headers["x-three"] == "3"
    assert headers["x-token"] == "s3cret" and targets(origin, "old") == []


def test_02_another_host_is_another_lane(queue, ctl, origin):
    """The old host's lane does not keep it, the new one's has it, and it is counted once."""
    [job] = ctl.add(origin.url("/bytes/100/a", 0))
    [other] = ctl.add(origin.url("/bytes/100/b", 0))
    ctl.ok("edit", job, "--url", origin.url("/bytes/100/a", 1))
    assert ctl.job(job)["host"] == origin.url("", 1).rstrip("/")
    assert list(ctl.jobs("--host", origin.url("", 0).rstrip("/"))) == [other]
    assert ctl.ok("--json", "status").json[0]["counts"]["queued"] == 2
    origin.release("slot")
    assert ctl.wait(job, other).code == 0
    assert ctl.ok("--json", "status").json[0]["counts"]["done"] == 3


@pytest.mark.parametrize("how", ["raise", "lower"])
def test_03_priority(queue, ctl, origin, how):
    one, two = ctl.add("-p", 5, origin.url("/bytes/10/one", 2), origin.url("/bytes/10/two", 2))
    [three] = ctl.add("-p", 1, origin.url("/bytes/10/three", 2))
    if how == "raise":
        ctl.ok("edit", three, "-p", 9)
    else:
        ctl.ok("edit", one, two, "-p", -3)
    watch = ctl.watch("--since", 0)
    origin.release("slot")
    assert ctl.wait(one, two, three).code == 0
    watch.kind("done", max(one, two, three, key=lambda job: job != three))
    assert [t.rpartition("/")[2] for t in targets(origin, "/bytes/10/") if "first" not in t][0] == "three"


def test_04_a_waiting_job_with_another_url_is_asked_at_once(stopped, ctl, origin, room):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    watch = ctl.watch("--since", 0)
    [job] = ctl.add(origin.url("/bytes/100/gone?status=503"))
    watch.kind("waiting", job)
    ctl.ok("edit", job, "--url", origin.url("/bytes/100/there"))
    assert ctl.wait(job).code == 0
    assert content.same_as_file(room.downloads / "gone", "there", 100)


def test_05_a_paused_job_stays_paused(queue, ctl, origin):
    [job] = ctl.add(origin.url("/bytes/100/a"))
    ctl.ok("pause", job)
    ctl.ok("edit", job, "--checksum", "sha-256=" + "0" * 64, "--retry", 0)
    assert ctl.job(job)["state"] == "paused"
    origin.release("slot")
    ctl.ok("resume", job)
    assert ctl.wait(job).code == 1
    assert ctl.job(job)["error"]["code"] == "E_CHECKSUM"


def test_06_it_outlives_kill9(queue, stopped, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/100/old"), "-u", "me:old")
    ctl.ok("edit", job, "--url", origin.url("/bytes/100/new"), "-u", "me:new", "-p", 7)
    stopped.kill9()
    stopped.start()
    origin.release("slot", 9)
    assert ctl.wait(job).code == 0 and ctl.job(job)["priority"] == 7
    sent = origin.requests("/bytes/100/new")[0].headers["authorization"]
    assert base64.b64decode(sent.split()[1]) == b"me:new"


# ---- what runs


@pytest.fixture
def active(daemon, ctl, origin):
    """A job in the middle of its body, before gate g."""
    [job] = ctl.add(origin.url(f"/bytes/{SIZE}/a?pause=500000&until=g&seed=s"))
    origin.wait_gated("g")
    ctl.wait_received(400000, job)
    return job


def test_10_terms_change_in_place(active, ctl, origin, room):
    ctl.ok("edit", active, "-p", 3, "--retry", 7, "--deadline", "1d", "--retry-delay", "1s")
    shown = ctl.job(active)
    assert shown["state"] == "active" and shown["priority"] == 3 and shown["max_attempts"] == 8
    origin.release("g")
    assert ctl.wait(active).code == 0
    assert len(origin.requests(f"/bytes/{SIZE}/a")) == 1


def test_16_a_limit_changes_in_place(daemon, ctl, origin, room):
    """At 1 byte a second it would take days."""
    [job] = ctl.add("--limit-rate", "1", origin.url(f"/bytes/{SIZE}/a"))
    origin.wait_requests(f"/bytes/{SIZE}/a")
    ctl.ok("edit", job, "--limit-rate", "0")
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", SIZE)
    assert len(origin.requests(f"/bytes/{SIZE}/a")) == 1
    [job] = ctl.add("--limit-rate", "1", origin.url(f"/bytes/{SIZE}/b"))
    origin.wait_requests(f"/bytes/{SIZE}/b")
    ctl.ok("edit", job, "--unset", "limit-rate")
    assert ctl.wait(job).code == 0


def test_11_another_url_keeps_the_bytes_when_the_validator_matches(active, ctl, origin, room):
    watch = ctl.watch(active, "--since", 0)
    ctl.ok("edit", active, "--url", origin.url(f"/bytes/{SIZE}/b?seed=s", 1))
    watch.kind("edited", active)
    assert ctl.wait(active).code == 0
    assert content.same_as_file(room.downloads / "a", "s", SIZE)
    [again] = origin.requests(f"/bytes/{SIZE}/b")
    assert again.range == "bytes=500000-" and again.status == 206
    assert ctl.job(active)["attempts"] == 2


def test_12_another_url_with_another_file_begins_anew(active, ctl, origin, room):
    ctl.ok("edit", active, "--url", origin.url(f"/bytes/{SIZE}/b?seed=other"))
    assert ctl.wait(active).code == 0
    assert content.same_as_file(room.downloads / "a", "other", SIZE)


@pytest.mark.parametrize("edits, request_of_it", [("", "old"), ("/1", "new")])
def test_17_a_finished_file_answers_one_request(daemon, ctl, origin, room, edits, request_of_it):
    """A crash came between rename and commit, after an edit: the file on disk is of the request that its mark names."""
    [job] = ctl.add(origin.url("/gate/a/bytes/100/a?seed=old"))
    origin.wait_gated("a")
    ctl.ok("edit", job, "--url", origin.url("/gate/b/bytes/100/a?seed=new"))
    origin.wait_gated("b")
    daemon.kill9()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        [[queue]] = database.execute("SELECT value FROM meta WHERE key = 'uuid'")
    file = room.downloads / "a"
    file.write_bytes(content.whole(request_of_it, 100))
    try:
        os.setxattr(file, "user.fetchd.job", f"{queue}/{job}{edits}".encode())
    except OSError as error:
        assert error.errno == errno.ENOTSUP
        pytest.skip("no extended attributes here")
    daemon.start()
    origin.release("b")
    assert ctl.wait(job).code == 0
    shown = ctl.job(job)
    assert shown["name"] == ("a" if edits else "a (1)") and content.same_as_file(room.downloads / shown["name"], "new", 100)
    assert ctl.ok("verify", job)
    ctl.ok("remove", "--files", job)
    assert file.exists() != bool(edits) and not (room.downloads / "a (1)").exists()


def test_13_name_and_checksum_of_a_running_job(active, ctl, origin, room):
    ctl.ok("edit", active, "-o", "other", "--checksum", "sha-256=" + content.sha256("s", SIZE))
    origin.release("g")
    assert ctl.wait(active).code == 0
    assert content.same_as_file(room.downloads / "other", "s", SIZE) and not (room.downloads / "a").exists()
    assert ctl.job(active)["integrity"] == "checksum"


def test_14_stopping_is_no_failed_attempt(stopped, ctl, origin):
    stopped.options["Retry.MaxAttempts"] = 1
    stopped.start()
    [job] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    for n, agent in enumerate(("one", "two", "three"), 1):
        origin.wait_requests("/gate/g/bytes/10/a", n)
        ctl.ok("edit", job, "-A", agent)
    origin.wait_requests("/gate/g/bytes/10/a", 4)
    origin.release("g")
    assert ctl.wait(job).code == 0
    assert [r.headers["user-agent"] for r in origin.requests("/gate/g/bytes/10/a")][1:] == ["one", "two", "three"]


def test_15_the_intent_of_a_pause_is_kept(active, ctl, origin):
    ctl.ok("pause", active)
    ctl.ok("edit", active, "--limit-rate", "0", "-A", "x")
    assert ctl.job(active)["state"] == "paused"


# ---- secrets


def test_20_secrets_do_not_follow_to_another_origin(queue, ctl, origin, room, stopped):
    [job] = ctl.add(origin.url("/bytes/10/a"), "-u", "me:canary", "-b", "c=canary", "-H", "X-Token: canary", "-H",
                    "X-Plain: 1")
    ctl.ok("edit", job, "--url", origin.url("/bytes/10/b", 1))
    origin.release("slot")
    assert ctl.wait(job).code == 0
    headers = origin.requests("/bytes/10/b")[0].headers
    assert headers["x-plain"] == "1"
    assert not {"authorization", "cookie", "x-token"} & set(headers)
    stopped.stop()
    assert b"canary" not in (room.state / "queue.db").read_bytes()


def test_21_a_login_takes_the_place_of_another(queue, ctl, origin):
    one, two, three = ctl.add("-u", "me:pw", *[origin.url(f"/bytes/10/{name}") for name in ("one", "two", "three")])
    ctl.ok("edit", one, "--oauth2-bearer", "token")
    ctl.ok("edit", two, "--unset", "user")
    ctl.ok("edit", three, "--url", origin.url("/bytes/10/three").replace("//", "//you:word@"))
    origin.release("slot")
    assert ctl.wait(one, two, three).code == 0
    sent = [origin.requests(f"/bytes/10/{name}")[0].headers.get("authorization") for name in ("one", "two", "three")]
    assert sent == ["Bearer token", None, "Basic " + base64.b64encode(b"you:word").decode()]
    assert "word" not in ctl.job(three)["url"]


# ---- refusals


@pytest.mark.parametrize("options, code, word", [
    (["--url", "gopher://x/"], 5, "E_SCHEME"),
    (["--url", "http://"], 5, "host"),
    (["-o", ".."], 2, "name"),
    (["-o", "a/b"], 2, "directory"),
    (["--checksum", "md5=1"], 2, "checksum"),
    (["-H", "Host: x"], 2, "itself"),
    (["--unset", "url"], 2, "unset"),
    (["--unset", "checksum", "--checksum", "md5=" + "0" * 32], 2, "checksum"),
    (["--cert-key", "@KEY@"], 5, "E_PEM"),
    (["--deadline", "1us"], 5, "E_DEADLINE"),
    ([], 2, "change"),
])
def test_30_what_add_refuses(queue, ctl, origin, options, code, word, certs):
    job, other = ctl.add(origin.url("/bytes/10/a"), origin.url("/bytes/10/b"))
    options = [str(certs.path / "own.key") if o == "@KEY@" else o for o in options]
    result = ctl("edit", job, other, "-p", 4, *options) if options else ctl("edit", job)
    assert result.code == code and word in result.err, result
    assert [ctl.job(j)["priority"] for j in (job, other)] == [0, 0]


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_31_what_has_ended(daemon, ctl, origin, end):
    [job] = ctl.add(origin.url("/bytes/10/a" if end == "done" else "/bytes/10/a?status=404" if end == "failed"
                               else "/gate/never/bytes/10/a"))
    if end == "cancelled":
        ctl.ok("cancel", job)
    ctl.wait(job)
    [other] = ctl.add(origin.url("/gate/g/bytes/10/b"))
    result = ctl("edit", other, job, "-p", 1)
    assert result.code == 5 and end in result.err and ctl.job(other)["priority"] == 0
    assert ctl("edit", 99, "-p", 1).code == 3
    assert ctl("edit", "x", "-p", 1).code == 2


# ---- adds that ask for the same


@pytest.mark.parametrize("rule", ["overwrite", "skip", "fail"])
def test_40_the_same_file_is_one_job(queue, ctl, origin, room, rule):
    url = origin.url("/bytes/10/a")
    [job] = ctl.add("--on-conflict", rule, url)
    assert ctl.add("--on-conflict", rule, url, url) == [job, job]
    assert ctl.add("--on-conflict", rule, "-p", 3, url) == [job]
    assert len(ctl.jobs()) == 2
    origin.release("slot")
    assert ctl.wait(job).code == 0
    assert ctl.add("--on-conflict", rule, url) != [job]


@pytest.mark.parametrize("options", [
    ["-o", "b"], ["--checksum", "md5=" + "0" * 32], ["-H", "X-A: 1"], ["-u", "me:pw"], ["-g", "g"], ["--key", "k"],
    ["-d", "sub"], ["-J"],
])
def test_41_another_is_another(queue, ctl, origin, options):
    url = origin.url("/bytes/10/a")
    [job] = ctl.add("--on-conflict", "overwrite", url)
    [other] = ctl.add("--on-conflict", "overwrite", *options, url)
    assert other != job
    assert ctl.add("--on-conflict", "overwrite", *options, url) == [other]
    assert ctl.add("--on-conflict", "overwrite", url) == [job]


def test_42_with_rename_each_add_is_a_file(queue, ctl, origin):
    url = origin.url("/bytes/10/a")
    assert len(set(ctl.add(url, url, url))) == 3


def test_43_a_key_keeps_its_meaning(queue, ctl, origin):
    url = origin.url("/bytes/10/a")
    [job] = ctl.add("--on-conflict", "skip", "--key", "k", url)
    assert ctl.add("--on-conflict", "skip", url) == [job]
    result = ctl("add", "--on-conflict", "skip", "--key", "k", origin.url("/bytes/10/b"))
    assert result.code == 5 and "E_KEY" in result.err


@pytest.mark.parametrize("how", [["--key", "k"], ["--on-conflict", "skip"]])
def test_46_sent_again_it_is_answered_by_a_full_queue_too(stopped, ctl, origin, how):
    stopped.options.update({"Queue.MaxActive": 1, "Queue.MaxJobsPerUser": 1})
    stopped.start()
    url = origin.url("/gate/g/bytes/10/a")
    [job] = ctl.add(*how, url)
    assert ctl.add(*how, url) == [job]
    result = ctl("add", "--on-conflict", "skip", url, origin.url("/bytes/10/b"))
    assert result.code == 5 and "MaxJobsPerUser=1" in result.err
    assert list(ctl.jobs()) == [job]
    origin.release("g")


def test_47_a_key_whose_record_makes_no_sense(stopped, ctl, origin, room):
    """An add is refused, and the daemon goes on."""
    stopped.start()
    ctl.ok("drain")
    [job] = ctl.add("--key", "k", origin.url("/bytes/10/a"))
    stopped.stop()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("UPDATE jobs SET state = 4, received = -5 WHERE id = ?", (job,))
    stopped.start()
    result = ctl("add", "--key", "k", origin.url("/bytes/10/a"))
    assert result.code == 5 and "E_KEY" in result.err
    assert ctl.wait(*ctl.add(origin.url("/bytes/10/b"))).code == 0


def test_44_an_edit_makes_it_another(queue, ctl, origin):
    url = origin.url("/bytes/10/a")
    [job] = ctl.add("--on-conflict", "skip", url)
    ctl.ok("edit", job, "-o", "b")
    [other] = ctl.add("--on-conflict", "skip", url)
    assert other != job
    assert ctl.add("--on-conflict", "skip", "-o", "b", url) == [job]


def test_45_the_configured_rule_counts(stopped, ctl, origin):
    stopped.options["Transfer.OnConflict"] = "overwrite"
    stopped.start()
    url = origin.url("/gate/g/bytes/10/a")
    assert len(set(ctl.add(url, url))) == 1
    origin.release("g")


def test_40_what_it_follows_joins_and_no_circle_is_closed(daemon, ctl, origin):
    """Jobs 1 ← 2 ← 3: 1 cannot follow 3, and a refused edit changes nothing of the others."""
    ctl.ok("pause", *(jobs := [ctl.add(origin.url("/gate/g/bytes/10/a"))[0]]))
    jobs += ctl.add("--after", jobs[0], origin.url("/bytes/10/b"))
    jobs += ctl.add(origin.url("/gate/g/bytes/10/c"))
    ctl.ok("pause", jobs[2])
    ctl.ok("edit", jobs[2], "--after", jobs[1])
    for result in (ctl("edit", jobs[0], "--after", jobs[2]), ctl("edit", jobs[0], "--after-any", jobs[0]),
                   ctl("edit", jobs[0], "-p", 7, "--after", jobs[2])):
        assert result.code == 5 and ("would follow itself" in result.err or "cannot follow itself" in result.err), result
    assert ctl("edit", jobs[0], "--after", 4711).code == 5
    assert ctl.job(jobs[0])["priority"] == 0
    ctl.ok("resume", jobs[2])
    assert ctl.job(jobs[2])["waiting_for"] == "dependency"
    assert "dependency" in ctl.ok("--json", "why", jobs[2]).out
    ctl.ok("resume", jobs[0])
    origin.release("g")
    assert ctl.wait(*jobs).code == 0


# ---- group, time and place


def sizes(ctl):
    return {g["name"]: sum(g["counts"].values()) for g in ctl.ok("--json", "group", "list").json}


def test_50_into_a_group_and_out_of_it(queue, ctl, origin):
    one, two = ctl.add("-g", "old", origin.url("/bytes/10/one"), origin.url("/bytes/10/two"))
    ctl.ok("edit", one, two, "-g", "new")
    assert sizes(ctl) == {"new": 2} and ctl.job(one)["group"] == "new"
    ctl.ok("edit", two, "--unset", "group")
    assert sizes(ctl) == {"new": 1} and "group" not in ctl.job(two)
    origin.release("slot")
    assert ctl.wait(two).code == 0 and ctl.ok("wait", "-g", "new").code == 0
    assert list(ctl.jobs("--group", "new")) == [one] and sizes(ctl) == {"new": 1}


def test_51_a_running_job_shares_the_fate_of_the_group_that_it_joins(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/never/bytes/10/a"))
    origin.wait_gated("never")
    ctl.ok("group", "create", "g", "--policy", "fail-fast")
    ctl.ok("edit", job, "-g", "g")
    origin.wait_requests("/gate/never/bytes/10/a", 2)
    [bad] = ctl.add("-g", "g", origin.url("/bytes/10/b?status=404"))
    assert ctl.wait(job, bad).code == 1
    assert ctl.job(job)["state"] == "cancelled"


def test_52_groups_that_take_or_give_nobody(queue, ctl, origin):
    [bad] = ctl.add("-g", "failed", origin.url("/bytes/10/bad?status=404"))
    ctl.ok("group", "create", "fast", "--policy", "fail-fast")
    ctl.ok("edit", bad, "-g", "fast")
    origin.release("slot")
    assert ctl.wait(bad).code == 1
    [job] = ctl.add("--not-before", "1h", origin.url("/bytes/10/a"))
    result = ctl("edit", job, "-g", "fast")
    assert result.code == 5 and "fast has failed" in result.err and "group" not in ctl.job(job)
    assert ctl("edit", job, "-g", "").code == 2


def test_53_the_group_outlives_kill9(queue, stopped, ctl, origin):
    one, two = ctl.add("-g", "old", origin.url("/bytes/10/one"), origin.url("/bytes/10/two"))
    ctl.ok("edit", one, "-g", "new", "--not-before", "1h")
    stopped.kill9()
    stopped.start()
    assert sizes(ctl) == {"old": 1, "new": 1}
    assert ctl.job(one)["state"] == "waiting" and ctl.job(one)["waiting_for"] == "schedule"


def test_54_not_before(queue, ctl, origin):
    job, other = ctl.add(origin.url("/bytes/10/a"), origin.url("/bytes/10/b"))
    ctl.ok("edit", job, "--not-before", "1h")
    shown = ctl.job(job)
    assert shown["state"] == "waiting" and shown["waiting_for"] == "schedule"
    ctl.ok("edit", job, "--not-before", "2h")
    assert ctl.job(job)["not_before_usec"] == ctl.job(job)["next_attempt_usec"] > shown["next_attempt_usec"]
    origin.release("slot")
    assert ctl.wait(other).code == 0 and targets(origin, "10/a") == []
    ctl.ok("edit", job, "--unset", "not-before")
    assert ctl.wait(job).code == 0 and "not_before_usec" not in ctl.job(job)


def test_55_not_before_of_what_is_stopped_or_follows(queue, ctl, origin):
    paused, follower = ctl.add(origin.url("/bytes/10/a"), origin.url("/bytes/10/b"))
    ctl.ok("edit", follower, "--after", paused)
    ctl.ok("pause", paused)
    ctl.ok("edit", paused, follower, "--not-before", "1h")
    assert ctl.job(paused)["state"] == "paused" and ctl.job(follower)["waiting_for"] == "dependency"
    ctl.ok("resume", paused)
    assert ctl.job(paused)["waiting_for"] == "schedule"
    origin.release("slot")
    ctl.ok("edit", paused, "--unset", "not-before")
    assert ctl.wait(paused).code == 0
    watch = ctl.watch(follower, "--since", 0)
    watch.event(lambda e: e["kind"] == "waiting" and e["job"]["waiting_for"] == "schedule")
    ctl.ok("edit", follower, "--not-before", "0")
    assert ctl.wait(follower).code == 0


def test_56_what_has_begun_or_would_be_late(active, ctl, origin):
    result = ctl("edit", active, "--not-before", "1h")
    assert result.code == 5 and "pause it" in result.err and ctl.job(active)["state"] == "active"
    [job] = ctl.add("--deadline", "30min", origin.url("/gate/x/bytes/10/a"))
    ctl.ok("pause", job)
    result = ctl("edit", job, "--not-before", "1h")
    assert result.code == 5 and "E_DEADLINE" in result.err


def test_57_a_directory_of_the_same_root_keeps_the_bytes(active, ctl, origin, room):
    ctl.ok("edit", active, "-d", str(room.downloads / "sub"))
    assert ctl.wait(active).code == 0
    assert content.same_as_file(room.downloads / "sub" / "a", "s", SIZE) and not (room.downloads / "a").exists()
    assert origin.requests(f"/bytes/{SIZE}/a")[1].range.startswith("bytes=500000")


def test_58_another_root(stopped, room, ctl, origin):
    """Before there are bytes; not with them, and nowhere else at all."""
    other = room.path / "other"
    other.mkdir()
    stopped.options.update({"Transfer.DownloadRoots": f"{room.downloads} {other}"})
    stopped.start()
    [job] = ctl.add("--not-before", "1h", origin.url("/bytes/10/a"))
    ctl.ok("edit", job, "-d", str(other), "--unset", "not-before")
    assert ctl.wait(job).code == 0 and content.same_as_file(other / "a", "a", 10)
    [job] = ctl.add(origin.url(f"/bytes/{SIZE}/b?pause=500000&until=g"))
    origin.wait_gated("g")
    ctl.wait_received(400000, job)
    ctl.ok("pause", job)
    result = ctl("edit", job, "-d", str(other))
    assert result.code == 5 and "another download root" in result.err and ctl.job(job)["dir"] == str(room.downloads)
    assert "E_DIR" in ctl("edit", job, "-d", "/nowhere").err
    assert ctl("edit", job, "--unset", "dir").code == 2


# ---- many


def test_60_a_selection(queue, ctl, origin):
    """More than fit in a slice; what has ended and other groups are left alone."""
    many = ctl.add("-g", "many", *(origin.url(f"/bytes/1/m{i}") for i in range(600)))
    [other] = ctl.add(origin.url("/bytes/1/other"))
    ctl.ok("cancel", many[0])
    result = ctl.ok("--json", "edit", "-g", "many", "-p", 5, "-H", "X-One: 1", "--retry", 3)
    assert result.json == [{"changed": 599}]
    jobs = ctl.jobs()
    assert {jobs[j]["priority"] for j in many[1:]} == {5} and jobs[other]["priority"] == jobs[many[0]]["priority"] == 0
    assert "edited 600 jobs" in ctl.ok("edit", "--state", "queued", "-p", 1).err
    ctl.ok("edit", "--all", "--not-before", "1h")
    states = [j["state"] for j in ctl.jobs().values()]
    assert states.count("waiting") == 600 and states.count("active") == 1
    ctl.ok("cancel", "--state", "waiting")


def test_61_a_selection_that_runs_is_stopped_and_goes_on(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 4, "Queue.MaxPerHost": 4})
    stopped.start()
    jobs = ctl.add("-g", "g", *(origin.url(f"/gate/x/bytes/10/{i}") for i in range(8)))
    origin.wait_gated("x", 4)
    ctl.ok("edit", "-g", "g", "-A", "agent/2")
    for i in range(4):
        origin.wait_requests(f"/gate/x/bytes/10/{i}", 2)
    origin.release("x")
    assert ctl.wait(*jobs).code == 0
    for i in range(8):
        assert origin.requests(f"/gate/x/bytes/10/{i}")[-1].headers["user-agent"] == "agent/2"


@pytest.mark.parametrize("options, code, word", [
    (["--all", "--url", "http://x/"], 2, "--url"),
    (["-g", "g", "-o", "x"], 2, "--output"),
    (["-g", "g", "--checksum", "md5=" + "0" * 32], 2, "--checksum"),
    (["--state", "queued"], 2, "change"),
    (["-g", "none", "-p", "1"], 3, "none"),
    (["1", "--all", "-p", "1"], 2, "both"),
    (["-p", "1"], 2, "which jobs"),
    (["--all", "--deadline", "1us"], 5, "E_DEADLINE"),
])
def test_62_selections_that_are_refused(queue, ctl, origin, options, code, word):
    jobs = ctl.add("-g", "g", origin.url("/bytes/1/a"), origin.url("/bytes/1/b"))
    result = ctl("edit", *options)
    assert result.code == code and word in result.err, result
    assert {ctl.job(j)["priority"] for j in jobs} == {0}


def test_50_a_deadline_of_one_that_waits(queue, ctl, origin):
    """Nothing else has one that would come first."""
    [job] = ctl.add("--after", queue, origin.url("/bytes/100/a"))
    ctl.ok("edit", job, "--deadline", "3s")
    assert ctl.wait(job).code != 0
    assert ctl.job(job)["error"]["code"] == "E_DEADLINE"
    origin.release("slot")


def test_51_without_its_own_deadline_the_configured_one_counts_from_the_schedule(stopped, ctl, origin):
    stopped.options["Retry.Deadline"] = "3s"
    stopped.start()
    [job] = ctl.add("--not-before", "4s", "--deadline", "1h", origin.url("/bytes/100/a"))
    ctl.ok("edit", job, "--unset", "deadline")
    assert ctl.wait(job).code == 0


def test_63_a_deadline_is_a_span(daemon, ctl, origin):
    """A time would have to be another span for each job."""
    ctl.ok("drain")
    [job] = ctl.add("--deadline", "1h", origin.url("/bytes/1/a"))
    result = ctl("edit", job, "--deadline", "tomorrow 06:00")
    assert result.code == 2 and "it is a span such as 2h" in result.err
    assert ctl.ok("edit", job, "--deadline", "2h").code == 0


def test_64_who_takes_turns(daemon, ctl, origin):
    ctl.ok("limit", "max-active", 1)
    [first] = ctl.add(origin.url("/gate/g/bytes/1/a"))
    ctl.add("-g", "one", origin.url("/bytes/1/b"))
    [second] = ctl.add(origin.url("/bytes/1/c"))
    said = ctl.ok("why", second).out
    assert "1 transfer runs, as many as max-active lets; it takes turns with 1 more group" in said, said
    result = ctl("edit", second, "--after", second)
    assert result.code == 5 and f"job {second} cannot follow itself" in result.err
