"""Whose job it is: SO_PEERCRED decides. Needs root, to be two users."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness import Ctl, Daemon, Room, program

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture
def room():
    """A place that other users can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="fetchd-test-"))
    path.chmod(0o755)
    shutil.copy(program("fetchctl"), path / "fetchctl")
    yield Room(path)
    shutil.rmtree(path)


@pytest.fixture
def stopped(room):
    daemon = Daemon(room)
    daemon.options["Security.PrivateAddresses"] = "allow"
    plain = daemon.command
    daemon.command = lambda *arguments: [w if w != "--user" else "--system" for w in plain(*arguments)]
    yield daemon
    daemon.close()


def client_of(room, user):
    client = Ctl(room, room.path / "fetchctl", pwd.getpwnam(user))
    yield client
    client.close()


@pytest.fixture
def games(room):
    yield from client_of(room, "games")


@pytest.fixture
def news(room):
    yield from client_of(room, "news")


def test_01_users_see_their_own(daemon, ctl, games, news, origin):
    [mine] = games.add(origin.url("/bytes/10/a"))
    [theirs] = news.add(origin.url("/bytes/10/b"))
    assert games.wait(mine).code == 0 and news.wait(theirs).code == 0
    assert set(games.jobs()) == {mine} and set(news.jobs()) == {theirs}
    assert set(games.jobs("--all-users")) == {mine}
    assert games.job(mine)["owner"] == games.user.pw_uid
    assert "/games/" in games.job(mine)["path"]
    assert set(ctl.jobs("--all-users")) == {mine, theirs}


@pytest.mark.parametrize("verb", ["status", "wait", "pause", "resume", "cancel", "retry", "remove"])
def test_02_anothers_job_is_no_job(daemon, ctl, games, news, origin, verb):
    [mine] = games.add(origin.url("/gate/g/bytes/10/a"))
    foreign, none = news(verb, mine), news(verb, 4711)
    assert foreign.code == none.code == 3
    assert foreign.err.replace(str(mine), "N") == none.err.replace("4711", "N")
    assert games.job(mine)["state"] in ("active", "queued")
    origin.release("g")
    assert games.wait(mine).code == 0


def test_03_all_means_ones_own(daemon, ctl, games, news, origin):
    [mine] = games.add("-g", "same", origin.url("/gate/g/bytes/10/a"))
    [theirs] = news.add("-g", "same", origin.url("/gate/g/bytes/10/b"))
    origin.wait_gated("g", 2)
    news.ok("pause", "--all")
    news.ok("pause", "-g", "same")
    assert news.job(theirs)["state"] == "paused" and games.job(mine)["state"] == "active"
    origin.release("g")


def test_04_root_may_do_all(daemon, ctl, games, origin):
    [mine] = games.add(origin.url("/gate/g/bytes/10/a"))
    ctl.ok("cancel", mine)
    assert games.job(mine)["state"] == "cancelled"


def test_05_keys_are_each_users_own(daemon, games, news, origin):
    [mine] = games.add("--key", "k", origin.url("/bytes/10/a"))
    [theirs] = news.add("--key", "k", origin.url("/bytes/10/a"))
    assert mine != theirs


def test_06_only_root_drains(daemon, games):
    result = games("drain")
    assert result.code == 4 and result.err


def test_07_a_watch_shows_ones_own(daemon, ctl, games, news, origin):
    watch = games.watch("--since", 0)
    [theirs] = news.add(origin.url("/bytes/10/b"))
    assert news.wait(theirs).code == 0
    [mine] = games.add(origin.url("/bytes/10/a"))
    watch.kind("done", mine)
    assert {event["job_id"] for event in watch.seen()} == {mine}


def test_08_counts_are_ones_own(daemon, games, news, origin):
    news.wait(*news.add(origin.url("/bytes/10/b")))
    assert sum(games.ok("--json", "status").json[0]["counts"].values()) == 0


def test_09_private_addresses_are_refused_by_default(stopped, games, origin):
    del stopped.options["Security.PrivateAddresses"]
    stopped.start()
    [job] = games.add(origin.url("/bytes/10/a"))
    assert games.wait(job).code == 1
    assert games.job(job)["error"]["code"] == "E_BLOCKED_ADDR" and origin.requests() == []


