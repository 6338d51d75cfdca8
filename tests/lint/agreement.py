#!/usr/bin/python3
"""Code, manual pages, etc/fetchd.conf and the IDL name the same keys, options, verbs and methods."""
import json
import os
import re
import subprocess

import tree

OPTION = re.compile(r'OPTION\(\s*(\w+),\s*(\w+),\s*\w+,\s*\w+,\s*"([^"]*)",\s*"([^"]*)"')
HOOK_OPTION = re.compile(r'^HOOK_OPTION\(\s*(\w+),\s*\w+,\s*\w+,\s*"([^"]*)"', re.M)


def read(path):
    return (tree.ROOT / path).read_text()


def ask(program, *arguments):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([str(tree.BUILD / program), *arguments], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        tree.complain(f"{program} {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def same(what, left, right):
    """right maps a place's name to the set it holds; all must equal left."""
    for place, names in right.items():
        for missing in sorted(left - names):
            tree.complain(f"{what} {missing} is not in {place}")
        for surplus in sorted(names - left):
            tree.complain(f"{what} {surplus} of {place} does not exist")


def items(page, pattern):
    """What the .It lines of a page's source name."""
    found = set()
    for line in read(f"man/{page}").splitlines():
        if line.startswith(".It "):
            found |= set(re.findall(pattern, line))
    return found


def conf_keys(text):
    """{Section.Key: value} of etc/fetchd.conf, where every key stands commented with its default. A hook is a comment as a whole."""
    keys, section = {}, None
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(\w+)\]|#\[(Hook) NAME\]", line):
            section = found.group(1) or found.group(2)
        elif found := re.fullmatch(r"#(\w+)=(.*)", line):
            keys[f"{section}.{found.group(1)}"] = found.group(2)
    return keys


def check_keys():
    table = OPTION.findall(read("src/fetchd/options.def"))
    hooks = [("Hook", key, value, value) for key, value in HOOK_OPTION.findall(read("src/fetchd/options.def"))]
    table += hooks
    keys = {f"{section}.{key}" for section, key, *_ in table}
    conf = conf_keys(read("etc/fetchd.conf"))
    same("key", keys, {"etc/fetchd.conf": set(conf)})
    for section, key, system, user in table:
        if conf.get(f"{section}.{key}", system) not in (system, user):
            tree.complain(f"{section}.{key} is {conf[f'{section}.{key}']} in etc/fetchd.conf, {system or 'empty'} in the code")
    same("key", {key for _, key, *_ in table}, {"fetchd.conf.5": items("fetchd.conf.5", r"\b([A-Z][A-Za-z]+)\s*=")})
    printed = set(re.findall(r"^#?\s*(\w+)=", ask("fetchd", "--user", "--config", "/dev/null", "-o", "Hook x.Command=/bin/true",
                                                    "--print-config"), re.M))
    same("key", {key for _, key, *_ in table}, {"fetchd --print-config": printed})
    if len(keys) < 20 or len(hooks) < 10:
        tree.complain(f"only {len(keys)} keys found in options.def, {len(hooks)} of hooks")


def check_fetchd_options():
    words = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", ask("fetchd", "--help")))
    same("option", words, {"fetchd.8": {"-" + flag.replace("\\-", "-") for flag in items("fetchd.8", r"\bFl ([\w\\-]+)")}})


def check_fetchctl():
    listed = [line.split() for line in ask("fetchctl", "--list-options").splitlines()]
    verbs = {words[0] for words in listed if not words[0].startswith("-")}
    options = {word for words in listed for word in words if word.startswith("-")}
    page = {"-" + flag.replace("\\-", "-") for flag in items("fetchctl.1", r"\bFl ([\w\\-]+)")}
    same("option", options, {"fetchctl.1": page})
    same("verb", verbs, {"fetchctl.1": items("fetchctl.1", r"\bCm ([a-z]+)")})
    text = ask("fetchctl", "--help")
    for verb in verbs:
        if not re.search(rf"^\s+{verb}\b", text, re.M):
            tree.complain(f"verb {verb} is not in fetchctl --help")
        help_text = ask("fetchctl", verb, "--help")
        if "usage" not in help_text.lower() or verb not in help_text:
            tree.complain(f"fetchctl {verb} --help does not show its usage")
    if len(verbs) < 14 or len(options) < 40:
        tree.complain(f"only {len(verbs)} verbs and {len(options)} options found")


def check_columns():
    """--columns=help of each verb that shows rows, and the lists of fetchctl(1)."""
    page, listed = read("man/fetchctl.1"), {}
    for verb in ("list", "status", "hosts", "group", "limit"):
        for block in ask("fetchctl", verb, "--columns=help").strip().split("\n\n"):
            title, *lines = block.splitlines()
            listed[title.rstrip(":")] = {line.split()[0] for line in lines}
    told = {title: set(re.findall(r"^\.It Li (\S+)", text, re.M))
            for title, text in re.findall(r"^\.Ss (Columns of \w+)\n(.*?)^\.El", page, re.M | re.S)}
    for title, names in listed.items():
        same(title, names, {"fetchctl.1": told.get(title, set())})
    if len(listed) < 5:
        tree.complain(f"only {len(listed)} lists of columns found")


def check_protocol():
    idl = read("src/wire/io.fetchd.Manager.varlink")
    for kind, least in (("method", 10), ("error", 5), ("type", 5)):
        names = set(re.findall(rf"^{kind} (\w+)", idl, re.M))
        text = read("man/fetchd-varlink.7")
        for name in sorted(names):
            if not re.search(rf"\b{name}\b", text):
                tree.complain(f"{kind} {name} is not in fetchd-varlink.7")
        if len(names) < least:
            tree.complain(f"only {len(names)} {kind}s found in the IDL")
    same("method", set(re.findall(r"^method (\w+)", idl, re.M)),
         {"fetchd-varlink.7": items("fetchd-varlink.7", r"\b(?:Fn|Ic|Cm) ([A-Z]\w+)") - set(re.findall(r"^(?:error|type) (\w+)", idl, re.M))})


# What a dashboard of curves has no panel for: settings, states that alerts are for.
UNSHOWN = {"fetchd_build", "fetchd_limit_user_jobs", "fetchd_limit_user_disk_bytes", "fetchd_draining", "fetchd_schedule_stopped",
           "fetchd_network_up", "fetchd_database_full", "fetchd_workers", "fetchd_watchdog_pings", "process_virtual_memory_bytes"}


def check_metrics():
    """Each family has its item in fetchd(8), by the name of its samples; the dashboard shows nothing that is not there."""
    table = re.findall(r"^FAMILY\((\w+), (\w+),", read("src/fetchd/metrics/families.def"), re.M)
    suffix = {"COUNTER": "_total", "INFO": "_info"}
    same("metric", {name + suffix.get(kind, "") for kind, name in table},
         {"fetchd.8": items("fetchd.8", r"\bLi ((?:fetchd|process)_\w+)")})
    samples = set()
    for kind, name in table:
        samples |= {name + end for end in ("_bucket", "_count", "_sum")} if kind == "HISTOGRAM" else {name + suffix.get(kind, "")}
    dashboard = json.loads(read("etc/grafana/fetchd.json"))
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    shown = set(re.findall(r"\b(?:fetchd|process)_\w+", "\n".join(targets)))
    for name in sorted(shown - samples):
        tree.complain(f"etc/grafana/fetchd.json shows {name}, which the program does not tell")
    for kind, name in table:
        if name not in UNSHOWN and not shown & {name + end for end in ("", "_total", "_bucket")}:
            tree.complain(f"etc/grafana/fetchd.json does not show {name}")
    alerts = set(re.findall(r"\b(?:fetchd|process)_\w+", read("doc/administration.md")))
    for name in sorted(alerts - samples):
        tree.complain(f"doc/administration.md speaks of {name}, which the program does not tell")
    if len(table) < 30 or len(shown) < 15:
        tree.complain(f"only {len(table)} metrics found, {len(shown)} in the dashboard")


check_keys()
check_fetchd_options()
check_fetchctl()
check_columns()
check_protocol()
check_metrics()
tree.end()
