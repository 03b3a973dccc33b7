#!/bin/bash
# dump: every mode against Debian's on the same files, and what it says of bad input.
. "$(dirname "$0")/lib.sh"

echo '#!/bin/sh' > "$T/no-trace"
run 10 "$TRACE_CMD" dump "$T/none.dat"
is "$rc" 2 "a missing file: the status is ENOENT"
is "$err" "trace-cmd: No such file or directory
  cannot open '$T/none.dat'" "... and the message"
run 10 "$TRACE_CMD" dump "$T/no-trace"
is "$rc" 255 "not a trace file: status 255"
like "$err" 'not a trace file' "... and the message"
run 10 "$TRACE_CMD" dump -v "$T/no-trace"
isnt "$rc" 0 "... which is not valid"
unlike "$out" valid "... and not called so"
run 10 "$TRACE_CMD" dump a b
is "$rc" 255 "two files are wrong usage"
run 10 "$TRACE_CMD" dump --nonsense
is "$rc" 255 "so is an unknown option"

if [ "$(id -u)" != 0 ] || [ -z "$TRACING" ]; then
	skip 1 "the rest needs root and tracefs"
	done_testing
	exit
fi
cd "$T" || exit 1
inst=dump-$$
make_file() { # NAME OPTION...
	run 60 "$TRACE_CMD" record -q -o "$@"
	is "$rc" 0 "a file to look at: $1"
}
make_file v6.dat --file-version 6 -B "$inst" -e sched -B "$inst-2" -e irq sleep 0.1
make_file none.dat --compression none -B "$inst" -e sched sleep 0.1
make_file zstd.dat --compression zstd -B "$inst" -e sched -B "$inst-2" -e irq sleep 0.1
make_file date.dat --compression none --date -B "$inst" -e sched sleep 0.1

same() { # OPTION... FILE
	timeout $((60 * SLOW)) "$STOCK" dump "$@" > stock.txt 2> /dev/null
	run 60 "$TRACE_CMD" dump --compat 3.1 "$@"
	[ "$rc" = 0 ] && cmp -s stock.txt "$T/.out"
	ok $? "dump $*: as Debian's" "$(diff stock.txt "$T/.out" | head -n 10)$err"
}
modes='--summary --all --head-page --head-event --ftrace-events --systems --events --kallsyms --printk
--cmd-lines --options --flyrecord --clock --strings --sections -v'
if [ -n "$STOCK" ]; then
	for f in v6 none zstd date; do
		same $f.dat
		for o in $modes; do
			same "$o" $f.dat
		done
		same --summary --options --flyrecord $f.dat
		same --systems --validate --clock $f.dat
	done
else
	skip 76 "Debian's trace-cmd is not installed: nothing to compare with"
fi

for f in v6 none zstd; do
	run 30 "$TRACE_CMD" dump $f.dat
	is "$rc" 0 "$f: the summary ends well"
	like "$out" $'^\t\\[Initial format\\]$' "... and begins with the header"
	like "$out" $'^\t\\[Events format, [0-9]+ systems\\]$' "... and counts systems"
	run 30 "$TRACE_CMD" dump -v $f.dat
	is "$out" "File $f.dat is a valid trace-cmd file" "$f: is valid"
done
for o in --summary --all; do
	rc=0; "$TRACE_CMD" dump $o none.dat > /dev/full 2> err.txt || rc=$?
	is "$rc" 28 "a full disk: the status is ENOSPC (dump $o)"
done
both=$( (set -o pipefail; "$TRACE_CMD" dump --all none.dat | head -n 2) 2>&1)
is "$?" 0 "a reader that has seen enough is no error"
is "$(wc -l <<< "$both")" 2 "... and not worth a word"
size=$(stat -c %s zstd.dat)
for n in 0 5 20 100 1000 $((size / 2)) $((size - 1)); do
	head -c "$n" zstd.dat > cut.dat
	run 30 "$TRACE_CMD" dump -v cut.dat
	isnt "$rc" 0 "a file cut to $n of $size bytes is not valid"
	[ -n "$err" ]
	ok $? "... and told why"
	unlike "$out" valid "... and not called valid"
done
done_testing
