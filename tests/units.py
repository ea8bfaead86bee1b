# SPDX-License-Identifier: MIT
"""The kinds of tests. A unit is what one process runs; it reports one result per name.

unit.names   what it is asked to run (the caller may shorten the list)
unit.cost    rough seconds, so that long ones start first
unit.run(add) calls add(name, "ok" | "failed" | "skip", why, lines) once for each name
"""
import difflib
import fnmatch
import glob
import hashlib
import os
import re
import subprocess
import tempfile

import console
from boots import BOOTS
from guest import Guest

CACHE = os.environ.get("CALF_CACHE", ".cache")
LOGS = "build/test-logs"
other_kernel = None  # run the guests on this one instead
REBOOTS = 12  # a machine that died is started again for the tests that it still owed


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def header(path, key):
    """The words after `// key:` near the top of a source, or None."""
    with open(path, encoding="utf-8") as file:
        for line in file.readlines()[:30]:
            found = re.match(rf"\s*(?://|\*|/\*|#) {key}: *(.*?)(?:\*/)?\s*$", line)
            if found:
                return found[1].split()
    return None


def keep_log(name, lines):
    os.makedirs(LOGS, exist_ok=True)
    path = os.path.join(LOGS, name + ".log")
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def fresh_log(name):
    path = os.path.join(LOGS, name + ".log")
    if os.path.exists(path):
        os.unlink(path)


def command(args, limit, **kw):
    """Returns (status, lines of output); a status of None means that the time was over."""
    try:
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=limit, **kw)
        return done.returncode, done.stdout.decode(errors="replace").splitlines()
    except subprocess.TimeoutExpired as error:
        return None, (error.stdout or b"").decode(errors="replace").splitlines()


class Lint:
    cost = 5

    def __init__(self, name):
        self.names, self.lint = [f"check/{name}"], name

    def run(self, add):
        status, lines = command([f"tools/lint-{self.lint}"], 120)
        if status == 77:
            add(self.names[0], "skip", lines[-1])
        else:
            add(self.names[0], "ok" if status == 0 else "failed", "", lines[:20])


class Host:
    cost = 30

    def __init__(self, path):
        self.names, self.binary = [f"host/{stem(path)}"], f"build/host/{stem(path)}"

    def run(self, add):
        status, lines = command([self.binary], 300)
        why = {0: "", None: "no end within 300 s"}.get(status, f"status {status}")
        add(self.names[0], "failed" if why else "ok", why, lines[-40:])


class Model:
    """A Promela model and what a full search of it must say: `// expect: pass` or `fail`."""
    cost = 10

    def __init__(self, path):
        self.names, self.path = [f"model/{stem(path)}"], os.path.abspath(path)

    def run(self, add):
        name = self.names[0]
        expect = header(self.path, "expect")
        if not expect or expect[0] not in ("pass", "fail"):
            return add(name, "failed", "no line `// expect: pass` or `// expect: fail`")
        flags = header(self.path, "spin") or []
        with tempfile.TemporaryDirectory() as work:
            _, lines = command(["spin", "-run", *flags, self.path], 300, cwd=work)
        text = "\n".join(lines)
        found = re.search(r"errors: (\d+)", text)
        if not found or "max search depth too small" in text or "out of memory" in text:
            return add(name, "failed", "the search was not complete", lines[-20:])
        verdict = "pass" if found[1] == "0" else "fail"
        if verdict == expect[0]:
            return add(name, "ok")
        return add(name, "failed", f"expected to {expect[0]}, but errors: {found[1]}", lines[-25:])