def test_10_a_watch_catches_up_with_ones_own(daemon, ctl, games, news, origin):
    [theirs] = news.add(origin.url("/bytes/10/b"))
    [mine] = games.add(origin.url("/bytes/10/a"))
    assert news.wait(theirs).code == 0 and games.wait(mine).code == 0
    watch = games.watch("--since", 0)
    watch.kind("done", mine)
    assert {event["job_id"] for event in watch.seen()} == {mine}
    everything = ctl.watch("--since", 0)
    everything.kind("done", mine)
    everything.kind("done", theirs)


def test_20_groups_and_dependencies_are_each_users_own(daemon, ctl, games, news, origin):
    [mine] = games.add("-g", "same", origin.url("/gate/g/bytes/10/a"))
    foreign, none = (news("add", "--after", job, origin.url("/bytes/10/b")) for job in (mine, 4711))
    assert foreign.code == none.code == 5
    assert foreign.err.replace(f"job {mine} ", "job N ") == none.err.replace("job 4711 ", "job N ")
    assert news("group", "show", "same").code == news("wait", "-g", "same").code == 3
    news.ok("group", "create", "same", "--policy=fail-fast")
    policy = {g["owner"]: g["policy"] for g in ctl.ok("--json", "group", "list").json}
    assert policy == {games.user.pw_uid: "collect", news.user.pw_uid: "fail_fast"}
    assert [g["owner"] for g in news.ok("--json", "group", "list").json] == [news.user.pw_uid]
    assert ctl.ok("--json", "group", "show", "same").json[0]["name"] == "same"
    origin.release("g")
    assert games("wait", "-g", "same").code == 0


def test_11_a_backup_is_for_root_and_the_daemons_own(daemon, games, room):
    place = room.path / "games"
    place.mkdir()
    place.chmod(0o777)
    result = games("backup", place / "copy")
    assert result.code == 4 and list(place.iterdir()) == []


def test_12_edit_and_selections_are_of_ones_own(daemon, ctl, games, news, origin):
    [theirs] = news.add("-g", "g", origin.url("/gate/g/bytes/10/b"))
    [mine] = games.add(origin.url("/gate/g/bytes/10/a"))
    assert games("edit", mine, theirs, "-p", 1).code == 3
    assert ctl.job(theirs)["priority"] == ctl.job(mine)["priority"] == 0
    assert games("list", "-g", "g").code == 3 and games("cancel", "-g", "g").code == 3
    ctl.ok("edit", theirs, "-p", 2, "-A", "root")
    assert ctl.job(theirs)["owner"] == news.user.pw_uid and news.job(theirs)["priority"] == 2
    origin.release("g")
    assert news.wait(theirs).code == 0 and games.wait(mine).code == 0
    assert games("list").code == 0 and games.jobs("-n", 5) == {mine: games.jobs()[mine]}


def test_13_the_same_of_another_user_is_another(daemon, games, news, origin):
    url = origin.url("/gate/g/bytes/10/a")
    [mine] = games.add("--on-conflict", "skip", url)
    [theirs] = news.add("--on-conflict", "skip", url)
    assert mine != theirs and games.add("--on-conflict", "skip", url) == [mine]
    origin.release("g")


@pytest.mark.parametrize("arguments", [
    ("max-active", "3"), ("max-active", "3", "--save"), ("limit-rate", "--reset"),
    ("--host", "http://127.0.0.1:1", "limit-rate", "1M"), ("--host", "http://127.0.0.1:1", "max-active", "--reset"),
])
def test_20_limits_are_not_for_everybody(daemon, ctl, games, arguments):
    before = ctl.ok("--json", "limit").json
    result = games("limit", *arguments)
    assert result.code == 4 and "only root, the daemon's own user and its administrators" in result.err and result.out == ""
    assert ctl.ok("--json", "limit").json == before == games.ok("--json", "limit").json


