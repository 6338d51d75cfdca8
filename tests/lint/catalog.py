#!/usr/bin/python3
"""The message catalog explains every message id of the program, and speaks of nothing else; journalctl can read it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tree

CATALOG = "systemd/catalog/fetchd.catalog"
HEADER = "src/job/message.h"


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def defined():
    """{name: id}"""
    found = re.findall(r'#define (MESSAGE_\w+)\s+"(.*)"', (tree.ROOT / HEADER).read_text())
    for name, one in found:
        # Random, of version 4 (sd-id128(3)).
        if not re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", one):
            tree.complain(f"{name}: {one} is no random id")
    if len({one for _, one in found}) < len(found):
        tree.complain(f"two messages of {HEADER} have one id")
    return dict(found)


def entries():
    """{id: (header fields, text)}"""
    found = {}
    text = re.sub(r"^#.*\n", "", (tree.ROOT / CATALOG).read_text(), flags=re.M)
    for one, entry in re.findall(r"^-- (\S+)\n((?:(?!-- ).*\n?)*)", text, re.M):
        if one in found:
            tree.complain(f"{CATALOG} explains {one} twice")
        head, _, body = entry.partition("\n\n")
        found[one] = (dict(re.findall(r"^([\w-]+): (.+)$", head, re.M)), body.strip())
    return found


def check_entry(one, fields, text, told):
    for field in ("Subject", "Defined-By", "Documentation"):
        if field not in fields:
            tree.complain(f"{CATALOG}: {one} has no {field}")
    page = re.fullmatch(r"man:([\w.-]+)\((\d)\)", fields.get("Documentation", ""))
    if page and page[1].startswith("fetch") and not (tree.ROOT / f"man/{page[1]}.{page[2]}").exists():
        tree.complain(f"{CATALOG}: {one}: there is no {page[0]}")
    # What it means, and what to do.
    if len(text.split("\n\n")) < 2:
        tree.complain(f"{CATALOG}: {one} does not say what to do")
    for name in re.findall(r"@(\w+)@", fields.get("Subject", "") + text):
        if name not in told:
            tree.complain(f"{CATALOG}: {one} speaks of @{name}@, which no line has")


def check_with_journalctl(ids):
    """It compiles, and each entry is found in what comes out."""
    if not shutil.which("journalctl"):
        print("skipped: journalctl is not installed, so that nothing has read the catalog")
        return
    with tempfile.TemporaryDirectory() as root:
        place = pathlib.Path(root, "usr/lib/systemd/catalog")
        place.mkdir(parents=True)
        pathlib.Path(root, "var/lib/systemd/catalog").mkdir(parents=True)
        shutil.copy(tree.ROOT / CATALOG, place)
        for arguments in (["--update-catalog"], ["--list-catalog"]):
            done = subprocess.run(["journalctl", "--root", root, *arguments], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "LC_ALL": "C"})
            if done.returncode != 0 or done.stderr.strip():
                tree.complain(f"journalctl {arguments[0]}: {done.stderr.strip()}")
        listed = set(re.findall(r"^([0-9a-f]{32}) fetchd: \S", done.stdout, re.M))
        for one in sorted(set(ids) ^ listed):
            tree.complain(f"journalctl --list-catalog does not agree about {one}")


def main():
    ids, catalog = defined(), entries()
    source = "\n".join(without_comments(path.read_text()) for path in tree.files("src", ".c"))
    told = set(re.findall(r'log_record_\w+\(\s*&?\w+,\s*"(FETCHD_\w+)"', source))
    for name, one in ids.items():
        if one not in catalog:
            tree.complain(f"{name} ({one}) is not in {CATALOG}")
        if not re.search(rf"\b{name}\b", source):
            tree.complain(f"{name} is said nowhere")
    for one, (fields, text) in catalog.items():
        if one not in ids.values():
            tree.complain(f"{one} of {CATALOG} is not in {HEADER}")
        check_entry(one, fields, text, told)
    page = (tree.ROOT / "man/fetchd.8").read_text()
    for name in sorted(told):
        if not re.search(rf"^\.It Va {name}\b", page, re.M):
            tree.complain(f"the field {name} is not in fetchd.8")
    if len(ids) < 20 or len(told) < 10:
        tree.complain(f"only {len(ids)} messages and {len(told)} fields found: is {tree.ROOT} the tree?")
    check_with_journalctl(ids.values())
    tree.end()


main()
