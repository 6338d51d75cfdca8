"""Logins, cookies, proxies, certificates and conditions: each option of add does what it says, or is refused by name."""
import base64
import os
import pty
import signal
import subprocess

import pytest

from harness import LIMIT, program
from origin import content
from varlink import MANAGER, Link

CANARY = "hunter2canary"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
ENCRYPTED = ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type:{}4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n"
             "-----END RSA PRIVATE KEY-----\n")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def fetch(ctl, origin, *options, path="/bytes/10/a", **more):
    """The headers of the request that add with these options leads to."""
    before = len(origin.requests())
    [job] = ctl.add(*options, origin.url(path), **more)
    assert ctl.wait(job).code == 0, ctl.job(job)
    [request] = origin.requests()[before:]
    return request.headers


def write(room, name, text, mode=0o600):
    path = room.path / name
    path.write_text(text)
    path.chmod(mode)
    return path


# ---- login

@pytest.mark.parametrize("user,password,word", [
    ("anna", "secret", "anna:secret"), ("anna", "se:cr et", "anna:se:cr et"), ("anna", "", "anna:"), ("", "token", ":token"),
    ("änna", "gehéim", "änna:gehéim"),
])
def test_01_user(daemon, ctl, origin, user, password, word):
    assert fetch(ctl, origin, "-u", word)["authorization"] == basic(user, password)


def test_02_the_login_of_a_url(daemon, ctl, origin):
    url = origin.url("/bytes/10/a").replace("//", "//an%40na:s%3a%2Fecret@")
    [job] = ctl.add(url)
    assert ctl.wait(job).code == 0
    assert origin.requests()[0].headers["authorization"] == basic("an@na", "s:/ecret")
    assert ctl.job(job)["url"] == origin.url("/bytes/10/a")


def test_03_user_outranks_the_url(daemon, ctl, origin):
    [job] = ctl.add("-u", "given:word", origin.url("/bytes/10/a").replace("//", "//anna:secret@"))
    assert ctl.wait(job).code == 0
    assert origin.requests()[0].headers["authorization"] == basic("given", "word")


def test_04_from_a_file_and_standard_input(daemon, ctl, origin, room):
    file = write(room, "login", "anna:secret\n")
    assert fetch(ctl, origin, "-u", f"@{file}")["authorization"] == basic("anna", "secret")
    assert fetch(ctl, origin, "-u", "@-", stdin="anna:secret")["authorization"] == basic("anna", "secret")
    assert fetch(ctl, origin, "--oauth2-bearer", "@-", stdin="tok.en\n")["authorization"] == "Bearer tok.en"
    headers = fetch(ctl, origin, "-H", "@-", "-H", "X-C: 3", stdin="X-A: 1\n\nX-Token: 2\r\n")
    assert (headers["x-a"], headers["x-token"], headers["x-c"]) == ("1", "2", "3")


def test_05_bearer(daemon, ctl, origin):
    assert fetch(ctl, origin, "--oauth2-bearer", "a.b-c_d~e+f/g==")["authorization"] == "Bearer a.b-c_d~e+f/g=="


def ask(room, origin, typed):
    """fetchctl add -u anna on a terminal of its own, where typed answers the question: (exit status, what was shown)."""
    command = [program("fetchctl"), "-s", str(room.socket), "add", "-u", "anna", origin.url("/bytes/10/a")]
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where tests run in the background
        os.execve(command[0], command, room.environment())
    shown = b""
    try:
        while b"Password of anna: " not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, typed)
        while data := os.read(terminal, 1000):
            shown += data
    except OSError:
        pass  # the other side has closed
    finally:
        os.close(terminal)
    return os.waitpid(pid, 0)[1], shown.decode()


def test_06_a_password_is_asked_for(daemon, ctl, origin, room):
    status, shown = ask(room, origin, f"{CANARY}\n".encode())
    assert os.waitstatus_to_exitcode(status) == 0 and CANARY not in shown, shown
    origin.wait_requests("/bytes/10/a")
    assert origin.requests()[0].headers["authorization"] == basic("anna", CANARY)


