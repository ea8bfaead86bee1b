# SPDX-License-Identifier: MIT
"""Boot a kernel in QEMU without a terminal, follow its console, and say how it ended."""
import os
import re
import selectors
import signal
import subprocess
import time

QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
QEMUFLAGS = os.environ.get("QEMUFLAGS", "").split()
SILENCE = float(os.environ.get("CALF_SILENCE", 90))  # seconds, with a busy host in mind
PANIC = re.compile(rb"^(\[[ \d.]+\] )?(panic|kernel panic|.*Kernel panic)\b", re.I | re.M)


class Guest:
    """One run. After boot(): `lines` of the console, and `end` in words.

    end is "off" (powered off with status 0), "status N", "panic", "silent" (nothing printed for
    `silence` seconds) or "timeout" (`limit` seconds are over).
    """

    def __init__(self, kernel, initrd, append, cpus=1, mem="512M", icount=False,
                 silence=SILENCE, limit=900, more=()):
        self.line = [QEMU, "-machine", "virt", "-smp", str(cpus), "-m", mem, "-display", "none",
                     "-serial", "stdio", "-monitor", "none", "-no-reboot", "-kernel", kernel,
                     "-initrd", initrd, "-append", "console=ttyS0 " + append, *more, *QEMUFLAGS]
        if icount:
            self.line += ["-icount", "shift=0,sleep=off"]
        self.silence, self.limit = silence, limit
        self.lines, self.end, self.seconds = [], "", 0.0
        self._rest = b""

    def boot(self, on_line=None, until=None):
        """Run to the end; on_line(text) sees each line; until(text) true ends the run."""
        start = last = time.monotonic()
        qemu = subprocess.Popen(self.line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)
        panicked = None
        with selectors.DefaultSelector() as selector:
            selector.register(qemu.stdout, selectors.EVENT_READ)
            while not self.end:
                ready = selector.select(0.5)
                now = time.monotonic()
                data = os.read(qemu.stdout.fileno(), 65536) if ready else b""
                if ready and not data:
                    break
                if data:
                    last = now
                    for text in self._split(data):
                        self.lines.append(text)
                        if PANIC.match(text.encode()) and not panicked:
                            panicked = now
                        if on_line:
                            on_line(text)
                        if until and until(text):
                            self.end = "off"
                if panicked and now - panicked > 3:
                    break
                if now - last > self.silence:
                    self.end = "silent"
                elif now - start > self.limit:
                    self.end = "timeout"
        self._stop(qemu, panicked)
        self.seconds = time.monotonic() - start
        return self

    def _split(self, data):
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        return [part.decode(errors="replace").rstrip("\r") for part in parts]

    def _stop(self, qemu, panicked):
        try:
            status = qemu.wait(timeout=0 if self.end or panicked else 5)
        except subprocess.TimeoutExpired:
            os.killpg(qemu.pid, signal.SIGKILL)
            status = qemu.wait()
        if self._rest:
            self.lines.append(self._rest.decode(errors="replace"))
        if panicked:
            self.end = "panic"
        elif not self.end:
            self.end = "off" if status == 0 else f"status {status}"

    def tail(self, count=40):
        """The last lines of the console, without the firmware's."""
        start = next((number for number, line in enumerate(self.lines)
                      if line.startswith("Boot HART MEDELEG")), -1)
        return self.lines[start + 1:][-count:]
