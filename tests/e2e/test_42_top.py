"""fetchctl top in a real pseudo-terminal: what stands there at each size, what each key does in the daemon, and that the terminal
is given back whatever ends it."""
import os
import re
import signal
import termios
from urllib.parse import quote

import pytest

from screen import Screen

SIZES = {40: 16, 80: 24, 200: 50}
TALL = "日本語のとても長いファイル名のアーカイブ.zip"
HOSTILE = "evil\x1b[31m\x07\x9b31m\u202etxt.exe"
NAMES = ["debian-12.8.0-amd64-netinst.iso", TALL, HOSTILE, "🎉🎉.mp4", "a" * 150, "e\u0301te\u0301.tar.zst"]


def top(ctl, *arguments, **how):
    return Screen(ctl, "top", *arguments, **how)


def begun(screen):
    """The first answers are on the screen."""
    return screen.wait(lambda s: " active" in s.text)


def steady(text):
    """What the time and the place of the test decide is made the same."""
    head, _, rest = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:PORT5", text).partition("\n")
    rest = re.sub(r" (open|full) +\d+/\d+", " open A/L", rest)  # the limit is still being found out
    return re.sub(r" {2,}", "  ", re.sub(r"up (\d+\w+ ?)+", "up 1s ", head)) + "\n" + rest


def halted(origin, ctl, n):
    """n transfers of which half has come, and nothing more does."""
    urls = [origin.url(f"/bytes/20000/{quote(NAMES[i % len(NAMES)])}?pause=10000&until=g&n={i}") for i in range(n)]
    jobs = ctl.add(*urls)
    ctl.wait_received(10000, *jobs)
    return jobs


def row_of(screen, text):
    return next(line for line in screen.lines if text in line)


# ---- what stands there


@pytest.mark.parametrize("columns", SIZES)
def test_01_nothing(daemon, ctl, columns):
    with top(ctl, columns=columns, rows=SIZES[columns]) as screen:
        begun(screen).wait("Nothing is being fetched.")
        screen.golden(f"top_{columns}_0", steady=steady)


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("n", [1, 20])
def test_02_transfers(stopped, ctl, origin, columns, n):
    stopped.options.update({"Queue.MaxActive": 32, "Queue.MaxPerHost": 32})
    stopped.start()
    jobs = halted(origin, ctl, n)
    with top(ctl, columns=columns, rows=SIZES[columns]) as screen:
        # The last bytes are some seconds ago.
        begun(screen).wait(lambda s: "50%" in s.text and not re.search(r"50% +[1-9]", s.text) and "HOST  " in s.text)
        screen.golden(f"top_{columns}_{n}", steady=steady)
    assert len(jobs) == n


@pytest.mark.parametrize("columns", SIZES)
def test_03_ten_thousand(stopped, ctl, origin, columns):
    stopped.options.update({"Queue.MaxActive": 1})
    stopped.start()
    [first] = ctl.add(origin.url("/gate/g/bytes/10/first"))
    origin.wait_gated("g")
    ctl.ok("add", "-i", "-", stdin="".join(f"{origin.url(f'/bytes/10/f{i}')}\n" for i in range(10000)))
    with top(ctl, columns=columns, rows=SIZES[columns]) as screen:
        begun(screen).wait("10000 queued")
        screen.keys("3")
        screen.wait("f25" if columns == 200 else "f5")
        screen.golden(f"top_{columns}_10000", steady=steady)
        screen.keys("G")
        screen.wait("f499")
        screen.keys("/f49")
        screen.wait(lambda s: "f495" in s.text and "f488" not in s.text)
    assert ctl.job(first)["state"] == "active"


def test_04_failures(stopped, ctl, origin):
    stopped.options.update({"Retry.MaxAttempts": 1})
    stopped.start()
    ctl("add", "-w", origin.url("/nothing/gone.txt"))
    with top(ctl, columns=120, rows=30) as screen:
        begun(screen).wait("E_HTTP_404")
        assert "gone.txt" in row_of(screen, "E_HTTP_404")
        screen.keys("4")
        screen.wait("the server says 404")
        assert screen.color("E_HTTP_404") not in ("default", "red")  # one of 256


def test_05_hostile_names_do_nothing(daemon, ctl, origin):
    halted(origin, ctl, 3)
    with top(ctl, columns=120) as screen:
        begun(screen).wait("50%")
        screen.keys("3")
        screen.wait("Nothing waits.")
    for bad in ("\x07", "\x9b", "\u202e", "\x1b[31mm"):
        assert bad.encode() not in screen.raw


