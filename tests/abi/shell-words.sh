#!/bin/sh
# What the shell itself does with processes: substitution, here-documents, traps, jobs.
cat <<END
here $(echo nested $(echo twice)) and $((6 * 7))
END
x=$(printf 'a\nb\n'); echo "$x" | wc -l
f() { echo "f: $*"; return 3; }; f 1 2; echo "returned $?"
(exit 9); echo "subshell $?"
sleep 0.2 & pid=$!; wait $pid; echo "waited $?"
sleep 100 & kill $!; wait $! 2>/dev/null; echo "killed $?"
trap 'echo trapped' USR1; kill -USR1 $$; echo after
trap 'echo bye' EXIT
for i in 1 2 3 4 5 6 7 8; do (echo $i >>list) & done; wait; sort list | tr -d '\n'; echo
echo "$0" | sed 's,.*/,,'; set -- a 'b c' d; echo $#; shift; echo "$1"
case calf in c*f) echo matched ;; esac
exec 3>three; echo written >&3; exec 3>&-; cat three
mkfifo pipe; (cat <pipe | tr a-z A-Z) & echo through >pipe; wait
sh -c 'kill -9 $$'; echo "status $?"
timeout 0.2 sleep 10; echo "timeout $?"
env -i A=1 sh -c 'echo "$A"'
