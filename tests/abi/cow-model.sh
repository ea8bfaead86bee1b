#!/bin/sh
# Random trees of processes against a plain model of their memory: the digest of all models in
# the end is Linux's (tests/storm/cowmodel.c).
/tests/storm/cowmodel -q -n 2000 -t 2 -s 1
/tests/storm/cowmodel -q -n 2000 -t 1 -s 2