def test_06_resize(daemon, ctl, origin):
    halted(origin, ctl, 1)
    with top(ctl, columns=120, rows=30) as screen:
        begun(screen).wait("50%")
        screen.resize(40, 16)
        screen.wait(lambda s: s.lines[15].startswith(" q quit") and "50%" in s.text)
        screen.resize(80, 24)
        screen.wait(lambda s: s.lines[23].startswith(" q quit") and "PROGRESS" in s.text)
        screen.resize(10, 3)
        screen.wait(lambda s: "q quit" not in s.text)
        screen.resize(1, 1)
        screen.resize(80, 24)
        screen.wait(lambda s: s.lines[23].startswith(" q quit"))


def test_07_draws_only_what_changed(daemon, ctl, origin):
    halted(origin, ctl, 3)
    with top(ctl, "--color=always", columns=80) as screen:
        begun(screen).wait(lambda s: s.text.count("50%") == 3)
        before = len(screen.raw)
        screen.keys("j")
        screen.wait(lambda s: s.cells.buffer[9][20].bg != "default")
        screen.keys("jk")
        screen.wait(lambda s: s.cells.buffer[9][20].bg != "default")
        written = screen.raw[before:]
        assert len(written) < 3000 and b"\x1b[2J" not in written and b"\x1b[J" not in written


def test_08_no_color(daemon, ctl, origin):
    halted(origin, ctl, 1)
    with top(ctl, NO_COLOR="1") as screen:
        begun(screen).wait("50%")
    assert not re.search(rb"\x1b\[(\d+;)*[349][0-8](;\d+)*m", screen.raw)


def test_09_no_utf8(daemon, ctl, origin):
    ctl.add("-w", "-q", origin.url("/bytes/10/a"))
    job = ctl.add(origin.url("/bytes/20000/plain?pause=10000&until=g"))
    ctl.wait_received(10000, *job)
    with top(ctl, LC_ALL="C") as screen:
        begun(screen).wait("=======.......")
    assert all(byte < 0x80 for byte in screen.raw)


@pytest.mark.parametrize("term", [None, "", "dumb", "no-such-terminal"])
def test_10_terminals_that_cannot(daemon, ctl, term):
    with top(ctl, TERM=term) as screen:
        assert screen.end() == 2
        assert "cannot draw" in screen.text and "fetchctl status" in screen.text
    assert b"\x1b" not in screen.raw


def test_11_no_terminal(daemon, ctl):
    result = ctl("top")
    assert result.code == 2 and "needs a terminal" in result.err and "watch" in result.err and not result.out
    result = ctl("--json", "top")
    assert result.code == 2 and "watch" in result.err


def test_12_no_daemon(ctl):
    with top(ctl) as screen:
        assert screen.end() == 69
    assert b"\x1b" not in screen.raw


# ---- keys


@pytest.fixture
def one(stopped, ctl, origin):
    """A daemon with one job that is active, and one that is queued behind it."""
    stopped.options.update({"Queue.MaxActive": 1})
    stopped.start()
    [active] = ctl.add(origin.url("/gate/g/bytes/10/active.bin"))
    origin.wait_gated("g")
    [queued] = ctl.add(origin.url("/gate/g/bytes/10/queued.bin"))
    return active, queued


def test_20_views(one, ctl):
    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        for key, text in (("2", "OPENS"), ("3", "queued.bin"), ("4", "Nothing has failed."), ("1", "PROGRESS"),
                          ("\t", "OPENS"), ("\x1b[Z", "PROGRESS"), ("\x1b[Z", "Nothing has failed."), ("\t", "PROGRESS")):
            screen.keys(key)
            screen.wait(text)


def test_21_help(daemon, ctl):
    with top(ctl) as screen:
        begun(screen)
        screen.keys("?")
        screen.wait("leave; the downloads go on")
        for word in ("pause", "resume", "cancel", "priority", "limit-rate", "filter", "sort"):
            screen.wait(word)
        screen.keys("q")  # only back
        begun(screen)
        screen.keys("q")
        assert screen.end() == 0


def test_22_pause_and_resume(one, ctl):
    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        screen.keys("3")
        screen.wait("queued.bin")
        screen.keys("p")
        screen.wait("1 job paused")
        assert ctl.job(one[1])["state"] == "paused"
        screen.wait(lambda s: "paused" in row_of(s, "queued.bin"))
        screen.keys("r")
        screen.wait("1 job resumed")
        assert ctl.job(one[1])["state"] == "queued"