def test_21_a_groups_limit_is_its_owners(daemon, ctl, games, news, origin):
    [mine] = games.add("-g", "mine", "--not-before", "1h", origin.url("/bytes/10/a"))
    foreign, none = news("limit", "-g", "mine", "limit-rate", "1K"), news("limit", "-g", "none", "limit-rate", "1K")
    assert foreign.code == none.code == 3
    assert "limit_rate" not in games.ok("--json", "group", "show", "mine").json[0]
    games.ok("limit", "-g", "mine", "limit-rate", "1K")
    assert games.ok("--json", "group", "show", "mine").json[0]["limit_rate"] == 1024


def test_22_anothers_jobs_are_not_edited(daemon, ctl, games, news, origin):
    """By id they are not there; of a selection they are no part; and root moves them into their owner's group."""
    [mine] = games.add("-g", "g", "--not-before", "1h", origin.url("/bytes/10/a"))
    [theirs] = news.add("-g", "g", "--not-before", "1h", origin.url("/bytes/10/b"))
    assert news("edit", mine, "-p", 3).code == 3
    news.ok("edit", "--all", "-p", 3)
    assert (games.job(mine)["priority"], news.job(theirs)["priority"]) == (0, 3)
    ctl.ok("edit", mine, theirs, "-g", "other")
    for user in (games, news):
        assert [g["name"] for g in user.ok("--json", "group", "list").json] == ["other"]
    result = news("edit", theirs, "-d", games.job(mine)["dir"])
    assert result.code == 5 and "another user's" in result.err and news.job(theirs)["dir"] != games.job(mine)["dir"]


def test_30_root_limits_the_group_of_another(daemon, ctl, games, news, origin):
    games.add("-g", "mine", origin.url("/bytes/10/a"))
    games.add("-g", "both", origin.url("/bytes/10/b"))
    news.add("-g", "both", origin.url("/bytes/10/c"))
    ctl.ok("limit", "-g", "mine", "limit-rate", "1M")
    result = ctl("limit", "-g", "both", "limit-rate", "1M")
    assert result.code == 5 and "several users" in result.err
    assert ctl("limit", "-g", "none", "limit-rate", "1M").code == 3
    assert news("limit", "-g", "mine", "limit-rate", "1M").code == 3


def test_40_a_group_of_the_same_name(daemon, ctl, games, news, origin):
    """Who may touch all means by a name the own group, else another's: never two."""
    [mine] = ctl.add("-g", "same", origin.url("/gate/a/bytes/10/a"))
    [theirs] = games.add("-g", "same", origin.url("/gate/a/bytes/10/b"))
    [others] = news.add("-g", "other", origin.url("/gate/a/bytes/10/c"))
    assert set(ctl.jobs("-g", "same")) == {mine}
    assert set(ctl.jobs("-g", "same", "--all-users")) == {mine, theirs}
    assert set(ctl.jobs("-g", "same", "--mine")) == {mine}
    assert ctl("list", "-g", "other", "--mine").code == 3
    watch = ctl.watch("-g", "same", "--since", 0)
    ctl.ok("cancel", "-g", "same")
    watch.kind("cancelled", mine)
    assert theirs not in {event["job_id"] for event in watch.seen()}
    assert ctl.job(theirs)["state"] == "active"
    assert ctl("wait", "-g", "same").code == 1
    ctl.ok("remove", "--files", "-g", "same")
    ctl.ok("pause", "-g", "same")
    assert ctl.job(theirs)["state"] == "paused"
    ctl.ok("cancel", "-g", "other")
    assert ctl.job(others)["state"] == "cancelled" and set(ctl.jobs("-g", "other")) == {others}


def as_user(user, *command):
    return subprocess.run(command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True,
                          errors="replace")


@pytest.fixture
def homes(room, stopped):
    """A daemon with a folder for each user."""
    room.downloads.chmod(0o755)
    return stopped.start()


