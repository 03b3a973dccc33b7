#!/bin/bash
# record on this machine: files, sizes, signals, and tracing left as it was found.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
same_state() { is "$(tracing_state)" "$before" "$1: tracing is left as it was found"; }

# A number of known events, whatever else the machine does: our own markers.
cat > mark.sh <<E2
for i in 1 2 3 4 5 6 7 8 9 10; do echo "known \$i" > $TRACING/trace_marker; done
E2

for form in "6 none" "7 none" "7 zlib" "7 zstd"; do
	read -r version zip <<< "$form"
	name=v$version-$zip.dat
	run 30 "$TRACE_CMD" record --file-version "$version" --compression "$zip" \
		-e sched:sched_switch -o "$name" sh mark.sh
	is "$rc" 0 "version $version, $zip: record ends well"
	like "$err" '^CPU0 data recorded at offset=0x[0-9a-f]+$' "... and prints where data is"
	if [ "$zip" = none ]; then
		like "$err" '^    [0-9]+ bytes in size$' "... and how much"
	else
		like "$err" '^    [0-9]+ bytes in size \([0-9]+ uncompressed\)$' "... and how much"
	fi
	run 30 "$TRACE_CMD" report "$name"
	is "$rc" 0 "... report reads it"
	is "$(grep -c 'known [0-9]*$' <<< "$out")" 10 "... with all ten marks"
	like "$out" 'sched_switch: ' "... and the events asked for"
	is "$(ls "$name"?* 2> /dev/null)" "" "... no temporary files are left"
	if [ -z "$STOCK" ] || [ "$zip" = zlib ]; then
		skip 2 "Debian's trace-cmd reads no zlib, or isn't here"
		continue
	fi
	"$STOCK" report -i "$name" > stock.txt 2> stock.err
	is $? 0 "... Debian's report reads it"
	"$TRACE_CMD" report --compat 3.1 "$name" > ours.txt 2> /dev/null
	succeeds "... and prints the same lines" diff stock.txt ours.txt
done
same_state "four recordings"

# --- instances, clock, filter, buffer size, quiet

new_instance
before=$(tracing_state)
run 30 "$TRACE_CMD" record -q -B "$inst" -e sched:sched_switch -f 'prev_comm == "sleep"' -C mono \
	-b 300 -o inst.dat sleep 0.2
is "$rc" 0 "an instance that exists is used"
unlike "$err" 'recorded at' "-q prints no sizes"
run 30 "$TRACE_CMD" report inst.dat
is "$(grep -c sched_switch <<< "$out")" "$(grep -c ' sleep:[0-9]* .* ==> ' <<< "$out")" \
	"only what the filter lets pass is recorded"
like "$out" 'sched_switch' "... and something is"
is "$(cat "$TRACING/instances/$inst/trace_clock" | grep -o '\[.*\]')" "[local]" "... and its clock is put back"
run 30 "$TRACE_CMD" record -B made-$$ -e sched:sched_switch -B made2-$$ -e irq -o two.dat sleep 0.1
is "$rc" 0 "instances that don't exist are made"
same_state "instances"
run 30 "$TRACE_CMD" dump --summary two.dat
like "$out" "\[buffer \"made-$$\", \"local\" clock" "the file has the first instance's buffer"
like "$out" "\[buffer \"made2-$$\"" "... and the second's"

# --- triggers, tasks, CPUs, names, sub-buffers, cycles

new_instance
mine=$TRACING/instances/$inst
sw=events/sched/sched_switch
echo 'traceon:7 if prev_pid==99999999' > "$mine/$sw/trigger"
echo '1' > "$mine/set_event_pid"
before=$(tracing_state "$inst"; cat "$mine/$sw/trigger")
run 30 "$TRACE_CMD" record -q -B "$inst" -e sched:sched_switch -R stacktrace -o trigger.dat sleep 0.1
is "$rc" 0 "-R: a trigger is set"
run 30 "$TRACE_CMD" report trigger.dat
like "$out" '<stack trace' "... and does its work"
run 30 "$TRACE_CMD" record -q -B "$inst" -e sched:sched_switch -f 'prev_comm == "sleep"' -e irq \
	-v -e sched:sched_waking -R 'stacktrace if prio == 77' -o watched.dat sleep 0.1
is "$rc" 0 "-v -R: a trigger of an event that is not enabled"
run 30 "$TRACE_CMD" report watched.dat
unlike "$out" 'sched_waking' "... which is not recorded"
sleep 20 &
task=$!
at_exit "kill $task 2> /dev/null"
run 30 "$TRACE_CMD" record -q -B "$inst" -P "$task" -e sched -e syscalls -o pid.dat \
	sh -c "kill $task; while [ -e /proc/$task ] && ! grep -q '^State:.Z' /proc/$task/status; do :; done"
