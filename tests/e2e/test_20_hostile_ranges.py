"""Servers that answer a range wrongly, and files that change under a download: no byte of one ever meets another's."""
import pytest

from hostile import CUT, NAME, POISON, SEED, SIZE, Case, good, house_fixture, ids
from origin.raw import CLOSE, RESET, Chunked, Content, File, date, head

house = house_fixture()

REST = f"bytes={CUT}-"
LEFT = SIZE - CUT


def poison(n):
    return Content(POISON, 0, n)


def part(content_range, *fields, body=None, length=LEFT):
    """A 206 with these Content-Range values, whose bytes are another file's."""
    lines = [f"Content-Range: {value}" for value in content_range]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return [head("HTTP/1.1 206 Partial Content", *lines, *good().validators(), *fields),
            poison(LEFT) if body is None else body]


RIGHT = f"bytes {CUT}-{SIZE - 1}/{SIZE}"
HUGE = 99999999999999999999
WRAP = 1 << 64

# What a 206 may say instead of RIGHT.
WRONG_RANGES = {
    "missing": [],
    "twice-the-same": [RIGHT, RIGHT],
    "twice-different": [RIGHT, f"bytes 0-{LEFT - 1}/{SIZE}"],
    "empty": [""],
    "no-total": [f"bytes {CUT}-{SIZE - 1}"],
    "no-last": [f"bytes {CUT}-/{SIZE}"],
    "no-first": [f"bytes -{SIZE - 1}/{SIZE}"],
    "unknown-total": [f"bytes {CUT}-{SIZE - 1}/*"],
    "star": [f"bytes */{SIZE}"],
    "star-star": ["bytes */*"],
    "equals": [f"bytes={CUT}-{SIZE - 1}/{SIZE}"],
    "no-unit": [f"{CUT}-{SIZE - 1}/{SIZE}"],
    "two-spaces": [f"bytes  {CUT}-{SIZE - 1}/{SIZE}"],
    "spaces-inside": [f"bytes {CUT} - {SIZE - 1} / {SIZE}"],
    "hex": [f"bytes {CUT:#x}-{SIZE - 1:#x}/{SIZE:#x}"],
    "plus": [f"bytes +{CUT}-{SIZE - 1}/{SIZE}"],
    "reversed": [f"bytes {SIZE - 1}-{CUT}/{SIZE}"],
    "last-is-total": [f"bytes {CUT}-{SIZE}/{SIZE}"],
    "last-beyond": [f"bytes {CUT}-{SIZE + 99}/{SIZE}"],
    "other-unit": [f"items {CUT}-{SIZE - 1}/{SIZE}"],
    "unit-prefix": [f"bytesx {CUT}-{SIZE - 1}/{SIZE}"],
    "list": [f"{RIGHT}, bytes 0-9/{SIZE}"],
    "garbage-behind": [f"{RIGHT} and more"],
    "garbage": ["\xb2\xff\x01%n%s"],
    "start-before": [f"bytes {CUT - 1}-{SIZE - 1}/{SIZE}"],
    "start-behind": [f"bytes {CUT + 1}-{SIZE - 1}/{SIZE}"],
    "start-zero": [f"bytes 0-{SIZE - 1}/{SIZE}"],
    "overlap": [f"bytes {CUT - 65536}-{SIZE - 65537}/{SIZE}"],
    "short-end": [f"bytes {CUT}-{SIZE - 2}/{SIZE}"],
    "one-byte": [f"bytes {CUT}-{CUT}/{SIZE}"],
    "huge-first": [f"bytes {HUGE}-{HUGE + 9}/{HUGE + 10}"],
    "huge-last": [f"bytes {CUT}-{HUGE}/{SIZE}"],
    "huge-total": [f"bytes {CUT}-{SIZE - 1}/{HUGE}"],
    "wrap-first": [f"bytes {WRAP + CUT}-{SIZE - 1}/{SIZE}"],
    "wrap-total": [f"bytes {CUT}-{SIZE - 1}/{WRAP + SIZE}"],
    "wrap-all": [f"bytes {WRAP + CUT}-{WRAP + SIZE - 1}/{WRAP + SIZE}"],
    "negative": [f"bytes -{CUT}-{SIZE - 1}/{SIZE}"],
    "decimal": [f"bytes {CUT}.0-{SIZE - 1}/{SIZE}"],
}


