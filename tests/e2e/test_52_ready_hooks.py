"""The ready-made hooks by themselves: what they do with good files and with hostile ones."""
import functools
import hashlib
import io
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tarfile
import zipfile

import pytest

from harness import LIMIT, program
from origin import RawServer
from origin.raw import head

HOOKS = pathlib.Path(__file__).resolve().parents[2] / "etc" / "hooks"
# What a file may be called. The last is no UTF-8.
NAMES = ["plain", "two words", "-rf", "a;b$(touch x)`touch x`", "new\nline", 'quo"te\'s', "back\\slash", "%s%n", "*", "ümläut", "\udcff\udcfe"]


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is missing")


class Hook:
    """Runs the hooks as fetchd does, for a file of one directory."""

    def __init__(self, path):
        self.dir = path / "downloads"
        self.dir.mkdir()
        self.env = {}

    def run(self, hook, *arguments, file=None, key="queue/7", stdin="{}", **env):
        path = str(self.dir / file) if file is not None else ""
        done = subprocess.run(
            [HOOKS / hook, *arguments], input=stdin.encode(), capture_output=True, timeout=LIMIT, cwd=self.dir,
            env={"PATH": os.environ["PATH"], "FETCHD_EVENT": "done", "FETCHD_HOOK": hook, "FETCHD_KEY": key, "FETCHD_JOB_ID": "7",
                 "FETCHD_ATTEMPT": "1", "FETCHD_PATH": path, "FETCHD_NAME": file or "", "FETCHD_DIR": str(self.dir),
                 "FETCHD_OWNER": str(os.getuid()), **self.env, **env})
        return done.returncode, (done.stdout + done.stderr).decode(errors="surrogateescape")

    def names(self):
        return sorted(os.listdir(self.dir))


@pytest.fixture
def hook(tmp_path):
    return Hook(tmp_path)


# ---- unpack

