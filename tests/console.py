# SPDX-License-Identifier: MIT
"""Tests that sit at the console: tests/console/NAME.txt, one step on a line.

    machine CPUS MEM [WORDS...]   the machine and more of its command line (first line, optional)
    want REGEX                    wait until this appears behind what was seen last
    never REGEX                   must not have appeared since the last `want`
    type TEXT                     type it, and Enter
    keys TEXT                     type it; ^C is Control-C, ^[ Escape, \\r Enter
    pause SECONDS                 do nothing for a while
    within SECONDS                for the next `want` (else 20)
    noise SEED COUNT              COUNT random keys and commands, then the shell must answer again
    end STATUS                    the machine powers off, and QEMU ends with this status

Lines that start with # are comments. The release kernel runs with the real initial file system.
"""
import os
import random
import re
import selectors
import shlex
import subprocess
import time

from guest import QEMU

PATIENCE = 20.0


NOISE_KEYS = [b"\x03", b"\x1a", b"\x1c", b"\x04", b"\x13", b"\x11", b"\x15", b"\x17", b"\x16", b"\x12",
              b"\x7f", b"\t", b"\033[A", b"\033[D", b"\033", b"q", b":q!\r", b"\r"]
NOISE_COMMANDS = [
    "sleep 1", "cat", "yes | head -500", "vi /tmp/x", "less /etc/profile", "top", "ps", "fg",
    "bg", "jobs", "kill %1", "find / -xdev | sort | tail -3", "(sleep 1; echo hi) &", "sh", "exit",
    "while true; do true; done", "cat | cat | cat", "stty -echo", "stty raw; sleep 0.1; stty -raw",
    "sleep 5 &", "wait", "cat /proc/*/maps >/dev/null", "cat /proc/*/status | tail -3", "read x",
    "for i in 1 2 3; do (true | true) & done", "stty tostop", "cat </dev/tty", "timeout 1 yes"]


class Failed(Exception):
    pass


def decode_keys(text):
    """^X to control characters, and C escapes."""
    text = re.sub(r"\^([@-_])", lambda found: chr(ord(found[1]) & 0x1f), text)
    return text.encode().decode("unicode_escape").encode("latin-1")


class Console:
    def __init__(self, kernel, initrd, cpus, mem, words):
        # no TERM and no size: what is printed does not depend on who runs the test
        self.qemu = subprocess.Popen(
            [QEMU, "-machine", "virt", "-smp", cpus, "-m", mem, "-display", "none", "-serial",
             "stdio", "-monitor", "none", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
             "-append", f"console=ttyS0 quiet {words}"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.text, self.seen, self.patience = "", 0, PATIENCE
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.qemu.stdout, selectors.EVENT_READ)

    def read(self, seconds):
        """One piece of output, if any comes in time. False at the end."""
        if not self.selector.select(seconds):
            return True
        data = os.read(self.qemu.stdout.fileno(), 65536)
        # the shell asks where the cursor is; nobody answers, and nobody wants to see it (the
        # question may come in two pieces)
        text = self.text[self.seen:] + data.decode(errors="replace").replace("\r", "")
        self.text = self.text[:self.seen] + text.replace("\033[6n", "")
        return bool(data)

    def want(self, regex):
        limit = time.monotonic() + self.patience
        self.patience = PATIENCE
        pattern = re.compile(regex, re.M)
        alive = True
        while True:
            found = pattern.search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return
            if not alive or time.monotonic() > limit:
                raise Failed(f"did not see {regex!r}" + ("" if alive else " before the end"))
            alive = self.read(max(0.0, limit - time.monotonic()))

    def never(self, regex):
        self.read(0)
        if re.search(regex, self.text[self.seen:], re.M):
            raise Failed(f"saw {regex!r}")

    def send(self, data):
        for byte in data:  # one by one: a burst would test the emulator's queue instead
            os.write(self.qemu.stdin.fileno(), bytes([byte]))
            if byte < 32:
                time.sleep(0.02)

    def listen(self, seconds):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and self.read(limit - time.monotonic()):
            pass

    def noise(self, seed, count):
        dice = random.Random(seed)
        for _ in range(count):
            keys, command = dice.choice(NOISE_KEYS), dice.choice(NOISE_COMMANDS)
            self.send(keys if dice.random() < 0.6 else command.encode() + b"\r")
            self.listen(dice.choice([0.01, 0.03, 0.1]))
        for _ in range(15):
            self.send(b"\x11\x03\033\033:q!\rq\x03\x1c\r")
            self.listen(0.3)
            self.seen = len(self.text)
            self.send(b"stty sane; echo ali$((6*7))ve\r")
            self.listen(1.5)
            if "ali42ve" in self.text[self.seen:]:
                return
        raise Failed("the shell does not come back")

    def end(self, status):
        limit = time.monotonic() + self.patience
        while time.monotonic() < limit and self.read(0.2) and self.qemu.poll() is None:
            pass
        try:
            got = self.qemu.wait(2)
        except subprocess.TimeoutExpired:
            raise Failed("the machine did not power off") from None
        if got != status:
            raise Failed(f"QEMU ended with status {got}, not {status}")

    def close(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()


def step(console, word, rest):
    if word == "want":
        console.want(rest)
    elif word == "never":
        console.never(rest)
    elif word == "type":
        console.send(decode_keys(rest) + b"\r")
    elif word == "keys":
        console.send(decode_keys(rest))
    elif word == "pause":
        console.listen(float(rest))
    elif word == "within":
        console.patience = float(rest)
    elif word == "noise":
        console.noise(*map(int, rest.split()))
    elif word == "end":
        console.end(int(rest))
    else:
        raise Failed(f"no such step: {word}")


def play(path, kernel, initrd):
    """Run one script. Returns (why it failed or "", the console's text)."""
    with open(path, encoding="utf-8") as file:
        steps = [line.rstrip("\n") for line in file]
    steps = [(number, *line.partition(" ")[::2]) for number, line in enumerate(steps, 1)
             if line.strip() and not line.startswith("#")]
    machine = ["2", "512M"]
    if steps and steps[0][1] == "machine":
        machine = shlex.split(steps.pop(0)[2])
    console = Console(kernel, initrd, *machine[:2], " ".join(machine[2:]))
    try:
        for number, word, rest in steps:
            try:
                step(console, word, rest)
            except (Failed, OSError) as error:
                return f"line {number}: {error}", console.text
    finally:
        console.close()
    return "", console.text
