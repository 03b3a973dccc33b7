#!/bin/bash
# Words that a command does not take: its help, on stdout as ever, and on stderr one line that says why.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# why COMMAND... -- REGEX: the help of that command comes for this reason
why() {
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	run 10 "$TRACE_CMD" "${words[@]}"
	like "$rc $err" "^255 ${words[0]}: $2\$" "${words[*]}: why"
	like "$out" "^ trace-cmd ${words[0]}( |\$)" "... and how it is used"
}
for c in stack list options check-events agent listen; do
	why $c nonsense -- "unexpected argument 'nonsense'"
done
# (these look where tracing is first)
if [ -w "$TRACING/trace_marker" ] && [ "$(id -u)" = 0 ]; then
	# what a killed recording has left is no matter of a command that is not understood; there are no pids so large
	left=/run/trace-cmd/5000000.journal
	[ -d /run/trace-cmd ] || mkdir -m 700 /run/trace-cmd
	at_exit "rm -f $left"
	echo 1 > value
	{ printf '\1\0\0\0'; python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("=II", len(sys.argv[1]), 1))' "$T/value"
	  printf '%s0' "$T/value"; } > left
	mv left $left
	why reset nonsense -- "unexpected argument 'nonsense'"
	run 10 "$TRACE_CMD" reset -h
	is "$rc $err" "255 " "help: reset -h, whatever others have left"
	rm -f $left
	for c in stop restart clear show stat snapshot; do
		why $c nonsense -- "unexpected argument 'nonsense'"
	done
else
	skip 15 "needs root and a writable tracefs"
fi
for c in dump hist mem; do
	why $c a.dat nonsense -- "one file at a time: unexpected argument 'nonsense'"
done
why hist -i a.dat -i nonsense -- "one file at a time: unexpected -i nonsense"
why list -e sched nonsense -- "unexpected argument 'nonsense'"
why report -i a.dat nonsense -- "unexpected argument 'nonsense': the files are named with -i"
why convert -i a.dat b.dat nonsense -- "unexpected argument 'nonsense'"
why convert -i a.dat -- "the output file is missing"
why split 1 2 nonsense -- "unexpected argument 'nonsense'"
why split -t -- "-t comes behind -B"
why split -b x -- "-b comes behind --top"
why split -B '' -- "-B: an empty name is no instance's"
why split --top -b '' -- "-b: an empty name is no instance's"
why restore -c nonsense -- "unexpected argument 'nonsense': -c makes metadata, without data"
why attach -- "the files of host and guest are missing"
why attach a.dat -- "the guest's file is missing"
why attach a.dat b.dat -- "the PIDs of the guest's threads are missing"
why setup-guest -- "the name of the guest is missing"
why setup-guest one nonsense -- "unexpected argument 'nonsense'"
why sqlhist -- "the statement is missing"
why sqlhist -f some.sql nonsense -- "unexpected argument 'nonsense': -f has the statement"
why stack --start --stop -- "--start, --stop and --reset: one at a time"
why listen -- "the port is missing: -p PORT"

# --- what is taken, but cannot be

# sorry REGEX COMMAND...: a line says what is wrong, and nothing begins
sorry() {
	local what=$1
	shift
	run 10 "$TRACE_CMD" "$@"
	like "$err" "^  $what" "$*"
	isnt "$rc" 0 "... and nothing begins"
}
sorry "cannot write files to the directory '$T/none'" listen -p 1 -d "$T/none"
sorry "cannot write files to the directory 'none'" listen -p 1 -o none/x
sorry "cannot write files to the directory '/none'" listen -p 1 -o /none/x
sorry "cannot write files to the directory '$T/none'" listen -p 1 -d "$T" -o none/x
for o in max-clients max-per-host max-files; do
	sorry "--$o: '0' is no number from 1 to" listen -p 1 --$o 0
done
sorry "--tsync-debug: cannot write files to the directory 'none'" agent -N localhost -p 1 --tsync-debug none

run 10 "$TRACE_CMD" nonsense
is "$rc $err" "255 trace-cmd: there is no command 'nonsense'" "no command is called that"
like "$out" '^     record - ' "... and which there are"
# who asks for help gets it without a complaint
for c in "" help -h --help; do
	run 10 "$TRACE_CMD" ${c:+"$c"}
	is "$rc $err" "255 " "help: ${c:-nothing}"
done
for c in stop list options dump split listen; do
	run 10 "$TRACE_CMD" $c -h
	is "$rc $err" "255 " "help: $c -h"
done
done_testing
