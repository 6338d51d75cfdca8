"""Tables: what stands on a terminal of 40, 80 and 200 columns, and what a pipe gets, byte for byte."""
import contextlib
import os
import pathlib
import re
import sqlite3
import subprocess
import time

import pytest

from harness import sanitizer
from screen import Screen, golden

ESCAPE = re.compile(rb"\x1b(?!\[[0-9;]*m)")
LONG_AGO = 1700000000000000
NAMES = [
    "debian-12.8.0-amd64-netinst.iso",
    "大きなファイルの名前はとても長いので端末の幅には入りきらない.tar.gz",
    "Ünïcödé – naïve café résumé, a rather long name that no narrow terminal has room for.pdf",
    b"latin1-\xe9t\xe9.txt",
    "red\x1b[31mEVIL\x1b[0m\x1b]0;title\x07.sh",
    "photo\u202egpj.exe",
    "line\nbreak\ttab.txt",
    "combining e\u0301e\u0301.txt",
    "🎉 party 🎉.mp4",
    "",
]
HOSTS = ["https://example.org:443", "http://mirror.example.net:80", "http://a-host-with-a-long-name.downloads.example.com:8080"]
KINDS = [  # state, waiting_for, error
    (5, 0, None), (6, 0, "E_HTTP_404"), (4, 0, None), (2, 2, None), (7, 0, None), (5, 0, None), (6, 0, "E_CHECKSUM"),
]


def rows(n):
    """n jobs of every kind that does not run by itself, with names of every kind, some of them in groups."""
    far = int(time.time() * 1e6) + (100 * 24 * 60 + 11 * 60 + 30) * 60 * 1000000
    for i in range(1, n + 1):
        state, wait, error = KINDS[i % len(KINDS)]
        name = NAMES[(i - 1) % len(NAMES)]
        yield {
            "id": i, "state": state, "waiting_for": wait, "owner": os.getuid(), "priority": i % 4 if state == 4 else 0,
            "origin": i % len(HOSTS) + 1, "due_usec": far if wait else 0, "created_usec": LONG_AGO + i,
            "started_usec": LONG_AGO + 1000000 if state > 4 else 0, "finished_usec": LONG_AGO + 2000000 if state > 4 else 0,
            "url": f"{HOSTS[i % len(HOSTS)]}/dir/{i}", "dir": "/nowhere", "error_code": error,
            "error_message": error and "it \x1b[5mfailed", "size": -1 if i % 5 == 0 else i * 123456,
            "received": i * 123456 if state == 5 else i * 1000, "name": name.encode() if isinstance(name, str) else name,
            "group_id": i % 3 if i % 3 < 2 else 0, "not_before_usec": far if wait else -1,
        }


def fill(path, n):
    jobs = list(rows(n))
    keys = list(jobs[0])
    marks = ", ".join("CAST(? AS TEXT)" if key == "name" else "?" for key in keys)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO origins (id, origin) VALUES (?, ?)", list(enumerate(HOSTS, 1)))
        db.execute("INSERT INTO groups (id, owner, name, created_usec) VALUES (1, ?, ?, ?)",
                   (os.getuid(), "写真 \x1b[7m", LONG_AGO))
        db.executemany(f"INSERT INTO jobs ({', '.join(keys)}) VALUES ({marks})", [tuple(job.values()) for job in jobs])
        db.execute("INSERT INTO counters SELECT owner, state, count(*) FROM jobs GROUP BY owner, state")
        for number, state in enumerate(("queued", "waiting", "active", "paused", "done", "failed", "cancelled"), 1):
            db.execute(f"UPDATE groups SET {state} = (SELECT count(*) FROM jobs WHERE group_id = groups.id AND state = ?)",
                       (number,))
        db.execute("UPDATE sequences SET last = ? WHERE name = 'job'", (n,))


@pytest.fixture
def queue(room, stopped):
    """Starts the daemon with so many jobs."""
    def make(n):
        stopped.options.update({"Queue.KeepFinished": "36500d", "Queue.KeepFailed": "36500d", "Retry.Deadline": "infinity"})
        stopped.start()
        stopped.stop()
        fill(room.state / "queue.db", n)
        return stopped.start()
    return make


