#!/bin/sh
# Random trees of processes against a plain model of their memory (tests/storm/cowmodel.c).
exec /tests/storm/cowmodel -n 4000 -t 4 -s "${T_SEED:-1}"
