"""What servers say with a status, a wait, another place, a digest or a name; and what may be believed of it."""
import base64
import contextlib
import hashlib
import time

import pytest

from hostile import CANARY, CUT, NAME, POISON, SEED, SIZE, Case, good, house_fixture, ids
from origin import content
from origin.raw import CLOSE, KEEP, Content, RawServer, Repeat, date, head

house = house_fixture()

REST = f"bytes={CUT}-"
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


def status(code, *fields, body=b"an error page\n"):
    return [head(f"HTTP/1.1 {code} Said So", f"Content-Length: {len(body)}", *fields), body]


# ---- statuses

RETRIED = (408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527, 529, 530, 598, 599)
RETRIED_THRICE = (409, 423)
RETRIED_FIVE = (505 + 80, 550, 561, 590)
RETRIED_SLOWLY = (507, 509, 525, 526)
PERMANENT = (400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 417, 418, 422, 424, 426, 428, 431, 451, 499, 444,
             501, 505, 506, 508, 510, 300, 304, 305, 306)
UNEXPECTED = (201, 202, 204, 205, 207, 226, 299)
OUTSIDE = (600, 700, 999)


def statuses():
    f = good()
    for code in RETRIED + RETRIED_THRICE + RETRIED_FIVE:
        yield Case(f"{code}-once", [status(code), f], requests=2)
        yield Case(f"{code}-for-a-range", [f.cut(CUT), status(code), f], requests=3, ranges=[None, REST, REST])
    for code in (500, 503, 409):
        yield Case(f"{code}-always", [status(code)], "failed", f"E_HTTP_{code}", requests=4)
    for code in RETRIED_SLOWLY:
        yield Case(f"{code}-once", [status(code), f], "waiting", f"E_HTTP_{code}", requests=1, waiting_for="retry",
                   due=(15 * MINUTE, 23 * MINUTE))
    for code in PERMANENT:
        yield Case(f"{code}", [status(code), f], "failed", (f"E_HTTP_{code}", "E_HTTP_4XX", "E_EMPTY", "E_AUTH", "E_PROXY_AUTH", "E_HTTP_UNEXPECTED"),
                   requests=1)
    # What the file has so far is not thrown away for an answer of the moment; the job fails all the same.
    for code in (401, 403, 404, 410, 451):
        yield Case(f"{code}-for-a-range", [f.cut(CUT), status(code), f], "failed", f"E_HTTP_{code}", requests=2)
    for code in (400, 417, 505):
        yield Case(f"{code}-for-a-range", [f.cut(CUT), status(code), f], requests=3, ranges=[None, REST, None])
        yield Case(f"{code}-for-a-range-always", [f.cut(CUT), status(code)], "failed", f"E_HTTP_{code}", requests=3)
    for code in UNEXPECTED:
        yield Case(f"{code}", [[head(f"HTTP/1.1 {code} Fine", "Content-Length: 1000"), Content(POISON, 0, 1000)], f], "failed",
                   ("E_HTTP_UNEXPECTED", "E_EMPTY", f"E_HTTP_{code}"), requests=1)
    yield Case("202-with-retry-after", [status(202, "Retry-After: 0"), f], requests=2)
    yield Case("413-with-retry-after", [status(413, "Retry-After: 0"), f], requests=2)
    yield Case("203", [[head("HTTP/1.1 203 Elsewhere", f"Content-Length: {SIZE}"), f.content()]], requests=1)
    yield Case("412-for-a-range", [f.cut(CUT), status(412), f], requests=3, ranges=[None, REST, None])
    yield Case("421-once", [status(421), f], requests=2)
    yield Case("421-twice", [status(421), status(421), f], "failed", "E_HTTP_421", requests=2)
    for code in OUTSIDE:
        yield Case(f"{code}", [status(code), f], "failed", requests=1)
    yield Case("511", [status(511, "Content-Type: text/html"), f], "waiting", ("E_CAPTIVE", "E_HTTP_511"), requests=(1, 2),
               waiting_for="network")


