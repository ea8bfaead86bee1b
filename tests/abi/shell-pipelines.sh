#!/bin/sh
# Debian's shell and tools, piped into each other.
seq 1 1000 | awk '{ s += $1 } END { print s }'
printf '%s\n' pear apple fig apple | sort | uniq -c | sort -rn | head -2
echo one two three | tr ' ' '\n' | while read -r word; do echo "<$word>"; done
yes calf | head -20000 | wc
seq 200 | sed -n '/7$/p' | tail -3 | tac
find /etc -type f | sort | xargs grep -l root
{ echo out; echo err >&2; } 2>&1 | sort
false | true; echo "status $?"
seq 5 | (read -r first; cat; echo "first $first")
dd if=/dev/zero bs=64k count=32 2>/dev/null | md5sum
seq 1 50000 | sha256sum