class Boot:
    """All chosen programs of tests/boot in one run of a machine (more when it dies)."""
    cost = 200

    def __init__(self, boot, programs, seed):
        self.boot, self.seed = boot, seed
        self.names = [f"boot/{name}@{boot}" for name in programs]
        self.kernel, self.cpus, self.mem, self.words, _ = BOOTS[boot]

    def run(self, add):
        fresh_log("boot@" + self.boot)
        owed = [name[len("boot/"):].rsplit("@", 1)[0] for name in self.names]
        for _ in range(REBOOTS):
            owed = self._one_run(add, owed)
            if not owed:
                return
        for name in owed:
            add(self._full(name), "failed", "not run: the machine died too often")

    def _full(self, name):
        return f"boot/{name}@{self.boot}"

    def _one_run(self, add, owed):
        """Boot for the programs still owed; returns those owed after it."""
        results, state = {}, {"now": None}

        def follow(line):
            found = re.match(r"(ok|not ok) \d+ - (\S+)(?: # ?(.*))?$", line)
            if found and found[2] in owed and found[2] not in results:
                results[found[2]] = (found[1], found[3] or "")
                self._report(add, guest, found[2], *results[found[2]])
                state["now"] = None
            elif line.startswith("# run "):
                state["now"] = line[6:].strip()

        only = ",".join(owed)
        words = f"testmode=boot testseed={self.seed} {self.words}"
        words += f" seed={self.seed}" if self.cpus > 1 else ""
        if len(owed) < len(programs("boot")) and len(only) < 1500:
            words += " test=" + only
        guest = Guest(other_kernel or self.kernel, "build/test.cpio", f"quiet rdinit=/tests/run {words}",
                      self.cpus, self.mem, icount=self.cpus == 1)
        guest.boot(follow)
        log = keep_log("boot@" + self.boot, guest.lines)
        left = [name for name in owed if name not in results]
        if not left:
            if guest.end != "off":
                add(self._full(owed[-1]), "failed", f"all passed, but the end was: {guest.end}",
                    guest.tail())
            return []
        culprit = state["now"]
        if culprit in left:
            add(self._full(culprit), "failed", f"{guest.end} (console in {log})", guest.tail())
            left.remove(culprit)
        elif not results:  # died before the tests: it would do so again
            for name in left:
                last = name == left[-1]
                add(self._full(name), "failed", f"{guest.end} (console in {log})",
                    guest.tail() if last else ())
            return []
        return left

    def _report(self, add, guest, name, verdict, why):
        if why.startswith("SKIP"):
            return add(self._full(name), "skip", why[5:])
        lines = guest.tail(60)
        start = max((i for i, line in enumerate(lines) if line == "# run " + name), default=0)
        return add(self._full(name), "ok" if verdict == "ok" else "failed", why,
            lines[start + 1:])


class Oracle:
    """Programs of tests/abi: what they print here must be what they print on Linux.

    Linux's answers are kept in .cache/oracle under a hash of the program and the kernel, so
    that each is asked for once.
    """
    cost = 150

    def __init__(self, names):
        self.names = [f"abi/{name}" for name in names]

    def run(self, add):
        fresh_log("abi")
        owed = [name[len("abi/"):] for name in self.names]
        expected = self._expected(owed)
        for name in [name for name in owed if name not in expected]:
            add(f"abi/{name}", "failed", "Linux gave no answer (build/test-logs/oracle.log)")
        owed = [name for name in owed if name in expected]
        for _ in range(REBOOTS):
            got, guest, culprit = frames(other_kernel or "build/debug/calf", owed, "abi")
            for name in [name for name in owed if name in got]:
                self._compare(add, name, expected[name], got[name])
            owed = [name for name in owed if name not in got]
            if not owed:
                return
            name = culprit if culprit in owed else owed[0]
            add(f"abi/{name}", "failed", guest.end, guest.tail())
            owed.remove(name)
            if not culprit:
                break
        for name in owed:
            add(f"abi/{name}", "failed", "not run: the machine died")

    @staticmethod
    def _compare(add, name, expected, got):
        diff = list(difflib.unified_diff(expected, got, "Linux", "calf", "", "", 1, ""))
        add(f"abi/{name}", "failed" if diff else "ok", "differs" if diff else "", diff[:30])

    @staticmethod
    def _key(name):
        digest = hashlib.sha256()
        for path in (f"build/root/tests/abi/{name}", "build/linux/.linux.version",
                     "build/root/tests/boot/run", "tools/guest.py"):
            with open(path, "rb") as file:
                digest.update(file.read())
        return os.path.join(CACHE, "oracle", f"{name}-{digest.hexdigest()[:20]}")

    def _expected(self, names):
        keys = {name: self._key(name) for name in names}
        missing = [name for name in names if not os.path.exists(keys[name])]
        os.makedirs(os.path.join(CACHE, "oracle"), exist_ok=True)
        if missing:
            fresh_log("oracle")
            got, _, _ = frames("build/linux/vmlinux", missing, "oracle")
            for name in set(got) & set(missing):
                with open(keys[name], "w", encoding="utf-8") as file:
                    file.write("\n".join(got[name]))
        answers = {}
        for name in names:
            if os.path.exists(keys[name]):
                with open(keys[name], encoding="utf-8") as file:
                    answers[name] = file.read().split("\n")
        return answers