# ---- Retry-After

def waits():
    """429 and 503 hold the origin for as long as was asked, at most MaxRetryAfter; nonsense means nothing."""
    now = int(time.time())
    none = {"negative": "-5", "exponent": "1e30", "superscript": "\xb2", "empty": "", "word": "soon", "fraction": "1.5",
            "plus": "+5", "hex": "0x10", "list": "5, 10", "unit": "5s", "past": date(now - YEAR), "1970": date(0),
            "no-zone": "Wed, 01 Jan 2098 00:00:00", "iso": "2098-01-01T00:00:00Z", "impossible": "Fri, 31 Feb 2098 00:00:00 GMT",
            "zero": "0", "zeros": "000"}
    asked = {"90": ("90", 90), "90-blanks": (" \t90 ", 90), "zeros-90": ("0090", 90), "hour": ("3600", HOUR),
             "beyond-the-cap": ("8640000", DAY), "20-digits": ("9" * 20, DAY), "400-digits": ("9" * 400, DAY),
             "in-an-hour": (date(now + HOUR), HOUR), "in-2099": ("Thu, 01 Jan 2099 00:00:00 GMT", DAY),
             "in-9999": ("Fri, 31 Dec 9999 23:59:59 GMT", DAY)}
    for code in (429, 503):
        for name, value in none.items():
            yield Case(f"{code}-after-{name}", [status(code, f"Retry-After: {value}"), good()], requests=2)
        for name, (value, seconds) in asked.items():
            slack = HOUR // 2 if name == "in-an-hour" else 5  # the date is of when the tests were collected
            yield Case(f"{code}-after-{name}", [status(code, f"Retry-After: {value}"), good()], "waiting", f"E_HTTP_{code}",
                       requests=1, waiting_for=("retry", "host"), due=(seconds - slack, seconds + 1))
        # A clock that is wrong by years: the span counts.
        for name, base in {"old": 946684800, "new": 2524608000}.items():
            yield Case(f"{code}-clock-{name}-in-an-hour", [status(code, f"Date: {date(base)}", f"Retry-After: {date(base + HOUR)}"), good()],
                       "waiting", f"E_HTTP_{code}", requests=1, waiting_for=("retry", "host"), due=(HOUR, HOUR + 1))
            yield Case(f"{code}-clock-{name}-before", [status(code, f"Date: {date(base)}", f"Retry-After: {date(base - HOUR)}"), good()],
                       requests=2)
        yield Case(f"{code}-after-twice", [status(code, "Retry-After: 0", "Retry-After: 0"), good()], requests=2)
    yield Case("500-after-90", [status(500, "Retry-After: 90"), good()], "waiting", "E_HTTP_500", requests=1, due=(90, 91))


# ---- digests

def b64(algorithm, data):
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