def test_50_a_users_folder_is_that_users(homes, ctl, games, news, origin, room):
    """Read and moved out of by its owner, closed to others; so are folders below, and what root puts in."""
    for options in ((), ("-d", str(room.downloads / "games" / "sub"))):
        [job] = games.add(*options, origin.url("/bytes/1000/a"))
        assert games.wait(job).code == 0
        path = games.job(job)["path"]
        assert as_user(games.user, "wc", "-c", path).stdout.split()[0] == "1000"
        for command in (["cat", path], ["stat", path], ["ls", os.path.dirname(path)], ["rm", path],
                        ["touch", f"{os.path.dirname(path)}/x"]):
            assert as_user(news.user, *command).returncode != 0, command
        assert as_user(games.user, "mv", path, os.path.dirname(path) + "/moved").returncode == 0
        assert as_user(games.user, "rm", os.path.dirname(path) + "/moved").returncode == 0
    [job] = ctl.add("-d", str(room.downloads / "games"), origin.url("/bytes/1000/given"))
    assert ctl.wait(job).code == 0
    assert as_user(games.user, "cat", str(room.downloads / "games" / "given")).returncode == 0
    assert as_user(news.user, "cat", str(room.downloads / "games" / "given")).returncode != 0


def test_51_a_folder_of_before_is_closed(homes, ctl, games, news, origin, room):
    """One that has no access list gets one; one with a default list is its administrator's."""
    (room.downloads / "games").mkdir(mode=0o755)
    (room.downloads / "news").mkdir()
    subprocess.run(["setfacl", "-d", "-m", f"u:{games.user.pw_uid}:r", str(room.downloads / "news")], check=True)
    for user in (games, news):
        assert user.wait(*user.add(origin.url("/bytes/10/a"))).code == 0
    assert as_user(news.user, "ls", str(room.downloads / "games")).returncode != 0
    assert as_user(games.user, "cat", str(room.downloads / "news" / "a")).returncode == 0


def test_52_elsewhere_as_the_folder_says(homes, games, news, origin, room):
    """A default access list of an administrator's folder is inherited; without one all may read, none may execute."""
    for name, acl in (("open", None), ("closed", f"u:{games.user.pw_uid}:rwx,g::-,o::-")):
        place = room.downloads / "x" / name
        place.mkdir(parents=True)
        if acl:
            subprocess.run(["setfacl", "-d", "-m", acl, str(place)], check=True)
    homes.stop()
    homes.options["Transfer.DownloadRoots"] = f"{room.downloads / 'x'} {room.downloads / 'homes'}"
    homes.options["Transfer.DefaultDirectory"] = room.downloads / "homes"
    (room.downloads / "homes").mkdir()
    homes.start()
    paths = {}
    for name in ("open", "closed"):
        [job] = games.add("-d", str(room.downloads / "x" / name), origin.url("/bytes/10/a"))
        assert games.wait(job).code == 0
        paths[name] = games.job(job)["path"]
        assert as_user(games.user, "cat", paths[name]).returncode == 0
        assert os.stat(paths[name]).st_mode & 0o111 == 0
    assert as_user(news.user, "cat", paths["open"]).returncode == 0
    assert as_user(news.user, "cat", paths["closed"]).returncode != 0


def test_53_the_admin_group(stopped, ctl, games, news, origin):
    """Its members may do what root may; after a reload without it, who comes then may not."""
    stopped.options["Security.AdminGroup"] = news.user.pw_gid
    stopped.start()
    [mine] = games.add("--not-before", "1h", origin.url("/bytes/10/a"))
    assert news.job(mine)["owner"] == games.user.pw_uid and set(news.jobs("--all-users")) == {mine}
    news.ok("limit", "max-active", "3")
    assert games("limit", "max-active", "4").code == 4
    del stopped.options["Security.AdminGroup"]
    stopped.write_config()
    stopped.signal(signal.SIGHUP)
    stopped.wait_told("READY=1", 2)
    assert news("status", mine).code == 3


def test_54_a_group_that_there_is_not(stopped):
    stopped.options["Security.AdminGroup"] = "no-such-group"
    code, text = stopped.refuse()
    assert code == 78 and "Security.AdminGroup: no-such-group: there is no such group" in text


def test_55_nobody_is_refused(daemon, room):
    nobody = Ctl(room, room.path / "fetchctl", pwd.struct_passwd(("x", "x", 65534, 65534, "", "/", "")))
    assert nobody("ping").code == 4
    nobody.close()
