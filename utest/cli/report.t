#!/bin/bash
# report: its lines against Debian's of the same files, its options, and what it says of bad input.
. "$(dirname "$0")/lib.sh"

# --- what needs no recording

echo '#!/bin/sh' > "$T/no-trace"
run 10 "$TRACE_CMD" report "$T/none.dat"
is "$rc" 2 "a missing file: the status is ENOENT"
is "$err" "trace-cmd: No such file or directory
  opening '$T/none.dat'" "... and the message"
run 10 "$TRACE_CMD" report "$T/no-trace"
is "$rc" 255 "not a trace file: status 255"
like "$err" "error reading header for $T/no-trace" "... and the message"
unlike "$out" . "... nothing on stdout"
run 10 "$TRACE_CMD" report -i a.dat b.dat
is "$rc" 255 "-i and FILE together are wrong usage"
like "$out" '^ trace-cmd report ' "... which shows the help"
while IFS='|' read -r options message; do
	# shellcheck disable=SC2086	# words
	run 10 "$TRACE_CMD" report $options
	is "$rc" 255 "report $options: status 255"
	like "$err" "$message" "... and the message"
done << 'E2'
--cpu x|invalid character 'x' in cpu string 'x'
--cpu 3-1|range of cpu numbers must be lower to greater
--pid x|'x' is not a list of pids
-v -v|Only 1 -v can be used
--ts-offset 5|--ts-offset must come after -i
-i a --ts-offset x|'x' is no number
--ts2secs 0|'0' is no frequency
--verbose=loud|invalid verbose level loud
--compat 2|none of 3.1, 3.4
--profile|not available yet
--boundary|not available yet
E2

if [ "$(id -u)" != 0 ] || [ -z "$TRACING" ]; then
	skip 1 "the rest needs root and tracefs"
	done_testing
	exit
fi
cd "$T" || exit 1

# --- files: both versions and compressions, one with stacks, two instances, another clock

inst=report-$$
cat > work << 'E2'
#!/bin/bash
for ((i = 0; i < 20; i++)); do /bin/true; done
E2
chmod +x work
make_file() { # NAME OPTION...
	run 60 "$TRACE_CMD" record -q -o "$@"
	is "$rc" 0 "a file to look at: $1"
}
make_file v6.dat --file-version 6 -B "$inst" -e sched -e irq -e raw_syscalls ./work
make_file none.dat --compression none -B "$inst" -e sched ./work
make_file zlib.dat --compression zlib -B "$inst" -e sched -e kmem ./work
make_file zstd.dat --compression zstd -B "$inst" -e sched -e kmem ./work
make_file two.dat --compression zstd -B "$inst" -e sched:sched_switch -B "$inst-longer" -e sched:sched_waking ./work
make_file tsc.dat --compression none -C x86-tsc -B "$inst" -e sched ./work
files='v6 none zstd two tsc'

# --- against Debian's

same() { # OPTION... : what Debian's prints
	timeout 60 "$STOCK" report "$@" > stock.txt 2> /dev/null
	run 60 "$TRACE_CMD" report --compat 3.1 "$@"
	[ "$rc" = 0 ] && [ -s stock.txt ] && cmp -s stock.txt "$T/.out"
	ok $? "report $*: as Debian's" "$(diff stock.txt "$T/.out" | head -n 10)$err"
}
if [ -n "$STOCK" ]; then
	for f in $files; do
		for o in "" -l -t -R -N -t\ --ts-diff --raw-ts --cpus -E -f --uname; do
			# shellcheck disable=SC2086
			same $o $f.dat
		done
	done
	for o in "" -l -t -R; do
		# shellcheck disable=SC2086
		same $o -i v6.dat -i two.dat
	done
	same -i none.dat -i v6.dat -i zstd.dat
	same --event sched_wak.* v6.dat
	same -T -F sched_switch:next_pid==0 v6.dat
else
	skip 60 "Debian's trace-cmd is not installed: nothing to compare with"
fi

# --- our own lines

