"""Progress of get, wait and add --wait: what stands on a terminal at several widths, and what a pipe gets."""
import os
import re
import signal

import pytest

from harness import LIMIT
from screen import SCREENS, Screen

HOSTILE = "evil%1B%5B2J%C2%9B%E2%80%AEgnp.txt"
WEZTERM = {"TERM_PROGRAM": "WezTerm"}


def still(screen):
    """Speeds and times never stand still: they are made alike, the columns stay."""
    def word(w):
        return lambda match: w.rjust(len(match[0]))

    text = re.sub(r"^(\d+/\d+ done.*)  [0-9.]+(B|KiB|MiB)/s", r"\1", screen.text, flags=re.M)
    text = re.sub(r" +[0-9.]+(B|KiB|MiB)/s +([0-9:]+|[0-9]+d [0-9]+h|-:--)$", word("RATE ETA"), text, flags=re.M)
    text = re.sub(r" +[0-9.]+(B|KiB|MiB)/s$", word("RATE"), text, flags=re.M)
    text = re.sub(r" +(stalled|stalled for [0-9:]+)$", word("RATE"), text, flags=re.M)
    text = re.sub(r" +retry in [0-9a-z ]+,", " retry in TIME,", text)
    return re.sub(r"  [0-9:dh ]+ left", "", text)


def golden(screen, name):
    """FETCHD_SCREENS=write writes the file, for a look by eye."""
    text, path = still(screen), SCREENS / f"progress_{name}.txt"
    if os.environ.get("FETCHD_SCREENS") == "write":
        path.write_text(text)
    assert text == path.read_text(), f"not as in {path.name}:\n{text}"


def frame(*wanted):
    """All of these texts stand there."""
    return lambda screen: all(text in screen.text for text in wanted)


class Shell:
    """In the place of a client: an interactive bash, in which $F is fetchctl."""

    def __init__(self, ctl):
        self.room = ctl.room
        self.fetchctl = " ".join(ctl.command())

    def command(self, *_):
        return ["bash", "--norc", "--noprofile", "--noediting", "-i"]

    def screen(self, **more):
        return Screen(self, PS1="$ ", HISTFILE="", F=self.fetchctl, **more)


@pytest.fixture
def wide_daemon(stopped):
    """One that runs many at once, and whose retries do not come while a test looks."""
    stopped.options.update({"Queue.MaxActive": 64, "Queue.MaxPerHost": 64, "Retry.Delay": "1h", "Retry.MaxDelay": "1h"})
    return stopped.start()


@pytest.fixture
def quarter(origin):
    """A file of which a quarter comes, and the rest when gate g is released."""
    return origin.url("/bytes/4000000/debian-12.5.0-amd64-netinst.iso?pause=1000000&until=g")


# ---- one job

@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_01_one(ctl, origin, daemon, quarter, columns):
    with Screen(ctl, "get", quarter, columns=columns, rows=6) as screen:
        golden(screen.wait("25%"), f"one_{columns}")
        origin.release("g")
        assert screen.end() == 0
        assert screen.lines[0].startswith("done") and "25%" not in screen.text


def test_02_the_terminal_is_left_as_it_was(ctl, origin, daemon, quarter):
    with Screen(ctl, "get", quarter, **WEZTERM) as screen:
        screen.wait("25%")
        origin.release("g")
        assert screen.end() == 0
        assert screen.cells.cursor.x == 0 and screen.cells.cursor.y == 1 and not any(screen.lines[1:])
        assert b"\x1b]9;4;1;25\x1b\\" in screen.raw
        assert screen.raw.rindex(b"\x1b]9;4;0;0\x1b\\") > screen.raw.rindex(b"\x1b]9;4;1;")


def test_03_other_terminals_get_no_osc(ctl, origin, daemon):
    with Screen(ctl, "get", origin.url("/bytes/40/a")) as screen:
        assert screen.end() == 0
        assert b"\x1b]" not in screen.raw


def test_04_quiet_is_silent(ctl, origin, daemon):
    with Screen(ctl, "-q", "get", origin.url("/bytes/40/a")) as screen:
        assert screen.end() == 0
        assert screen.raw == b""


# ---- twenty

