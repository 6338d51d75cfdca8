"""Hooks with real processes: order, bounds, retries, crashes, what they are given, what is shown, and whose they are."""
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from harness import LIMIT, Ctl, Daemon, Room, program, sanitizer

# What each hook of these tests does: a line of JSON for its begin and its end into the log, with how many of its kind run, and
# what its name asks for in between.
HOOK = """
import fcntl, json, os, pathlib, sys, time

place, what, arguments = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]


def change(by):
    with open(place / "count", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        counts = json.loads(file.read() or "{}")
        for kind in ("all", what):
            counts[kind] = counts.get(kind, 0) + by
        file.truncate(0)
        file.write(json.dumps(counts))
        return counts


def tell(event, **more):
    line = {"event": event, "what": what, "pid": os.getpid(), "key": os.environ["FETCHD_KEY"],
            "attempt": int(os.environ["FETCHD_ATTEMPT"]), **more}
    with open(place / "log", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(line) + "\\n")


def wait_for(name):
    while not (place / name).exists():
        time.sleep(0.01)


subject = json.load(sys.stdin)
counts = change(1)
tell("begin", arguments=arguments, subject=subject, counts=counts, environment={
    name: value for name, value in os.environ.items() if name.startswith("FETCHD_")})
if what == "gate":
    wait_for("open")
elif what == "twice":
    change(-1)
    sys.exit(0 if int(os.environ["FETCHD_ATTEMPT"]) > 2 else 3)
elif what == "never":
    print("no such luck\\x1b[31m", flush=True)
    change(-1)
    sys.exit(7)
elif what == "flood":
    for i in range(20000):
        print("line", i, "x" * 80)
    print("the end", flush=True)
else:
    time.sleep(0.05)
change(-1)
tell("end")
"""


@pytest.fixture
def place(room):
    path = room.path / "hooks"
    path.mkdir()
    (path / "hook.py").write_text(HOOK)
    return path


def configure(daemon, place, name, *arguments, what=None, **keys):
    """[Hook name]: the script, which does what "what" says."""
    daemon.hooks[name] = {"Command": " ".join(["/usr/bin/python3", str(place / "hook.py"), str(place), what or name, *arguments]),
                          "Delay": "50ms", "Environment": "PYTHONDONTWRITEBYTECODE=1", **keys}


