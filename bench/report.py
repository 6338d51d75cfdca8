"""Medians and ratios, as text or as Markdown."""

import os
import platform
import statistics
import subprocess


class Table:
    """Rows of text cells. The first column is aligned left, the rest right."""

    def __init__(self, *head):
        self.head = head
        self.rows = []

    def add(self, *cells):
        self.rows.append(cells)

    def text(self):
        lines = [self.head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        return "\n".join(
            "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
            for line in lines
        )

    def markdown(self):
        rule = ["---"] + ["---:"] * (len(self.head) - 1)
        return "\n".join("| " + " | ".join(line) + " |" for line in [self.head, rule, *self.rows])


def median(values):
    return statistics.median(list(values))


def mib(kib):
    return f"{kib / 1024:.1f}"


def failure_cell(outcomes):
    """A tool with a failed run has no figures: which, and why."""
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    return f"failed {len(failures)} of {len(outcomes)}: {failures[0]}" if failures else None


def usage_cells(usages):
    seconds = [usage.seconds for usage in usages]
    return (f"{median(seconds):.3f}", f"{min(seconds):.3f}–{max(seconds):.3f}",
            f"{median(usage.cpu for usage in usages):.2f}", mib(median(usage.peak_kib for usage in usages)))


def fastest_peer(results):
    """Median seconds of the fastest tool that is not fetchd, or None."""
    medians = [
        median(sample.usage.seconds for sample in outcomes)
        for name, outcomes in results.items()
        if name != "fetchd" and not failure_cell(outcomes)
    ]
    return min(medians, default=None)


def fetch_table(results):
    """results: tool name → outcomes (Sample or exception)."""
    table = Table("tool", "median s", "range s", "× fastest peer", "CPU s", "peak MiB", "then sync s", "at once")
    best = fastest_peer(results)
    for name, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(name, failed, "", "", "", "", "", "")
            continue
        seconds, spread, cpu, peak = usage_cells([sample.usage for sample in outcomes])
        ratio = f"{float(seconds) / best:.2f}" if best else "–"
        at_once = max(sample.peak_at_once for sample in outcomes)
        table.add(name, seconds, spread, ratio, cpu, peak, f"{median(sample.sync for sample in outcomes):.2f}",
                  str(at_once) if at_once else "–")
    return table


def add_table(results, floor):
    """results: title → outcomes (AddSample or exception)."""
    table = Table("adds", "jobs", "median s", "range s", "adds/s", "CPU s", "peak MiB")
    for title, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(title, "", failed, "", "", "", "")
            continue
        seconds, spread, cpu, peak = usage_cells([sample.usage for sample in outcomes])
        jobs = outcomes[0].adds
        table.add(title, f"{jobs:,}", seconds, spread, f"{jobs / float(seconds):,.0f}", cpu, peak)
    table.add("the disk alone: 4 KiB and fdatasync", "", "", "", f"{median(floor):,.0f}", "", "")
    return table


def idle_table(results):
    """results: title → outcomes (IdleSample or exception)."""
    table = Table("daemon", "RSS MiB", "CPU %", "wake-ups/s")
    for title, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(title, failed, "", "")
            continue
        table.add(title, mib(median(sample.rss_kib for sample in outcomes)),
                  f"{100 * median(sample.cpu for sample in outcomes):.2f}",
                  f"{median(sample.wakeups for sample in outcomes):.1f}")
    return table


def rate_table(results):
    """results: title → outcomes (RateSample or exception)."""
    table = Table("limit", "of the limit", "range", "most : least", "worst", "slowest ping ms")
    for title, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(title, failed, "", "", "", "")
            continue
        ratios, spreads = [sample.ratio for sample in outcomes], [sample.spread for sample in outcomes]
        table.add(title, f"{100 * median(ratios):.1f} %", f"{100 * min(ratios):.1f}–{100 * max(ratios):.1f} %",
                  f"{median(spreads):.2f}", f"{max(spreads):.2f}", f"{max(s.ping_ms for s in outcomes):.1f}")
    return table


def hook_table(results):
    """results: title → outcomes (Sample or exception)."""
    table = Table("work", "median s", "range s", "CPU s", "then sync s")
    for title, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(title, failed, "", "", "")
            continue
        seconds, spread, cpu, _ = usage_cells([sample.usage for sample in outcomes])
        table.add(title, seconds, spread, cpu, f"{median(sample.sync for sample in outcomes):.2f}")
    return table


def load_table(results):
    """results: title → outcomes (LoadSample or exception)."""
    table = Table("meanwhile", "ping ms, median", "99 %", "slowest", "of the limit", "1,000 files s")
    for title, outcomes in results.items():
        failed = failure_cell(outcomes)
        if failed:
            table.add(title, failed, "", "", "", "")
            continue
        pings = sorted(ping for sample in outcomes for ping in sample.pings_ms)
        table.add(title, f"{median(pings):.2f}", f"{pings[len(pings) * 99 // 100]:.2f}", f"{pings[-1]:.2f}",
                  f"{100 * median(sample.ratio for sample in outcomes):.1f} %",
                  f"{median(sample.small for sample in outcomes):.2f}")
    return table


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def machine(folder, versions):
    """One paragraph on where the figures come from."""
    done = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", folder], capture_output=True, text=True, check=True)
    tools = ", ".join(f"{name} {version}" for name, version in versions)
    return (f"{len(os.sched_getaffinity(0))} CPUs ({cpu_model()}), Linux {platform.release()}, "
            f"{done.stdout.strip()} in {os.path.dirname(folder)}; {tools}.")


class Printer:
    """Prints tables as they get ready."""

    def __init__(self, markdown):
        self.markdown = markdown

    def title(self, text):
        """Only in Markdown: there it begins a section of bench/README.md."""
        if self.markdown:
            print(f"## {text}", end="\n\n", flush=True)

    def paragraph(self, text):
        print(text, end="\n\n", flush=True)

    def section(self, title, target, table):
        head = f"{title}" + (f" (to reach: {target})" if target else "")
        print(f"### {head}\n" if self.markdown else head)
        print(table.markdown() if self.markdown else table.text(), end="\n\n", flush=True)
