"""The source tree, for the lints: where it is, its files, and how a finding is told."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("FETCHD_SRCDIR") or pathlib.Path(__file__).resolve().parents[2])
BUILD = pathlib.Path(os.environ.get("FETCHD_BUILDDIR") or ROOT / "build")

_findings = []


def files(folder, *suffixes):
    """Files under a folder of the tree, by suffix; without generated ones."""
    return sorted(path for path in (ROOT / folder).rglob("*")
                  if path.is_file() and (not suffixes or path.suffix in suffixes) and "__pycache__" not in path.parts)


def name(path):
    return path.relative_to(ROOT).as_posix()


def finding(path, line, text):
    _findings.append(f"{name(path)}:{line}: {text}")


def complain(text):
    _findings.append(text)


def without_comments(text):
    """C code with comments and strings blanked, line numbers kept."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else '""' + " " * (len(found) - 2)

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def end():
    for text in _findings:
        print(text)
    sys.exit(1 if _findings else 0)
