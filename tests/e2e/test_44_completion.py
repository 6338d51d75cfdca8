"""Completion: what fetchctl offers, and the three shells that ask it, as a person would see them."""
import os
import pathlib
import shutil

import pytest

from screen import Screen

COMPLETION = pathlib.Path(__file__).resolve().parents[2] / "etc" / "completion"


@pytest.fixture
def offered(ctl):
    """What may stand next, with and without what it is."""
    return lambda *words: [line.split("\t")[0] for line in ctl.ok("__complete", "--", *words).lines]


def test_01_verbs_and_options(daemon, offered, ctl):
    verbs = offered("")
    assert {"add", "get", "list", "help"} <= set(verbs) and "__complete" not in verbs
    assert offered("pau") == ["pause"] and offered("help", "res") == ["resume"] and offered("nonsense", "") == []
    assert "--state=" in offered("list", "--s") and "--socket=" in offered("list", "--s") and "--state=" not in offered("--s")
    assert offered("-s", ctl.room.socket, "pin") == ["ping"] and offered("--color=never", "pin") == ["ping"]
    assert offered("add", "--on-conflict=o") == ["--on-conflict=overwrite"] and offered("add", "--on-conflict", "s") == ["skip"]
    assert offered("list", "--state", "queued,f") == ["queued,failed"]
    assert offered("add", "-d", "") == ["<directories>"] and offered("get", "--cacert=") == ["<files>"]
    assert "__complete" not in ctl.ok("help").out and ctl("__complet").code == 2


def test_02_what_the_daemon_has(daemon, offered, ctl, origin):
    ctl.ok("drain")
    queued, paused = ctl.add("-g", "books", origin.url("/bytes/1/a"), origin.url("/bytes/1/b"))
    ctl.ok("pause", paused)
    assert offered("resume", "") == [str(paused)] and offered("pause", "") == [str(queued)]
    assert offered("cancel", "") == [str(paused), str(queued)] and offered("retry", "") == []
    assert offered("cancel", "--", str(queued)) == [str(queued)]
    assert ctl.ok("__complete", "--", "pause", "").out == f"{queued}\tqueued: a\n"
    assert offered("wait", "-g", "b") == ["books"] and offered("wait", "--group=") == ["--group=books"]
    assert offered("group", "show", "") == ["books"] and offered("group", "s") == ["show"]
    assert offered("list", "--host", "") == [origin.url("")]
    assert "max-active" in offered("limit", "")


def test_03_without_a_daemon(ctl, offered, room):
    assert offered("pause", "") == [] and offered("pau") == ["pause"]
    assert ctl("__complete", "--", "pause", "").err == ""


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='$ '; source {}/fetchctl.bash\n"),
    "zsh": (["zsh", "-f", "-i"],
            "PS1='$ '; autoload -Uz compinit; fpath=({} $fpath); compinit -u -D; zstyle ':completion:*' list-prompt ''\n"),
    "fish": (["fish", "--no-config", "-i"],
             "function fish_prompt; echo -n '$ '; end; function fish_right_prompt; end; source {}/fetchctl.fish; clear\n"),
}


def complete_in(shell, name, rows):
    shell.wait(lambda screen: any(sign in screen.text for sign in "$#%"))
    shell.keys(SHELLS[name][1].format(COMPLETION))
    shell.keys("echo rea''dy\n")
    shell.wait("\nready")
    for typed, wanted in rows:
        shell.keys(typed + "\t")
        shell.wait(wanted)
        shell.keys("\x15")  # the line is gone


@pytest.mark.parametrize("name", SHELLS)
def test_04_in_a_shell(daemon, ctl, origin, room, tmp_path, name, monkeypatch):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    ctl.ok("drain")
    [job] = ctl.add("-g", "books", origin.url("/bytes/1/a"))
    real = ctl.command
    monkeypatch.setattr(ctl, "command", lambda *arguments: real(*arguments) if arguments else SHELLS[name][0])
    folder = room.downloads / "a-folder"
    folder.mkdir()
    home = tmp_path
    os.makedirs(home / "bin")
    os.symlink(real("x")[0], home / "bin" / "fetchctl")
    with Screen(ctl, columns=100, rows=30, HOME=str(home), PATH=f"{home}/bin:/usr/bin:/bin",
                FETCHD_SOCKET=str(room.socket)) as shell:
        try:
            complete_in(shell, name, [
                ("fetchctl resu", "fetchctl resume"),
                ("fetchctl pause ", f"fetchctl pause {job}"),
                ("fetchctl wait -g b", "fetchctl wait -g books"),
                ("fetchctl wait --group=b", "fetchctl wait --group=books"),
                ("fetchctl list --host=http://127", f"fetchctl list --host={origin.url('')}"),
                ("fetchctl add --on-conflict=ov", "fetchctl add --on-conflict=overwrite"),
                ("fetchctl get -d a-f", "fetchctl get -d a-folder/"),
            ])
            shell.keys("exit\n")
            assert shell.end() == 0
        finally:
            shell.process.kill()  # it would not heed a SIGTERM