is "$rc" 0 "-P: one task is traced"
run 30 "$TRACE_CMD" report pid.dat
is "$(grep -v '^cpus=' <<< "$out" | grep -vcw "$task")" 0 "... and nothing that has not to do with it"
like "$out" "-$task .*sched_process_exit" "... to its end"
run 30 "$TRACE_CMD" record -q -B "$inst" -M 1 -e sched:sched_switch -o mask.dat taskset -c 0 sleep 0.1
is "$rc" 0 "-M: one CPU is traced"
run 30 "$TRACE_CMD" report mask.dat
is "$(grep sched_switch <<< "$out" | grep -vcF '[000]')" 0 "... and no other"
like "$out" sched_switch "... that one is"
size=$(cat "$TRACING/saved_cmdlines_size")
run 30 "$TRACE_CMD" record -q -B "$inst" --cmdlines-size $((size + 10000)) -e sched:sched_switch \
	-o names.dat sh -c "cat $TRACING/saved_cmdlines_size > size"
is "$rc" 0 "--cmdlines-size: goes well"
[ "$(cat size)" -ge $((size + 10000)) ]
ok $? "... as many names are remembered"
is "$(cat "$TRACING/saved_cmdlines_size")" "$size" "... and as many as before in the end"
if [ -e "$TRACING/buffer_subbuf_size_kb" ]; then
	run 30 "$TRACE_CMD" record -q -B "$inst" --subbuf-size 16 -e sched -B "sub-$$" -e irq \
		-o sub.dat sleep 0.1
	is "$rc" 0 "--subbuf-size: goes well"
	run 30 "$TRACE_CMD" report sub.dat
	like "$out" "sched_switch" "... can be read"
	run 30 "$TRACE_CMD" record -q -B "$inst" --subbuf-size 16 -e sched -B "sub-$$" -e irq \
		--file-version 6 -o sub6.dat true
	like "$err" "version 6 has sub-buffers of one size" "... version 6 has one size for all"
else
	run 30 "$TRACE_CMD" record -q -B "$inst" --subbuf-size 16 -e sched -o sub.dat true
	like "$err" "since Linux 6.8" "--subbuf-size: the kernel can't"
	skip 2 "no sub-buffers of another size"
fi
run 30 "$TRACE_CMD" record -q -B "$inst" -C tsc2nsec -e sched:sched_switch -o tsc.dat sleep 0.2
if [ "$rc" = 0 ]; then
	run 30 "$TRACE_CMD" report tsc.dat
	awk '/sched_switch/ { t = $0; sub(/.*\] +[^ ]* +/, "", t); sub(/:.*/, "", t)
			      if (!n++) a = t; b = t } END { exit !(b - a > 0.19 && b - a < 100) }' <<< "$out"
	ok $? "-C tsc2nsec: report shows seconds" "$out"
else
	like "$err" "TSC to nanosecond is not supported" "-C tsc2nsec: the kernel doesn't tell"
fi
is "$(tracing_state "$inst"; cat "$mine/$sw/trigger")" "$before" "all of it: the instance is as it was"
echo > "$mine/set_event_pid"
before=$(tracing_state)

# --- ends: the command's, signals

start int.log "$TRACE_CMD" record -e sched:sched_switch -o int.dat
wait_for 10 grep -q 'Hit Ctrl^C to stop recording' int.log
ok $? "without a command it says how to stop"
stop "$pid" INT
is "$rc" 0 "SIGINT ends the recording well"
start term.log "$TRACE_CMD" record -e sched:sched_switch -o term.dat sh -c 'touch runs; exec sleep 600'
wait_for 10 test -e runs
kill -TERM "$pid"
kill -TERM "$pid" 2> /dev/null	# an impatient user
stop "$pid" TERM
is "$rc" 0 "SIGTERM, twice, ends it well"
for f in int.dat term.dat; do
	run 30 "$TRACE_CMD" report "$f"
	is "$rc" 0 "$f: complete and readable"
	like "$out" sched_switch "... with events"
done
same_state "signals"

run 30 "$TRACE_CMD" record -e sched:sched_switch -o exit.dat sh -c 'echo out; exit 3'
is "$out" "out" "the command's output is its own"

# --- a killed recorder

start kill.log "$TRACE_CMD" record -e sched:sched_switch -B killed-$$ -e irq -o kill.dat sleep 600
wait_for 10 test -e kill.dat.killed-$$.cpu0
worker=$(pgrep -P "$pid")
# of any CPU; a compressed one begins with a head
wait_for 30 eval '[ -n "$(find . -name "kill.dat.cpu*" -size +64c)" ]'
kill -KILL "$worker"
wait_for 20 eval "! kill -0 $pid"
stop "$pid"
isnt "$rc" 0 "a killed recording process is an error"
like "$(cat kill.log)" "ended by signal 9" "... that is told"
run 30 "$TRACE_CMD" report kill.dat
is "$rc" 0 "... what it had recorded can be read"
like "$out" 'sched_switch' "... and is there"
is "$(pgrep -P "$worker")" "" "... no process is left behind"
same_state "killed worker"

done_testing