def test_07_ctrl_c_while_it_is_asked_for(daemon, ctl, origin, room):
    status, _ = ask(room, origin, b"half\x03")
    assert os.WIFSIGNALED(status) and ctl.jobs() == {}


def test_08_no_terminal_to_ask_on(daemon, ctl, origin, room):
    done = subprocess.run(ctl.command("add", "-u", "anna", origin.url("/bytes/10/a")), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=room.environment(), start_new_session=True, timeout=LIMIT)
    assert done.returncode == 2 and "--user anna" in done.stderr and "@FILE" in done.stderr
    assert ctl.jobs() == {}


def test_09_user_has_swallowed_the_url(daemon, ctl, origin):
    result = ctl("add", "--user", origin.url("/bytes/10/a"), origin.url("/bytes/10/b"))
    assert result.code == 2 and "in front of the command" in result.err
    assert ctl.jobs() == {}


# ---- netrc

def test_10_netrc(daemon, ctl, origin, room):
    write(room, ".netrc", "machine elsewhere.test login no password no\n"
                          "machine 127.0.0.1 login anna password \"sec ret\"\ndefault login guest password guest\n")
    assert fetch(ctl, origin, "-n")["authorization"] == basic("anna", "sec ret")
    file = write(room, "other", "machine 127.0.0.1\nlogin berta\npassword x\nmachine 127.0.0.1 login anna password y\n")
    assert fetch(ctl, origin, "--netrc-file", file)["authorization"] == basic("berta", "x")
    assert fetch(ctl, origin, "--netrc-file", file, "-u", "given:z")["authorization"] == basic("given", "z")
    assert fetch(ctl, origin, "--netrc-file", file, "-H", "Authorization: own")["authorization"] == "own"
    assert fetch(ctl, origin, "--netrc-file", file, "--oauth2-bearer", "t")["authorization"] == "Bearer t"
    [job] = ctl.add("--netrc-file", file, origin.url("/bytes/10/a").replace("//", "//anna@"))
    assert ctl.wait(job).code == 0 and origin.requests()[-1].headers["authorization"] == basic("anna", "y")


def test_11_a_netrc_that_others_can_read(daemon, ctl, origin, room):
    file = write(room, "open", "machine 127.0.0.1 login anna password x\n", mode=0o644)
    result = ctl.ok("add", "--netrc-file", file, origin.url("/bytes/10/a"))
    assert str(file) in result.err and "chmod" in result.err
    assert ctl.ok("-q", "add", "--netrc-file", file, origin.url("/bytes/10/a")).err == ""


def test_12_netrc_in_a_list(daemon, ctl, origin, room):
    file = write(room, "n", "machine 127.0.0.1 login anna password x\n")
    jobs = ctl.add("--netrc-file", file, "-",
                   stdin=f"{origin.url('/bytes/10/a')}\n{origin.url('/bytes/10/b')}\n  http-user=u\n  http-passwd=p\n")
    assert ctl.wait(*jobs).code == 0
    assert origin.requests("/bytes/10/a")[0].headers["authorization"] == basic("anna", "x")
    assert origin.requests("/bytes/10/b")[0].headers["authorization"] == basic("u", "p")


# ---- cookies

