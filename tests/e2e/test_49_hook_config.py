"""[Hook NAME] sections as one meets them: checked, printed, overridden, told at a start."""
import signal
import subprocess

import pytest

from harness import LIMIT


def ask(daemon, *arguments):
    return subprocess.run(daemon.command(*arguments), capture_output=True, text=True, timeout=LIMIT, env=daemon.room.environment())


@pytest.fixture
def hooks(stopped, room):
    """Writes the configuration with these lines behind the usual ones; gives the number of the first."""
    def write(lines):
        type(stopped).write_config(stopped)
        usual = room.config.read_text()
        room.config.write_text(usual + lines)
        room.config.chmod(0o600)
        stopped.write_config = lambda: None
        return usual.count("\n") + 1

    return write


@pytest.mark.parametrize("lines, at, named", [
    ("[Hook a]\n", 0, "Hook a.Command"), ("[Hook a]\nCommand=/bin/true %y\n", 1, "%y"), ("[Hook a]\nCommand=/no/such\n", 1, "/no/such"),
    ("[Hook a]\nCommand=/etc/passwd\n", 1, "/etc/passwd"), ("[Hook a]\nCommand=/bin/true\nTimeout=soon\n", 2, "Timeout"),
    ("[Hook a]\nCommand=/bin/true\nTime=1s\n", 2, "Time"), ("[Hook a/b]\nCommand=/bin/true\n", 0, "a/b"),
    ("[Hooks]\nStopTimeout=1h\n", 1, "StopTimeout"), ("[Hooks]\nConcurrency=0\n", 1, "Concurrency"),
])
def test_01_check_config_says_where(stopped, hooks, room, lines, at, named):
    first = hooks(lines)
    done = ask(stopped, "--check-config")
    assert done.returncode == 78 and f"{room.config}:{first + at}:" in done.stderr and named in done.stderr


def test_02_print_config(stopped, hooks, room):
    first = hooks("[Hook a]\nCommand=/bin/sh -c 'echo \"$1\" ; true' sh %p # not this\nEnvironment=A=1 \"B=2 3\"\nEnvironment=C=4\n"
                  "[Hook b]\nCommand=/bin/true\n")
    done = ask(stopped, "--print-config", "-o", "Hook b.Timeout=5s", "-o", "Hooks.Concurrency=3")
    assert done.returncode == 0
    for line in ("[Hook a]", "Command=/bin/sh -c 'echo \"$1\" ; true' sh %p", 'Environment=A=1 "B=2 3"', "Environment=C=4", "Timeout=10min",
                 "[Hook b]", "Timeout=5s", "[Hooks]", "Concurrency=3", f"# set by: {room.config}:{first + 1}"):
        assert line in done.stdout.splitlines()
    room.config.write_text(done.stdout)
    again = ask(stopped, "--print-config")

    def values(text):
        return [line for line in text.splitlines() if not line.startswith("# set by")]

    assert values(again.stdout) == values(done.stdout)
    stopped.start()


def test_03_others_cannot_name_hooks(stopped, hooks, room):
    hooks("[Hook a]\nCommand=/bin/true\n")
    room.config.chmod(0o666)
    done = ask(stopped, "--check-config")
    assert done.returncode == 78 and "chmod go-w" in done.stderr


def test_04_a_command_that_is_missing_stops_nobody(stopped, hooks, ctl, room):
    """It is told in the log, at a start and at a reload; a hook with an error leaves all as it was."""
    hooks("[Hook a]\nCommand=/no/such\n")
    stopped.start()
    stopped.log.find(lambda line: "hook a cannot run: /no/such: there is no such file" in line)
    room.config.write_text(room.config.read_text().replace("/no/such", "/no/other"))
    stopped.signal(signal.SIGHUP)
    stopped.log.find(lambda line: "hook a cannot run: /no/other: there is no such file" in line)
    room.config.write_text(room.config.read_text().replace("/no/other", "relative"))
    stopped.signal(signal.SIGHUP)
    stopped.log.find(lambda line: "the configuration stays as it was" in line)
    ctl.ok("ping")


def test_05_the_first_hook_needs_a_restart(stopped, hooks, ctl, room):
    """The sandbox of a daemon without hooks executes nothing."""
    hooks("")
    stopped.start()
    room.config.write_text(room.config.read_text() + "[Hook a]\nCommand=/bin/true\n")
    stopped.signal(signal.SIGHUP)
    if ctl.ok("--json", "status").json[0]["sandbox"].startswith("Landlock"):
        stopped.log.find(lambda line: "hooks cannot run before the next start" in line)
