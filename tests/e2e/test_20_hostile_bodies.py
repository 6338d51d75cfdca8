"""Connections that end at every place, bodies that are longer or shorter than said, heads that make no sense."""
import pytest

from hostile import CUT, POISON, SEED, SIZE, Case, good, house_fixture, ids
from origin import content
from origin.raw import CLOSE, HALF, KEEP, RESET, Chunked, Content, Gate, Repeat, head

house = house_fixture()

REST = f"bytes={CUT}-"
LAST = b"0\r\n\r\n"


def good_end(f, framing, start=0):
    """(head, [(bytes of the file before it, step)…]): the whole answer in that framing."""
    if framing == "206":
        return f.part_head(start, SIZE)
    if framing == "length":
        return f.whole_head()
    if framing == "chunked":
        return head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators())
    return head("HTTP/1.1 200 OK", "Connection: close", *f.validators())


def early_close():
    """FIN and RST at every class of byte: kept is what came, asked for is the rest, and it ends well."""
    f = good()
    for framing in ("length", "chunked", "until-close", "206"):
        for end in (CLOSE, RESET):
            start = 100000 if framing == "206" else 0
            first = [f.cut(100000)] if framing == "206" else []
            whole_head = good_end(f, framing, start)
            places = {
                "before-status": [],
                "in-status": [whole_head[:7]],
                "behind-status": [whole_head[:17]],
                "in-headers": [whole_head[:60]],
                "before-empty-line": [whole_head[:-2]],
                "in-empty-line": [whole_head[:-1]],
                "behind-head": [whole_head],
            }
            if framing == "chunked":
                one = b"1\r\n" + content.span(SEED, 0, 1) + b"\r\n"
                places.update({
                    "in-chunk-size": [whole_head, b"40"],
                    "behind-chunk-size": [whole_head, b"4000\r\n"],
                    "first-byte": [whole_head, one],
                    "in-chunk": [whole_head, b"4000\r\n", Content(SEED, 0, 0x3000)],
                    "behind-chunk-data": [whole_head, b"4000\r\n", Content(SEED, 0, 0x4000)],
                    "in-chunk-end": [whole_head, b"4000\r\n", Content(SEED, 0, 0x4000), b"\r"],
                    "between-chunks": [whole_head, Chunked(SEED, 0, CUT)],
                    "before-last-chunk": [whole_head, Chunked(SEED, 0, SIZE)],
                    "in-last-chunk": [whole_head, Chunked(SEED, 0, SIZE), b"0\r\n"],
                    "in-last-chunk-end": [whole_head, Chunked(SEED, 0, SIZE), b"0\r\n\r"],
                    "in-trailers": [whole_head, Chunked(SEED, 0, SIZE), b"0\r\nX-Trail"],
                })
            else:
                places.update({
                    "first-byte": [whole_head, Content(SEED, start, start + 1)],
                    "middle": [whole_head, Content(SEED, start, CUT)],
                    "last-byte-missing": [whole_head, Content(SEED, start, SIZE - 1)],
                })
            if framing == "until-close":
                places["all"] = [whole_head, f.content()]
            for place, steps in places.items():
                script = [*first, [*steps, end], f]
                told = {}
                if framing == "until-close" and end is CLOSE and steps[:1] == [whole_head]:
                    # The end of the connection is the end of the body: nobody can tell.
                    n = {"behind-head": 0, "first-byte": 1, "middle": CUT, "last-byte-missing": SIZE - 1, "all": SIZE}[place]
                    if n == 0:
                        told = {"state": ("done", "failed"), "code": "E_EMPTY"}
                    else:
                        told = {"truth": (SEED, n), "requests": 1}
                else:
                    told = {"requests": len(first) + 2}
                if place in ("in-last-chunk", "in-last-chunk-end", "in-trailers"):
                    told["requests"] = (1, 2)  # every byte is there; what is missing says nothing about them
                yield Case(f"{framing}-{end.value}-{place}", script, **told)
    yield Case("half-close-middle", [[f.whole_head(), f.content(0, CUT), HALF], f], requests=2, ranges=[None, REST])
    yield Case("closes-again-and-again", [*([CLOSE] for _ in range(9))], "failed", "E_RECV", requests=4)
    yield Case("resets-again-and-again", [*([RESET] for _ in range(9))], "failed", "E_RECV", requests=4)


