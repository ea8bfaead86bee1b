#!/bin/sh
# Idle children of a parent whose memory fills half of the machine, all alive at the same time;
# 10,000 of 1 GiB are part of `make storm` (tests/storm/cowcrowd.c).
# boots: 1 4
exec /tests/storm/cowcrowd -n 400 -m 128