def twenty(ctl, origin):
    """Names of all kinds; the last two end in an error, one of them for a while."""
    names = [f"holiday-pictures-2026-part-{i:02}.tar.zst" for i in range(14)]
    names += ["日本語のとても長いファイル名です.iso", "žluťoučký-kůň.tar.gz", "e\u0301te\u0301.zip"]
    urls = [origin.url(f"/bytes/{(i + 1) * 1000000}/f{i}?pause=500000&until=g") for i in range(len(names))]
    ids = ctl.add("-g", "twenty", *[word for name in names for word in ("-o", name)], *urls)
    ids += ctl.add("-g", "twenty", origin.url(f"/bytes/18000000/{HOSTILE}?pause=500000&until=g"))
    bad = ctl.add("-g", "twenty", origin.url("/bytes/10/busy.bin?status=503"), origin.url("/nothing"))
    ctl.wait_received(500000, *ids)
    ctl("wait", bad[1])
    events = ctl.watch("--since", 0, bad[0])
    events.kind("waiting", bad[0])
    return bad[0]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_05_twenty(ctl, origin, wide_daemon, columns):
    busy = twenty(ctl, origin)
    with Screen(ctl, "wait", "-g", "twenty", columns=columns, rows=30) as screen:
        golden(screen.wait(frame("0/20 done, 1 failed", "59min", "50%", "gnp.txt" if columns > 40 else "…")),
               f"twenty_{columns}")
        assert b"\x7f" not in screen.raw and "\u202e".encode() not in screen.raw and b"\xc2\x9b" not in screen.raw
        origin.release("g")
        ctl.ok("cancel", busy)
        assert screen.end() == 1


def test_06_what_fits_not_is_left_out(ctl, origin, wide_daemon):
    busy = twenty(ctl, origin)
    with Screen(ctl, "wait", "-g", "twenty", columns=80, rows=12) as screen:
        golden(screen.wait(frame("0/20 done, 1 failed", "59min", "18 active")), "twenty_12_rows")
        origin.release("g")
        ctl.ok("cancel", busy)
        assert screen.end() == 1


def test_07_resized(ctl, origin, wide_daemon):
    """No line of an earlier frame stays, whatever the sizes."""
    twenty(ctl, origin)
    with Screen(ctl, "wait", "-g", "twenty", columns=120, rows=30) as screen:
        screen.wait(frame("0/20 done, 1 failed", "18 active"))
        for columns, rows in (80, 30), (40, 12), (20, 3), (10, 1), (200, 30), (80, 30):
            screen.resize(columns, rows)
            wanted = {200: "18 active", 80: "18 active", 40: "1 failed", 20: "1 failed", 10: "0/20 done"[:8]}[columns]
            screen.wait(lambda s: sum(wanted in line for line in s.lines) == 1
                        and all(len(line) < columns for line in s.lines)
                        and (columns != 200 or "of 9.5MiB" in s.text))
        screen.wait(lambda s: "of 9.5MiB" not in s.text and s.text.count("%") == 18)
        assert sum(map(bool, screen.lines)) == 18 + 2, screen.text
        screen.keys("\x03")
        assert screen.end() == 130


def test_08_what_is_over_scrolls_up(ctl, origin, wide_daemon):
    urls = [origin.url(f"/gate/{i}/bytes/100/f{i}") for i in range(10)]
    with Screen(ctl, "get", *urls, columns=60, rows=8) as screen:
        screen.wait("0/10 done")
        for i in range(9):
            origin.release(str(i))
            screen.wait(frame(f"{i + 1}/10 done"))
            place = next(n for n, line in enumerate(screen.lines) if f"{i + 1}/10 done" in line)
            assert not any(screen.lines[place + 1:]), screen.text
        assert sum(line.startswith("done ") for line in screen.lines) == 6, screen.text
        origin.release("9")
        assert screen.end() == 0
        assert screen.lines[6].startswith("10 of 10 done, 1000B in ")


# ---- ten thousand

def test_09_ten_thousand(ctl, origin, wide_daemon, room):
    urls = "".join(origin.url(f"/gate/g/bytes/100/f{i}\n") for i in range(10000))
    ctl.ok("add", "-g", "many", "-", stdin=urls)
    origin.wait_gated("g", 64)
    with Screen(ctl, "wait", "-g", "many", columns=80, rows=24, **WEZTERM) as screen:
        golden(screen.wait("0/10000 done  0B  0B/s  64 active, 9936 queued"), "ten_thousand_80")
        screen.keys("\x03")
        assert screen.end() == 130
        assert b"\x1b]9;4;1;0\x1b\\" in screen.raw and screen.raw.count(b"\x1b]9;4;0;0\x1b\\") == 1
        assert "wait-gmany" in "".join(screen.text.split()) and "0/10000" not in screen.text
    wide_daemon.kill9()


# ---- leaving, and coming back

def test_10_ctrl_c_leaves_the_download(ctl, origin, daemon, quarter):
    with Screen(ctl, "get", quarter, **WEZTERM) as screen:
        screen.wait("25%").keys("\x03")
        assert screen.end() == 130
        assert screen.lines[0].endswith("The download goes on in the daemon. To wait for it again:")
        assert screen.lines[1].endswith(" wait 1") and not any(screen.lines[2:])
        assert screen.raw.count(b"\x1b]9;4;0;0\x1b\\") == 1
    assert ctl.job(1)["state"] == "active"
    origin.release("g")
    assert ctl.wait(1).code == 0