def lengths():
    """More and less than was said."""
    f = good()
    small = Content(SEED, 0, 1000)
    yield Case("length-and-more", [[head(200, "Content-Length: 1000"), small, Content(POISON, 0, 5000)]],
               truth=(SEED, 1000), requests=1)
    yield Case("length-and-another-answer", [[head(200, "Content-Length: 1000"), small, head(200, "Content-Length: 5"), b"wrong"]],
               truth=(SEED, 1000), requests=1)
    yield Case("length-and-endless", [[head(200, "Content-Length: 1000"), small, Repeat(b"P" * 4096)]], truth=(SEED, 1000),
               requests=1)
    yield Case("part-and-more", [f.cut(CUT), [f.part_head(CUT, SIZE), f.content(CUT), Content(POISON, 0, 5000)]], requests=2)

    def part_chunked(*steps):
        return [head("HTTP/1.1 206 Partial Content", f"Content-Range: bytes {CUT}-{SIZE - 1}/{SIZE}",
                     "Transfer-Encoding: chunked", *f.validators()), *steps]

    over = part_chunked(Chunked(SEED, CUT, SIZE), Chunked(POISON, 0, 3000), LAST)
    yield Case("part-chunked-right", [f.cut(CUT), part_chunked(Chunked(SEED, CUT, SIZE), LAST)], requests=2)
    yield Case("part-chunked-over-once", [f.cut(CUT), over, f], requests=3)
    yield Case("part-chunked-over-by-one", [f.cut(CUT), part_chunked(Chunked(SEED, CUT, SIZE), b"1\r\nP\r\n", LAST), f], requests=3)
    yield Case("part-chunked-under", [f.cut(CUT), part_chunked(Chunked(SEED, CUT, CUT + 30000), LAST), f], requests=3,
               ranges=[None, REST, f"bytes={CUT + 30000}-"])
    yield Case("part-chunked-empty", [f.cut(CUT), part_chunked(LAST), f], requests=3, ranges=[None, REST, REST])

    def part_close(n):
        return [head("HTTP/1.1 206 Partial Content", f"Content-Range: bytes {CUT}-{SIZE - 1}/{SIZE}", *f.validators()),
                Content(SEED, CUT, CUT + n)]

    yield Case("part-until-close", [f.cut(CUT), part_close(SIZE - CUT)], requests=2)
    yield Case("part-until-close-short", [f.cut(CUT), part_close(20000), f], requests=3,
               ranges=[None, REST, f"bytes={CUT + 20000}-"])

    def chunked(*steps):
        return [head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators()), *steps]

    yield Case("chunked-known-then-over", [f.cut(CUT), chunked(Chunked(SEED, 0, SIZE), LAST)], requests=2)
    yield Case("chunk-extension", [chunked(b"4;a=b\r\n" + content.span(SEED, 0, 4) + b"\r\n", Chunked(SEED, 4, SIZE), LAST)],
               requests=1)
    yield Case("chunk-upper-case-zeros", [chunked(b"00000A\r\n" + content.span(SEED, 0, 10) + b"\r\n", Chunked(SEED, 10, SIZE), LAST)],
               requests=1)
    yield Case("chunk-trailers", [chunked(Chunked(SEED, 0, SIZE), b"0\r\nX-A: 1\r\nContent-Length: 5\r\nContent-Range: bytes 0-1/2\r\n"
                                          b"ETag: \"trailer\"\r\n\r\n")], requests=1)
    yield Case("chunk-more-behind", [chunked(Chunked(SEED, 0, SIZE), LAST, b"5\r\nwrong\r\n0\r\n\r\n")], requests=1)
    for name, bad in {
        "letters": b"zz\r\n", "negative": b"-5\r\nwrong\r\n", "huge": b"FFFFFFFFFFFFFFFFFF\r\n", "max": b"7FFFFFFFFFFFFFFF\r\n",
        "over-64-bit": b"10000000000000005\r\nwrong\r\n", "empty": b"\r\n", "hex-prefix": b"0x5\r\nwrong\r\n",
        "no-end": b"5wrong", "endless-size": b"0" * 100000, "no-crlf-behind-data": b"5\r\n" + content.span(SEED, CUT, CUT + 5) + b"wrong\r\n",
    }.items():
        yield Case(f"chunk-size-{name}", [chunked(Chunked(SEED, 0, CUT), bad, CLOSE), f], requests=(2, 3))
    yield Case("chunk-size-letters-always", [chunked(b"zz\r\n")], "failed", ("E_RECV", "E_PROTOCOL", "E_TRUNCATED"), requests=(2, 5))