def wrong_ranges():
    """Once: dropped, the bytes kept, asked again. Always: from the start, and no range any more."""
    for name, values in WRONG_RANGES.items():
        bad = part(values)
        yield Case(f"{name}-once", [good().cut(CUT), bad, good()], requests=3, ranges=[None, REST, REST])
        yield Case(f"{name}-always", [good().cut(CUT), bad, bad, good()], requests=4, ranges=[None, REST, REST, None])


def wrong_parts():
    """The range is right and something else is not."""
    bad = {
        "length-short": part([RIGHT], length=LEFT - 1, body=poison(LEFT - 1)),
        "length-long": part([RIGHT], length=LEFT + 1, body=poison(LEFT + 1)),
        "gzip": part([RIGHT], "Content-Encoding: gzip"),
        "multipart": part([], "Content-Type: multipart/byteranges; boundary=x", length=None, body=(
            b"--x\r\nContent-Range: %s\r\n\r\n" % RIGHT.encode() + b"P" * LEFT + b"\r\n--x--\r\n")),
        "multipart-with-range": part([f"bytes 0-9/{SIZE}"], "Content-Type: multipart/byteranges; boundary=x",
                                     length=10, body=b"P" * 10),
        "multipart-with-the-right-range": part([RIGHT], "Content-Type: Multipart/Byteranges; boundary=x"),
    }
    for name, answer in bad.items():
        yield Case(f"{name}-once", [good().cut(CUT), answer, good()], requests=(3, 4))
        yield Case(f"{name}-always", [good().cut(CUT), answer, answer, good()], requests=(3, 5))
    for name, total in {"total-larger": SIZE + 1, "total-smaller": SIZE - 1}.items():
        other = part([f"bytes {CUT}-{total - 1}/{total}"], length=total - CUT, body=poison(total - CUT))
        yield Case(name, [good().cut(CUT), other, good()], requests=3, ranges=[None, REST, None])


def unasked():
    """A 206 to a request without Range."""
    f = good()
    bad = [f.part_head(0, SIZE), f.content()]
    yield Case("206-unasked-once", [bad, f], requests=2)
    yield Case("206-unasked-always", [bad], "failed", "E_RANGE", requests=(2, 3))
    tail = [f.part_head(CUT, SIZE), poison(LEFT)]
    yield Case("206-tail-unasked-once", [tail, f], requests=2)
    yield Case("206-tail-unasked-always", [tail], "failed", "E_RANGE", requests=(2, 3))