def member(name, content=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def tar(path, *members):
    with tarfile.open(path, f"w:{'gz' if str(path).endswith('gz') else ''}", encoding="utf-8", errors="surrogateescape") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path.name


def tree(path):
    """{name: content of the file, or where the link leads}, without unpack's own mark."""
    return {str(file.relative_to(path)): os.readlink(file) if file.is_symlink() else file.read_bytes() if file.is_file() else None
            for file in path.rglob("*") if not file.name.startswith(".fetchd-unpacked-")}


GOOD = (member("a/", type=tarfile.DIRTYPE, mode=0o755), member("a/one", b"1"), member("a/two", b"22", mode=0o755),
        member("a/three", type=tarfile.LNKTYPE, linkname="a/one"), member("link", type=tarfile.SYMTYPE, linkname="a/two"),
        member("a/up", type=tarfile.SYMTYPE, linkname="../a/./one"))
UNPACKED = {"a": None, "a/one": b"1", "a/two": b"22", "a/three": b"1", "link": "a/two", "a/up": "../a/./one"}


@needs("bsdtar")
def test_01_an_archive(hook):
    file = tar(hook.dir / "good.tar.gz", *GOOD)
    code, out = hook.run("unpack", file=file)
    assert code == 0 and "into good" in out, out
    assert tree(hook.dir / "good") == UNPACKED and hook.names() == ["good", "good.tar.gz"]
    assert stat.S_IMODE((hook.dir / "good").stat().st_mode) == 0o755
    assert stat.S_IMODE((hook.dir / "good/a/two").stat().st_mode) == 0o755


@needs("bsdtar")
def test_02_once_for_a_key(hook):
    """Whatever has become of what was in it; another key is another job."""
    file = tar(hook.dir / "good.tar.gz", *GOOD)
    assert hook.run("unpack", file=file)[0] == 0
    (hook.dir / "good/a/one").unlink()
    code, out = hook.run("unpack", file=file)
    assert code == 0 and "already" in out and "a/one" not in tree(hook.dir / "good")
    assert hook.names() == ["good", "good.tar.gz"]
    assert hook.run("unpack", file=file, key="queue/8")[0] == 0
    assert hook.names() == ["good", "good (1)", "good.tar.gz"] and tree(hook.dir / "good (1)") == UNPACKED
    assert hook.run("unpack", file=file, key="queue/8")[0] == 0 and len(hook.names()) == 3


@needs("bsdtar")
def test_03_an_attempt_that_was_killed(hook):
    """What it left is taken away, even what may not be written; the folder is fresh."""
    file = tar(hook.dir / "good.tar.gz", *GOOD)
    left = hook.dir / ".fetchd-unpack-queue-7"
    (left / "old").mkdir(parents=True)
    (left / "old/file").touch()
    (left / "old").chmod(0o500)
    left.chmod(0)
    assert hook.run("unpack", file=file)[0] == 0
    assert hook.names() == ["good", "good.tar.gz"] and tree(hook.dir / "good") == UNPACKED


@needs("bsdtar")
@pytest.mark.parametrize("taken", ["folder", "file", "link", "dangling"])
def test_04_a_name_that_is_taken(hook, tmp_path, taken):
    file = tar(hook.dir / "good.tar.gz", *GOOD)
    place, elsewhere = hook.dir / "good", tmp_path / "elsewhere"
    elsewhere.mkdir()
    {"folder": place.mkdir, "file": place.touch, "link": lambda: place.symlink_to(elsewhere),
     "dangling": lambda: place.symlink_to(tmp_path / "none")}[taken]()
    assert hook.run("unpack", file=file)[0] == 0
    assert tree(hook.dir / "good (1)") == UNPACKED and list(elsewhere.iterdir()) == [] and not (tmp_path / "none").exists()


@needs("bsdtar")
@pytest.mark.parametrize("members", [
    pytest.param([member("/absolute", b"x")], id="absolute"),
    pytest.param([member("../up", b"x")], id="up"),
    pytest.param([member("a/../../up", b"x")], id="up-inside"),
    pytest.param([member("..", type=tarfile.DIRTYPE)], id="up-itself"),
    pytest.param([member("link", type=tarfile.SYMTYPE, linkname="/etc")], id="link-absolute"),
    pytest.param([member("link", type=tarfile.SYMTYPE, linkname="../outside")], id="link-up"),
    pytest.param([member("a/link", type=tarfile.SYMTYPE, linkname="../../good.tar")], id="link-up-inside"),
    pytest.param([member("b", type=tarfile.SYMTYPE, linkname="a/.."), member("a", type=tarfile.SYMTYPE, linkname=".."),
                  member("c", type=tarfile.SYMTYPE, linkname="b/outside")], id="link-by-links"),
    pytest.param([member("link\nend", type=tarfile.SYMTYPE, linkname="../outside\n")], id="link-newline"),
    pytest.param([member("link", type=tarfile.SYMTYPE, linkname="../outside"), member("link/file", b"x")], id="through-a-link"),
    pytest.param([member("hard", type=tarfile.LNKTYPE, linkname="../outside/secret")], id="hard-link-up"),
    pytest.param([member("hard", type=tarfile.LNKTYPE, linkname="../outside/secret"), member("hard", b"x")], id="hard-link-over"),
    pytest.param([member("s", type=tarfile.SYMTYPE, linkname="../outside"), member("h", type=tarfile.LNKTYPE, linkname="s/secret")],
                 id="hard-link-through-a-link"),
    pytest.param([member("fifo", type=tarfile.FIFOTYPE)], id="fifo"),
    pytest.param([member("device", type=tarfile.CHRTYPE, devmajor=1, devminor=3)], id="device"),
])
def test_05_what_leads_out_is_refused(hook, members):
    """All of it: nothing but the archive stays, and nothing outside is touched."""
    (hook.dir / "outside").mkdir()
    (hook.dir / "outside/secret").write_text("secret")
    file = tar(hook.dir / "bad.tar", member("before", b"1"), *members, member("after", b"1"))
    before = hook.names()
    code, out = hook.run("unpack", file=file)
    assert code == 1, out
    assert hook.names() == before and tree(hook.dir / "outside") == {"secret": b"secret"}
    assert not os.path.exists("/absolute") and not (hook.dir.parent / "up").exists()


@needs("bsdtar")
def test_06_a_file_in_the_place_of_a_link(hook):
    """It is the link that goes, not what it led to."""
    (hook.dir / "outside").write_text("secret")
    file = tar(hook.dir / "a.tar", member("link", type=tarfile.SYMTYPE, linkname="../outside"), member("link", b"x"))
    assert hook.run("unpack", file=file)[0] == 0
    assert tree(hook.dir / "a") == {"link": b"x"} and (hook.dir / "outside").read_text() == "secret"


@needs("bsdtar")
def test_06_other_formats(hook):
    with zipfile.ZipFile(hook.dir / "some.ZIP", "w") as archive:
        archive.writestr("a/b", "zipped")
    assert hook.run("unpack", file="some.ZIP")[0] == 0 and tree(hook.dir / "some") == {"a": None, "a/b": b"zipped"}
    with zipfile.ZipFile(hook.dir / "slip.zip", "w") as archive:
        archive.writestr("../../slipped", "x")
    assert hook.run("unpack", file="slip.zip")[0] == 1 and not (hook.dir.parent / "slipped").exists()
    # A list of files is an archive, to bsdtar; it must not fetch what it names from this machine.
    (hook.dir / "list.tar").write_text("#mtree\n./leak type=file mode=0644 contents=/etc/passwd\n")
    hook.run("unpack", file="list.tar")
    assert not any(file.stat().st_size for file in (hook.dir / "list").rglob("leak"))


@needs("bsdtar")
@pytest.mark.parametrize("text", [b"", b"no archive at all", b"\x1f\x8b\x08cut"])
def test_07_what_is_no_archive(hook, text):
    """By its name it is none, and nothing happens; or it only says so."""
    for file in ("readme.txt", "bad.tar.gz"):
        (hook.dir / file).write_bytes(text)
    assert hook.run("unpack", file="readme.txt")[0] == 0
    hook.run("unpack", file="bad.tar.gz")
    assert {name for name in hook.names() if not name.startswith("bad")} == {"readme.txt"}
    assert tree(hook.dir / "bad") == {} and not (hook.dir / ".fetchd-unpack-queue-7").exists()


@needs("bsdtar")
@pytest.mark.parametrize("name", NAMES)
def test_08_hostile_names(hook, name):
    """Of the archive, and of what is in it."""
    file = tar(hook.dir / f"{name}.tar", member(name, b"1"), member(f"d/{name}", type=tarfile.SYMTYPE, linkname=f"../{name}"))
    code, out = hook.run("unpack", file=file)
    assert code == 0, out
    assert tree(hook.dir / name) == {name: b"1", "d": None, f"d/{name}": f"../{name}"}
    assert hook.names() == sorted([name, f"{name}.tar"])


@needs("bsdtar")
@pytest.mark.parametrize("name", [".tar", "..tar", "...tar"])
def test_09_a_name_that_is_nothing_else(hook, name):
    file = tar(hook.dir / name, member("x", b"1"))
    assert hook.run("unpack", file=file)[0] == 0
    [folder] = set(hook.names()) - {name}
    assert tree(hook.dir / folder) == {"x": b"1"}


@needs("bsdtar")
def test_10_anothers_file_by_a_link(hook, tmp_path):
    """Of a folder's owner who is not the daemon: what is read is what was downloaded."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tar(elsewhere / "good.tar", *GOOD)
    (hook.dir / "good.tar").symlink_to(elsewhere / "good.tar")
    assert hook.run("unpack", file="good.tar")[0] == 1 and hook.names() == ["good.tar"]
    (hook.dir / "sub").symlink_to(elsewhere)
    code, out = hook.run("unpack", file="sub/good.tar", FETCHD_OWNER=str(os.getuid() + 1))
    assert code == 1 and "symbolic link" in out and os.listdir(elsewhere) == ["good.tar"]
    assert hook.run("unpack", file="sub/good.tar")[0] == 0 and tree(elsewhere / "good") == UNPACKED


@needs("bsdtar")
@needs("setfacl")
def test_11_a_folder_with_an_access_list(hook):
    """Whoever has rights by it has them in what was unpacked, too; others have none."""
    if subprocess.run(["setfacl", "-m", "u:12345:rwx,o::-,d:u:12345:rwx,d:o::-", hook.dir], capture_output=True).returncode:
        pytest.skip("no access lists here")
    file = tar(hook.dir / "good.tar", *GOOD, member("closed/", type=tarfile.DIRTYPE, mode=0o500), member("closed/file", b"1", mode=0o400))
    assert hook.run("unpack", file=file)[0] == 0
    for name in ("", "a", "closed"):
        acl = subprocess.run(["getfacl", "-cpn", hook.dir / "good" / name], capture_output=True, text=True, check=True).stdout.split("\n")
        assert "user:12345:rwx" in acl and "mask::rwx" in acl and "other::---" in acl, (name, acl)


# ---- signatures

def run(*command, **more):
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=LIMIT, stdin=subprocess.DEVNULL, **more)


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """Keys of OpenPGP and minisign to trust, and others that nobody trusts: sign(kind, file, trusted)."""
    place = tmp_path_factory.mktemp("s")
    (place / "keys").mkdir()
    gpg = functools.partial(run, "gpg", "--batch", "--quiet", "--homedir", place, "--passphrase", "")
    place.chmod(0o700)
    for who in ("good", "other"):
        gpg("--quick-gen-key", f"{who}@example.org", "ed25519", "sign", "never")
        run("minisign", "-G", "-W", "-f", "-p", place / f"{who}.pub", "-s", place / f"{who}.key")
    gpg("--output", place / "keys/own.gpg", "--export", "good@example.org")
    shutil.copy(place / "good.pub", place / "keys/own.pub")

    def sign(kind, file, who="good"):
        if kind == "minisig":
            run("minisign", "-S", "-W", "-s", place / f"{who}.key", "-m", file, "-x", f"{file}.minisig", "-t", "of a test")
        else:
            gpg("--yes", "--local-user", f"{who}@example.org", *(["--armor"] if kind == "asc" else []), "--output", f"{file}.{kind}",
                "--detach-sign", "--", file)

    sign.keys, sign.gpg = place / "keys", gpg
    yield sign
    run("gpgconf", "--homedir", place, "--kill", "all")


@needs("gpg")
@needs("gpgv")
@needs("minisign")
@pytest.mark.parametrize("kind", ["asc", "sig", "minisig"])
def test_20_a_signature(hook, signer, kind):
    """Good, late, of another file, of a stranger; no file but the signature's own."""
    file = hook.dir / "file.iso"
    file.write_bytes(b"content" * 1000)
    verify = functools.partial(hook.run, "verify-signature", signer.keys, file="file.iso")
    code, out = verify()
    assert code == 1 and "none yet" in out
    signer(kind, file)
    code, out = verify()
    assert code == 0 and f"good: {kind}" in out, out
    assert hook.run("verify-signature", signer.keys, file=f"file.iso.{kind}")[0] == 0
    file.write_bytes(b"other content")
    assert verify()[0] == 1
    signer(kind, file, who="other")
    assert verify()[0] == 1
    (hook.dir / f"file.iso.{kind}").write_bytes(b"")
    assert verify()[0] == 1
    (hook.dir / f"file.iso.{kind}").write_bytes(os.urandom(200))
    assert verify()[0] == 1


@needs("gpg")
@needs("gpgv")
@needs("minisign")
def test_21_each_signature_counts(hook, signer):
    file = hook.dir / "file"
    file.write_bytes(b"content")
    signer("asc", file)
    signer("minisig", file, who="other")
    assert hook.run("verify-signature", signer.keys, file="file")[0] == 1
    signer("minisig", file)
    assert hook.run("verify-signature", signer.keys, file="file")[0] == 0


@needs("gpg")
@needs("gpgv")
def test_22_a_signature_of_its_own_text(hook, signer):
    """One that is not detached says nothing of the file."""
    (hook.dir / "file").write_bytes(b"content")
    (hook.dir / "text").write_bytes(b"signed text")
    for how in ("--sign", "--clear-sign"):
        signer.gpg("--yes", "--local-user", "good@example.org", "--output", hook.dir / "file.asc", how, hook.dir / "text")
        assert hook.run("verify-signature", signer.keys, file="file")[0] == 1


@needs("gpg")
@needs("gpgv")
@needs("minisign")
@pytest.mark.parametrize("name", NAMES)
def test_23_hostile_names(hook, signer, name):
    file = hook.dir / name
    file.write_bytes(b"content")
    for kind in ("sig", "minisig"):
        signer(kind, file)
    code, out = hook.run("verify-signature", signer.keys, file=name)
    assert code == 0, out
    file.write_bytes(b"other")
    assert hook.run("verify-signature", signer.keys, file=name)[0] == 1


def test_24_without_keys(hook, tmp_path):
    (hook.dir / "file").touch()
    (hook.dir / "file.sig").touch()
    assert hook.run("verify-signature", file="file")[0] != 0
    assert hook.run("verify-signature", tmp_path / "none", file="file")[0] == 1
    (tmp_path / "keys").mkdir()
    assert hook.run("verify-signature", tmp_path / "keys", file="file")[0] == 1


# ---- checksums

@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [(), ("--tag",), ("-b",)], ids=str)
def test_30_a_list_of_checksums(hook, name, options):
    """As sha256sum itself writes it, of several files; good, wrong, gone."""
    for file in (name, "x" + name):
        (hook.dir / file).write_bytes(os.fsencode(file))
    with open(hook.dir / "SHA256SUMS", "wb") as sums:
        subprocess.run(["sha256sum", *options, "--", "x" + name, name], stdout=sums, cwd=hook.dir, check=True)
    assert hook.run("verify-sha256", file=name) == (0, "verify-sha256: as SHA256SUMS says\n")
    (hook.dir / name).write_bytes(b"changed")
    code, out = hook.run("verify-sha256", file=name)
    assert code == 1 and "not what SHA256SUMS says" in out
    assert hook.run("verify-sha256", file="x" + name)[0] == 0