def digests():
    """What the server says of its bytes is checked; two times wrong is wrong."""
    f, whole = good(), content.whole(SEED, SIZE)
    right = {
        "repr-256": f"Repr-Digest: sha-256=:{b64('sha256', whole)}:", "repr-512": f"Repr-Digest: sha-512=:{b64('sha512', whole)}:",
        "content-256": f"Content-Digest: sha-256=:{b64('sha256', whole)}:", "old-256": f"Digest: sha-256={b64('sha256', whole)}",
        "old-512": f"Digest: SHA-512={b64('sha512', whole)}", "old-256-upper": f"Digest: SHA-256={b64('sha256', whole)}",
        "repr-two": f"Repr-Digest: md5=:AAAA:, sha-256=:{b64('sha256', whole)}:",
        "repr-parameters": f"Repr-Digest: sha-256=:{b64('sha256', whole)}:;q=1",
    }
    wrong = {
        "repr-256": f"Repr-Digest: sha-256=:{b64('sha256', b'other')}:", "repr-512": f"Repr-Digest: sha-512=:{b64('sha512', b'other')}:",
        "content-256": f"Content-Digest: sha-256=:{b64('sha256', b'other')}:", "old-256": f"Digest: sha-256={b64('sha256', b'other')}",
    }
    nothing = {
        "repr-unknown": "Repr-Digest: whirl=:AAAA:", "repr-no-colons": f"Repr-Digest: sha-256={b64('sha256', b'other')}",
        "repr-short": "Repr-Digest: sha-256=:AAAA:", "repr-long": f"Repr-Digest: sha-256=:{b64('sha512', b'other')}:",
        "repr-garbage": "Repr-Digest: \xff\xfe", "repr-empty": "Repr-Digest:", "repr-unended": f"Repr-Digest: sha-256=:{b64('sha256', b'x')}",
        "repr-number": "Repr-Digest: sha-256=5", "repr-token": "Repr-Digest: sha-256=?1", "repr-alone": "Repr-Digest: sha-256",
        "repr-not-base64": "Repr-Digest: sha-256=:" + "*" * 44 + ":", "old-md5": "Digest: md5=AAAA", "old-unixsum": "Digest: UNIXsum=30637",
        "old-garbage": "Digest: =,=,;", "repr-huge": "Repr-Digest: sha-256=:" + "A" * 100000 + ":",
    }

    def asked(run):
        assert "sha-256" in run.requests()[0].headers.get("want-repr-digest", ""), run.requests()[0].headers

    for name, line in right.items():
        yield Case(f"digest-right-{name}", [good(fields=[line])], requests=1, also=asked)
    for name, line in wrong.items():
        lie = good(fields=[line])
        yield Case(f"digest-wrong-once-{name}", [lie, f], requests=2, ranges=[None, None])
        yield Case(f"digest-wrong-always-{name}", [lie], "failed", "E_DIGEST", requests=2)
        small = [head("HTTP/1.1 200 OK", "Content-Length: 5", line), b"small"]
        yield Case(f"digest-wrong-always-small-{name}", [small], "failed", "E_DIGEST", requests=2)
    for name, line in nothing.items():
        yield Case(f"digest-nothing-{name}", [good(fields=[line])], requests=1)
    told = good(fields=[right["repr-256"]])
    yield Case("digest-right-after-a-cut", [told.cut(CUT), told], requests=2, ranges=[None, REST])
    yield Case("digest-of-the-part", [f.cut(CUT), [f.part_head(CUT, SIZE, f"Content-Digest: sha-256=:{b64('sha256', whole[CUT:])}:"),
                                                   f.content(CUT)]], requests=2)
    yield Case("digest-of-the-part-wrong", [f.cut(CUT), [f.part_head(CUT, SIZE, wrong["content-256"]), f.content(CUT)], f], requests=3)
    # Bytes that the file changed into between two answers, under one tag: the digest finds it.
    yield Case("digest-finds-a-mix", [[told.whole_head(), Content("old", 0, CUT), CLOSE], told, told], requests=3)
    yield Case("digest-contradicts-the-part", [told.cut(CUT), good(fields=[wrong["repr-256"]]), f], requests=(2, 3))
    yield Case("digest-only-in-trailers", [[
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: Repr-Digest"), b"5\r\nsmall\r\n0\r\n",
        wrong["repr-256"].encode() + b"\r\n\r\n"]], ("done", "failed"), "E_DIGEST", truth=b"small", requests=(1, 2))

    sum_ok = ("--checksum", "sha-256=" + hashlib.sha256(whole).hexdigest())
    poison = [f.whole_head(), Content(POISON, 0, SIZE)]
    yield Case("checksum-right", [f], options=sum_ok, requests=1)
    yield Case("checksum-outranks-digest", [good(fields=[wrong["repr-256"]])], options=sum_ok, requests=1)
    yield Case("checksum-wrong-once", [poison, f], options=sum_ok, requests=2, ranges=[None, None])
    yield Case("checksum-finds-a-mix", [[f.whole_head(), Content("old", 0, CUT), CLOSE], f, f], options=sum_ok, requests=3,
               ranges=[None, REST, None])

    def both(run):
        message = run.job["error"]["message"]
        assert hashlib.sha256(whole).hexdigest() in message and hashlib.sha256(content.whole(POISON, SIZE)).hexdigest() in message

    yield Case("checksum-wrong-always", [poison], "failed", "E_CHECKSUM", options=sum_ok, requests=2, also=both)


