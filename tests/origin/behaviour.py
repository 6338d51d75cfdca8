"""Reads a behaviour out of a request target. tests/origin/README.md lists the words."""
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import hashlib

# 2020-01-01 00:00 UTC, a day later with every version.
FIRST_MODIFIED = 1577836800


class Behaviour:
    """[/gate/NAME]/bytes/SIZE/FILE?word=value&…"""

    def __init__(self, target):
        parts = urlsplit(target)
        self.query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.path = parts.path
        steps = [unquote(step) for step in parts.path.split("/")[1:]]
        self.gate = None
        if len(steps) >= 2 and steps[0] == "gate":
            self.gate = steps[1]
            steps = steps[2:]
        self.known = len(steps) >= 2 and steps[0] == "bytes" and steps[1].isdigit()
        self.size = int(steps[1]) if self.known else 0
        self.seed = self.query.get("seed", steps[-1] if len(steps) > 2 else str(self.size))

    def has(self, word):
        return word in self.query

    def number(self, word, default=0):
        return int(self.query.get(word) or default)

    def seconds(self, word):
        return float(self.query.get(word) or 0)

    def content_seed(self, version):
        return f"{self.seed}#{version}" if version else self.seed

    def etag(self, version):
        """None when the answer has none."""
        if self.has("noetag"):
            return None
        text = f"{self.content_seed(version)}:{self.size}"
        tag = '"%s"' % hashlib.sha256(text.encode()).hexdigest()[:16]
        return "W/" + tag if self.has("weak") else tag

    def modified(self, version):
        """Seconds since the epoch, or None."""
        return None if self.has("nomodified") else FIRST_MODIFIED + version * 86400

    def next_hop(self):
        """Location of one redirect."""
        query = dict(self.query)
        left = self.number("redirect") - 1
        if left > 0:
            query["redirect"] = str(left)
        else:
            del query["redirect"]
        text = urlencode(query)
        return quote(self.path) + ("?" + text if text else "")


def parse_range(text, size):
    """(start, end) of "bytes=…"; None when there is none to honour; False when it cannot be satisfied."""
    if not text or not text.startswith("bytes=") or "," in text:
        return None
    first, dash, last = text[6:].partition("-")
    if not dash or not (first or last) or not (first + last).isdigit():
        return None
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else False