def test_23_cancel_asks(one, ctl):
    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        screen.keys("c")
        screen.wait(f"Cancel job {one[0]} (active.bin)? (y/N)")
        screen.keys("n")
        screen.wait("q quit")
        assert ctl.job(one[0])["state"] == "active"
        screen.keys("cy")
        screen.wait("1 job cancelled")
        assert ctl.job(one[0])["state"] == "cancelled"


def test_24_several(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 1})
    stopped.start()
    jobs = ctl.add(*(origin.url(f"/gate/g/bytes/10/f{i}") for i in range(6)))
    origin.wait_gated("g")
    with top(ctl) as screen:
        begun(screen)
        screen.keys("3")
        screen.wait("f5")
        screen.keys(" j ")
        screen.wait("2 marked")
        screen.keys("c")
        screen.wait("Cancel 2 jobs? (y/N)")
        screen.keys("y")
        screen.wait("2 jobs cancelled")
        assert [ctl.job(job)["state"] for job in jobs[1:]] == ["cancelled", "queued", "cancelled", "queued", "queued"]
        screen.wait(lambda s: "f1" not in s.text)
        screen.keys("ap")
        screen.wait("3 jobs paused")
        assert ctl.job(jobs[5])["state"] == "paused" and ctl.job(jobs[0])["state"] == "active"


def test_25_priority(one, ctl):
    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        screen.keys("3")
        screen.wait("queued.bin")
        for keys, want in (("+", 1), ("P7\r", 7), ("-", 6)):
            screen.keys(keys)
            screen.wait(lambda s, want=want: f" {want} queued" in row_of(s, "queued.bin"))
            assert ctl.job(one[1])["priority"] == want
        screen.keys("Phigh\r")
        screen.wait('"high" is no number')
        screen.keys("P\x1b")
        screen.wait("q quit")
        assert ctl.job(one[1])["priority"] == 6


def test_26_limits(one, ctl):
    def limit(name):
        return next(l["value"] for l in ctl.ok("--json", "limit").json if l["name"] == name)

    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        screen.keys("L5M\r")
        screen.wait("limit set")
        assert limit("limit-rate") == 5 << 20
        screen.keys("M")
        screen.wait("Max-active of all:")
        screen.keys("x\x7f3\r")
        screen.wait("2/3 active")
        assert limit("max-active") == 3
        screen.keys("l100K\r")
        screen.wait("changed")
        screen.keys("lfast\r")
        screen.wait('"fast" is no rate')
        screen.keys("2")
        screen.wait("OPENS")
        screen.keys("m1\r")
        screen.wait("limit set")
        # Whether the second is taken back, or had not begun yet, is the daemon's business.
        screen.wait(lambda s: re.search(r" \d/1 +1 ", s.text))


def test_27_retry_and_forget(stopped, ctl, origin):
    stopped.options.update({"Retry.MaxAttempts": 1})
    stopped.start()
    again, gone = ctl.add(origin.url("/bytes/10/again?status=404&times=1"), origin.url("/none/gone"))
    ctl.wait()
    with top(ctl) as screen:
        begun(screen).wait("E_HTTP_404")
        screen.keys("4/again\r")
        screen.wait(lambda s: "filter: again" in s.text and "gone" not in s.text)
        screen.keys("t")
        screen.wait("1 job begun again")
        assert ctl.wait(again).code == 0
        screen.keys("\x1b")
        screen.wait(lambda s: "gone" in s.text and "Failures 1" in s.text)
        screen.keys("x")
        screen.wait("Forget job")
        screen.keys("y")
        screen.wait("Nothing has failed.")
    assert ctl("status", gone).code == 3


def test_28_hosts(one, ctl):
    with top(ctl) as screen:
        begun(screen).wait("active.bin")
        screen.keys("2")
        screen.wait("OPENS")
        screen.keys("c")
        screen.wait("Cancel all jobs of http://127.0.0.1:")
        screen.keys("y")
        screen.wait("2 jobs cancelled")
    assert {job["state"] for job in ctl.jobs().values()} == {"cancelled"}


def test_29_sort_and_filter(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 1})
    stopped.start()
    ctl.add(origin.url("/gate/g/bytes/10/first"))
    origin.wait_gated("g")
    for name, priority in (("bb", 1), ("cc", 3), ("aa", 2)):
        ctl.add("-p", priority, origin.url(f"/bytes/10/{name}"))

    def order(*names):
        return lambda s: re.findall(r" (aa|bb|cc) ", s.text) == list(names)

    with top(ctl) as screen:
        begun(screen)
        screen.keys("3")
        screen.wait(order("bb", "cc", "aa"))
        screen.keys("s")
        screen.wait("by NAME").wait(order("aa", "bb", "cc"))
        screen.keys("S")
        screen.wait("by NAME reversed").wait(order("cc", "bb", "aa"))
        screen.keys("/B")
        screen.wait("Filter: B").wait(order("bb"))
        screen.keys("\x15nix\r")
        screen.wait("Nothing fits the filter.")
        screen.keys("\x1b")
        screen.wait(order("cc", "bb", "aa"))


