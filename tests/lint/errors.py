#!/usr/bin/python3
"""fetchd-errors(7) lists the codes that the sources give, each once, and the HTTP statuses as classify.c judges them."""
import re

import tree

CODE = re.compile(r'"(E_[A-Z0-9_]+)"')
# A list of statuses in the page: its heading, and the rulings in classify.c that it stands for.
STATUSES = {
    "tried again": {"TRANSIENT"},
    "tried again , and all jobs of the host wait": {"COOL_DOWN"},
    "tried again once": {"RETRIES(1)"},
    "tried again up to three times": {"RETRIES(3)"},
    "tried again after 15 minutes and more": {"SLOW(15)"},
    "begun anew": {"RESTART"},
    "failed": {"PERMANENT"},
}
# The table that gives each code of an attempt its class for metrics.
CLASSES = "src/job/failure.c"
SECTIONS = ("Network", "Encryption", "Answers of servers", "File", "Disk", "The daemon and its machine")
LATER = "tried again when the answer says how long to wait"


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def given():
    """{code: a place that gives it}; E_HTTP_nnn apart, which are made by a macro."""
    found = {}
    for path in tree.files("src", ".c", ".h", ".def"):
        if tree.name(path) == CLASSES:
            continue
        for code in CODE.findall(without_comments(path.read_text())):
            found.setdefault(code, tree.name(path))
    return {code: place for code, place in found.items() if not re.fullmatch(r"E_HTTP_(\d+)?", code)}


def listed(page):
    return [code for line in page.splitlines() if line.startswith(".It ") for code in re.findall(r"\bE_[A-Z0-9_]+", line)]


def check_codes(page):
    codes, items = given(), listed(page)
    for code in sorted(set(codes) - set(items)):
        tree.complain(f"{code} of {codes[code]} is not in fetchd-errors.7")
    for code in sorted(set(items) - set(codes)):
        tree.complain(f"{code} of fetchd-errors.7 is given nowhere")
    for code in sorted({code for code in items if items.count(code) > 1}):
        tree.complain(f"{code} is listed twice in fetchd-errors.7")
    for code in sorted(set(re.findall(r"\bE_[A-Z0-9_]+", page)) - set(codes)):
        if not re.fullmatch(r"E_HTTP_(404)?", code):
            tree.complain(f"fetchd-errors.7 speaks of {code}, which is given nowhere")
    if len(codes) < 40:
        tree.complain(f"only {len(codes)} codes found: is {tree.ROOT} the tree?")


def rulings(table):
    """{ruling: statuses} of one table of classify.c, as far as their code is E_HTTP_nnn."""
    text = without_comments((tree.ROOT / "src/job/classify.c").read_text())
    body = re.search(rf"{table}\[\] = \{{(.*?)\n\}};", text, re.S)
    found = {}
    for status, ruling, code in re.findall(r"\{(\d+), \{([A-Z_]+(?:\([^)]*\))?), E_HTTP\((\d+)\)", body.group(1)):
        if status != code:
            tree.complain(f"status {status} has the code E_HTTP_{code}")
        found.setdefault(ruling, set()).add(int(status))
    return found


def statuses(page):
    """{heading: statuses} of the page's section."""
    section = re.search(r"^\.Ss Statuses of HTTP\n(.*?)^\.El\n", page, re.M | re.S).group(1)
    found = {}
    for heading, body in re.findall(r"^\.It Em (.*)\n((?:(?!\.It ).*\n)*)", section, re.M):
        # What stands in parentheses explains, and lists nothing.
        text = "".join(line for line in body.splitlines(True) if not line.startswith(".Pq"))
        found[heading] = {int(number) for number in re.findall(r"\b\d{3}\b", text)}
    return found


def check_statuses(page):
    table, lists = rulings("http_rows"), statuses(page)
    for heading, names in STATUSES.items():
        want = set().union(*(table.pop(name, set()) for name in names))
        if want != lists.get(heading) or not want:
            tree.complain(f'fetchd-errors.7, "{heading}": {sorted(lists.get(heading, set()) ^ want)} differ from classify.c')
    if table:
        tree.complain(f"classify.c judges statuses by {sorted(table)}, which have no list in fetchd-errors.7")
    later = set().union(*rulings("http_rows_later").values())
    if later != lists.get(LATER):
        tree.complain(f'fetchd-errors.7, "{LATER}": want {sorted(later)}')


def check_classes(page):
    """Every code that an attempt may end with has a class, and no other code does."""
    classed = CODE.findall(without_comments((tree.ROOT / CLASSES).read_text()))
    for code in sorted({code for code in classed if classed.count(code) > 1}):
        tree.complain(f"{code} is twice in {CLASSES}")
    wanted = set()
    for title, body in re.findall(r"^\.Ss (.*)\n((?:(?!\.S[sh] ).*\n)*)", page, re.M):
        if title in SECTIONS:
            wanted |= {code for code in listed(body) if not code.startswith("E_HTTP_") or code == "E_HTTP_UNEXPECTED"}
    prefixes = {code for code in classed if re.fullmatch(r"E_HTTP_\d?", code)}
    for code in sorted(wanted ^ (set(classed) - prefixes)):
        tree.complain(f"{code} is in {'fetchd-errors.7' if code in wanted else CLASSES} alone")


def main():
    page = (tree.ROOT / "man/fetchd-errors.7").read_text()
    check_codes(page)
    check_statuses(page)
    check_classes(page)
    tree.end()


main()
