# SPDX-License-Identifier: MIT
"""What is measured, what it may cost, and the tables that say so.

A result is (value, unit), or (None, reason) when it was tried and did not work.
"""
import os
import re

RUNS = {"share": "calf", "cow": "fork=cow", "eager": "fork=eager", "linux": "Linux",
        "thp": "Linux, huge pages"}
SIZES = ["tiny", "1m", "16m", "64m", "256m", "1g", "4g", "16g"]
BIG = {"4g", "16g"}  # measured on the big machine
TINY_BYTES = 256 << 10  # where a tiny process stands in a plot


def size_words(size):
    return "tiny process" if size == "tiny" else f"{size[:-1]} {size[-1].upper()}iB"


class Metric:
    """One row: its name in bench.c, the machine that measures it, and what is told of it."""

    def __init__(self, name, label, target=None, boot="main", short=False, unit="", of=""):
        self.name, self.label, self.target, self.boot = name, label, target, boot
        self.short = short  # also in README.md
        self.unit = unit
        self.full = of + label  # where the heading is not near


def metric_sizes(prefix, of, targets, short, sizes=SIZES, unit=""):
    return [Metric(prefix + size, size_words(size), targets.get(size),
                   "big" if size in BIG else "main", size in short, unit, of + ", ")
            for size in sizes]


M = Metric
GROUPS = {
    "fork(), from the call to its return in the parent, over what that has touched": metric_sizes(
        "fork-", "fork()", {"tiny": 8000, "1g": 8000, "16g": 8000}, {"tiny", "1m", "1g", "16g"})
    + [M("fork-flat", "16 GiB over 1 MiB, times", 1.5, "big", True, "times",
         "fork(), ")],
    "fork + exit of the child + wait, over what the parent has touched": metric_sizes(
        "fork-wait-", "fork + exit + wait", {"tiny": 30000, "1g": 40000}, {"tiny", "1g", "16g"}),
    "After fork: what is paid where somebody goes": [
        M("child-read", "child reads every page of 1 GiB, per page", 30, short=True),
        M("child-read-total", "fork, child reads all of 1 GiB, exit, wait"),
        M("child-write-spread", "fork, child writes 1 % of 1 GiB spread evenly, exit, wait",
          15000000, short=True),
        M("child-write-cluster", "fork, child writes 1 % of 1 GiB in a row, exit, wait"),
        M("child-write-all", "fork, child writes all of 1 GiB, exit, wait", short=True),
        M("parent-write", "parent writes all of 256 MiB, child lives, per page", 1600, short=True),
        M("parent-write-sole", "parent writes all of 256 MiB, child has gone, per page", 300,
          short=True),
        M("parent-worst", "parent's worst single write after fork, 1 GiB", short=True),
        M("snapshot", "map and write 1 GiB, fork, child writes 1 %, exit, wait, unmap",
          short=True)],
    "Memory of an idle child, KiB, over what its parent has touched": metric_sizes(
        "idle-", "idle child", {"tiny": 40, "1g": 40}, {"tiny", "1g"}, SIZES[:-1], "KiB")
    + [M("many-1000", "each of 1,000 idle children of a 1 GiB parent", None, "many", True, "KiB"),
       M("many-10000", "each of 10,000, on a machine of 4 GiB", "works", "many", True, "KiB"),
       M("many-10000-lost", "memory not back after 10,000 have gone", 0, "many", True, "KiB")],
    "Thousands of children of a 1 GiB parent": [
        M("many-1000-cost", "from fork to idle, each of 1,000", None, "many",
          of="children of 1 GiB, "),
        M("many-10000-cost", "from fork to idle, each of 10,000", None, "many",
          of="children of 1 GiB, "),
        M("many-10000-exit", "exit and wait, each of 10,000", None, "many",
          of="children of 1 GiB, ")],
    "Programs": [
        M("fork-exec", "fork + exec + wait, static glibc", 120000, short=True),
        M("vfork-exec", "vfork + exec + wait", 100000, short=True),
        M("posix-spawn", "posix_spawn + wait")],
    "Single operations": [
        M("null-call", "null system call", 130, short=True),
        M("fault-zero", "first touch of a page (zero fill)", 1100, short=True),
        M("fault-copy", "write fault that copies", 1600, short=True),
        M("fault-sole", "write fault of the sole owner", 350, short=True),
        M("pipe-pingpong", "pipe ping-pong", 3000, short=True),
        M("pipe-kib", "pipe, each KiB moved", 600, short=True),
        M("context-switch", "context switch", short=True),
        M("mmap-munmap", "mmap + munmap of an untouched page"),
        M("prompt", "kernel start to shell prompt, ms of guest time", 1000, "prompt", True, "ms")],
    "fork + exit + wait on several harts at once, times the rate of one "
    f"(by a host with {os.cpu_count()} processors)": [
        M("harts-2", "2 harts", None, "harts", True, "times", "fork from "),
        M("harts-4", "4 harts", None, "harts", True, "times", "fork from ")],
}
METRICS = {metric.name: metric for group in GROUPS.values() for metric in group}
METRICS.pop("fork-flat")  # computed here
HIDDEN = re.compile(r"harts-1$")
SKIPPED = re.compile(r"the host lacks")
NO_ROOM = re.compile(r"Cannot allocate memory|killed by signal 9|MiB are left|were killed")