def whole_for_part():
    """200 where a range was asked: the body is taken from its first byte."""
    f, other = good(), File("other", SIZE, etag='"two"')
    longer, shorter = File("other", SIZE + 12345, etag='"two"'), File("other", CUT - 12345, etag='"two"')

    def whole(of, *more):
        return [of.whole_head(*more), of.content()]

    def ranged(of, first, last, total, body=None, length=None):
        n = of.size if length is None else length
        return [head("HTTP/1.1 200 OK", f"Content-Length: {n}", f"Content-Range: bytes {first}-{last}/{total}",
                     *of.validators()), body or of.content()]

    yield Case("200-same", [f.cut(CUT), whole(f)], requests=2, ranges=[None, REST])
    yield Case("200-other-tag", [f.cut(CUT), whole(other)], truth=("other", SIZE), requests=2)
    yield Case("200-longer", [f.cut(CUT), whole(longer)], truth=("other", SIZE + 12345), requests=2)
    yield Case("200-shorter-than-the-part", [f.cut(CUT), whole(shorter)], truth=("other", CUT - 12345), requests=2)
    yield Case("200-same-tag-other-length", [f.cut(CUT), whole(File("other", SIZE + 1)), File("other", SIZE + 1)],
               truth=("other", SIZE + 1), requests=(2, 3))
    yield Case("200-length-is-the-offset", [f.cut(CUT), whole(File("other", CUT, etag='"two"'))], truth=("other", CUT),
               requests=2)
    yield Case("200-length-is-the-rest", [f.cut(CUT), whole(File("other", LEFT, etag='"two"'))], truth=("other", LEFT),
               requests=2)
    yield Case("200-chunked", [f.cut(CUT), [
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators()), Chunked(SEED, 0, SIZE), b"0\r\n\r\n"]],
               requests=2)
    yield Case("200-close-delimited", [f.cut(CUT), [head("HTTP/1.1 200 OK", *f.validators()), f.content()]], requests=2)
    yield Case("200-http-1.0", [f.cut(CUT), [head("HTTP/1.0 200 OK", *f.validators()), f.content()]], requests=2)
    yield Case("200-cut-again", [f.cut(CUT), f.cut(70000), f], requests=3, ranges=[None, REST, "bytes=70000-"])
    yield Case("200-no-ranges-ever", [f.cut(CUT), f.cut(CUT - 1), f.cut(CUT + 1), whole(f)], requests=4)
    yield Case("203-for-a-range", [f.cut(CUT), [head("HTTP/1.1 203 Non-Authoritative Information", f"Content-Length: {SIZE}"),
                                                Content(POISON, 0, SIZE)], f],
               ("done", "failed"), "E_HTTP_UNEXPECTED", requests=(2, 4))
    # With Content-Range: the whole, when it says so twice.
    yield Case("200-range-is-all", [f.cut(CUT), ranged(f, 0, SIZE - 1, SIZE)], requests=2)
    yield Case("200-range-is-the-rest", [f.cut(CUT), ranged(f, CUT, SIZE - 1, SIZE, poison(LEFT), LEFT), f],
               requests=3)
    yield Case("200-range-total-is-not-the-length",
               [f.cut(CUT), ranged(f, 0, SIZE - 1, SIZE + 1, poison(SIZE)), f], requests=3)
    yield Case("200-range-garbled",
               [f.cut(CUT), [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", "Content-Range: bytes all", *f.validators()),
                             poison(SIZE)], f], requests=3)
    yield Case("200-range-first", [ranged(f, CUT, SIZE - 1, SIZE, poison(LEFT), LEFT), f], requests=(2, 3))
    yield Case("200-range-always", [ranged(f, CUT, SIZE - 1, SIZE, poison(LEFT), LEFT)], "failed", "E_RANGE",
               requests=(2, 4))


def unsatisfiable():
    """416 to a range: finished, or once more from the start."""
    f = good()
    totals = {
        "right": f"bytes */{SIZE}", "is-what-is-there": f"bytes */{CUT}", "one-less": f"bytes */{CUT - 1}",
        "zero": "bytes */0", "star": "bytes */*", "huge": f"bytes */{HUGE}", "wrap": f"bytes */{WRAP + CUT}",
        "negative": "bytes */-1", "range": f"bytes 0-1/{SIZE}", "other-unit": f"items */{CUT}", "empty": "",
        "garbage": "\xff\x02", "no-unit": f"*/{CUT}",
    }

    def refused(*values):
        return [head("HTTP/1.1 416 Range Not Satisfiable", *(f"Content-Range: {v}" for v in values), "Content-Length: 3"),
                b"no\n"]

    for name, value in totals.items():
        yield Case(f"416-{name}", [f.cut(CUT), refused(value), f], requests=(3, 4))
    yield Case("416-missing", [f.cut(CUT), refused(), f], requests=(3, 4))
    yield Case("416-twice", [f.cut(CUT), refused(f"bytes */{CUT}", f"bytes */{SIZE}"), f], requests=(3, 4))
    yield Case("416-always", [f.cut(CUT), refused(f"bytes */{SIZE}")], "failed", ("E_RANGE", "E_HTTP_416"),
               requests=(3, 5))
    yield Case("416-unasked-once", [refused("bytes */0"), f], requests=2)
    yield Case("416-unasked-always", [refused("bytes */0")], "failed", ("E_RANGE", "E_HTTP_416"), requests=(2, 4))
    # All bytes came and the end did not: the server has no more, and says how many there are.
    unended = [head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *f.validators()), Chunked(SEED, 0, SIZE), CLOSE]
    yield Case("416-nothing-missing", [unended, refused(f"bytes */{SIZE}")], requests=2,
               ranges=[None, f"bytes={SIZE}-"])
    yield Case("416-nothing-missing-it-says-less", [unended, refused(f"bytes */{SIZE - 1}"), f], requests=(3, 4))
    yield Case("416-nothing-missing-it-says-more", [unended, refused(f"bytes */{SIZE + 1}"), f], requests=(3, 4))