def test_31_lists_of_other_kinds(hook):
    (hook.dir / "f.iso").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    code, out = hook.run("verify-sha256", file="f.iso")
    assert code == 1 and "none yet" in out
    # What knows the file counts, not what is merely there.
    (hook.dir / "SHA256SUMS").write_text(f"# a comment\n{'0' * 64}  other\n{'0' * 64}  xf.iso\n{'0' * 63}  f.iso\n")
    assert hook.run("verify-sha256", file="f.iso")[0] == 1
    for text in (f"{digest.upper()}\n", f"{digest}  f.iso\r\n", f"{digest} *./f.iso", f"SHA256 (f.iso) = {digest}\n"):
        (hook.dir / "f.iso.sha256").write_text(text)
        assert hook.run("verify-sha256", file="f.iso")[0] == 0, text
    for text in (f"{'0' * 64}\n", f"{digest}  another\n", f"{digest[:-1]}\n", f"{digest}0  f.iso\n", ""):
        (hook.dir / "f.iso.sha256").write_text(text)
        assert hook.run("verify-sha256", file="f.iso")[0] == 1, text
    assert hook.run("verify-sha256", file="f.iso.sha256")[0] == 0


# ---- the desktop

@pytest.fixture
def desktop(hook, tmp_path):
    """In busctl's place, a program that tells its arguments."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/busctl"
    program.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >'{tmp_path}/said'\n")
    program.chmod(0o755)
    hook.env["PATH"] = f"{tmp_path}/bin:{os.environ['PATH']}"
    return lambda: (tmp_path / "said").read_bytes().decode().split("\0")[:-1]


def test_40_a_notification(hook, desktop):
    assert hook.run("notify", file="a.iso") == (0, "")
    said = desktop()
    assert said[:4] == ["--user", "--quiet", "--", "call"] and said[7:10] == ["Notify", "susssasa{sv}i", "fetchd"]
    assert said[12:] == ["Downloaded: a.iso", f"{hook.dir}/a.iso", "0", "0", "-1"]
    assert hook.run("notify", FETCHD_EVENT="failed", FETCHD_URL="http://x/?a&b", FETCHD_ERROR="E_DNS") == (0, "")
    assert desktop()[12:14] == ["Not downloaded: http://x/?a&b", "E_DNS http://x/?a&amp;b"]
    assert hook.run("notify", FETCHD_EVENT="group-done", FETCHD_GROUP="books", FETCHD_STATE="done") == (0, "")
    assert desktop()[12] == "Group books: done"
    assert hook.run("notify", FETCHD_EVENT="other")[0] == 1


def test_41_no_name_is_markup(hook, desktop):
    assert hook.run("notify", file="<b>-x\n\x1b[31m&\udcff") == (0, "")
    title, body = desktop()[12:14]
    assert title == "Downloaded: <b>-x  [31m&" and body.endswith("/&lt;b&gt;-x  [31m&amp;")


# ---- the webhook

@needs("curl")
def test_50_a_webhook(hook, tmp_path):
    """What stands on standard input arrives, with what the file says; the file's secrets are in no argument."""
    config = tmp_path / "config"
    job = '{"id": 7, "name": "a\\n\\"b\\""}\n'
    with RawServer() as server:
        server.play("/hook", [head(204)], [head(500)])
        config.write_text(f'url = "{server.url("/hook")}"\nheader = "Authorization: Bearer hunter2"\n')
        config.chmod(0o600)
        assert hook.run("webhook", config, stdin=job) == (0, "")
        [request] = server.requests("/hook")
        assert request.method == "POST" and request.headers["content-length"] == str(len(job))
        assert request.headers["authorization"] == "Bearer hunter2" and request.headers["idempotency-key"] == "queue/7"
        assert request.headers["content-type"] == "application/json"
        code, out = hook.run("webhook", config, stdin=job)
        assert code != 0 and "500" in out and "hunter2" not in out
    assert hook.run("webhook", config, stdin=job)[0] != 0