def derive(results):
    """What is computed from other figures."""
    for found in results.values():
        if "fork-1m" in found and "fork-16g" in found:
            (small, _), (large, why) = found["fork-1m"], found["fork-16g"]
            found["fork-flat"] = (large / small, "times") if large else (None, why)


def number(value):
    if value >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}"


def cell(result):
    if not result:
        return "–"  # not measured
    value, word = result
    if value is None:
        if SKIPPED.search(word):
            return "skipped"
        return "does not fit" if NO_ROOM.search(word) else "fails"
    return number(value)


def is_missed(metric, result):
    if metric.target is None or not result or cell(result) == "skipped":
        return False
    return result[0] is None or (metric.target != "works" and result[0] > metric.target)


def goal(metric, result):
    """The target, and whether calf missed it."""
    if metric.target is None:
        return ""
    text = metric.target if metric.target == "works" else "≤ " + number(metric.target)
    return text + (" (missed)" if is_missed(metric, result) else "")


def ratio(metric, calf, linux):
    """How often calf's cost Linux's is; nothing for what is a ratio already."""
    if metric.unit == "times" or not calf or not linux or not calf[0] or not linux[0]:
        return ""
    times = linux[0] / calf[0]
    return f"{times:,.0f}" if times >= 100 else f"{times:.1f}" if times >= 0.1 else f"{times:.2f}"


def rows(results, short):
    """[(heading, [[label, target, a cell for each run, Linux / calf]])], what was measured."""
    tables = []
    for heading, metrics in GROUPS.items():
        table = []
        for metric in metrics:
            found = [results.get(run, {}).get(metric.name) for run in RUNS]
            if any(found) and (metric.short or not short):
                table.append([metric.label, goal(metric, found[0]), *map(cell, found),
                              ratio(metric, found[0], found[3])])
        if table:
            tables.append((heading, table))
    return tables


def head():
    return ["target", *RUNS.values(), "Linux / calf"]


def print_tables(results):
    tables = rows(results, False)
    every = [["", *head()]] + [row for _, table in tables for row in table]
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))]

    def line(row):
        return "  ".join(text.ljust(width) if not column else text.rjust(width)
                         for column, (text, width) in enumerate(zip(row, widths))).rstrip()

    print(line(every[0]))
    for heading, table in tables:
        print("\n" + heading)
        print("\n".join(map(line, table)))


def markdown(results, short):
    """README.md: one table, a line for each group; docs/benchmarks.md: one table per group."""
    out, columns = [], len(RUNS) + 2
    begin = lambda first: (f"| {first} | " + " | ".join(head()) + " |\n|---|"
                           + "---:|" * columns)
    if short:
        out.append(begin(""))
    for heading, table in rows(results, short):
        out.append(f"| **{heading}** |" + " |" * columns if short
                   else f"\n## {heading}\n\n" + begin(""))
        out += ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join(out) + "\n"


def reasons(results):
    """Why figures are missing: one line for each run and cause."""
    causes = {}
    for run, label in RUNS.items():
        for name, (value, why) in results.get(run, {}).items():
            if value is None and name in METRICS:
                causes.setdefault((label, why), []).append(METRICS[name].full)
    return [f"{label}: {'; '.join(what)}: {why}" for (label, why), what in causes.items()]


def misses(results):
    found = results.get("share", {})
    return [f"{metric.full}: {cell(found[metric.name])}, target {goal(metric, None)}"
            for group in GROUPS.values() for metric in group
            if is_missed(metric, found.get(metric.name))]


def series(results, prefix):
    """{run: [(bytes, value)]} of one measurement over the size of the process."""
    unit, curves = {"m": 20, "g": 30}, {}
    for run in RUNS:
        points = []
        for size in SIZES:
            value = results.get(run, {}).get(prefix + size, (None, ""))[0]
            if value:
                points.append((TINY_BYTES if size == "tiny" else int(size[:-1]) << unit[size[-1]],
                               value))
        if points:
            curves[run] = points
    return curves