def content_lengths():
    """Content-Length that contradicts itself: refused as a whole, not guessed at."""
    f, bad = good(), Content(POISON, 0, 1000)
    for name, lines in {
        "two": ["Content-Length: 1000", f"Content-Length: {SIZE}"], "two-reversed": [f"Content-Length: {SIZE}", "Content-Length: 1000"],
        "negative": ["Content-Length: -1"], "negative-big": ["Content-Length: -1000"], "plus": ["Content-Length: +1000"],
        "exponent": ["Content-Length: 1e3"], "hex": ["Content-Length: 0x3e8"], "fraction": ["Content-Length: 1000.0"],
        "beyond-63-bit": ["Content-Length: 9223372036854775808"], "beyond-64-bit": ["Content-Length: 18446744073709552616"],
        "digits": ["Content-Length: " + "9" * 400], "empty": ["Content-Length:"], "word": ["Content-Length: many"],
        "behind": ["Content-Length: 1000 bytes"], "two-numbers": ["Content-Length: 1000 1000"],
        "list-different": [f"Content-Length: 1000, {SIZE}"], "list-comma": ["Content-Length: 1000,"],
        "and-chunked": ["Content-Length: 1000", "Transfer-Encoding: chunked"],
        "chunked-and": ["Transfer-Encoding: chunked", "Content-Length: 1000"],
    }.items():
        body = [b"3e8\r\n", bad, b"\r\n", LAST] if "chunked" in name else [bad]
        answer = [head("HTTP/1.1 200 OK", *lines, *f.validators()), *body]
        codes = ("E_HEADERS", "E_PROTOCOL", "E_TOO_LARGE")
        yield Case(f"cl-{name}-once", [answer, f], ("done", "failed"), codes, requests=(1, 3))
        yield Case(f"cl-{name}-always", [answer], "failed", codes, requests=(1, 4))
    for name, lines in {
        "same-twice": [f"Content-Length: {SIZE}"] * 2, "same-list": [f"Content-Length: {SIZE}, {SIZE}"],
        "zeros": [f"Content-Length: 000{SIZE}"], "blanks": [f"Content-Length: \t {SIZE} \t"],
    }.items():
        yield Case(f"cl-{name}", [[head("HTTP/1.1 200 OK", *lines, *f.validators()), f.content()]], ("done", "failed"),
                   "E_HEADERS", requests=(1, 4))
    # What is coded for the way would have to be decoded, and none but chunked was asked for.
    for name, lines in {
        "gzip": ["gzip"], "twice": ["chunked, chunked"], "two-lines": ["chunked"] * 2, "unknown": ["rot13"], "identity": ["identity"],
        "gzip-chunked": ["gzip, chunked"], "gzip-chunked-lines": ["gzip", "chunked"], "chunked-gzip": ["chunked, gzip"],
        "chunked-parameter": ["chunked;a=b"], "empty": [""],
    }.items():
        answer = [head("HTTP/1.1 200 OK", *(f"Transfer-Encoding: {line}" for line in lines), *f.validators()), b"3e8\r\n", bad, b"\r\n", LAST]
        yield Case(f"te-{name}-once", [answer, f], requests=2)
        yield Case(f"te-{name}-always", [answer], "failed", ("E_HEADERS", "E_PROTOCOL", "E_ENCODING", "E_RECV"), requests=(2, 4))
    yield Case("te-upper-case", [[head("HTTP/1.1 200 OK", "Transfer-Encoding: CHUNKED", *f.validators()), Chunked(SEED, 0, SIZE), LAST]],
               requests=1)


