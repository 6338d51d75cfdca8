#!/usr/bin/python3
"""Who may include whom: the rooms of ARCHITECTURE.md, and each library in one place."""
import re

import tree

# Room: what its files may include besides their own room; a folder, or one header.
ROOMS = {
    "base": [],
    "job": ["base"],
    "wire": ["job", "base"],
    "fetchd/control": ["wire", "job", "base", "fetchd/engine/engine.h", "fetchd/transfer/messages.h", "fetchd/config.h",
                       "fetchd/config_hook.h", "fetchd/hook_names.h", "fetchd/path.h"],
    "fetchd/engine": ["job", "base", "fetchd/store/store.h", "fetchd/transfer/messages.h", "fetchd/transfer/worker.h",
                      "fetchd/disk/disk.h", "fetchd/hook/hook.h", "fetchd/config.h", "fetchd/config_hook.h",
                      "fetchd/hook_names.h"],
    "fetchd/store": ["job", "base"],
    "fetchd/transfer": ["job", "base", "fetchd/disk/disk.h", "fetchd/engine/engine.h", "fetchd/config.h"],
    "fetchd/disk": ["job", "base", "fetchd/config.h"],
    "fetchd/hook": ["wire", "job", "base", "fetchd/config.h", "fetchd/config_hook.h", "fetchd/sandbox.h"],
    "fetchd/metrics": ["job", "base", "fetchd/disk/disk.h"],
    "fetchd": ["wire", "job", "base", "fetchd/control", "fetchd/engine", "fetchd/store", "fetchd/transfer", "fetchd/disk", "fetchd/hook",
               "fetchd/metrics"],
    "fetchctl": ["wire", "job", "base", "fetchctl/top/top.h"],
    "fetchctl/top": ["fetchctl", "wire", "job", "base"],
}

# Library header: the places that may see it, and in how many files at most.
LIBRARIES = {
    r"sqlite3": (["fetchd/store/"], None),
    r"curl/": (["fetchd/transfer/"], None),
    r"systemd/": (["fetchd/service", "fetchd/journal"], None),
    r"jansson": (["wire/", "fetchd/control/", "fetchctl/"], None),
    r"openssl/": (["fetchd/"], 2),
    r"libsmartcols": (["fetchctl/"], 1),
    r"(curses|term)\.h": (["fetchctl/top/screen"], 1),
    r"ini\.h": (["fetchd/config"], 1),
    r"event2/": (["base/mailbox", "fetchd/control/", "fetchd/engine/", "fetchd/transfer/", "fetchd/"], None),
}
# --version names them all.
VERSIONS = "fetchd/versions.c"
# The event loop is nobody's business in these, though they are under fetchd/.
NO_LOOP = ("fetchd/store/", "fetchd/disk/", "fetchd/config")


def room_of(path):
    return max((room for room in ROOMS if path.startswith(room + "/")), key=len, default=None)


def allowed(room, header):
    if header == "config.h":
        return True
    target = room_of(header)
    return target == room or any(header == one or header.startswith(one + "/") for one in ROOMS[room])


def check_own(path, number, header):
    inside = tree.name(path)[len("src/"):]
    room = room_of(inside)
    if room is None:
        tree.finding(path, number, "a file outside every room")
    elif header != "config.h" and not (tree.ROOT / "src" / header).exists():
        tree.finding(path, number, f'"{header}": not a path from src/')
    elif not allowed(room, header):
        tree.finding(path, number, f'{room} may not include "{header}"')


def check_library(path, number, header, users):
    inside = tree.name(path)[len("src/"):]
    for pattern, (places, _) in LIBRARIES.items():
        if not re.match(pattern, header) or inside == VERSIONS:
            continue
        users.setdefault(pattern, set()).add(inside)
        if not inside.startswith(tuple(places)) or (pattern == r"event2/" and inside.startswith(NO_LOOP)):
            tree.finding(path, number, f"<{header}> is for {', '.join(places)} only")


def main():
    users, seen = {}, 0
    for path in tree.files("src", ".c", ".h", ".def"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not found:
                continue
            seen += 1
            if found.group(1) == '"':
                check_own(path, number, found.group(2))
            else:
                check_library(path, number, found.group(2), users)
    for pattern, (_, most) in LIBRARIES.items():
        if pattern not in users:
            tree.complain(f"<{pattern}> is used nowhere: the rule or the code is out of date")
        elif most and len(users[pattern]) > most:
            tree.complain(f"<{pattern}> is seen in {len(users[pattern])} files, {most} allowed: {sorted(users[pattern])}")
    if seen < 200:
        tree.complain(f"only {seen} includes found: is {tree.ROOT} the tree?")
    tree.end()


main()