def test_11_a_signal_leaves_the_terminal_in_order(ctl, origin, daemon, quarter):
    with Screen(ctl, "get", quarter, quarter, "-g", "my photos", "-d", "a") as screen:
        screen.wait("2 active")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
        assert "%" not in screen.text and "The downloads go on in the daemon." in screen.text
        assert "wait-g'myphotos'" in "".join(screen.text.split())


def test_12_stopped_and_continued(ctl, origin, daemon, quarter):
    with Shell(ctl).screen() as screen:
        screen.wait("$").keys(f"$F get '{quarter}'\n")
        screen.wait("25%").keys("\x1a")
        screen.wait("Stopped")
        assert "25%" not in screen.text
        screen.keys("clear; fg\n")
        screen.wait("25%")
        assert "Stopped" not in screen.text
        origin.release("g")
        screen.wait("done ").keys("exit\n")
        assert screen.end() == 0


def test_13_nothing_is_drawn_in_the_background(ctl, origin, daemon, quarter):
    with Shell(ctl).screen() as screen:
        screen.wait("$").keys(f"$F get '{quarter}' &\n")
        origin.wait_gated("g")
        origin.release("g")
        screen.wait("done  ").keys("exit\n")
        screen.end()
        assert "%" not in screen.text


# ---- no terminal

def test_14_a_plain_line_now_and_then(ctl, origin, daemon, quarter):
    stream = ctl.spawn("get", quarter, origin.url("/bytes/10/b"))
    line = stream.errors.find(lambda line: "done" in line)
    assert re.fullmatch(r"fetchctl: 1/2 done  976\.6KiB of 3\.8MiB  [0-9.]+[A-Z]*i?B/s.*", line), line
    origin.release("g")
    assert stream.process.wait(LIMIT) == 0


def test_14_a_plain_line_tells_what_a_job_that_waits_has(stopped, ctl, origin):
    stopped.options["Retry.Delay"] = "1h"
    stopped.start()
    [job] = ctl.add(origin.url("/bytes/4000000/a?cut=3000000"))
    ctl.watch("--since", 0).kind("waiting", job)
    stream = ctl.spawn("wait", job)
    line = stream.errors.find(lambda line: "done" in line)
    assert line.startswith("fetchctl: 0/1 done  2.9MiB of 3.8MiB"), line
    ctl.ok("retry", job)
    assert stream.process.wait(LIMIT) == 0


def test_15_a_plain_line_knows_how_many_the_group_has(ctl, origin, stopped, quarter):
    stopped.options["Queue.MaxActive"] = 1
    stopped.start()
    ctl.add("-g", "g", quarter, *[origin.url(f"/bytes/10/{i}") for i in range(5)])
    stream = ctl.spawn("wait", "-g", "g")
    assert "0/6 done" in stream.errors.find(lambda line: "done" in line)
    origin.release("g")
    assert stream.process.wait(LIMIT) == 0


def test_16_dumb_terminal(ctl, origin, daemon):
    with Screen(ctl, "get", origin.url("/bytes/40/a"), origin.url("/nothing"), TERM="dumb", **WEZTERM) as screen:
        assert screen.end() == 1
        assert b"\x1b" not in screen.raw
        assert str(ctl.room.downloads / "a") in screen.lines


# ---- the end

FAILURE = "E_HTTP_404: the server says 404 Not Found"


def test_17_what_did_not_come_is_named_at_the_end(ctl, origin, daemon):
    urls = origin.url("/bytes/40/a"), origin.url("/nothing"), origin.url("/bytes/40/b")
    with Screen(ctl, "get", *urls, columns=120) as screen:
        assert screen.end() == 1
        last = [line for line in screen.lines if line]
        assert last[-3].startswith("2 of 3 done, 1 failed, 80B in ")
        assert last[-2:] == ["fetchctl: 1 of 3 files did not come:", f"    2  failed  {FAILURE}  {urls[1]}"]
    result = ctl("get", *urls)
    assert result.code == 1 and len(result.lines) == 2
    assert result.err.splitlines()[-2:] == ["fetchctl: 1 of 3 files did not come:",
                                            f"    5  failed  {FAILURE}  {urls[1]}"]
    assert ctl("-q", "get", *urls).err.splitlines() == [f"fetchctl: job 8 failed: {FAILURE} ({urls[1]})"]


def test_18_of_many_only_some_are_named(ctl, origin, daemon):
    result = ctl("get", *[origin.url(f"/nothing/{i}") for i in range(25)])
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[25] == "fetchctl: 25 of 25 files did not come:" and len(lines) == 25 + 1 + 20 + 1
    assert lines[-1] == '    … and 5 more; "fetchctl list --state failed,cancelled" names them all'
