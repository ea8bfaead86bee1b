#!/bin/sh
# Files, folders and links as the tools make, move and remove them.
mkdir -p a/b/c && echo text >a/b/c/file && ln -s b/c a/link && cat a/link/file
cp -r a copy && diff -r a copy && echo same
ln a/b/c/file hard && stat -c '%h %s %F' hard a/link; stat -c '%h %F' a
mv copy/b moved && find . | sort
chmod 640 hard && ls -l hard | cut -c1-10
tar cf - a | tar tf - | sort
(umask 077; : >private; stat -c %a private)
seq 1 2000 >numbers; head -c 100 numbers | tail -c 10
sed -i 's/^1$/first/' numbers && head -1 numbers
truncate -s 1M sparse && stat -c %s sparse && cmp -n 1000 sparse /dev/zero && echo zeroes
gzip -c numbers | gunzip | cmp - numbers && echo equal
rm -r a moved copy && ls -a
cat missing; echo "status $?"