run 30 "$TRACE_CMD" report zlib.dat
is "$rc" 0 "zlib is read"
like "$out" '^cpus=[0-9]+$' "the header"
like "$out" "^$inst: +[^ ]+-[0-9]+ +\[[0-9]{3}\] [^ ]{5,6} +[0-9]+\.[0-9]{6}: sched_switch: {9}[^ ]" "a line, with flags"
run 30 "$TRACE_CMD" report v6.dat none.dat
sed -n 's/^[^[]*\[[0-9]*\] [^ ]* *\([0-9]*\.[0-9]*\): .*/\1/p' <<< "$out" > seen.txt
[ "$(wc -l < seen.txt)" -gt 100 ] && sort -c -n seen.txt
ok $? "two files named without -i are in one order of time"
like "$out" '^  v6.dat: cpus=' "... each with its header"
run 30 "$TRACE_CMD" report -F 'sched_switch' -v -F 'sched_switch:prev_pid == 0' none.dat
unlike "$out" 'sched_waking|swapper[^ ]* .*==>' "filters show and hide"
like "$out" 'sched_switch' "... and leave something"
run 30 "$TRACE_CMD" report -F raw_syscalls/sys_enter -i v6.dat -i none.dat
is "$rc" 0 "a filter for all files need not fit each"
unlike "$out" ': sched_' "... and hides what does not match"
like "$out" 'sys_enter' "... and nothing else"
run 30 "$TRACE_CMD" report --cpu 0 none.dat
unlike "$out" '\[001\]' "--cpu"
run 30 "$TRACE_CMD" report --align-ts none.dat
like "$(sed -n 2p <<< "$out")" ' 0\.000000: ' "--align-ts begins at 0"
first=$("$TRACE_CMD" report -t none.dat | sed -n '2s/.* \([0-9]*\)\.\([0-9]*\): .*/\1\2/p')
run 30 "$TRACE_CMD" report -t -i none.dat --ts-offset 1000000001
moved=$(sed -n '2s/.* \([0-9]*\)\.\([0-9]*\): .*/\1\2/p' <<< "$out")
is "$((moved - first))" 1000000001 "--ts-offset belongs to the -i before it, the first one too"
run 30 "$TRACE_CMD" report --ts2secs 1000000000 tsc.dat
like "$out" '\] [^ ]+ +[0-9]+\.[0-9]{6}: ' "--ts2secs shows seconds"
run 30 "$TRACE_CMD" report --events none.dat
like "$out" '^system: sched$' "--events, of version 7"
like "$out" '^name: sched_switch$' "... shows formats"
run 30 "$TRACE_CMD" report -w none.dat
like "$out" 'sched_switch: .* Latency: [0-9]+\.[0-9]{3} usecs$' "-w tells how long woken tasks waited"
like "$out" '^Average wakeup latency: [0-9]+\.[0-9]{3} usecs$' "... and sums up"
run 30 "$TRACE_CMD" report -w -i none.dat -i v6.dat
is "$rc" 255 "-w takes one file"

# --- output that cannot be written, input that is cut

for o in "" --stat -f --events; do
	# shellcheck disable=SC2086
	rc=0; "$TRACE_CMD" report $o none.dat > /dev/full 2> err.txt || rc=$?
	is "$rc" 28 "a full disk: the status is ENOSPC (report $o)"
	like "$(cat err.txt)" 'writing to the standard output' "... and the message"
done
both=$( (set -o pipefail; "$TRACE_CMD" report v6.dat | head -n 1) 2>&1)
is "$?" 0 "a reader that has seen enough is no error"
is "$(wc -l <<< "$both")" 1 "... and not worth a word"
size=$(stat -c %s v6.dat)
head -c $((size - 100)) v6.dat > cut.dat
run 30 "$TRACE_CMD" report cut.dat
is "$rc" 61 "a file cut in its data: the status is ENODATA"
like "$err" 'File possibly truncated. Need at least [0-9]+, but file size is' "... and the message"
like "$out" 'sched_switch' "... after all that can be read"
for n in 5 100 1000 $((size / 10)); do
	head -c "$n" v6.dat > cut.dat
	run 30 "$TRACE_CMD" report cut.dat
	isnt "$rc" 0 "a file cut to $n bytes is an error"
	like "$err" '^  [a-zA-Z]' "... that is told"
done
done_testing