# ---- names

def names():
    """-J: one safe component, whatever the header says; without -J the header says nothing."""
    safe = {
        "plain": ("attachment; filename=report.pdf", "report.pdf"), "quoted": ('attachment; filename="a b.txt"', "a b.txt"),
        "escaped-quote": (r'attachment; filename="a\"b.txt"', None), "ext": ("attachment; filename*=UTF-8''na%C3%AFve.txt", "na\xefve.txt"),
        "both": ("attachment; filename=\"plain.txt\"; filename*=UTF-8''better.txt", "better.txt"),
        "latin-1-ext": ("attachment; filename*=iso-8859-1'en'%A3.txt", None), "inline": ('inline; filename="in.txt"', None),
        "traversal": ('attachment; filename="../../../../etc/passwd"', None), "absolute": ('attachment; filename="/etc/passwd"', None),
        "backslash": (r'attachment; filename="..\..\evil.exe"', None), "drive": (r'attachment; filename="C:\evil.exe"', None),
        "percent": ('attachment; filename="..%2f..%2fevil"', None), "ext-traversal": ("attachment; filename*=UTF-8''..%2F..%2Fevil", None),
        "dot": ('attachment; filename="."', None), "dot-dot": ('attachment; filename=".."', None), "bashrc": ('attachment; filename=".bashrc"', None),
        "dash": ('attachment; filename="-rf"', None), "empty": ('attachment; filename=""', NAME), "none": ("attachment", NAME),
        "nul": (b'attachment; filename="a\0b"', None), "ext-nul": ("attachment; filename*=UTF-8''a%00b", None),
        "newline": ("attachment; filename*=UTF-8''a%0D%0Ab", None), "escape": ("attachment; filename*=UTF-8''%1B[31mred", None),
        "bidi": ("attachment; filename*=UTF-8''evil%E2%80%AEtxt.exe", None), "bad-utf-8": ("attachment; filename*=UTF-8''%FF%FE.txt", None),
        "raw-latin-1": ('attachment; filename="\xe9t\xe9.txt"', None), "con": ('attachment; filename="CON"', None),
        "long": (f'attachment; filename="{"x" * 5000}.tar.gz"', None), "spaces": ('attachment; filename="   "', None),
        "trailing-dot": ('attachment; filename="name. "', None), "tilde": ('attachment; filename="~root"', None),
        "our-mark": ('attachment; filename=".fetchd"', None), "slash-only": ('attachment; filename="///"', None),
        "twice": ('attachment; filename="one.txt"; filename="two.txt"', None), "unended": ('attachment; filename="open', None),
        "unknown-charset": ("attachment; filename*=klingon''x.txt", None), "ext-broken": ("attachment; filename*=UTF-8''%zz", None),
        "planted": ('attachment; filename="keep"', None), "format": ('attachment; filename="%n%s%n.txt"', None),
        "garbage": ("\xff;;;==\x01", None),
    }

    def check(want):
        def also(run):
            if run.job["state"] != "done":
                return
            name = run.job["name"]
            assert want is None or name == want, name
            assert name and name[0] not in ".-" and name not in ("keep", NAME + ".part", ".hidden"), name
            assert not set(name) & set("/\\\0\n\r\x1b:*?\"<>|‮") and len(name.encode()) <= 255, name
        return also

    for kind, (value, want) in safe.items():
        line = value if isinstance(value, bytes) else value.encode("latin-1")
        answer = [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", b"Content-Disposition: " + line), Content(SEED, 0, SIZE)]
        ok = ("done", "failed") if kind == "nul" else "done"
        yield Case(f"name-{kind}", [answer], ok, ("E_HEADERS", "E_PROTOCOL"), options=("-J",), requests=(1, 4), also=check(want))
    evil = [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", 'Content-Disposition: attachment; filename="evil.sh"'),
            Content(SEED, 0, SIZE)]
    yield Case("name-not-asked", [evil], requests=1, also=check(NAME))
    yield Case("name-of-the-user", [evil], options=("-o", "mine"), requests=1, also=check("mine"))

    def after_cut(run):
        assert run.job["name"] == "named.bin", run.job

    named = good(fields=["Content-Disposition: attachment; filename=named.bin"])
    yield Case("name-after-a-cut", [named.cut(CUT), named], options=("-J",), requests=2, ranges=[None, REST], also=after_cut)


CASES = [*statuses(), *waits(), *digests(), *names()]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_20_answer(house, case):
    house.play(case)


@pytest.mark.parametrize("code", [429, 503])
def test_20_answer_a_wait_holds_the_origin(house, code):
    """While the origin is to be left alone no other job asks it; another origin's jobs go on."""
    case = Case("held", [status(code, "Retry-After: 90")], "waiting", f"E_HTTP_{code}", requests=1)
    with house.case(case) as run, RawServer() as other:
        run.settle()
        house.expect(run)
        run.server.play("/second", good())
        other.play("/third", good())
        [second] = house.ctl.add("-d", run.directory, "-o", "second", run.server.url("/second"))
        [third] = house.ctl.add("-d", run.directory, "-o", "third", other.url("/third"))
        house.added |= {second, third}
        house.watcher.wait(third, lambda e: e["kind"] == "done")
        held = house.job(second)
        assert held["state"] in ("waiting", "queued") and run.server.requests("/second") == [], held
        assert run.job["next_attempt_usec"] >= run.requests()[0].time_usec + 90 * 1000000
        house.call("Cancel", selection={"ids": [second]})
        (run.directory / "third").unlink()
        house.check(run)


def test_20_answer_a_checksum_is_tried_again_over_a_new_connection(house):
    """Whatever spoiled the bytes may sit on the connection."""
    whole = content.whole(SEED, SIZE)
    case = Case("new", [[good().whole_head(), Content(POISON, 0, SIZE), KEEP], good()], canary=False, requests=2,
                options=("--checksum", "sha-256=" + hashlib.sha256(whole).hexdigest()))
    run = house.play(case)
    assert [r.connection for r in run.requests()] == [1, 2]


# ---- redirects

def redirect(location, code=302, *fields, body=b""):
    lines = [] if location is None else [b"Location: " + (location if isinstance(location, bytes) else location.encode("latin-1"))]
    return [head(f"HTTP/1.1 {code} There", *lines, f"Content-Length: {len(body)}", *fields), body]


PLACE = "/elsewhere/there.bin"
# What Location says (with {other} and {own} for the two servers) → what must be asked, where. None: refused.
LOCATIONS = {
    "absolute-other": ("http://{other}" + PLACE, ("other", PLACE)),
    "absolute-own": ("http://{own}" + PLACE, ("own", PLACE)),
    "path": (PLACE, ("own", PLACE)),
    "relative": ("there.bin", ("own", "/dir/there.bin")),
    "up": ("../elsewhere/there.bin", ("own", PLACE)),
    "up-too-far": ("../../../../elsewhere/there.bin", ("own", PLACE)),
    "dots-inside": ("/a/b/../../elsewhere/./there.bin", ("own", PLACE)),
    "scheme-relative": ("//{other}" + PLACE, ("other", PLACE)),
    "query-only": ("?x=1", ("own", "/dir/" + NAME + "?x=1")),
    "query": (PLACE + "?a=b&c=%20", ("own", PLACE + "?a=b&c=%20")),
    "fragment": ("http://{other}" + PLACE + "#fragment", ("other", PLACE)),
    "upper-case-scheme": ("HTTP://{other}" + PLACE, ("other", PLACE)),
    "space": ("/else where/there.bin", ("own", "/else%20where/there.bin")),
    "latin-1": ("/\xe9/there.bin", ("own", "/%E9/there.bin")),
    "utf-8": ("/é/there.bin".encode(), ("own", "/%C3%A9/there.bin")),
    "blanks-around": ("  " + PLACE + " \t", ("own", PLACE)),
    "userinfo": ("http://some:L34K@{other}" + PLACE, ("other", PLACE)),
    "file": ("file:///etc/passwd", None),
    "ftp": ("ftp://{other}/x", None),
    "scp": ("scp://{other}/x", None),
    "gopher": ("gopher://{other}/x", None),
    "dict": ("dict://{other}/x", None),
    "ldap": ("ldap://{other}/x", None),
    "smb": ("smb://{other}/x", None),
    "data": ("data:text/plain,hello", None),
    "javascript": ("javascript:alert(1)", None),
    "unknown-scheme": ("foo://{other}/x", None),
    "no-location": (None, None),
    "empty": ("", None),
    "no-host": ("http:///x", None),
    "bad-port": ("http://127.0.0.1:99999/x", None),
    "bad-host": ("http://bad host/x", None),
    "two-ats": ("http://a@b@{other}/x", None),
    "backslashes": ("http:\\\\{other}\\x", None),
    "control": ("http://{other}/a\x01b", None),
    "too-long": ("/" + "x" * 200000, None),
}


@contextlib.contextmanager
def maze(house, case, build):
    """A case with a second server: build(own, other) gives the script of its first path."""
    with RawServer() as own, RawServer() as other:
        case.script = build(own, other)
        with house.case(case, own) as run:
            run.settle()
            house.expect(run)
            house.check(run)
            yield run, own, other


@pytest.mark.parametrize("name", LOCATIONS)
def test_20_redirect_to(house, name):
    location, asked = LOCATIONS[name]

    def build(own, other):
        for server, path in ((own, PLACE), (other, PLACE), (own, "/dir/there.bin"), (own, "/else%20where/there.bin"),
                             (own, "/%E9/there.bin"), (own, "/%e9/there.bin"), (own, "/%C3%A9/there.bin"), (own, "/%c3%a9/there.bin")):
            server.play(path, good())
        text = location
        if isinstance(text, str):
            text = text.replace("{other}", other.authority).replace("{own}", own.authority)
        return [redirect(text), good()]

    path = f"/dir/{NAME}"
    # A Location with a password may be followed without it or refused; a raw byte of Latin-1 is not worth a byte-exact promise.
    loose = name in ("userinfo", "latin-1", "control", "bad-host", "backslashes", "two-ats", "empty", "no-host", "too-long")
    state = ("done", "failed") if loose else "done" if asked else "failed"
    case = Case(name, [], state, ("E_REDIRECT", "E_REDIRECT_POLICY", "E_BAD_URL", "E_HEADERS", "E_SCHEME"), path=path,
                requests=(1, 4) if loose else 2 if asked == ("own", path + "?x=1") else 1)
    with maze(house, case, build) as (run, own, other):
        for request in own.requests() + other.requests():
            line = request.head.split(b"\r\n")[0]
            assert b"#" not in line and line.count(b" ") == 2 and all(0x20 <= c < 0x7f for c in line), line
        assert CANARY not in str([r.head for r in other.requests()])
        told = str(run.job) + str(house.watcher.of(run.id)) + "\n".join(house.daemon.log.lines[run.log_start:])
        assert "L34K" not in told
        if run.job["state"] == "done" and asked and not loose:
            server = other if asked[0] == "other" else own
            assert server.requests()[-1].target.lower() == asked[1].lower()
            assert run.job["name"] == NAME and run.job["effective_url"].lower().endswith(asked[1].lower())


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_20_redirect_status(house, code):
    def build(own, other):
        other.play(PLACE, good())
        return [redirect(other.url(PLACE), code)]

    with maze(house, Case(str(code), [], requests=1), build) as (run, own, other):
        assert len(other.requests()) == 1


@pytest.mark.parametrize("hops,state", [(9, "done"), (10, "done"), (11, "failed"), (50, "failed")])
def test_20_redirect_hops(house, hops, state):
    def build(own, other):
        for n in range(1, hops):
            server, following = (own, other) if n % 2 else (other, own)
            server.play(f"/hop{n}", redirect(following.url(f"/hop{n + 1}")))
        (own if hops % 2 else other).play(f"/hop{hops}", good())
        return [redirect("/hop1")]

    with maze(house, Case(f"hops-{hops}", [], state, "E_REDIRECT", requests=1), build) as (run, own, other):
        assert len(own.requests()) + len(other.requests()) == min(hops, 10) + 1


def test_20_redirect_to_itself(house):
    with maze(house, Case("self", [], "failed", "E_REDIRECT", path=f"/self/{NAME}", requests=(2, 11)),
              lambda own, other: [redirect(f"/self/{NAME}")]):
        pass


def test_20_redirect_in_a_ring(house):
    def build(own, other):
        other.play("/ring", redirect(own.url(f"/ring/{NAME}")))
        return [redirect(other.url("/ring"))]

    with maze(house, Case("ring", [], "failed", "E_REDIRECT", path=f"/ring/{NAME}", requests=(1, 11)), build):
        pass


BODIES = {
    "big": lambda to: redirect(to, 302, body=b"P" * 500000),
    "endless": lambda to: [head("HTTP/1.1 302 There", f"Location: {to}"), Repeat(b"P" * 65536)],
    "length-that-lies": lambda to: [head("HTTP/1.1 302 There", f"Location: {to}", "Content-Length: 1000000"), b"short", CLOSE],
    "chunked": lambda to: [head("HTTP/1.1 302 There", f"Location: {to}", "Transfer-Encoding: chunked"), b"5\r\nwrong\r\n0\r\n\r\n"],
    "two-locations": lambda to: [head("HTTP/1.1 302 There", f"Location: {to}", "Location: http://127.0.0.1:1/", "Content-Length: 0")],
    "with-a-range": lambda to: redirect(to, 302, "Content-Range: bytes 0-1/2", 'ETag: "lie"', "Content-Encoding: gzip"),
    "with-a-digest": lambda to: redirect(to, 302, "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    "with-a-name": lambda to: redirect(to, 302, 'Content-Disposition: attachment; filename="evil"'),
    "with-retry-after": lambda to: redirect(to, 302, "Retry-After: 3600"),
    "with-a-cookie": lambda to: redirect(to, 302, "Set-Cookie: a=b; Path=/"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_20_redirect_with(house, kind):
    """What comes with a redirect is not the file's."""
    def build(own, other):
        other.play(PLACE, good())
        return [BODIES[kind](other.url(PLACE))]

    state = ("done", "failed") if kind == "two-locations" else "done"
    with maze(house, Case(kind, [], state, ("E_REDIRECT", "E_HEADERS"), requests=1), build) as (run, own, other):
        assert run.job["name"] == NAME
        assert all("cookie" not in r.headers for r in other.requests())


def test_20_redirect_again_from_the_start(house):
    """A retry begins at the URL that was given: signed places expire. Its rest comes from the new place."""
    def build(own, other):
        other.play("/signed1", good().cut(CUT))
        other.play("/signed2", good())
        return [redirect(other.url("/signed1")), redirect(other.url("/signed2"))]

    with maze(house, Case("again", [], requests=2), build) as (run, own, other):
        assert [(r.path, r.range) for r in other.requests()] == [("/signed1", None), ("/signed2", REST)]


def test_20_redirect_drops_credentials(house):
    """Own headers, user and cookie are for the job's own origin; back there they stay dropped."""
    def build(own, other):
        own.play("/same", redirect(other.url("/away")))
        other.play("/away", redirect(own.url("/back")))
        own.play("/back", good())
        return [redirect("/same")]

    case = Case("drop", [], options=("-H", "X-Own: mine", "-b", f"sid={CANARY}", "-e", "http://referer.example/"), requests=1)
    with maze(house, case, build) as (run, own, other):
        first, same, back = own.requests()
        for request in (first, same):
            assert CANARY in request.headers["authorization"] and request.headers["x-own"] == "mine"
            assert CANARY in request.headers["cookie"]
        for request in (*other.requests(), back):
            assert CANARY.encode() not in request.head and b"X-Own" not in request.head and b"Referer" not in request.head


@pytest.mark.parametrize("how", ["url", "option"])
def test_20_redirect_drops_the_password(house, how):
    def build(own, other):
        other.play("/away", good())
        return [redirect(other.url("/away"))]

    with RawServer() as own, RawServer() as other:
        user = f"someone:{CANARY}"
        script = build(own, other)
        own.play(f"/p/{NAME}", *script)
        directory = house.place()
        arguments = ["-u", user, own.url(f"/p/{NAME}")] if how == "option" else [own.url(f"/p/{NAME}", user=user)]
        [job] = house.ctl.add("-d", directory, "-o", f"password-{how}", *arguments)
        house.added.add(job)
        house.watcher.wait(job, lambda e: e["kind"] == "done")
        (directory / f"password-{how}").unlink()
        basic = base64.b64encode(user.encode()).decode()
        assert own.requests()[0].headers["authorization"] == f"Basic {basic}"
        assert all("authorization" not in r.headers for r in other.requests()) and len(other.requests()) == 1
        told = str(house.job(job)) + str(house.watcher.of(job)) + house.daemon.log.text()
        assert CANARY not in told and basic not in told


# ---- captive portals

PORTAL = b"<!DOCTYPE html><html><body>Please accept our terms</body></html>"


def test_20_captive_redirect(house):
    """http, a binary's name, sent to another host's HTML page: not the file."""
    def build(own, other):
        other.play("/login", [head(200, "Content-Type: text/html", f"Content-Length: {len(PORTAL)}"), PORTAL])
        return [redirect(other.url("/login"))]

    case = Case("portal", [], "waiting", "E_CAPTIVE", path="/images/disk.iso", name="disk.iso", waiting_for="network")
    with maze(house, case, build):
        pass


def test_20_captive_answer_to_a_range(house):
    """A page in the place of the rest: the bytes that are there stay."""
    page = [head(200, "Content-Type: text/html", f"Content-Length: {len(PORTAL)}"), PORTAL]
    first = good(fields=["Content-Type: application/octet-stream"])
    case = Case("page", [first.cut(CUT), page, first], ("waiting", "done"), "E_CAPTIVE", requests=(2, 3),
                waiting_for="network")
    with house.case(case) as run:
        run.settle()
        if run.job["state"] == "waiting":
            run.hurry()
            run.event(lambda e: e["kind"] == "done")
            run.job = house.job(run.id)
        house.expect(run)
        house.check(run)
        assert run.requests()[-1].range == REST


def test_20_captive_html_that_was_meant(house):
    """A page that is asked for by its name is a page, wherever it comes from."""
    def build(own, other):
        other.play("/page", [head(200, "Content-Type: text/html", f"Content-Length: {len(PORTAL)}"), PORTAL])
        return [redirect(other.url("/page"))]

    with maze(house, Case("meant", [], path="/index.html", name="index.html", truth=PORTAL), build):
        pass