def test_20_cookies(daemon, ctl, origin, room):
    assert fetch(ctl, origin, "-b", "a=1; b=2")["cookie"] == "a=1; b=2"
    assert fetch(ctl, origin, "-b", "a=1", "-b", "b=2")["cookie"] == "a=1; b=2"
    assert fetch(ctl, origin, "-b", "@-", stdin="a=1\n")["cookie"] == "a=1"
    headers = write(room, "headers", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n\r\n")
    assert fetch(ctl, origin, "-b", headers)["cookie"] == "a=1"


def test_21_a_cookie_file(daemon, ctl, origin, room):
    """Only the cookies that are for this host and path are sent."""
    jar = write(room, "jar", "# Netscape HTTP Cookie File\n"
                             "127.0.0.1\tFALSE\t/\tFALSE\t0\tours\t1\n"
                             "#HttpOnly_127.0.0.1\tFALSE\t/bytes\tFALSE\t4000000000\tmine\t2\n"
                             "elsewhere.test\tFALSE\t/\tFALSE\t0\ttheirs\t3\n"
                             "127.0.0.1\tFALSE\t/other\tFALSE\t0\tpath\t4\n")
    assert sorted(fetch(ctl, origin, "-b", jar)["cookie"].split("; ")) == ["mine=2", "ours=1"]
    [job] = ctl.add("-", stdin=f"{origin.url('/bytes/10/b')}\n  load-cookies={jar}\n")
    assert ctl.wait(job).code == 0
    assert sorted(origin.requests("/bytes/10/b")[0].headers["cookie"].split("; ")) == ["mine=2", "ours=1"]


def test_22_cookies_stay_with_their_job(stopped, ctl, origin, room):
    """One worker, so that the second job gets what the first has used."""
    stopped.options["Daemon.Workers"] = 1
    stopped.start()
    jar = write(room, "jar", "127.0.0.1\tFALSE\t/\tFALSE\t0\tours\t1\n")
    assert fetch(ctl, origin, "-b", jar)["cookie"] == "ours=1"
    for _ in range(4):
        assert "cookie" not in fetch(ctl, origin)


# ---- proxies

@pytest.mark.parametrize("how", ["-x", "list"])
def test_30_a_proxy(daemon, ctl, origin, how):
    """The origin stands in for a proxy: what it is asked for is a whole URL."""
    proxy = origin.url("").replace("//", "//pat:word@")
    if how == "list":
        [job] = ctl.add("-", stdin=f"http://files.example/bytes/10/a\n  all-proxy={proxy}\n")
    else:
        [job] = ctl.add("-x", proxy, "http://files.example/bytes/10/a")
    origin.wait_for(origin.count)
    request = origin.requests()[0]
    assert request.target == "http://files.example/bytes/10/a"
    assert request.headers["proxy-authorization"] == basic("pat", "word")
    ctl.ok("remove", job)


def test_31_no_proxy(stopped, ctl, origin):
    stopped.options["Transfer.Proxy"] = "http://127.0.0.1:9"
    stopped.start()
    assert ctl.wait(*ctl.add("-x", "", origin.url("/bytes/10/a"))).code == 0


# ---- names and conditions

def test_40_the_name_of_the_server(daemon, ctl, origin, room):
    [job] = ctl.add("-J", origin.url("/bytes/10/a?disposition=theirs.txt"))
    [other] = ctl.add("-J", "-o", "mine.txt", origin.url("/bytes/10/a?disposition=theirs.txt"))
    assert ctl.wait(job, other).code == 0
    assert ctl.job(job)["name"] == "theirs.txt" and ctl.job(other)["name"] == "mine.txt"
    assert content.same_as_file(room.downloads / "theirs.txt", "a", 10)


def test_41_time_cond(daemon, ctl, origin, room):
    when = "Sun, 22 Nov 2026 09:45:26 GMT"
    for value in (when, "@1795340726", "2026-11-22T09:45:26Z", "2026-11-22 09:45:26"):
        assert fetch(ctl, origin, "-z", value)["if-modified-since"] == when
    file = write(room, "old", "")
    os.utime(file, (1795340726, 1795340726))
    assert fetch(ctl, origin, "-z", file)["if-modified-since"] == when


def test_42_conditional_get(daemon, ctl, origin, room):
    [job] = ctl.add(origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0
    headers = fetch(ctl, origin, "--conditional-get")
    assert headers["if-none-match"] == origin.etag("/bytes/10/a")
    # curl's habit: -z URL
    [job] = ctl.add("-z", origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0
    assert origin.requests()[-1].headers["if-none-match"] == origin.etag("/bytes/10/a")
    [job] = ctl.add("-", stdin=f"{origin.url('/bytes/10/a')}\n  conditional-get=true\n")
    assert ctl.wait(job).code == 0
    assert origin.requests()[-1].headers["if-none-match"] == origin.etag("/bytes/10/a")
    assert {p.name for p in room.downloads.iterdir()} == {".fetchd", "a"}


# ---- what is told, and refused

def test_50_warnings(daemon, ctl, origin):
    url, md5 = origin.url("/bytes/10/a"), "md5=" + "0" * 32
    assert "md5" in ctl.ok("add", "--checksum", md5, url).err
    assert "certificates" in ctl.ok("add", "-k", url).err
    result = ctl.ok("add", "-", stdin=f"{url}\n  checksum={md5}\n{url}\n  checksum={md5}\n{url}\n  check-certificate=false\n")
    assert len(result.err.splitlines()) == 2
    assert ctl.ok("-q", "add", "-k", "--checksum", md5, url).err == ""
    assert ctl.ok("add", "--checksum", "sha-256=" + "0" * 64, url).err == ""


@pytest.mark.unchanged
@pytest.mark.parametrize("options,word", [
    (["-u", f"a:{CANARY}", "--oauth2-bearer", "x"], "bearer"),
    (["-u", f"a:{CANARY}\n"], "--user"),
    (["-u", f"a:{CANARY}\x01"], "control characters"),
    (["-u", "@/nonexistent"], "/nonexistent"),
    (["--oauth2-bearer", ""], "--oauth2-bearer"),
    (["--oauth2-bearer", f"{CANARY} two"], "bearer"),
    (["-H", f"X Y: {CANARY}"], "--header X Y"),
    (["-H", f"Authorization: {CANARY}\r\nX: y"], "--header Authorization"),
    (["-H", f"{CANARY}"], "--header"),
    (["-b", f"a={CANARY}\r\nX: y"], "--cookie"),
    (["-b", "nonexistent-file"], "--cookie nonexistent-file"),
    (["-x", f"gopher://u:{CANARY}@p:1"], "--proxy"),
    (["-x", f"http://u:{CANARY}@p:port"], "--proxy"),
    (["--cacert", "/nonexistent"], "--cacert /nonexistent"),
    (["--cacert", "/dev/null"], "PEM"),
    (["-E", "/dev/zero"], "256 KiB"),
    (["--cert-key", "/etc/passwd"], "--cert-key"),
    (["--netrc-file", "/nonexistent"], "/nonexistent"),
    (["-z", "soon"], "--time-cond soon"),
    (["-z", "-2026-11-22"], "older than"),
    (["--resume", "maybe"], "--resume maybe"),
    (["--conditional-get", "--on-conflict", "rename"], "to rename on conflict"),
    (["--conditional-get", "-z", "today"], "conditional"),
    (["-u", "@-", "-b", "@-"], "standard input"),
    (["-u", "@-", "-"], "standard input"),
])
def test_51_refusals_name_the_thing(daemon, ctl, origin, options, word):
    result = ctl("add", *options, origin.url("/bytes/10/a"), stdin="")
    assert result.code in (2, 5) and result.out == ""
    assert word in result.err and CANARY not in result.err, result.err
    assert ctl.jobs() == {} and origin.requests() == []


@pytest.mark.unchanged
@pytest.mark.parametrize("name", ["http-user=a:b", "http-passwd=x", "load-cookies=/nonexistent", "all-proxy=ftp://p",
                                  "ca-certificate=/nonexistent", "certificate=/nonexistent", "private-key=/dev/null",
                                  "check-certificate=maybe", "conditional-get=perhaps"])
def test_52_refusals_in_lists(daemon, ctl, origin, name):
    result = ctl("add", "-", stdin=f"{origin.url('/bytes/10/a')}\n{origin.url('/bytes/10/b')}\n  {name}\n")
    assert result.code in (2, 5) and "standard input:2" in result.err.replace(":3:", ":2:"), result.err
    assert ctl.jobs() == {} and origin.requests() == []


@pytest.mark.unchanged
@pytest.mark.parametrize("spec,code", [
    ({"user": "a", "bearer": CANARY}, "E_AUTH"),
    ({"password": CANARY}, "E_AUTH"),
    ({"user": "a:b", "password": CANARY}, "E_AUTH"),
    ({"url": f"http://u:{CANARY}%zz@127.0.0.1/"}, "E_BAD_URL"),
    ({"url": f"http://u:{CANARY}%0a@127.0.0.1/"}, "E_AUTH"),
    ({"url": f"gopher://u:{CANARY}@127.0.0.1/"}, "E_SCHEME"),
    ({"url": f"http://u:{CANARY}@127.0.0.1:port/"}, "E_BAD_URL"),
    ({"bearer": f"{CANARY}\n"}, "E_AUTH"),
    ({"cookies": f"{CANARY}"}, "E_COOKIE"),
    ({"cookies": f"a={CANARY}\r\n"}, "E_COOKIE"),
    ({"cookie_jar": f"a\tb\t{CANARY}"}, "E_COOKIE"),
    ({"cookie_jar": "#" * (256 * 1024 + 1)}, "E_COOKIE"),
    ({"proxy": f"tor://u:{CANARY}@p"}, "E_BAD_PROXY"),
    ({"headers": [f"X-Token: {CANARY}\u0001"]}, "E_HEADER"),
    ({"ca_pem": CANARY}, "E_PEM"),
    ({"cert_pem": CERTIFICATE}, "E_PEM"),
    ({"cert_pem": CERTIFICATE, "key_pem": CANARY}, "E_PEM"),
    ({"key_pem": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"}, "E_PEM"),
    ({"conditional": True, "on_conflict": "skip"}, "E_CONDITION"),
    ({"conditional": True, "if_newer_usec": 1}, "E_CONDITION"),
    # The server would say which file is replaced.
    ({"conditional": True, "remote_name": True}, "E_CONDITION"),
    # OpenSSL asks the terminal for the passphrase of the first key that it finds.
    ({"cert_pem": CERTIFICATE, "key_pem": ENCRYPTED.format(" ") + KEY}, "E_PEM"),
    ({"cert_pem": CERTIFICATE, "key_pem": ENCRYPTED.format("")}, "E_PEM"),
    ({"cert_pem": CERTIFICATE + ENCRYPTED.format("   ")}, "E_PEM"),
    ({"cert_pem": CERTIFICATE, "key_pem": KEY.replace("PRIVATE", "ENCRYPTED PRIVATE") + KEY}, "E_PEM"),
])
def test_53_the_daemon_refuses(daemon, ctl, room, spec, code):
    reply = Link(room).call(MANAGER + "Add", {"jobs": [{"url": "http://127.0.0.1/"}, {"url": "http://127.0.0.1/", **spec}]})
    assert reply["error"] == MANAGER + "Refused", reply
    assert reply["parameters"]["code"] == code and reply["parameters"]["index"] == 1
    assert CANARY not in str(reply) + daemon.log.text()
    assert ctl.jobs() == {}


@pytest.mark.parametrize("method", ["Inspect", "Verify"])
def test_54_inspect_and_verify_of_nothing(daemon, room, method):
    link = Link(room)
    assert link.call(MANAGER + method, {"id": 4711}) == {"error": MANAGER + "NoSuchJob", "parameters": {"id": 4711}}
    for parameters in ({}, {"id": 0}, {"id": "1"}, {"id": 1, "more": True}):
        assert link.call(MANAGER + method, parameters)["error"].endswith("InvalidParameter")


# ---- status and verify

def test_60_status_tells_every_attempt(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/bytes/3000000/a?cut=1700000"))
    assert ctl.wait(job).code == 0
    told = ctl.job(job)
    assert told["attempts"] == 2 and told["state"] == "done"
    first, second = told["history"]
    assert (first["number"], first["outcome"], first["http_status"], first["http_version"]) == (1, "retry", 200, "1.1")
    assert first["error"]["code"] == "E_TRUNCATED" and first["address"] == f"127.0.0.1:{origin.ports[0]}"
    assert (second["outcome"], second["http_status"], second["offset"] + second["bytes"]) == ("done", 206, 3000000)
    text = ctl.ok("status", job).out
    assert f"address: 127.0.0.1:{origin.ports[0]}\n" in text
    assert ctl.ok("status", job, "--columns=outcome", "--no-legend").out.endswith("\n\nretry\ndone\n")


def test_61_status_of_some_that_are_not_there(daemon, ctl, origin):
    [job] = ctl.add(origin.url("/bytes/10/a"))
    assert ctl.wait(job).code == 0
    result = ctl("--json", "status", 4711, job)
    assert result.code == 3 and "4711" in result.err
    assert [told["id"] for told in result.json] == [job]


def test_62_verify(daemon, ctl, origin, room):
    [good, bad, failed] = ctl.add(origin.url("/bytes/1000/good"), origin.url("/bytes/1000/bad"), origin.url("/bytes/1/x?status=404"))
    assert ctl.wait(good, bad, failed).code == 1
    assert ctl.ok("verify", good, bad).out == "".join(
        f"{job}\tok\tsha-256={content.sha256(seed, 1000)}\n" for job, seed in ((good, "good"), (bad, "bad")))
    (room.downloads / "bad").write_bytes(b"x" * 999)
    result = ctl("verify", good, bad)
    assert result.code == 1 and "999" in result.out
    (room.downloads / "bad").write_bytes(b"x" * 1000)
    result = ctl("verify", good, bad)
    assert result.code == 1 and content.sha256("bad", 1000) in result.out, "changed, and as long as before"
    assert [line.split("\t")[:2] for line in result.lines] == [[str(good), "ok"], [str(bad), "changed"]]
    told = ctl("--json", "verify", bad, good)
    assert told.code == 1 and [(t["id"], t["verified"]) for t in told.json] == [(bad, False), (good, True)]
    assert told.json[0]["message"] and told.json[1]["size"] == 1000
    assert ctl("verify", failed).code == 5 and ctl("verify", 4711).code == 3
    mixed = ctl("verify", 4711, bad, good)
    assert mixed.code == 3 and len(mixed.lines) == 2 and "4711" in mixed.err
    assert ctl("-q", "verify", good).out == ""
    assert ctl("verify").code == 2 and ctl("verify", "good").code == 2


def test_62_verify_of_pieces(daemon, ctl, origin, room):
    """Nothing was computed of the first ones: no word about bytes that nobody knows."""
    size = 3 << 20
    [job] = ctl.add("--retry-delay", "0.01", origin.url(f"/bytes/{size}/pieces?cut={2 << 20}"))
    assert ctl.wait(job).code == 0
    assert ctl.ok("verify", job).out == f"{job}\tunproven\tonly the size of the file is known, not what it must hash to\n"
    [told] = ctl("--json", "verify", job).json
    assert told["verified"] and told["digest"] == "sha-256=" + content.sha256("pieces", size) and told["message"]
    (room.downloads / "pieces").write_bytes(b"x" * 999)
    assert ctl("verify", job).out.startswith(f"{job}\tchanged\t")


def test_63_no_path_where_nothing_came(daemon, ctl, origin, room):
    """-z: there is no file of the name, and none is told of."""
    got = ctl("get", "-z", "now", "-d", str(room.downloads), "-o", "none", origin.url("/bytes/1000/old"))
    assert got.code == 0 and got.out == "" and not (room.downloads / "none").exists()
    [job] = [told["id"] for told in ctl.ok("--json", "list").json if told["name"] == "none"]
    assert "path" not in ctl.job(job) and "\npath:" not in ctl.ok("status", job).out
    assert ctl("wait", job).out == f"done\t{job}\t-\n"
    (room.downloads / "none").write_bytes(b"mine")
    assert ctl("get", "--conditional-get", "-d", str(room.downloads), "-o", "none", origin.url("/bytes/1000/old")).out != ""