def heads():
    """Heads without end, without sense, with what does not belong there."""
    f = good()
    ok = ("done", "failed")
    body = f.content()

    def answer(*lines, status="HTTP/1.1 200 OK", length=True):
        own = [f"Content-Length: {SIZE}"] if length else []
        return [head(status, *own, *lines, *f.validators()), body]

    refused = {"state": "failed", "code": ("E_HEADERS", "E_PROTOCOL"), "requests": (1, 4)}
    yield Case("endless-headers", [[b"HTTP/1.1 200 OK\r\n", Repeat(b"X-Filler: " + b"x" * 500 + b"\r\n")]], **refused)
    yield Case("endless-short-headers", [[b"HTTP/1.1 200 OK\r\n", Repeat(b"X: y\r\n" * 100)]], **refused)
    yield Case("endless-header-line", [[b"HTTP/1.1 200 OK\r\nX-Endless: ", Repeat(b"x" * 8192)]], **refused)
    yield Case("endless-status-line", [[b"HTTP/1.1 200 ", Repeat(b"O" * 8192)]], **refused)
    yield Case("endless-interim", [[Repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)]], **refused)
    yield Case("header-lines-1001", [answer(*(f"X-{n}: y" for n in range(1001)))], **refused)
    yield Case("header-lines-900", [answer(*(f"X-{n}: y" for n in range(900)))], requests=1)
    yield Case("header-300-KiB", [answer(*(f"X-{n}: " + "y" * 1000 for n in range(300)))], **refused)
    yield Case("header-200-KiB", [answer(*(f"X-{n}: " + "y" * 1000 for n in range(200)))], requests=1)
    yield Case("header-line-300-KiB", [answer("X-Long: " + "y" * 300000)], **refused)
    yield Case("status-line-300-KiB", [answer(status="HTTP/1.1 200 " + "y" * 300000)], **refused)
    yield Case("interim-17", [[head("HTTP/1.1 103 Early Hints") * 17, *answer()]], **refused)
    yield Case("interim-16", [[head("HTTP/1.1 103 Early Hints") * 16, *answer()]], requests=1)
    yield Case("interim-100-unasked", [[head("HTTP/1.1 100 Continue"), *answer()]], requests=1)
    yield Case("interim-with-lies", [[head("HTTP/1.1 103 Early Hints", "Content-Length: 5", "ETag: \"lie\"", "Content-Range: bytes 0-1/2",
                                           "Content-Encoding: gzip"), *answer()]], requests=1)
    yield Case("interim-then-nothing", [[head("HTTP/1.1 103 Early Hints"), CLOSE], f], requests=2)
    yield Case("interim-101", [[head("HTTP/1.1 101 Switching Protocols", "Upgrade: other"), b"other protocol"], f], ok,
               ("E_HTTP_101", "E_HTTP_UNEXPECTED", "E_RECV", "E_PROTOCOL", "E_HEADERS", "E_CURL"), requests=(1, 4))
    chunked = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators())
    yield Case("endless-trailers", [[chunked, Chunked(SEED, 0, SIZE), b"0\r\n", Repeat(b"X-T: " + b"x" * 500 + b"\r\n")]], **refused)
    yield Case("trailers-1001", [[chunked, Chunked(SEED, 0, SIZE), b"0\r\n", Repeat(b"X-T: y\r\n", 1001), b"\r\n"]], **refused)
    yield Case("trailer-line-endless", [[chunked, Chunked(SEED, 0, SIZE), b"0\r\nX-T: ", Repeat(b"x" * 8192)]],
               "failed", ("E_HEADERS", "E_PROTOCOL", "E_RECV"), requests=(1, 4))
    # What a head may not have: read in one way or refused, never two ways.
    odd = {
        "no-colon": answer("this is no header"), "nul-in-value": answer(b"X-Nul: a\0b"), "nul-in-name": answer(b"X-\0: b"),
        "nul-before-length": [head("HTTP/1.1 200 OK", b"X-Nul: \0", f"Content-Length: {SIZE}"), body],
        "obs-fold": answer("X-Folded: a\r\n b\r\n\tc"), "fold-of-length": [head("HTTP/1.1 200 OK", "Content-Length:\r\n 5",
                                                                              *f.validators()), b"wrong"],
        "fold-first": [b"HTTP/1.1 200 OK\r\n folded\r\n" + head("X: y", f"Content-Length: {SIZE}"), body],
        "space-before-colon": [head("HTTP/1.1 200 OK", f"Content-Length : {SIZE}", *f.validators()), body],
        "empty-name": answer(": nothing"), "bare-lf": [f.whole_head().replace(b"\r\n", b"\n"), body],
        "bare-cr": answer("X-Cr: a\rContent-Length: 5"), "escapes": answer("X-Esc: \x1b[31mred\x1b]0;title\x07"),
        "latin-1": answer("X-Latin: \xe9\xff\xfe"), "status-in-the-middle": answer("HTTP/1.1 200 OK"),
    }
    for name, steps in odd.items():
        yield Case(f"head-{name}", [steps, f], ok, ("E_HEADERS", "E_PROTOCOL", "E_RECV"), requests=(1, 3))
    lines = {
        "no-reason": "HTTP/1.1 200", "reason-empty": "HTTP/1.1 200 ", "1.0": "HTTP/1.0 200 OK", "long": "HTTP/1.1 200 " + "O" * 5000,
        "escapes": "HTTP/1.1 200 \x1b[31mOK", "latin-1": "HTTP/1.1 200 \xff\xfe",
    }
    for name, line in lines.items():
        yield Case(f"status-{name}", [answer(status=line)], requests=1)
    broken = {
        "four-digits": "HTTP/1.1 2000 OK", "two-digits": "HTTP/1.1 20 OK", "zero": "HTTP/1.1 000 OK", "099": "HTTP/1.1 099 OK",
        "negative": "HTTP/1.1 -200 OK", "word": "HTTP/1.1 OK", "hex": "HTTP/1.1 0xC8 OK", "no-version": "HTTP 200 OK",
        "version-9": "HTTP/9.9 200 OK", "http-2": "HTTP/2 200", "lower-case": "http/1.1 200 OK", "two-spaces": "HTTP/1.1  200 OK",
        "icy": "ICY 200 OK", "rtsp": "RTSP/1.0 200 OK", "empty": "", "garbage": "\x16\x03\x01\x02", "ssh": "SSH-2.0-OpenSSH_9.2",
        "smtp": "220 mail ESMTP", "leading-crlf": "\r\nHTTP/1.1 200 OK", "digits-behind": "HTTP/1.1 200OK",
    }
    for name, line in broken.items():
        yield Case(f"status-{name}", [answer(status=line), f], ok,
                   ("E_HEADERS", "E_PROTOCOL", "E_RECV", "E_HTTP_UNEXPECTED", "E_CURL", "E_HTTP_099", "E_HTTP_0", "E_HTTP_20"),
                   requests=(1, 4))
    yield Case("http-0.9", [[b"no head at all\n" * 1000], f], ok, ("E_RECV", "E_PROTOCOL", "E_HEADERS"), requests=(1, 4))
    yield Case("greeting-of-another-protocol", [f], "failed", ("E_RECV", "E_PROTOCOL", "E_SEND"), requests=0,
               server={"greeting": [b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Repeat(b"\0" * 100, 10)]})


