# SPDX-License-Identifier: MIT
"""What the lints share: finding files, and reporting in one form."""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(TOP)

problems = []


def files(folders, endings):
    """Sorted paths below the folders, relative to the top of the tree."""
    return sorted(os.path.join(place, name) for folder in folders
                  for place, _, names in os.walk(folder) for name in names
                  if name.endswith(endings))


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def problem(path, number, text):
    problems.append(f"{path}:{number}: {text}")


def finish():
    """Print what was found, and exit with 1 when there was anything."""
    for line in problems:
        print(line)
    sys.exit(1 if problems else 0)


def skip(why):
    """A lint that cannot run here says so and does not fail."""
    print("skipped: " + why)
    sys.exit(77)
