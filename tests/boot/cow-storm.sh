#!/bin/sh
# A short storm of forks and writes; `make storm` is the long one (tests/storm/cowstorm.c).
exec /tests/storm/cowstorm -f 400 -b 4000 -s "${T_SEED:-1}"