@needs("curl")
def test_51_what_a_webhook_sends(hook, tmp_path):
    config = tmp_path / "config"
    job = '{"id": 7}\n'
    with socket.create_server(("127.0.0.1", 0)) as server:
        config.write_text(f'url = "http://127.0.0.1:{server.getsockname()[1]}/"\n')
        config.chmod(0o600)
        with subprocess.Popen([HOOKS / "webhook", config], stdin=subprocess.PIPE, text=True,
                              env={"PATH": os.environ["PATH"], "FETCHD_KEY": "k"}) as process:
            process.stdin.write(job)
            process.stdin.close()
            link, _ = server.accept()
            got = b""
            while job.encode() not in got:
                got += link.recv(4096)
            arguments = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
            assert b"127.0.0.1" not in arguments
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            link.close()
            assert process.wait(LIMIT) == 0


def test_52_secrets_that_all_may_read(hook, tmp_path):
    config = tmp_path / "config"
    config.write_text("url = x\n")
    config.chmod(0o644)
    code, out = hook.run("webhook", config)
    assert code == 1 and "everybody" in out
    assert hook.run("webhook", tmp_path / "none")[0] == 1 and hook.run("webhook")[0] != 0


# ---- the drop-ins

@pytest.mark.parametrize("name", sorted(path.name[:-len(".conf.in")] for path in HOOKS.glob("*.conf.in")))
def test_60_a_drop_in_is_configuration(tmp_path, name):
    """And its hook is called after itself."""
    text = (HOOKS / f"{name}.conf.in").read_text().replace("@hooksdir@", str(HOOKS)).replace("@sysconfdir@", "/etc")
    (tmp_path / "conf").write_text(text)
    done = subprocess.run([program("fetchd"), "--user", "--config", tmp_path / "conf", "--check-config"], capture_output=True, text=True)
    assert done.returncode == 0 and f"[Hook {name}]\nCommand={HOOKS}/{name}" in text, done.stderr