def shown(ctl, *arguments, columns=80, rows=24, **more):
    """A screen whose program has ended well, and obeyed its terminal and nobody else."""
    with Screen(ctl, "--no-pager", *arguments, columns=columns, rows=rows, **more) as screen:
        assert screen.end() == 0, screen.text
        assert not ESCAPE.search(screen.raw) and b"\x07" not in screen.raw and "\u202e".encode() not in screen.raw
        return screen


# ---- terminals


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_01_a_job(queue, ctl, columns):
    queue(1)
    shown(ctl, "list", columns=columns).golden(f"list-1-{columns}")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_02_twenty_jobs(queue, ctl, columns):
    queue(20)
    shown(ctl, "list", columns=columns).golden(f"list-20-{columns}")


def test_03_ten_thousand_jobs(queue, ctl):
    """More than share their widths: the columns of the end still stand below each other."""
    queue(10000)
    for columns in (40, 80, 200):
        shown(ctl, "list", columns=columns).golden(f"list-10000-{columns}")


@pytest.mark.parametrize("columns", [1, 7, 13, 25])
def test_04_no_line_is_longer_than_the_terminal(queue, ctl, columns):
    queue(20)
    assert len(shown(ctl, "list", "--columns", "id,state,url,name,host,note", columns=columns, rows=40).text.splitlines()) == 21


def test_05_chosen_columns(queue, ctl):
    queue(20)
    shown(ctl, "list", "--columns", "name,id,created,error,message", "--sort", "error,size", "--reverse").golden("list-chosen-80")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_06_groups(queue, ctl, columns):
    queue(20)
    ctl.ok("group", "create", "--policy=fail-fast", "a group with quite a long name, and nothing in it")
    shown(ctl, "group", columns=columns).golden(f"groups-{columns}")


def test_07_a_group(queue, ctl):
    queue(20)
    group = next(g["name"] for g in ctl.ok("--json", "group").json)
    screen = shown(ctl, "group", "show", group, rows=40)
    age = re.search(r"\(\d+d( \d+h)? ago\)", screen.text).group()
    screen.golden("group-show-80", [(f"{os.getuid()})", "UID)"), ("root", "USER"), (age, "(AGE ago)")])


@pytest.mark.parametrize("columns", [40, 80])
def test_08_limits(daemon, ctl, columns):
    ctl.ok("limit", "limit-rate", "10M")
    shown(ctl, "limit", columns=columns).golden(f"limits-{columns}")


def test_09_hosts_and_attempts(daemon, ctl, origin):
    [good, bad] = ctl.add(origin.url("/bytes/10/a"), origin.url("/status/404/b"))
    assert ctl.wait(good, bad).code == 1
    assert shown(ctl, "hosts").lines[0].split() == ["HOST", "STATE", "ACTIVE", "LIMIT", "DONE", "FAILED", "NOTE"]
    assert "last: E_HTTP_404" in shown(ctl, "hosts").lines[1]
    for columns in (40, 80):
        screen = shown(ctl, "why", bad, columns=columns)
        lines = screen.lines[:screen.text.count("\n")]
        attempt = lines.index("") + 1
        assert lines[attempt].split()[:3] == ["#", "STARTED", "OUTCOME"] and "404" in lines[attempt + 1]
        assert lines[attempt + 3].lstrip().startswith("E_HTTP_404: ") and screen.color("failed") == "red"
    assert ctl.ok("hosts").lines[0].split("\t") == ["HOST", "STATE", "ACTIVE", "LIMIT", "MAX", "DONE", "FAILED", "UNTIL", "ERROR"]
    assert ctl.ok("hosts", "--columns=host,done,failed,error", "--no-legend").out == f"{origin.url('').rstrip('/')}\t1\t1\tE_HTTP_404\n"


