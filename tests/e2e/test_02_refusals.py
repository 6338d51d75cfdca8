"""What the user does wrong: the exit status of the contract, a sentence that helps, and nothing changed."""
import os
import socket
import subprocess
import time

import pytest

from harness import LIMIT


@pytest.mark.unchanged
@pytest.mark.parametrize("arguments", [
    [], ["frobnicate"], ["add"], ["add", "--no-such-option", "http://127.0.0.1/"], ["status", "one"],
    ["--no-such-option", "ping"], ["pause"], ["wait", "--timeout", "soon", "1"], ["add", "--checksum", "crc=1", "http://127.0.0.1/"],
    ["list", "--state", "asleep"],
])
def test_01_usage(daemon, ctl, arguments):
    result = ctl(*arguments)
    assert result.code == 2 and result.err and result.out == ""
    assert ctl.jobs() == {}


@pytest.mark.unchanged
@pytest.mark.parametrize("verb", ["status", "wait", "pause", "resume", "cancel", "retry", "remove"])
def test_02_no_such_job(daemon, ctl, verb):
    result = ctl(verb, 4711)
    assert result.code == 3 and "4711" in result.err


@pytest.mark.parametrize("verb", ["wait", "pause", "cancel"])
def test_03_no_such_group(daemon, ctl, verb):
    result = ctl(verb, "-g", "nobody")
    assert result.code == 3 and "nobody" in result.err


@pytest.mark.parametrize("url", [
    "example.org/file", "http://", "http://127.0.0.1:99999/", "http://bad host/", "gopher://127.0.0.1/a",
    "file:///etc/passwd", "ftp://127.0.0.1/a", pytest.param("http://127.0.0.1/" + "a" * 20000, id="too-long"),
])
def test_04_bad_urls(daemon, ctl, url):
    result = ctl("add", url)
    assert result.code == 5 and result.err and result.out == ""
    assert ctl.jobs() == {}


def test_05_one_bad_url_adds_nothing(daemon, ctl, origin):
    result = ctl("add", origin.url("/bytes/10/a"), "gopher://127.0.0.1/a", origin.url("/bytes/10/b"))
    assert result.code == 5 and "gopher" in result.err
    assert ctl.jobs() == {} and origin.requests() == []


@pytest.mark.parametrize("directory", ["/etc", "..", "/", "../dl2"])
def test_06_outside_the_roots(daemon, ctl, origin, directory):
    result = ctl("add", "-d", directory, origin.url("/bytes/10/a"))
    assert result.code == 5 and "DownloadRoots" in result.err
    assert ctl.jobs() == {}


@pytest.mark.parametrize("directory", ["dl/.fetchd", "dl/.fetchd/below", "dl/state"])
def test_06_what_is_the_daemons_own(stopped, ctl, origin, room, directory):
    """A file there could take the name of a part, or of the database's journal."""
    stopped.options["Daemon.StateDirectory"] = room.downloads / "state"
    stopped.start()
    result = ctl("add", "-d", room.path / directory, "-o", "queue.db-journal", origin.url("/bytes/10/a"))
    assert result.code == 5 and "is fetchd's own (E_DIR)" in result.err
    assert ctl.jobs() == {}
    (room.downloads / "state" / "mine").mkdir()
    ctl.add("-d", room.downloads / "state" / "mine", origin.url("/bytes/10/a"))


@pytest.mark.parametrize("place", ["-d taken", "-d taken/below", "-o taken/name"])
def test_06_a_file_in_the_place_of_a_directory(daemon, ctl, origin, room, place):
    (room.downloads / "taken").write_text("mine")
    result = ctl("get", *place.split(), origin.url("/bytes/10/a"))
    assert result.code == 2 and "a file stands where a directory must be" in result.err
    assert ctl.jobs() == {} and (room.downloads / "taken").read_text() == "mine"


@pytest.mark.parametrize("name", ["../a", "/etc/cron.d/a", "a/../../b", "..", "."])
def test_07_names_with_a_path(daemon, ctl, origin, name):
    assert ctl("add", "-o", name, origin.url("/bytes/10/a")).code in (2, 5)
    assert ctl.jobs() == {}