def frames(kernel, names, log):
    """Run programs of tests/abi: returns ({name: lines}, the guest, the one in progress)."""
    words = "quiet loglevel=1 rdinit=/tests/run testmode=abi testseed=1"
    only = ",".join(names)
    if len(names) < len(programs("abi")) and len(only) < 800:
        words += " test=" + only
    # icount: time passes with instructions, so that a busy host changes no answer
    guest = Guest(kernel, "build/test.cpio", words, cpus=1, icount=True).boot()
    keep_log(log, guest.lines)
    got, current = {}, None
    for line in guest.lines:
        if line.startswith("==== end of "):
            continue
        found = re.match(r"==== (\S+)( .*)?$", line)
        if found and not found[2]:
            current = found[1]
            got[current] = []
        elif current:
            got[current].append(line if not found else found[2].strip())
            current = None if found and found[1] == current else current
    if current:
        del got[current]
    return got, guest, current


class Console:
    """A script of tests/console: somebody at the keyboard of the real system."""
    cost = 20

    def __init__(self, path):
        self.names, self.path = [f"console/{stem(path)}"], path

    def run(self, add):
        name = "console-" + stem(self.path)
        why, text = console.play(self.path, other_kernel or "build/calf", "build/initrd.cpio")
        fresh_log(name)
        log = keep_log(name, text.split("\n"))
        lines = text.rstrip("\n").split("\n")[-25:]
        add(self.names[0], "failed" if why else "ok", why and f"{why} (console in {log})", lines)


class Mutants:
    cost = 100

    def __init__(self, names):
        self.names = [f"mutant/{name}" for name in names]

    def run(self, add):
        chosen = [name[len("mutant/"):] for name in self.names]
        status, lines = command(["tests/mutants/run", "--jobs", "1", "--tap", *chosen], 1200)
        results = {}
        for line in lines:
            found = re.match(r"(ok|not ok) \d+ - (\S+)(?: # (.*))?", line)
            if found:
                results[found[2]] = (found[1], found[3] or "")
        for name in chosen:
            verdict, why = results.get(name, ("not ok", f"no verdict (status {status})"))
            add(f"mutant/{name}", "ok" if verdict == "ok" else "failed", why, lines[-20:]
                if verdict != "ok" else ())


def programs(kind):
    sources = glob.glob(f"tests/{kind}/*.c") + glob.glob(f"tests/{kind}/*.sh")
    return sorted(name for name in map(stem, sources) if name != "run")


def boots_of(name):
    asked = header(glob.glob(f"tests/boot/{name}.*")[0], "boots")
    return asked or [boot for boot, row in BOOTS.items()
                     if any(fnmatch.fnmatch(name, pattern) for pattern in row[4])]


def collect(seed, cpus, n_mutants, everything):
    """All units; `everything` lists each mutant instead of a sample."""
    units = [Lint(name[len("tools/lint-"):]) for name in sorted(glob.glob("tools/lint-*"))]
    units += [Host(path) for path in sorted(glob.glob("tests/host/*.c"))]
    units += [Model(path) for path in sorted(glob.glob("tests/models/*.pml"))]
    for boot, row in BOOTS.items():
        chosen = [name for name in programs("boot") if boot in boots_of(name)]
        if chosen and (not cpus or str(row[1]) in cpus.split(",")):
            units.append(Boot(boot, chosen, seed))
    if programs("abi"):
        units.append(Oracle(programs("abi")))
    units += [Console(path) for path in sorted(glob.glob("tests/console/*.txt"))]
    mutants = sorted(map(stem, glob.glob("tests/mutants/*.patch")))
    if not everything and mutants:
        step = max(1, len(mutants) // max(1, n_mutants))
        mutants = mutants[seed % step::step][:n_mutants]
    if mutants and (n_mutants or everything):
        units.append(Mutants(mutants))
    return units
