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
--from x|'x' is no time
--to 1.0123456789|is no time
--limit 0|'0' is no number of events
-j 0|'0' is no number of threads
-j 65|is no number of threads
--format xml|none of text, json, csv
--fields a,,b|has an empty name
--fields pid,cpu,pid|'pid' is there twice
--fields pid --fields pid|'pid' is there twice
-w --format json|-w needs lines of text
--summary --format csv|text or json
--summary --fields a|--summary shows none
--verbose=loud|invalid verbose level loud
--compat 2|none of 3.1, 3.4
--profile --format json|--profile goes with none
-H a/b|Invalid hook format
-H a,b,c,d/e,f|Invalid hook format
-H a,b/c,|Invalid hook format
-r [|is no regular expression
-n a\{|is no regular expression
--event a:[|is no regular expression
--boundary --format json|need lines of events
--debug --summary|need lines of events
--debug --profile|need lines of events
E2

if [ "$(id -u)" != 0 ] || [ -z "$TRACING" ]; then
	skip 1 "the rest needs root and tracefs"
	done_testing
	exit
fi
cd "$T" || exit 1

# --- files: both versions and compressions, two instances, another clock; with room for what others do, too

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
make_file v6.dat --file-version 6 -B "$inst" -b 10000 -e sched -e irq -e raw_syscalls ./work
make_file none.dat --compression none -B "$inst" -b 10000 -e sched ./work
make_file zlib.dat --compression zlib -B "$inst" -b 10000 -e sched -e kmem ./work
make_file zstd.dat --compression zstd -B "$inst" -b 10000 -e sched -e kmem ./work
make_file two.dat --compression zstd -B "$inst" -b 10000 -e sched:sched_switch -B "$inst-longer" -b 10000 -e sched:sched_waking ./work
make_file tsc.dat --compression none -C x86-tsc -B "$inst" -b 10000 -e sched ./work
files='v6 none zstd two tsc'

# --- parts of a file, other forms, a pipe

"$TRACE_CMD" report v6.dat > all.txt 2> /dev/null
events=$(sed 1d all.txt | grep -vc "EVENTS DROPPED")
run 30 "$TRACE_CMD" report --limit 3 v6.dat
is "$out" "$(head -n 4 all.txt)" "--limit: the first events"
# two different times in the middle, and what stands between them
times=$(sed 1d all.txt | grep -oE ' [0-9]+\.[0-9]{6}: ' | tr -d ' :' | sort -un)
from=$(sed -n "$(($(wc -l <<< "$times") / 3))p" <<< "$times")
to=$(sed -n "$(($(wc -l <<< "$times") * 2 / 3))p" <<< "$times")
head -n 1 all.txt > part.txt
sed 1d all.txt | awk -v from="$from" -v to="$to" '{
	match($0, / [0-9]+\.[0-9][0-9][0-9][0-9][0-9][0-9]: /)
	t = substr($0, RSTART + 1, RLENGTH - 3)
	if (t >= from && t <= to) print }' >> part.txt
for f in v6 zstd; do
	[ $f = v6 ] || "$TRACE_CMD" convert -i v6.dat --compression zstd part-zstd.dat 2> /dev/null
	file=v6.dat; [ $f = v6 ] || file=part-zstd.dat
	"$TRACE_CMD" report --from "$from" --to "$to" $file > got.txt 2> err.txt
	is "$?" 0 "$f: --from, --to"
	# names of tasks may be learned from events before
	cmp -s <(cut -c 24- part.txt) <(cut -c 24- got.txt)
	ok $? "$f: ... the lines that show these times" "$(diff part.txt got.txt | head -n 20)"
done
"$TRACE_CMD" report -i - < v6.dat > got.txt 2> err.txt
is "$?" 0 "-i -: a file as standard input"
cmp -s all.txt got.txt
ok $? "... gives the same report"
# shellcheck disable=SC2002	# a pipe it shall be
cat v6.dat | "$TRACE_CMD" report -i - > got.txt 2> err.txt
is "$?" 0 "-i -: a pipe"
cmp -s all.txt got.txt
ok $? "... gives the same report"
head -c 3000 v6.dat | "$TRACE_CMD" report -i - > got.txt 2> err.txt
isnt "$?" 0 "-i -: half a file through a pipe is an error"
like "$(cat err.txt)" "-" "... which is told"
is "$("$TRACE_CMD" report --format json v6.dat 2> /dev/null | python3 -c '
import json, sys
lines = [json.loads(l) for l in sys.stdin]
ts = [l["ts_ns"] for l in lines if "ts_ns" in l]
print(len(ts), ts == sorted(ts), all(type(l["fields"]) is dict for l in lines if "ts_ns" in l))')" \
	"$events True True" "--format json: an object for each event, in order"
is "$("$TRACE_CMD" report --format csv --fields event,pid,text v6.dat 2> /dev/null | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
print(len(rows), all(r["event"] and r["pid"].lstrip("-").isdigit() for r in rows))')" \
	"$events True" "--format csv: a row for each event"
is "$("$TRACE_CMD" report --summary v6.dat 2> /dev/null | sed -n '1s/ events.*//p')" \
	"$events" "--summary: as many events as lines"

# names of functions from elsewhere
sed 's/ \([Tt]\) / \1 my_/' /proc/kallsyms > kallsyms.txt
"$TRACE_CMD" report -f --kallsyms kallsyms.txt v6.dat 2> /dev/null | head -n 200 > got.txt
like "$(cat got.txt)" '^[0-9a-f]{16} my_' "--kallsyms: functions are those of the file"
run 10 "$TRACE_CMD" report --kallsyms "$T/none" v6.dat
is "$rc" 2 "... which must be there"

# --- against Debian's

same() { # OPTION... : what Debian's prints
	timeout $((60 * SLOW)) "$STOCK" report "$@" > stock.txt 2> /dev/null
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
	same --event sched: v6.dat
	same --event sched_swi v6.dat
	same --event SCHED:Switch v6.dat
	same --event '^sched$:switch$' v6.dat
	same --event :sched_switch v6.dat
	same -T -F sched_switch:next_pid==0 v6.dat
else
	skip 60 "Debian's trace-cmd is not installed: nothing to compare with"
fi

# --- our own lines

run 30 "$TRACE_CMD" report --event : v6.dat
is "$rc$out" 0 "--event :, of which Debian's dies, names no events"
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
for text in 'prev_pid==1 &&' '(prev_pid+1)==2' 'CPU=="0"'; do
	run 30 "$TRACE_CMD" report -F "sched_switch:$text" none.dat
	is "$rc" 255 "what libtraceevent does not survive is no filter: $text"
	like "$err" "Failed to create event filter: sched_switch" "... and told"
done
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