def test_10_states_have_colours(queue, ctl):
    queue(20)
    screen = shown(ctl, "list")
    assert {word: screen.color(f" {word} ") for word in ("done", "failed", "waiting", "cancelled")} \
        == dict.fromkeys(("done", "failed", "waiting", "cancelled"), "default")  # the blank before
    assert [screen.color(word) for word in ("done", "failed", "waiting")] == ["green", "red", "brown"]
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert b"\x1b" not in shown(ctl, "list", **environment).raw
    assert b"\x1b" not in shown(ctl, "--color=never", "list").raw
    assert b"\x1b[" in shown(ctl, "--color=always", "list", NO_COLOR="1").raw
    assert "\x1b[31mfailed\x1b[0m" not in ctl.ok("list").out


def test_11_running_jobs(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/g/bytes/1000/running"))
    origin.wait_gated("g")
    lines = shown(ctl, "status", "--columns", "id,state,name").lines
    assert lines[lines.index("") + 1:][:2] == ["ID STATE  NAME", f" {job} active running"]
    assert ctl.ok("status", "--columns=id,state,name", "--no-legend").out.endswith(f"\n\n{job}\tactive\trunning\n")


def test_12_the_pager_is_for_terminals(queue, ctl):
    queue(20)
    pager = {"FETCHCTL_PAGER": "sed 's/^/| /'", "PAGER": "false"}
    with Screen(ctl, "list", "--columns=id,state", **pager) as screen:
        assert screen.end() == 0 and all(line.startswith("| ") for line in screen.lines[:21])
    assert "| " not in shown(ctl, "list", **pager).text
    with Screen(ctl, "list", "--columns=id,state", PAGER="sed 's/^/> /'") as screen:
        assert screen.end() == 0 and screen.lines[0].startswith("> ")
    for environment in ({**pager, "TERM": "dumb"}, {**pager, "FETCHCTL_PAGER": ""}):
        with Screen(ctl, "list", **environment) as screen:
            assert screen.end() == 0 and "| " not in screen.text


def test_13_no_headings(queue, ctl):
    queue(20)
    for words in (["list"], ["group"], ["limit"]):
        assert shown(ctl, "--no-legend", *words, rows=40).lines[0] == shown(ctl, *words, rows=40).lines[1], words


def test_14_widths_hold_from_part_to_part(queue, ctl):
    """Rows are drawn some hundred at a time: those that need less room stand below those that needed more."""
    queue(1100)
    head, *lines = shown(ctl, "--color=never", "list", "--reverse", "--columns=id,state").raw.decode().splitlines()
    assert head == "  ID STATE" and len(lines) == 1100 and [line[:5] for line in lines] == [f"{i:4} " for i in range(1100, 0, -1)]
    assert not any(line.endswith(" ") for line in lines)


# ---- pipes


def test_20_a_pipe_gets_the_same_bytes(queue, ctl):
    queue(20)
    text = ctl.ok("list").out
    golden("pipe-list", text)
    assert text == ctl.ok("list", "--columns", "id,state,received,size,speed,priority,group,host,note,name,url").out
    golden("pipe-groups", ctl.ok("group").out)
    golden("pipe-limits", ctl.ok("limit").out)
    golden("pipe-list-json", ctl.ok("--json", "list", "-n", "10", "--state", "done,failed,cancelled,paused").out
           .replace(f'"owner":{os.getuid()}', '"owner":UID'))


def test_21_columns_of_a_line_are_always_as_many(queue, ctl):
    queue(200)
    lines = ctl.ok("list").out.split("\n")
    assert {line.count("\t") for line in lines[:-1]} == {10} and len(lines) == 202 and lines[-1] == ""


@pytest.mark.parametrize("sort", ["size", "state,size", "name,id", "host,priority", "error,created", "done", "group"])
def test_22_sorted(queue, ctl, sort):
    queue(200)
    ids = [int(line) for line in ctl.ok("list", "--no-legend", "--columns=id", "--sort", sort).lines]
    back = [int(line) for line in ctl.ok("list", "--no-legend", "--columns=id", "--sort", sort, "--reverse").lines]
    few = [job["id"] for job in ctl.ok("--json", "list", "-n", "5", "--sort", sort).json]
    assert sorted(ids) == list(range(1, 201)) and back == ids[::-1] and few == ids[:5]
    jobs = ctl.jobs()
    key = {"size": lambda j: j.get("size", -1), "group": lambda j: j.get("group", "").encode(),
           "name,id": lambda j: (j["name"].encode(), j["id"])}.get(sort)
    if key:
        assert ids == sorted(ids, key=lambda i: (key(jobs[i]), i))


def test_23_json_is_whole_and_valid(queue, ctl):
    """Odd bytes are the four characters \\xNN; everything else is what it was."""
    queue(20)
    jobs = ctl.jobs()
    assert [jobs[i]["name"] for i in range(1, 11)] == [
        name if isinstance(name, str) else "latin1-\\xe9t\\xe9.txt" for name in NAMES]
    assert all(line.isascii() and "\x1b" not in line for line in ctl.ok("--json", "list").lines)


def test_24_attempts(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/status/404/b"))
    assert ctl.wait(job).code == 1
    head, _, table = ctl.ok("why", job).out.partition("\n\n")
    assert head.startswith(f"id: {job}\n")
    names, values = (line.split("\t") for line in table.splitlines())
    attempt = dict(zip(names, values))
    told = ctl.job(job)["history"][0]
    assert names == ["#", "STARTED", "ENDED", "OUTCOME", "ADDRESS", "HTTP", "STATUS", "DNS", "CONN", "TLS", "FIRST", "REDIRECTS",
                     "OFFSET", "BYTES", "ERROR", "MESSAGE", "NOTE"]
    assert attempt["STARTED"] == str(told["started_usec"]) and attempt["STATUS"] == "404" and attempt["ERROR"] == "E_HTTP_404"
    assert ctl.ok("status", job, "--columns=number,error", "--no-legend").out.endswith("\n\n1\tE_HTTP_404\n")


# ---- mistakes


@pytest.mark.parametrize("words, says", [
    (["list", "--columns", "id,nam"], 'jobs have no column "nam"\nDid you mean "name"?\nColumns are id, state, '),
    (["list", "--columns", ""], "a name is missing"),
    (["list", "--sort", "id,"], "a name is missing"),
    (["list", "--sort", "colour"], 'jobs have no column "colour"\nColumns are '),
    (["hosts", "--columns", "url"], 'hosts have no column "url"'),
    (["group", "--sort", "size"], 'groups have no column "size"'),
    (["limit", "--sort", "size"], 'limits have no column "size"'),
    (["why", "1", "--columns", "url"], 'attempts have no column "url"'),
    (["group", "create", "g", "--sort", "id"], "for group list and group show"),
    (["limit", "max-active", "3", "--columns", "name"], "for showing limits"),
    (["--json", "list", "--columns", "id"], "--columns is for text"),
    (["list", "--columns", "\x1b[31m"], '\\x1b[31m'),
])
def test_30_mistakes(daemon, ctl, words, says):
    result = ctl(*words)
    assert result.code == 2 and says in result.err.replace("fetchctl: ", "") and not result.out


def test_31_columns_are_listed_without_a_daemon(room, ctl):
    for verb in ("list", "status", "why", "hosts", "group", "limit"):
        listed = ctl.ok(verb, "--columns=help").out
        assert listed.startswith("Columns of ") and listed in ctl.ok("help", verb).out


# ---- speed and memory


@pytest.mark.skipif(sanitizer("asan") or sanitizer("tsan"), reason="a sanitizer keeps what was freed")
@pytest.mark.parametrize("options", [["list"], ["--json", "list"]], ids=["plain", "json"])
def test_40_memory_does_not_grow_with_the_list(queue, ctl, room, options):
    """A reader that stops has the writer stop: then there is time to look."""
    queue(10000)
    with subprocess.Popen(ctl.command(*options), stdout=subprocess.PIPE, env=room.environment()) as process:
        def peak_after(lines):
            for _ in range(lines):
                process.stdout.readline()
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))

        early, late = peak_after(2000), peak_after(6000)
        assert late < early + 1024
        assert len(process.stdout.readlines()) == 2001 - (options != ["list"])