@pytest.fixture
def stopped(room, place):
    daemon = Daemon(room)
    daemon.hooks = {}
    plain = daemon.write_config

    def write_config():
        plain()
        with open(room.config, "a") as file:
            for name, keys in daemon.hooks.items():
                file.write(f"[Hook {name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))

    daemon.write_config = write_config
    daemon.options.update({"Transfer.DownloadRoots": room.downloads, "Hooks.Concurrency": 4})
    for name in ("first", "second", "gate", "flood"):
        configure(daemon, place, name)
    configure(daemon, place, "twice", MaxAttempts=5)
    configure(daemon, place, "never", MaxAttempts=2)
    daemon.hooks["tree"] = {"Command": f"/bin/sh -c 'echo $$ > {place}/pid; sleep 1000 & sleep 1000'",
                            "MaxAttempts": 1, "Timeout": "1s"}
    configure(daemon, place, "narrow", Concurrency=1)
    configure(daemon, place, "sorry", On="failed")
    configure(daemon, place, "all", On="group-done")
    configure(daemon, place, "told", "--", "%p", "%n", "%d", "%i", "%u", "%g", "%c", "%k", "%%")
    yield daemon
    (place / "open").touch()
    daemon.close()


@pytest.fixture
def daemon(stopped):
    return stopped.start()


def told(place):
    path = place / "log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_told(place, accept):
    """Until the hooks have told what accept() takes."""
    deadline = time.monotonic() + LIMIT
    while not accept(told(place)):
        assert time.monotonic() < deadline, told(place)
        time.sleep(0.02)
    return told(place)


def begun(place, what=None):
    return [e for e in told(place) if e["event"] == "begin" and what in (None, e["what"])]


def in_session(leader):
    """The processes that a hook has left."""
    return subprocess.run(["pgrep", "-s", str(leader).strip()], stdout=subprocess.PIPE).stdout


def wait_for_figures(ctl, *lines):
    """Until the metrics have them all."""
    deadline = time.monotonic() + LIMIT
    while not set(lines) <= set(ctl.ok("metrics").lines):
        assert time.monotonic() < deadline, lines
        time.sleep(0.02)


def history(ctl, job):
    return {hook["name"]: hook for hook in ctl.job(job).get("hook_history", [])}


# ---- which, and when


def test_01_in_their_order_after_the_end(daemon, ctl, origin, place):
    watch = ctl.watch("--since", 0)
    [job] = ctl.add("--hook", "second,first", "--hook", "sorry", origin.url("/bytes/100/a"))
    assert ctl("wait", "--hooks", job).code == 0
    assert [(e["event"], e["what"]) for e in told(place)] == [
        ("begin", "second"), ("end", "second"), ("begin", "first"), ("end", "first")]
    shown = ctl.job(job)
    assert shown["hook"] == "ok" and shown["hooks"] == ["second", "first", "sorry"] and shown["state"] == "done"
    assert [h["name"] for h in shown["hook_history"]] == ["second", "first"]
    for hook in shown["hook_history"]:
        assert hook["state"] == "ok" and hook["attempts"] == 1 and hook["end"] == "exited" and hook["status"] == 0
        assert hook["run_usec"] > 0 and hook["cpu_usec"] >= 0 and hook["on"] == "done"
    watch.kind("hook_ok", job)
    assert [e["subject"]["state"] for e in begun(place)] == ["done", "done"]


def test_02_a_failure_has_its_own(daemon, ctl, origin, place):
    [job] = ctl.add("--hook", "first,sorry", origin.url("/bytes/1/a?status=404"))
    assert ctl("wait", "--hooks", job).code == 1
    [one] = begun(place)
    assert one["what"] == "sorry" and one["subject"]["state"] == "failed" and one["subject"]["error"]["code"] == "E_HTTP_404"
    assert ctl.job(job)["hook"] == "ok"
    # What is asked for of the jobs alone.
    assert list(ctl.jobs("--hook", "ok")) == [job] and ctl.jobs("--hook", "failed,pending") == {}


@pytest.mark.parametrize("arguments, word", [
    (["--hook", "nope"], "there is no hook nope; there are first, second"),
    (["--hook", "all"], "only when a group has ended"),
    (["--hook", "a b"], "there is no hook a b"),
    (["--hook", ""], "no hook is named"),
])
def test_03_what_cannot_run_is_refused(daemon, ctl, origin, arguments, word):
    result = ctl("add", *arguments, origin.url("/bytes/1/a"))
    assert result.code in (2, 5) and word in result.err and result.out == "" and ctl.jobs() == {}


def test_04_a_list_has_hooks_and_edits_change_them(daemon, ctl, origin, place):
    text = f"{origin.url('/gate/g/bytes/10/a')}\n hook=first\n hook=second\n{origin.url('/gate/g/bytes/10/b')}\n hook=none\n"
    a, b = ctl.add("-", stdin=text)
    assert ctl.job(a)["hooks"] == ["first", "second"] and "hooks" not in ctl.job(b)
    origin.wait_gated("g", 2)
    ctl.ok("edit", a, "--hook", "second")
    ctl.ok("edit", b, "--hook", "first")
    assert ctl("edit", a, "--hook", "nope").code == 5
    origin.release("g")
    assert ctl("wait", "--hooks", a, b).code == 0
    # The transfers went on.
    assert len(origin.requests()) == 2
    assert sorted((e["subject"]["id"], e["what"]) for e in begun(place)) == [(a, "second"), (b, "first")]
    assert ctl("edit", a, "--hook", "first").code == 5


def test_05_the_default_is_that_of_the_root(stopped, ctl, origin, place, room):
    (room.downloads / "sub").mkdir()
    configure(stopped, place, "everywhere", what="first", Default="yes")
    configure(stopped, place, "there", what="second", Roots=room.downloads / "sub")
    stopped.start()
    jobs = [ctl.add(*options, origin.url(f"/bytes/1/{i}"))[0] for i, options in enumerate([
        [], ["-d", str(room.downloads / "sub")], ["--no-hook"], ["--hook", "first"]])]
    assert [ctl.job(job).get("hooks") for job in jobs] == [["everywhere"], ["everywhere", "there"], None, ["first"]]
    assert ctl("wait", "--hooks", *jobs).code == 0


# ---- again and again


def test_10_until_it_succeeds(daemon, ctl, origin, place):
    [job] = ctl.add("--hook", "twice,first", origin.url("/bytes/1/a"))
    assert ctl("wait", "--hooks", job).code == 0
    attempts = begun(place, "twice")
    assert [e["attempt"] for e in attempts] == [1, 2, 3] and len({e["key"] for e in told(place)}) == 2
    assert history(ctl, job)["twice"]["attempts"] == 3 and told(place)[-1]["what"] == "first"


def test_11_a_dead_letter_is_found_and_kicked(daemon, ctl, origin, place):
    watch = ctl.watch("--since", 0)
    [job] = ctl.add("--hook", "never,first", origin.url("/bytes/1/a"))
    assert ctl.wait(job).code == 0
    waited = ctl("wait", "--hooks", job)
    assert waited.code == 1 and f"job {job}: a hook has failed" in waited.err
    watch.kind("hook_failed", job)
    hooks = history(ctl, job)
    assert hooks["never"]["attempts"] == 2 and hooks["never"]["status"] == 7 and "no such luck" in hooks["never"]["output"]
    assert hooks["first"]["error"] == "not run, because the hook never failed" and hooks["first"]["attempts"] == 0
    for verb in ("status", "why"):
        text = ctl.ok(verb, job).out
        assert "hook: never: failed, 2 of 2 attempts, exit status 7" in text and "no such luck\\x1b[31m" in text
    assert list(ctl.jobs("--hook", "failed")) == [job] and ctl.job(job)["state"] == "done"
    ctl.ok("retry", "--hooks", "--all")
    assert ctl("wait", "--hooks", job).code == 1
    assert [e["attempt"] for e in begun(place, "never")] == [1, 2, 1, 2] and begun(place, "first") == []
    assert len({e["key"] for e in begun(place, "never")}) == 1
    assert ctl("retry", "--hooks", 4711).code == 3


def test_12_a_time_out_ends_the_whole_tree(daemon, ctl, origin, place):
    [job] = ctl.add("--hook", "tree", origin.url("/bytes/1/a"))
    assert ctl("wait", "--hooks", job).code == 1
    hook = history(ctl, job)["tree"]
    assert hook["end"] == "timeout" and hook["state"] == "failed" and "status" not in hook
    assert in_session((place / "pid").read_text()) == b""


def test_13_a_flood_of_output_is_cut(daemon, ctl, origin):
    [job] = ctl.add("--hook", "flood", origin.url("/bytes/1/a"))
    assert ctl("wait", "--hooks", job).code == 0
    hook = history(ctl, job)["flood"]
    assert hook["output_cut"] and len(hook["output"]) <= 4096 and hook["output"].endswith("the end\n")


def test_14_a_command_that_is_missing_is_told_on_the_job(stopped, ctl, origin, place):
    configure(stopped, place, "gone", MaxAttempts=1)
    program_path = place / "program"
    program_path.write_text("#!/bin/sh\n")
    program_path.chmod(0o755)
    stopped.hooks["gone"]["Command"] = str(program_path)
    stopped.start()
    program_path.unlink()
    [job] = ctl.add("--hook", "gone", origin.url("/bytes/1/a"))
    assert ctl("wait", "--hooks", job).code == 1
    hook = history(ctl, job)["gone"]
    assert hook["end"] == "not_run" and hook["error"] and "run_usec" not in hook


def test_15_one_that_is_configured_no_more(stopped, ctl, origin, place):
    stopped.start()
    [job] = ctl.add("--hook", "first", "--not-before", "1h", origin.url("/bytes/1/a"))
    first = stopped.hooks.pop("first")
    stopped.restart()
    ctl.ok("edit", job, "--unset", "not-before")
    assert ctl("wait", "--hooks", job).code == 1
    assert "in the configuration any more" in history(ctl, job)["first"]["error"]
    stopped.hooks["first"] = first
    stopped.restart()
    ctl.ok("retry", "--hooks", job)
    assert ctl("wait", "--hooks", job).code == 0


def test_16_its_event_names_it(daemon, ctl, origin, place):
    watch = ctl.watch("--since", 0)
    [job] = ctl.add("--hook", "first,never", "-o", "file", origin.url("/bytes/1/a"))
    assert [watch.kind(kind, job)["hook"] for kind in ("hook_ok", "hook_failed")] == ["first", "never"]
    assert "hook" not in watch.kind("added", job)
    for restart in (False, True):
        if restart:
            daemon.restart()
        past = ctl.spawn("watch", "--since", 0).lines
        lines = [past.find(lambda line: f"\t{kind}\t" in line).split("\t") for kind in ("hook_ok", "hook_failed")]
        assert [line[2:] for line in lines] == [["hook_ok", str(job), "file", "first"], ["hook_failed", str(job), "file", "never"]]
        form = ctl.spawn("watch", "--since", 0, "--format", "%k %i %h").lines
        for want in (f"done {job} ", f"hook_ok {job} first", f"hook_failed {job} never"):
            form.find(lambda line: line == want)


# ---- bounds


def test_20_never_more_than_allowed(daemon, ctl, origin, place):
    """And one that is at its own bound does not hold up the others."""
    narrow = ctl.add("--hook", "narrow", *(origin.url(f"/bytes/1/n{i}") for i in range(12)))
    wide = ctl.add("--hook", "first", *(origin.url(f"/bytes/1/w{i}") for i in range(24)))
    assert ctl("wait", "--hooks", *narrow, *wide).code == 0
    counts = [e["counts"] for e in begun(place)]
    assert len(counts) == 36 and max(c["all"] for c in counts) <= 4 and max(c.get("narrow", 0) for c in counts) == 1


def test_21_ten_thousand_jobs_with_a_hook_each(stopped, ctl, origin, place):
    stopped.hooks["small"] = {"Command": "/bin/true"}
    stopped.options.update({"Hooks.Concurrency": 16, "Queue.MaxActive": 64, "Queue.MaxPerHost": 64, "Daemon.LogLevel": "warning"})
    stopped.start()
    n = 200 if sanitizer("asan") or sanitizer("tsan") else 10000
    text = "".join(f"{origin.url(f'/bytes/1/f{i}')}\n" for i in range(n))
    ctl.ok("add", "--hook", "small", "-g", "many", "-", stdin=text)
    assert ctl("wait", "--hooks", "-g", "many").code == 0
    assert len(ctl.jobs("--hook", "ok")) == n
    figures = dict(line.split(" ") for line in ctl.ok("metrics").lines if line.startswith("fetchd_hook"))
    assert figures["fetchd_hooks_pending"] == figures["fetchd_hooks_running"] == "0"
    assert figures['fetchd_hook_attempts_total{result="ok"}'] == str(n) == figures["fetchd_hook_seconds_count"]


# ---- crashes


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_30_kill9(stopped, ctl, origin, place, when):
    """Each has run at least once, with the same key each time; what ran when the daemon ended was an attempt."""
    stopped.options["Hooks.Concurrency"] = 1
    stopped.start()
    [one] = ctl.add("--hook", "gate,first", origin.url("/bytes/1/a"))
    wait_told(place, lambda events: len(events) == 1)
    [two] = ctl.add("--hook", "second", origin.url("/bytes/1/b"))
    assert ctl.wait(two).code == 0 and ctl.job(two)["hook"] == "pending" and ctl.job(one)["hook"] == "running"
    if when == "after":
        (place / "open").touch()
        assert ctl("wait", "--hooks", one, two).code == 0
    stopped.kill9()
    if when == "before":
        stopped.hooks["gate"]["Command"] = stopped.hooks["first"]["Command"]
    (place / "open").touch()
    stopped.start()
    assert ctl("wait", "--hooks", one, two).code == 0
    keys = {}
    for event in begun(place):
        keys.setdefault((event["subject"]["id"], event["environment"]["FETCHD_HOOK"]), []).append((event["key"], event["attempt"]))
    assert set(keys) == {(one, "gate"), (one, "first"), (two, "second")}
    assert all(len({key for key, _ in those}) == 1 for those in keys.values())
    assert [attempt for _, attempt in keys[one, "gate"]] == ([1] if when == "after" else [1, 2])
    assert [attempt for _, attempt in keys[two, "second"]] == [1]


def test_31_a_stop_leaves_the_row_due(stopped, ctl, origin, place):
    stopped.options["Hooks.StopTimeout"] = "200ms"
    stopped.start()
    [job] = ctl.add("--hook", "gate", origin.url("/bytes/1/a"))
    wait_told(place, lambda events: len(events) == 1)
    stopped.stop()
    assert in_session(told(place)[0]["pid"]) == b""
    (place / "open").touch()
    stopped.start()
    assert ctl("wait", "--hooks", job).code == 0
    assert [e["attempt"] for e in begun(place)] == [1, 1] and history(ctl, job)["gate"]["attempts"] == 1


def test_32_a_drain_ends_when_hooks_have(daemon, ctl, origin, place):
    [job] = ctl.add("--hook", "gate,first", origin.url("/bytes/1/a"))
    wait_told(place, lambda events: len(events) == 1)
    ctl.ok("drain", "--exit")
    assert ctl.job(job)["hook"] == "running" and daemon.running()
    (place / "open").touch()
    assert daemon.wait_exit() == 0
    assert [e["what"] for e in told(place) if e["event"] == "end"] == ["gate", "first"]


def test_33_remove_stops_it(daemon, ctl, origin, place):
    [job] = ctl.add("--hook", "gate", origin.url("/bytes/1/a"))
    wait_told(place, lambda events: len(events) == 1)
    ctl.ok("remove", job)
    assert in_session(told(place)[0]["pid"]) == b""
    assert ctl("status", job).code == 3


def test_34_one_that_takes_the_daemon_down_does_not_do_so_for_ever(stopped, ctl, origin, place):
    (place / "deadly").write_text('echo "$FETCHD_ATTEMPT" >>deaths\nuntil rm go 2>/dev/null; do sleep 0.01; done\nkill -9 "$PPID"\n')
    stopped.hooks["deadly"] = {"Command": "/bin/sh deadly", "WorkingDirectory": place, "MaxAttempts": 3, "Delay": "50ms"}
    stopped.start()
    [job] = ctl.add("--hook", "deadly,first", origin.url("/bytes/1/a"))
    for _ in range(3):
        (place / "go").touch()
        assert stopped.wait_exit() == -9
        stopped.start()
    assert ctl("wait", "--hooks", job).code == 1
    assert (place / "deaths").read_text().split() == ["1", "2", "3"]
    hooks = history(ctl, job)
    assert hooks["deadly"]["state"] == "failed" and hooks["deadly"]["attempts"] == 3 and "end" not in hooks["deadly"]
    assert hooks["deadly"]["error"] == "the daemon ended while it ran" and hooks["first"]["state"] == "failed"
    assert "hook: deadly: failed, 3 of 3 attempts: the daemon ended while it ran" in ctl.ok("status", job).out
    assert f"job {job}: hook deadly: failed: the daemon ended while it ran" in stopped.log.text()


# ---- what it is given


def test_40_what_it_hears_of_its_job(daemon, ctl, origin, place, room):
    url = origin.url("/bytes/1/a?token=1")
    [job] = ctl.add("--hook", "told", "-g", "a group", "-o", "x y", url)
    assert ctl("wait", "--hooks", job).code == 0
    [event] = begun(place)
    path = str(room.downloads / "x y")
    assert event["arguments"][:5] == ["--", path, "x y", str(room.downloads), str(job)]
    assert event["arguments"][6] == "a group" and event["arguments"][8:] == [event["key"], "%"]
    assert event["environment"]["FETCHD_PATH"] == path and event["environment"]["FETCHD_JOB_ID"] == str(job)
    assert event["subject"]["path"] == path and event["subject"]["hook"] == "running"


@pytest.mark.parametrize("name", ["a b", "$(touch gone)", "`touch gone`", "x'y", "ümlaut ☃", "a;b&c", "%p"])
def test_41_a_name_is_one_argument(daemon, ctl, origin, place, room, name):
    [job] = ctl.add("--hook", "told", "-o", name, origin.url("/bytes/1/a"))
    assert ctl("wait", "--hooks", job).code == 0
    [event] = begun(place)
    assert event["arguments"][1] == str(room.downloads / name) and event["arguments"][2] == name
    assert not (room.downloads / "gone").exists()


@pytest.mark.parametrize("name", ["%FF%FEx", "a%0Ab", "%1B%5B31m", "-%2D", "%25p%25n"])
def test_42_nor_does_a_server_say_more_than_one(daemon, ctl, origin, place, room, name):
    """Whatever the file came to be called: it is that file, in arguments, environment, and on standard input."""
    [job] = ctl.add("--hook", "told", "-g", "'$x %p", origin.url(f"/bytes/1/{name}"))
    assert ctl("wait", "--hooks", job).code == 0
    [event] = begun(place)
    [path] = [path for path in room.downloads.iterdir() if path.is_file()]
    assert os.fsencode(event["arguments"][1]) == os.fsencode(event["environment"]["FETCHD_PATH"]) == os.fsencode(path)
    assert event["arguments"][2] == event["environment"]["FETCHD_NAME"] == path.name and event["subject"]["id"] == job
    assert event["arguments"][6] == event["environment"]["FETCHD_GROUP"] == "'$x %p" and len(event["arguments"]) == 10


# ---- groups


def test_50_once_for_the_group(daemon, ctl, origin, place):
    ctl.ok("group", "create", "--hook", "all", "g")
    ctl.add("-g", "g", origin.url("/bytes/1/a"), origin.url("/bytes/1/b?status=404"), origin.url("/gate/h/bytes/1/c"))
    origin.wait_gated("h")
    assert begun(place) == []
    origin.release("h")
    assert ctl("wait", "--hooks", "-g", "g").code == 1
    [event] = begun(place)
    assert event["what"] == "all" and event["subject"]["name"] == "g" and event["subject"]["counts"]["done"] == 2
    shown = ctl.ok("--json", "group", "show", "g").json[0]
    assert shown["hook"] == "ok" and shown["hooks"] == ["all"] and shown["hook_history"][0]["on"] == "group_done"
    assert "hook: all: ok" in ctl.ok("group", "show", "g").out
    # A new end.
    ctl.add("-g", "g", origin.url("/bytes/1/d"))
    assert ctl("wait", "--hooks", "-g", "g").code == 1
    assert len(begun(place)) == 2


def test_51_a_job_may_name_it(stopped, ctl, origin, place):
    configure(stopped, place, "allsorry", what="never", On="group-done", MaxAttempts=1)
    stopped.start()
    ctl.add("-g", "g", "--hook", "allsorry,first", origin.url("/bytes/1/a"), origin.url("/bytes/1/b"))
    waited = ctl("wait", "--hooks", "-g", "g")
    assert waited.code == 1 and "a hook of the group has failed" in waited.err
    assert sorted(e["what"] for e in begun(place)) == ["first", "first", "never"]
    ctl.ok("retry", "--hooks", "-g", "g")
    assert ctl("wait", "--hooks", "-g", "g").code == 1 and len(begun(place, "never")) == 2


def waiting_for_its_hook(stopped, ctl, origin, place):
    """A client that waits for nothing but the hook of a group, whose one job is done."""
    configure(stopped, place, "gated", what="gate", On="group-done")
    stopped.start()
    ctl.ok("group", "create", "--hook", "gated", "g")
    ctl.add("-g", "g", origin.url("/gate/h/bytes/1/a"))
    wait = ctl.spawn("wait", "--hooks", "-g", "g")
    wait_for_figures(ctl, "fetchd_sessions 2", "fetchd_watches 1")
    origin.release("h")
    wait_told(place, lambda events: len(events) == 1)
    wait_for_figures(ctl, "fetchd_sessions 2", "fetchd_watches 0")
    return wait


@pytest.mark.parametrize("how", ["stop", "kill9"])
def test_52_the_wait_for_a_group_goes_on_after_a_restart(stopped, ctl, origin, place, how):
    stopped.options["Hooks.StopTimeout"] = "200ms"
    wait = waiting_for_its_hook(stopped, ctl, origin, place)
    getattr(stopped, how)()
    wait.errors.find(lambda line: "waiting for fetchd to come back" in line)
    stopped.start()
    wait_told(place, lambda events: len([e for e in events if e["event"] == "begin"]) == 2)
    wait_for_figures(ctl, "fetchd_sessions 2")
    assert wait.process.poll() is None
    (place / "open").touch()
    assert wait.process.wait(LIMIT) == 0


@pytest.mark.parametrize("signo, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_53_the_wait_for_a_group_ends_by_a_signal(stopped, ctl, origin, place, signo, code):
    wait = waiting_for_its_hook(stopped, ctl, origin, place)
    wait.process.send_signal(signo)
    assert wait.process.wait(LIMIT) == code
    wait.errors.find(lambda line: line.endswith("wait --hooks -g g"))
    timed = ctl("wait", "--hooks", "--timeout", "100ms", "-g", "g")
    assert timed.code == 75 and "have not ended in time" in timed.err
    assert ctl.ok("--json", "group", "show", "g").json[0]["hook"] == "running"


def test_54_one_whose_group_is_removed_is_stopped(stopped, ctl, origin, place):
    wait = waiting_for_its_hook(stopped, ctl, origin, place)
    ctl.ok("remove", "-g", "g")
    assert ctl.ok("--json", "group", "show", "g").json[0]["hook"] == "running"
    ctl.ok("group", "remove", "g")
    assert in_session(told(place)[0]["pid"]) == b"" and wait.process.wait(LIMIT) == 0
    assert "fetchd_hooks_running 0" in ctl.ok("metrics").lines and ctl("group", "show", "g").code == 3


# ---- whose


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_60_nobody_names_a_hook_on_anothers_job(origin):
    path = pathlib.Path(tempfile.mkdtemp(prefix="fetchd-test-"))
    path.chmod(0o755)
    shutil.copy(program("fetchctl"), path / "fetchctl")
    room = Room(path)
    daemon = Daemon(room)
    daemon.options.update({"Security.PrivateAddresses": "allow"})
    plain, write = daemon.command, daemon.write_config
    daemon.command = lambda *arguments: [w if w != "--user" else "--system" for w in plain(*arguments)]

    def write_config():
        write()
        with open(room.config, "a") as file:
            file.write("[Hook bad]\nCommand=/bin/false\nMaxAttempts=1\n")

    daemon.write_config = write_config
    games, news = (Ctl(room, path / "fetchctl", pwd.getpwnam(user)) for user in ("games", "news"))
    try:
        daemon.start()
        [job] = games.add(origin.url("/gate/g/bytes/1/a"))
        origin.wait_gated("g")
        foreign, none = news("edit", job, "--hook", "bad"), news("edit", 4711, "--hook", "bad")
        assert foreign.code == none.code == 3 and foreign.err.replace(str(job), "N") == none.err.replace("4711", "N")
        games.ok("edit", job, "--hook", "bad")
        origin.release("g")
        assert games("wait", "--hooks", job).code == 1
        foreign, none = news("retry", "--hooks", job), news("retry", "--hooks", 4711)
        assert foreign.code == none.code == 3
        assert news.ok("--json", "retry", "--hooks", "--all").json == [{"changed": 0}]
        assert news.jobs("--hook", "failed") == {} and list(games.jobs("--hook", "failed")) == [job]
        games.ok("retry", "--hooks", job)
        assert games("wait", "--hooks", job).code == 1
    finally:
        games.close(), news.close()
        daemon.close()
        shutil.rmtree(path)
