"""One word is given in every way in which a secret can be, and must come out nowhere but at the server."""
import base64
import contextlib
import sqlite3

import pytest

from origin import content

CANARY = "hunter2canary"
ENCODED = base64.b64encode(f"anna:{CANARY}".encode()).decode()
PEM = (f"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
       f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n")


def file(room, name, text):
    path = room.path / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def ways(room, origin):
    """Name: (options, URL). Each holds the canary; the origin stands in for the proxy."""
    url = origin.url("/gate/g/bytes/10/a")
    jar = f"127.0.0.1\tFALSE\t/\tFALSE\t0\tname\t{CANARY}\n"
    return {
        "userinfo": ([], url.replace("//", f"//anna:{CANARY}@")),
        "user": (["-u", f"anna:{CANARY}"], url),
        "user long": ([f"--user=anna:{CANARY}"], url),
        "user joined": ([f"-uanna:{CANARY}"], url),
        "user file": (["-u", "@" + file(room, "login", f"anna:{CANARY}\n")], url),
        "netrc": (["--netrc-file", file(room, "netrc", f"default login anna password {CANARY}\n")], url),
        "bearer": (["--oauth2-bearer", CANARY], url),
        "cookie": (["-b", f"name={CANARY}"], url),
        "cookie file": (["-b", file(room, "jar", jar)], url),
        "authorization": (["-H", f"Authorization: Token {CANARY}"], url),
        "own header": (["-H", f"X-Api-Key: {CANARY}"], url),
        "referer": (["-e", f"http://anna:{CANARY}@referer.example/"], url),
        "proxy": (["-x", f"anna:{CANARY}@127.0.0.1:{origin.ports[1]}"], url),
        "key": (["-E", file(room, "pem", PEM)], url),
        "key apart": (["-E", file(room, "cert", PEM.partition("-----BEGIN PRIVATE")[0]), "--cert-key",
                       file(room, "key", PEM)], url),
    }


NAMES = ["userinfo", "user", "user long", "user joined", "user file", "netrc", "bearer", "cookie", "cookie file", "authorization",
         "own header", "referer", "proxy", "key", "key apart"]


def clean(*texts):
    for text in texts:
        assert CANARY not in text and ENCODED not in text, text


def arguments(process):
    with open(f"/proc/{process.pid}/cmdline", encoding="utf-8", errors="replace") as cmdline:
        return cmdline.read().replace("\0", " ")


def everything(daemon, ctl, job):
    """All that is told of a job, and all that the daemon said."""
    for words in (["status", job], ["--json", "status", job], ["list"], ["--json", "list"], ["status"], ["--json", "status"],
                  ["--json", "watch", "--since", 0, job]):
        if "watch" in words:
            yield str(ctl.spawn(*words).kind("added", job))
        else:
            result = ctl.ok(*words)
            yield result.out + result.err
    yield daemon.log.text()


@pytest.mark.parametrize("verb", ["add", "get"])
@pytest.mark.parametrize("name", NAMES)
def test_01_in_every_way(daemon, ctl, origin, room, name, verb):
    options, url = ways(room, origin)[name]
    how = [verb, "-w"] if verb == "add" else [verb]
    client = ctl.spawn(*how, "--retry", 0, *options, url)
    origin.wait_gated("g")
    # It waits for the file now: what it was told to send it no longer shows.
    clean(arguments(client.process))
    assert url.rpartition("@")[2].rpartition("//")[2] in arguments(client.process)
    clean(*everything(daemon, ctl, 1))
    origin.release("g")
    client.process.wait()
    client.lines.join()
    client.errors.join()
    clean(client.lines.text(), client.errors.text(), *everything(daemon, ctl, 1))
    if name not in ("key", "key apart", "referer"):
        seen = str(origin.requests()[0].headers)
        assert CANARY in seen or ENCODED in seen
    if name == "referer":
        assert origin.requests()[0].headers["referer"] == "http://referer.example/"


def holders(room):
    """The tables in which it stands, and all there are. The daemon must not run."""
    found = set()
    with contextlib.closing(sqlite3.connect(room.state / "queue.db")) as database:
        tables = [table for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):
                values = [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row]
                if any(CANARY in value for value in values):
                    found.add(table)
    return found, set(tables)


@pytest.mark.parametrize("name", NAMES)
def test_02_in_the_database(stopped, ctl, origin, room, name):
    """While it is needed it stands in one table; when the job is done, nowhere."""
    options, url = ways(room, origin)[name]
    stopped.start()
    ctl.ok("drain")
    [job] = ctl.add("--retry", 0, *options, url)
    stopped.stop()
    found, tables = holders(room)
    assert {"jobs", "secrets", "events"} <= tables
    assert found == (set() if name == "referer" else {"secrets"})
    origin.release("g")
    stopped.start()
    assert ctl.wait(job).code == 0
    stopped.stop()
    assert holders(room)[0] == set()


def test_03_messages_of_what_is_wrong(daemon, ctl, origin):
    """A URL is named in many errors."""
    for url in (f"gopher://anna:{CANARY}@127.0.0.1/a", f"http://anna:{CANARY}@127.0.0.1:port/", f"http://anna:{CANARY}@/",
                f"anna:{CANARY}@127.0.0.1/a", f"http://anna:{CANARY}%@127.0.0.1/", f"http://anna:{CANARY}@ä.test/"):
        for words in (["add", url], ["get", url], ["add", origin.url("/bytes/1/a"), url], ["add", "-o", "..", url],
                      ["add", "-z", url], ["add", "--checksum", "md5=0", url]):
            result = ctl(*words)
            assert result.code in (2, 5) and result.err
            clean(result.out, result.err)
    assert ctl.jobs() == {}
    clean(daemon.log.text())


def test_04_a_redirect_that_names_one(daemon, ctl, origin, room):
    """The final URL is shown; a login that a server puts into it is not."""
    [job] = ctl.add("-u", f"anna:{CANARY}", origin.url("/bytes/10/a?redirect=2"))
    assert ctl.wait(job).code == 0 and content.same_as_file(room.downloads / "a", "a", 10)
    clean(*everything(daemon, ctl, job))
    assert all(ENCODED in r.headers["authorization"] for r in origin.requests())
