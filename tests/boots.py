# SPDX-License-Identifier: MIT
"""The machines on which the boot tests run.

name: (kernel, harts, memory, more words for the command line, only tests that ask for it)

A test asks for boots on a line near its top, `// boots: 1 4 eager`; without one it runs on all
that are not marked `only`.
"""
BOOTS = {
    "1":      ("build/debug/calf", 1, "256M", "", False),
    "4":      ("build/debug/calf", 4, "512M", "", False),
    "eager":  ("build/debug/calf", 2, "256M", "fork=eager", True),
    "narrow": ("build/narrow/calf", 2, "256M", "", True),
    "release": ("build/calf", 2, "256M", "", True),
}