VALIDATORS = {
    "strong-tag": {"etag": '"%s"'},
    "weak-tag": {"etag": 'W/"%s"', "modified": None},
    "old-date": {"etag": None, "modified": (1577836800, 1577923200)},
    "young-date": {"etag": None, "modified": "now"},
    "none": {"etag": None, "modified": None},
}
PROVES = ("strong-tag", "old-date")


def version(kind, number, seed, size, **more):
    """A file of that kind of validator, first or second version."""
    how = dict(VALIDATORS[kind])
    if how["etag"]:
        how["etag"] %= ("first", "second")[number]
    if isinstance(how.get("modified"), tuple):
        how["modified"] = how["modified"][number]
    return File(seed, size, **how, **more)


def resume_option(mode):
    return ("--resume", mode) if mode == "strict" else ()


def unchanged():
    """The file is the same: with a proof its rest is asked for, without one the last 64 KiB are compared."""
    for kind in VALIDATORS:
        for mode in ("auto", "strict"):
            f = version(kind, 0, SEED, SIZE)
            second = REST
            if kind not in PROVES:
                second = f"bytes={CUT - 65536}-" if mode == "auto" else None

            def also(run, kind=kind, mode=mode):
                condition = run.requests()[1].headers.get("if-range")
                assert (condition is not None) == (kind in PROVES)
                unverified = kind not in PROVES and mode == "auto"
                assert (run.job.get("integrity") == "unverified") == unverified, run.job

            yield Case(f"unchanged-{kind}-{mode}", [f.cut(CUT), f], requests=2, ranges=[None, second],
                       options=resume_option(mode), also=also)
    # Less than 64 KiB are there to compare.
    f = version("none", 0, SEED, SIZE)
    yield Case("unchanged-none-few-bytes", [f.cut(1000), f], requests=2)
    yield Case("unchanged-none-one-byte", [f.cut(1), f], requests=2)
    yield Case("unchanged-none-cut-in-the-overlap", [f.cut(CUT), f.part_cut(CUT - 65536, CUT - 30000), f], requests=3)
    yield Case("unchanged-none-cut-at-the-join", [f.cut(CUT), f.part_cut(CUT - 65536, CUT), f], requests=3)
    yield Case("unchanged-none-no-ranges", [f.cut(CUT), version("none", 0, SEED, SIZE, ranges=False)], requests=2)
    yield Case("unchanged-none-wrong-overlap",
               [f.cut(CUT), [f.part_head(CUT, SIZE), f.content(CUT)], f], requests=3)


def changed():
    """Between two attempts; late: after a part of the old one was added; spliced: in the middle of the first body;
    deaf: a server that ignores If-Range and sends the new file's rest."""
    for kind in VALIDATORS:
        for length in ("same", "longer", "shorter"):
            size = {"same": SIZE, "longer": SIZE + 54321, "shorter": SIZE - 30000}[length]
            old, new = version(kind, 0, "old", SIZE), version(kind, 1, SEED, size)
            deaf = version(kind, 1, SEED, size, if_range=False)
            start = CUT if kind in PROVES else CUT - 65536
            times = {
                "between": [old.cut(CUT), new],
                "late": [old.cut(CUT), old.part_cut(start, CUT + 20000), new],
                "spliced": [[old.whole_head(), old.content(0, CUT - 10000), Content(SEED, CUT - 10000, CUT), CLOSE], new],
                "deaf": [old.cut(CUT, RESET), deaf],
            }
            for when, script in times.items():
                for mode in ("auto", "strict"):
                    if when == "late" and mode == "strict" and kind not in PROVES:
                        continue  # never asks for a part
                    yield Case(f"changed-{kind}-{length}-{when}-{mode}", script, truth=(SEED, size),
                               requests=(len(script), len(script) + 1), options=resume_option(mode))


