# SPDX-License-Identifier: MIT
"""The machines on which the boot tests run.

name: (kernel, harts, memory, more words for the command line, tests by shell patterns)

A test that must run on other boots says so on a line near its top: `// boots: 1 4 eager`.
With one hart time is counted in instructions (-icount): a seed repeats a run exactly, however
busy the host is. With more the harts are really parallel, and the seed also delays the kernel
at its critical places (seed=).
"""
ALL = ("*",)
SHARING = ("cow*", "fork-*", "*-shared*", "*copied*", "last-8-bytes", "model-*", "nested-*",
           "private-*", "ro-stays-ro", "text-*", "two-threads-*", "vfork-*")
DEBUG, NARROW = "build/debug/calf", "build/narrow/calf"

BOOTS = {
    "1": (DEBUG, 1, "256M", "", ALL),
    "4": (DEBUG, 4, "512M", "", ALL),
    # the engine that copies at fork obeys the same rules
    "eager": (DEBUG, 2, "256M", "fork=eager", SHARING),
    # and so does the one that shares pages only
    "cow": (DEBUG, 4, "256M", "fork=cow", SHARING),
    # as on hardware that faults instead of setting the A and D bits
    "ad": (DEBUG, 2, "256M", "ad=fault", SHARING),
    # 8-bit reference counts: many sharers meet the limit
    "narrow": (NARROW, 2, "256M", "", ("sharers-*", "fork-bomb", "nested-*")),
}