def test_30_only_a_group(stopped, ctl, origin):
    stopped.options.update({"Queue.MaxActive": 2})
    stopped.start()
    ctl.add(origin.url("/gate/g/bytes/10/other"))
    ctl.add("-g", "mine", *(origin.url(f"/gate/g/bytes/10/{name}") for name in ("one", "two")))
    origin.wait_gated("g", 2)
    with top(ctl, "-g", "mine") as screen:
        begun(screen).wait(" one ")
        assert "other" not in screen.text
        screen.keys("3")
        screen.wait(" two ")


# ---- the terminal


def settings(screen):
    return termios.tcgetattr(screen._fd)


def untouched():
    """Of a terminal that no program has had yet."""
    master, terminal = os.openpty()
    try:
        return termios.tcgetattr(terminal)
    finally:
        os.close(master)
        os.close(terminal)


@pytest.mark.parametrize("how", ["q", "\x03", "\x1c", signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_40_terminal_given_back(daemon, ctl, how):
    with top(ctl) as screen:
        begun(screen)
        raw = settings(screen)
        assert not raw[3] & termios.ICANON and not raw[3] & termios.ECHO
        if isinstance(how, str):
            screen.keys(how)
        else:
            screen.process.send_signal(how)
        number = {"q": -128, "\x03": signal.SIGINT, "\x1c": signal.SIGQUIT}.get(how, how)
        assert screen.end() == 128 + number
        # The alternate screen is left, the cursor is shown, and nothing else comes after that but modes.
        left = screen.raw.rindex(b"\x1b[?1049l")
        assert b"\x1b[?1049h" not in screen.raw[left:] and screen.raw.rindex(b"\x1b[?25h") > screen.raw.rindex(b"\x1b[?25l")
        assert settings(screen) == untouched()


def test_41_stopped_and_continued(daemon, ctl, room):
    """In a shell with job control: Ctrl-Z gives the terminal back, fg takes it again."""
    shell = room.path / "shell"
    shell.write_text("#!/bin/bash\nset -m\n" + ctl.command("top")[0] + ' "$@"\necho "code $?"\nstty -a | tr ";" "\\n" | grep -c " -icanon"\n'
                     "echo STOPPED\nread -r line\nfg\necho ENDED $?\n")
    shell.chmod(0o755)
    ctl.binary = shell
    with top(ctl) as screen:
        begun(screen)
        screen.keys("\x1a")
        screen.wait("STOPPED")
        assert f"code {128 + signal.SIGTSTP}" in screen.text
        assert settings(screen)[3] & termios.ICANON and settings(screen)[3] & termios.ECHO
        screen.resize(100, 30)
        screen.keys("\n")
        screen.wait(lambda s: s.lines[29].startswith(" q quit"))
        assert not settings(screen)[3] & termios.ICANON
        screen.keys("q")
        screen.wait("ENDED 0")
        assert screen.end() == 0


def test_42_terminal_gone(daemon, ctl):
    """Whoever closes the window ends it."""
    screen = top(ctl)
    begun(screen)
    os.close(screen._fd)
    assert screen.process.wait(90) == 128 + signal.SIGHUP


# ---- the daemon goes and comes


def test_50_daemon_away(daemon, ctl, origin):
    halted(origin, ctl, 1)
    [later] = ctl.add("--not-before", "1h", origin.url("/bytes/10/later"))
    with top(ctl) as screen:
        begun(screen).wait("50%")
        daemon.stop()
        screen.wait("fetchd is away; trying again")
        assert "50%" in screen.text  # what was known stays
        screen.keys("p")
        screen.wait("not done: fetchd is away")
        screen.keys("2j3")  # keys are still heard
        screen.wait("WAITS FOR")
        daemon.start()
        screen.wait(lambda s: "away" not in s.text and " later " in s.text)
        screen.keys("p")
        screen.wait("1 job paused")
    assert ctl.job(later)["state"] == "paused"


def test_51_daemon_killed(daemon, ctl, origin):
    with top(ctl) as screen:
        begun(screen)
        daemon.kill9()
        screen.wait("fetchd is away")
        daemon.start()
        screen.wait(lambda s: "away" not in s.text and " active" in s.text)
        screen.keys("q")
        assert screen.end() == 0
