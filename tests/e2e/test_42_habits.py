"""get as a drop-in: what hands used to curl and wget type."""
import pytest


@pytest.mark.parametrize("typed, name", [
    ("-O", "f"), ("-fSL -O", "f"), ("-LO", "f"), ("-c", "f"), ("-C - -O", "f"), ("-nd -np -nH", "f"),
    ("-# --create-dirs --output-dir sub -O", "sub/f"), ("-P sub", "sub/f"), ("--directory-prefix=sub", "sub/f"),
    ("--output-document name", "name"), ("--output-document=name", "name"), ("-o sub/name -L", "sub/name"),
    ("-N", "f"), ("-nc", "f"), ("-U me", "f"), ("--no-proxy", "f"), ("-d sub -J", "sub/f"),
])
def test_01_understood(ctl, origin, daemon, room, typed, name):
    result = ctl.ok("get", *typed.split(), origin.url("/bytes/10/f"))
    assert result.lines == [str(room.downloads / name)] and (room.downloads / name).stat().st_size == 10


@pytest.mark.parametrize("typed", ["-nv", "--silent", "--no-progress-meter"])
def test_02_silent(ctl, origin, daemon, room, typed):
    result = ctl.ok("get", typed, origin.url("/bytes/10/f"))
    assert (result.out, result.err) == ("", "") and (room.downloads / "f").exists()


def test_03_no_clobber_leaves_the_file(ctl, origin, daemon, room):
    (room.downloads / "f").write_text("mine")
    ctl.ok("get", "-nc", origin.url("/bytes/10/f"))
    assert (room.downloads / "f").read_text() == "mine" and origin.requests() == []


def test_04_timestamping_fetches_what_is_newer(ctl, origin, daemon, room):
    for _ in range(2):
        ctl.ok("get", "-N", origin.url("/bytes/10/f"))
    assert [path.name for path in room.downloads.iterdir() if path.is_file()] == ["f"]


@pytest.mark.unchanged
@pytest.mark.parametrize("typed, said", [
    ("-t 3", "--tries (-t) here: use --retry, which counts the attempts after the first"),
    ("--tries=3", "use --retry"), ("-T 30", "use --connect-timeout, or --max-time"), ("-v", "status ID"),
    ("-r", "follows no links"), ("--recursive", "--input-file"), ("-X POST", "only fetches"),
    ("-I", "only fetches"), ("--background", "fetchctl add"), ("--password=x", "--user=NAME:PASSWORD"),
    ("-C 500", 'only "-" is known'), ("--url", "needs an argument"), ("-o -", "the daemon writes files"),
    ("-O -", "the daemon writes files"), ("-fsSL", "-s is --split here"), ("-s /run/x", "or -s before the verb"), ("-s -O", "For curl's --silent say -q"),
    ("-x16", "-x is --proxy here"), ("-x 4 -s 4", "is said by --split here"),
    ("-Y", "there is no option -Y here"), ("--bogus", "there is no option --bogus"),
])
def test_05_refused_with_what_to_say_instead(ctl, origin, daemon, typed, said):
    url = [] if typed == "--url" else [origin.url("/bytes/10/f")]
    result = ctl("get", *typed.split(), *url)
    assert result.code == 2 and said in result.err, result
    assert ctl.jobs() == {}


def test_06_a_name_behind_O(ctl, origin, daemon):
    result = ctl("get", "-O", "name", origin.url("/bytes/10/f"))
    assert result.code == 5 and "what wget calls -O NAME is -o NAME" in result.err


def test_07_other_verbs_know_them_not(ctl, daemon):
    assert ctl("list", "-L").code == 2 and ctl("wait", "--silent").code == 2


def test_08_abbreviations_are_as_they_were(ctl, origin, daemon, room):
    ctl.ok("get", "--out=a", "--no-l", origin.url("/bytes/10/f"))
    assert (room.downloads / "a").exists()