def empties():
    """No bytes at all: a file only when that was said."""
    said = {"empty-length-0": ["Content-Length: 0"]}
    for name, lines in said.items():
        yield Case(name, [[head("HTTP/1.1 200 OK", *lines)]], truth=b"", requests=1)
    yield Case("empty-chunked", [[head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), LAST]], ("done", "failed"), "E_EMPTY",
               truth=b"", requests=(1, 4))
    yield Case("empty-until-close", [[head("HTTP/1.1 200 OK")]], "failed", "E_EMPTY", requests=(1, 4))
    yield Case("empty-until-close-1.0", [[head("HTTP/1.0 200 OK")]], "failed", "E_EMPTY", requests=(1, 4))
    for status in (204, 205, 304):
        codes = ("E_EMPTY", "E_HTTP_UNEXPECTED", f"E_HTTP_{status}")
        yield Case(f"empty-{status}", [[head(f"HTTP/1.1 {status} Nothing", "Content-Length: 0")]], "failed", codes, requests=1)
        yield Case(f"empty-{status}-with-body", [[head(f"HTTP/1.1 {status} Nothing", f"Content-Length: {SIZE}"),
                                                 Content(POISON, 0, SIZE)]], "failed", codes, requests=1)
        yield Case(f"empty-{status}-for-a-range", [good().cut(CUT), [head(f"HTTP/1.1 {status} Nothing", "Content-Length: 0")]],
                   "failed", codes, requests=2)
    yield Case("empty-changed-to-nothing", [good().cut(CUT), [head("HTTP/1.1 200 OK", "Content-Length: 0", 'ETag: "two"')]],
               truth=b"", requests=2)


