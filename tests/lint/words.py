#!/usr/bin/python3
"""Functions that are never called, and words that never stay."""
import re

import tree

BANNED = {
    "strcpy": "xstrdup or memcpy", "strcat": "snprintf", "strncat": "snprintf", "sprintf": "snprintf", "vsprintf": "vsnprintf",
    "gets": "getline", "strtok": "strtok_r", "system": "posix_spawn", "popen": "posix_spawn", "fork": "posix_spawn",
    "vfork": "posix_spawn", "tmpnam": "mkostemp", "mktemp": "mkostemp", "alloca": "xmalloc", "rand": "rng_next",
    "srand": "rng_seed", "localtime": "localtime_r", "gmtime": "gmtime_r",
}
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
# Spelt in pieces: this file is looked at, too.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|\bst" r"ub(s|bed)?\b", re.I)
TEXT = (".c", ".h", ".def", ".varlink", ".py", ".go", ".sh", ".md", ".mk", ".ac", ".am", ".conf", ".in", ".service", ".socket",
        ".1", ".5", ".7", ".8", "")


def check_calls():
    for path in tree.files("src", ".c", ".h"):
        for number, line in enumerate(tree.without_comments(path.read_text()).splitlines(), 1):
            for found in CALL.finditer(line):
                tree.finding(path, number, f"{found.group(1)}(): use {BANNED[found.group(1)]}")


def check_words():
    seen = 0
    for folder in ("src", "debian", "doc", "etc", "systemd", "man", "scripts", "tests", "bench"):
        for path in tree.files(folder, *TEXT):
            text = path.read_text(errors="replace")
            # Fuzz seeds are no text, whatever they look like.
            if "\0" in text or "corpus" in path.parts:
                continue
            seen += 1
            for number, line in enumerate(text.splitlines(), 1):
                if UNFINISHED.search(line):
                    tree.finding(path, number, f"unfinished: {line.strip()}")
                if line != line.rstrip():
                    tree.finding(path, number, "space at the end of the line")
    if seen < 50:
        tree.complain(f"only {seen} files found: is {tree.ROOT} the tree?")


check_calls()
check_words()
tree.end()
