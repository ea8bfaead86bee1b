#!/bin/sh
# The xv6 program of this name, on both kernels.
cd / && exec /xv6/forktest