def encodings():
    """Encoded though identity was asked: kept as they came, never decoded, never continued."""
    f = good()
    for coding in ("gzip", "br", "deflate", "zstd", "compress", "gzip, br", "x-unknown", "\xff"):
        raw = [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", f"Content-Encoding: {coding}", *f.validators()), f.content()]
        cut = [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", f"Content-Encoding: {coding}", *f.validators()), f.content(0, CUT), CLOSE]

        def asked(run):
            assert all(r.headers["accept-encoding"] == "identity" for r in run.requests())

        yield Case(f"encoding-{coding}", [raw], requests=1, also=asked)
        yield Case(f"encoding-{coding}-cut", [cut, raw], requests=2, ranges=[None, None])
    real = b"\x1f\x8b\x08\x00" + b"\0" * 1000
    yield Case("encoding-gzip-broken", [[head("HTTP/1.1 200 OK", f"Content-Length: {len(real)}", "Content-Encoding: gzip"), real]],
               truth=real, requests=1)
    yield Case("encoding-identity", [f.cut(CUT), good(fields=["Content-Encoding: identity"])], requests=2, ranges=[None, REST])
    yield Case("encoding-appears", [f.cut(CUT), [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", "Content-Encoding: gzip",
                                                     'ETag: "gz"'), f.content()]], requests=2)


def sizes():
    """Bodies without end end at the bound that the job has."""
    endless = Repeat(b"P" * 65536)
    small = ("--max-filesize", "1M")
    too_large = {"state": "failed", "code": "E_TOO_LARGE", "requests": 1, "options": small}
    yield Case("endless-body", [[head("HTTP/1.1 200 OK"), endless]], **too_large)
    yield Case("endless-chunked", [[head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), Repeat(b"10000\r\n" + b"P" * 65536 + b"\r\n")]],
               **too_large)
    yield Case("endless-length", [[head("HTTP/1.1 200 OK", "Content-Length: 9223372036854775807"), endless]], **too_large)
    yield Case("length-over-the-bound", [[head("HTTP/1.1 200 OK", "Content-Length: 1048577"), endless]], **too_large)
    yield Case("length-is-the-bound", [[head("HTTP/1.1 200 OK", "Content-Length: 1048576"), Content(SEED, 0, 1048576)]],
               truth=(SEED, 1048576), options=small, requests=1)
    yield Case("endless-error-page", [[head("HTTP/1.1 404 Not Found"), endless]], "failed", "E_HTTP_404", requests=1)
    yield Case("endless-error-page-once", [[head("HTTP/1.1 503 Busy", "Content-Length: 999999999999"), endless], good()], requests=2)
    yield Case("error-page-for-a-range", [good().cut(CUT), [head("HTTP/1.1 500 Oops", "Content-Length: 50000"), Content(POISON, 0, 50000)],
                                          good()], requests=3, ranges=[None, REST, REST])


CASES = [*early_close(), *lengths(), *content_lengths(), *heads(), *empties(), *encodings(), *sizes()]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_20_body(house, case):
    house.play(case)


def test_20_body_extra_bytes_poison_no_connection(house):
    """What follows a body on a kept connection is not taken for the next answer: such a connection is closed."""
    lie = head(200, "Content-Length: 5") + b"wrong"
    # The body and what does not belong to it come together, after the head was read.
    answer = [head(200, "Content-Length: 1000"), Gate("g"), content.span(SEED, 0, 1000) + lie, KEEP]
    case = Case("kept", [answer], truth=(SEED, 1000), canary=False)
    with house.case(case) as run:
        run.server.wait_gated("g")
        # The daemon tells of bytes that come in; of a head it tells nothing, so a round trip must do.
        house.ctl.ok("status")
        run.server.release("g")
        run.settle()
        house.expect(run)
        house.check(run)
        run.server.play("/second", good())
        [second] = house.ctl.add("-d", run.directory, "-o", "second", run.server.url("/second"))
        house.added.add(second)
        house.watcher.wait(second, lambda e: e["kind"] == "done")
        assert content.same_as_file(run.directory / "second", SEED, SIZE), (run.directory / "second").read_bytes()[:100]


def test_20_body_a_cancel_in_the_middle_of_a_head(house):
    """A verb is honoured wherever the answer stands."""
    for steps in ([Gate("g")], [b"HTTP/1.1 2", Gate("g")], [good().whole_head()[:-2], Gate("g")], [good().whole_head(), Gate("g")],
                  [good().whole_head(), good().content(0, CUT), Gate("g")]):
        with house.case(Case("cancel", [steps])) as run:
            run.server.wait_gated("g")
            house.call("Cancel", selection={"ids": [run.id]})
            run.settle()
            assert run.job["state"] == "cancelled"
            house.check(run)
