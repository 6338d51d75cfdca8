"""Several users of one service: none sees another's jobs or files, each owns what came for them."""
import itertools

import pytest

from machine import USERS


@pytest.fixture
def files(fetchd, origin):
    """A finished job of each of three: {user: (id, path)}."""
    made = {}
    for user in ("alice", "bob", "dave"):
        [job] = fetchd.add(origin.url(f"/bytes/1000/{user}.bin"), user=user)
        assert fetchd.wait(job, user=user).code == 0
        made[user] = job, fetchd.job(job, user=user)["path"]
    return made


def test_01_anothers_job_is_no_job(fetchd, files):
    for verb in ("status", "cancel", "remove", "why", "wait"):
        none = fetchd.ctl(verb, 4711, user="alice")
        for user, other in itertools.permutations(files, 2):
            job, _ = files[other]
            foreign = fetchd.ctl(verb, job, user=user)
            assert foreign.code == none.code == 3
            assert foreign.err.replace(str(job), "N") == none.err.replace("4711", "N")
    for user, (job, _) in files.items():
        assert [row["id"] for row in fetchd.ctl_ok("--json", "list", "--all-users", user=user).json] == [job]


def test_02_files_are_their_owners(fetchd, files):
    """Read and moved out by the owner; to others not even a name."""
    for user, other in itertools.permutations(files, 2):
        _, path = files[other]
        folder = path.rpartition("/")[0]
        assert folder == f"/var/lib/fetchd/downloads/{other}"
        assert fetchd.run("cat", path, user=user).code != 0
        assert fetchd.run("ls", folder, user=user).code != 0
        assert fetchd.run("touch", f"{folder}/x", user=user).code != 0
    _, path = files["alice"]
    folder = path.rpartition("/")[0]
    assert fetchd.ok("wc", "-c", path, user="alice").out.startswith("1000 ")
    fetchd.ok("mv", path, "/home/alice/", user="alice")
    fetchd.ok("sh", "-c", "test -r /home/alice/alice.bin && ! test -e " + path, user="alice")
    acl = fetchd.ok("getfacl", "-cpn", folder).out.split()
    assert f"user:{USERS['alice']}:rwx" in acl and "other::---" in acl and f"default:user:{USERS['alice']}:rwx" in acl
    assert fetchd.ok("getfacl", "-cpn", "/home/alice/alice.bin").out.split()[0] == "user::rw-"


def test_03_folders_below_are_too(fetchd, origin):
    [job] = fetchd.add("-d", "/var/lib/fetchd/downloads/alice/a/b", origin.url("/bytes/10/deep"), user="alice")
    assert fetchd.wait(job, user="alice").code == 0
    path = fetchd.job(job, user="alice")["path"]
    assert fetchd.run("stat", path, user="bob").code != 0
    fetchd.ok("mv", path, "/home/alice/deep", user="alice")
    fetchd.ok("rmdir", "/var/lib/fetchd/downloads/alice/a/b", user="alice")
    assert fetchd.ctl("add", "-d", "/var/lib/fetchd/downloads/alice", origin.url("/bytes/10/x"), user="bob").code == 5


def test_04_the_admin_group(fetchd, origin, files):
    """carol is in it: she may do what root may, and has jobs of her own."""
    job, _ = files["alice"]
    assert fetchd.job(job, user="carol")["owner"] == USERS["alice"]
    assert {files["alice"][0], files["bob"][0]} <= {row["id"] for row in fetchd.ctl_ok("--json", "list", "--all-users", user="carol").json}
    fetchd.ctl_ok("limit", "max-active", "5", user="carol")
    assert fetchd.ctl("limit", "max-active", "6", user="bob").code == 4
    fetchd.ctl_ok("limit", "max-active", "--reset", user="carol")
    [own] = fetchd.add(origin.url("/bytes/10/own"), user="carol")
    assert fetchd.wait(own, user="carol").code == 0 and "/carol/" in fetchd.job(own, user="carol")["path"]
    # Whom it is for: the folder's, whoever asked.
    [given] = fetchd.add("-d", "/var/lib/fetchd/downloads/bob", origin.url("/bytes/10/given"), user="carol")
    assert fetchd.wait(given, user="carol").code == 0
    fetchd.ok("cat", "/var/lib/fetchd/downloads/bob/given", user="bob")


def test_05_nobody_is_nobody(fetchd, origin):
    result = fetchd.ctl("add", origin.url("/bytes/10/a"), user="65534")
    assert result.code == 4, result


def test_06_a_reload_ends_the_group(fetchd, files):
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Security]\nAdminGroup=\n")
    fetchd.ok("systemctl", "reload", "fetchd.service")
    fetchd.wait_journal("configuration read again")
    assert fetchd.ctl("status", files["alice"][0], user="carol").code == 3


def test_07_limits_are_each_users_own(fetchd, origin):
    fetchd.write("/etc/fetchd/fetchd.conf.d/50-test.conf", "[Queue]\nMaxActivePerUser=1\nMaxJobsPerUser=2\n")
    fetchd.ok("systemctl", "reload", "fetchd.service")
    fetchd.wait_journal("configuration read again")
    jobs = {user: fetchd.add(*(origin.url(f"/gate/u/bytes/10/{user}{i}") for i in range(2)), user=user) for user in ("alice", "bob", "dave")}
    origin.wait_gated("u", 3)
    refused = fetchd.ctl("add", origin.url("/bytes/10/more"), user="alice")
    assert refused.code == 5 and "MaxJobsPerUser=2" in refused.err
    for user, (first, second) in jobs.items():
        assert [fetchd.job(job, user=user)["state"] for job in (first, second)] == ["active", "queued"]
    origin.release("u")
    assert all(fetchd.wait(*own, user=user).code == 0 for user, own in jobs.items()) and origin.peak() == 3