@pytest.mark.parametrize("header", ["Host: elsewhere", "Range: bytes=0-1", "no colon", "Content-Length: 3", "A: b\r\nC: d"])
def test_08_headers_that_are_ours(daemon, ctl, origin, header):
    assert ctl("add", "-H", header, origin.url("/bytes/10/a")).code in (2, 5)
    assert ctl.jobs() == {}


def test_09_not_reachable(ctl):
    result = ctl("ping")
    assert result.code == 69
    assert "systemctl" in result.err or "fetchd" in result.err


def test_10_wait_runs_out(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/gate/g/bytes/10/a"))
    assert ctl("wait", "--timeout", "200ms", job).code == 75
    assert ctl("get", "--timeout", "200ms", origin.url("/gate/g/bytes/10/b")).code == 75
    assert ctl("wait", "--timeout", "0", job).code == 75
    origin.release("g")
    assert ctl.wait(job).code == 0
    assert ctl("wait", "--timeout", "0", job).code == 0


def test_11_a_job_that_failed(daemon, ctl, origin, room):
    [good, bad] = ctl.add(origin.url("/bytes/10/a"), origin.url("/bytes/10/b?status=404"))
    assert ctl.wait(good, bad).code == 1
    assert ctl.wait(good).code == 0
    seen = ctl.job(bad)
    assert seen["state"] == "failed" and seen["error"]["code"] == "E_HTTP_404" and seen["http_status"] == 404
    assert seen["error"]["message"] and "\n" not in seen["error"]["message"]
    assert len(origin.requests("/bytes/10/b")) == 1
    assert sorted(p.name for p in room.downloads.iterdir() if p.name != ".fetchd") == ["a"]


def test_12_lists_from_a_file(daemon, ctl, origin, room):
    (room.path / "list").write_text(
        "# books\n"
        f"{origin.url('/bytes/10/a')}\n"
        f"  out=renamed\n"
        f"  header=X-Test: yes\n"
        "\n"
        f"{origin.url('/bytes/20/b')}\n"
        "\tdir=sub\n")
    jobs = ctl.add("-i", room.path / "list")
    assert len(jobs) == 2 and ctl.wait(*jobs).code == 0
    assert (room.downloads / "renamed").stat().st_size == 10
    assert (room.downloads / "sub" / "b").stat().st_size == 20
    assert origin.requests("/bytes/10/a")[0].headers["x-test"] == "yes"
    assert "x-test" not in origin.requests("/bytes/20/b")[0].headers


def test_13_lists_from_standard_input(daemon, ctl, origin):
    text = "".join(origin.url(f"/bytes/10/f{i}") + "\n" for i in range(50))
    jobs = ctl.add("-", stdin=text)
    assert len(set(jobs)) == 50 and ctl.wait(*jobs).code == 0


@pytest.mark.parametrize("bad", ["gopher://127.0.0.1/a", "  no-such-option=1", "  checksum=crc=1", "not a url"])
def test_14_a_bad_line_adds_nothing_and_is_named(daemon, ctl, origin, room, bad):
    (room.path / "list").write_text(f"{origin.url('/bytes/10/a')}\n{origin.url('/bytes/10/b')}\n{bad}\n"
                                    f"{origin.url('/bytes/10/c')}\n")
    result = ctl("add", "-i", room.path / "list")
    assert result.code in (2, 5) and f"{room.path / 'list'}:3" in result.err and result.out == ""
    assert ctl.jobs() == {} and origin.requests() == []


def test_15_a_bad_place_names_its_job(daemon, ctl, origin, room):
    """Only the daemon knows the roots: it answers for a job, whose line is that of its URL."""
    (room.path / "list").write_text(f"{origin.url('/bytes/10/a')}\n{origin.url('/bytes/10/b')}\n  out=../x\n")
    result = ctl("add", "-i", room.path / "list")
    assert result.code == 5 and f"{room.path / 'list'}:2" in result.err and result.out == ""
    assert ctl.jobs() == {} and origin.requests() == []


def test_16_a_list_that_is_not_there(daemon, ctl, room):
    result = ctl("add", "-i", room.path / "nothing")
    assert result.code in (2, 5) and str(room.path / "nothing") in result.err


def test_17_a_bad_line_far_down_a_long_list(daemon, ctl, origin, room):
    """Beyond what fits into one call: still nothing of it is added."""
    lines = [origin.url(f"/bytes/10/f{i}") for i in range(12000)]
    lines[11500] = "gopher://127.0.0.1/a"
    (room.path / "list").write_text("\n".join(lines) + "\n")
    result = ctl("add", "-i", room.path / "list")
    assert result.code == 5 and f"{room.path / 'list'}:11501" in result.err
    assert ctl.jobs() == {} and origin.requests() == []


def test_18_too_many_jobs(stopped, ctl, origin):
    stopped.options["Queue.MaxJobsPerUser"] = 3
    stopped.start()
    first = ctl.add(origin.url("/gate/g/bytes/10/a"), origin.url("/gate/g/bytes/10/b"))
    result = ctl("add", origin.url("/bytes/10/c"), origin.url("/bytes/10/d"))
    assert result.code == 5 and "MaxJobsPerUser" in result.err
    assert sorted(ctl.jobs()) == first
    origin.release("g")
    ctl.wait(*first)


# ---- reasons


def answer(connection, *replies):
    """Each of them to one call; then it hangs up."""
    calls = b""
    for reply in replies:
        while b"\0" not in calls:
            calls += connection.recv(1 << 20)
        calls = calls[calls.index(b"\0") + 1:]
        connection.sendall(reply.encode() + b"\0")


TRY_AGAIN = '{"error":"io.fetchd.Manager.TryAgain","parameters":%s}'


@pytest.mark.parametrize("replies, code, says", [
    ([TRY_AGAIN % '{"message":"not now"}'], 75, "fetchctl: not now\n"),
    ([TRY_AGAIN % '{"message":""}'], 75, "fetchctl: the daemon cannot do it just now; try again\n"),
    ([TRY_AGAIN % "{}"], 75, "fetchctl: the daemon cannot do it just now; try again\n"),
    (['{"error":"io.fetchd.Manager.Refused"}'], 5, "fetchctl: the daemon refused, and did not say why ()\n"),
    (['{"error":"io.fetchd.Manager.NotPermitted","parameters":{}}'], 4, "did not say why"),
    (['{"error":"x.y.Z"}'], 5, "the daemon answered x.y.Z"),
    ([], 69, "broke"),
    (["garbage"], 69, "does not speak Varlink"),
    # A long list: checked in two parts, and the second call to add is refused.
    (['{"parameters":{"ids":[]}}'] * 2 + ['{"parameters":{"ids":[1]}}', TRY_AGAIN % "{}"], 75, "just now"),
    (['{"parameters":{"ids":[]}}', TRY_AGAIN % "{}"], 75, "just now"),
])
def test_19_every_failure_has_a_reason(room, ctl, replies, code, says):
    """This test is the daemon."""
    lines = 1001 if len(replies) > 1 else 1
    (room.path / "list").write_text("".join(f"http://x/{n}\n" for n in range(lines)))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(room.socket))
        listening.listen()
        client = ctl.spawn("add", "-i", room.path / "list")
        connection, _ = listening.accept()
        with connection:
            answer(connection, *replies)
            connection.shutdown(socket.SHUT_WR)
            assert client.process.wait(LIMIT) == code
    client.errors.join()
    assert says in client.errors.text() + "\n"


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_20_a_full_pipe_loses_no_reason(ctl):
    """Whoever else has the pipe has made it non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = os.write(writing, b"x" * (1 << 20))
    client = subprocess.Popen(ctl.command("ping"), stdin=subprocess.DEVNULL, stderr=writing, env=ctl.room.environment())
    os.close(writing)
    # It waits for room, or has ended without a word.
    deadline = time.monotonic() + LIMIT
    while state_of(client.pid) not in "SZ" and time.monotonic() < deadline:
        time.sleep(0.01)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    assert client.wait(LIMIT) == 69 and len(text) > filled and b"not running" in text[filled:]


@pytest.mark.parametrize("closed", [(1,), (0, 1), (0, 1, 2)])
def test_21_what_is_closed_is_not_taken_for_the_socket(daemon, ctl, origin, closed):
    """Ids that cannot be printed are told as such, and are not sent to the daemon."""
    command = ["sh", "-c", 'exec "$@" ' + " ".join(f"{fd}>&-" for fd in closed), "sh"]
    done = subprocess.run(command + ctl.command("add", origin.url("/bytes/10/a")), stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    assert done.returncode == 74 and ("cannot write to standard output" in done.stderr or 2 in closed)
    assert len(ctl.jobs()) == 1