def not_smuggled(run):
    assert all(b"Smuggled" not in request.head for request in run.requests()), run.requests()[-1].head


def changing():
    """A file that is never the same twice."""
    versions = [File(f"v{n}", SIZE, etag=f'"v{n}"') for n in range(9)]
    yield Case("changes-three-times", [*(v.cut(CUT) for v in versions[:3]), versions[3]], truth=("v3", SIZE), requests=(4, 7))
    deaf = [File(f"v{n}", SIZE, etag=f'"v{n}"', if_range=False) for n in range(9)]
    script = []
    for v in deaf:
        script += [lambda request, v=v: v.cut(CUT) if request.range is None else [*v(request)]]
    yield Case("changes-always", script, "failed", "E_CHANGED", requests=(4, 12))
    # Validators that contradict themselves.
    f = good()
    yield Case("tag-becomes-weak", [f.cut(CUT), File("other", SIZE, etag='W/"one"', modified=None)], truth=("other", SIZE),
               requests=(2, 4))
    yield Case("tag-vanishes", [f.cut(CUT), [head("HTTP/1.1 206 Partial Content", f"Content-Range: {RIGHT}",
                                                  f"Content-Length: {LEFT}"), Content(POISON, CUT, SIZE)], f], requests=3)
    yield Case("tag-appears", [version("none", 0, SEED, SIZE).cut(CUT), f], requests=(2, 3))
    yield Case("tag-without-quotes", [File(SEED, SIZE, etag="one", modified=None).cut(CUT), File(SEED, SIZE, etag="one", modified=None)],
               requests=(2, 3))
    yield Case("tag-empty", [File(SEED, SIZE, etag='""').cut(CUT), File(SEED, SIZE, etag='""')], requests=(2, 3))
    yield Case("tag-huge", [File(SEED, SIZE, etag='"%s"' % ("x" * 8000)).cut(CUT), File(SEED, SIZE, etag='"%s"' % ("x" * 8000))],
               requests=(2, 3))
    for kind, field in {"tag": 'ETag: "a\rX-Smuggled: b"', "date": f"Last-Modified: {date(1577836800)}\rX-Smuggled: b",
                        "tag-lf": 'ETag: "a\n X-Smuggled: b"'}.items():
        f = File(SEED, SIZE, etag=None, modified=None, fields=[field])
        yield Case(f"{kind}-with-a-line-in-it", [f.cut(CUT), f], requests=2, also=not_smuggled)
    yield Case("tags-twice", [good(fields=['ETag: "two"']).cut(CUT), good(fields=['ETag: "two"'])], requests=(2, 4))
    yield Case("date-in-the-future", [
        File("old", SIZE, etag=None, modified=4070908800).cut(CUT), File(SEED, SIZE, etag=None, modified=4070908800)],
        requests=(2, 3))
    yield Case("date-garbled", [
        File("old", SIZE, etag=None, modified=None, fields=["Last-Modified: yesterday"]).cut(CUT),
        File(SEED, SIZE, etag=None, modified=None, fields=["Last-Modified: yesterday"])], requests=(2, 3))
    undated = [head("HTTP/1.1 200 OK", f"Content-Length: {SIZE}", f"Last-Modified: {date(1577836800)}"),
               Content("old", 0, CUT), CLOSE]
    yield Case("date-without-a-date-to-compare", [undated, File(SEED, SIZE, etag=None, modified=1577836800)],
               requests=(2, 3))


CASES = [*wrong_ranges(), *wrong_parts(), *unasked(), *whole_for_part(), *unsatisfiable(), *unchanged(), *changed(), *changing()]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_20_range(house, case):
    house.play(case)


def test_20_range_names_stay(house):
    """What stands in the directories is the files and nothing else, after all of that."""
    assert {p.name for p in house.room.downloads.rglob("*") if p.is_file() and ".fetchd" not in p.parts} <= {
        NAME, "keep", NAME + ".part", ".hidden"}
