#!/bin/bash
# stream: the events of this machine as they happen, in instances of the test's own.
. "$(dirname "$0")/lib.sh"
need_tracing
new_instance
d=$TRACING/instances/$inst
before=$(tracing_state "$inst")

# start_stream WORDS...: in the background, until it is tracing; sets pid, log, worker
start_stream() {
	log=$T/log-$RANDOM
	start "$log" "$TRACE_CMD" stream "$@"
	wait_for 20 grep -q 'Hit Ctrl^C' "$log" || diag "it does not begin:" "$(cat "$log")"
	worker=$(cat "/proc/$pid/task/$pid/children")
	worker=${worker% }
}

mark() { echo "$*" > "$d/trace_marker"; }
# the numbers of the marks in the log, one a line
marks() { sed -n 's/.* print: .*tracing_mark_write: mark \([0-9]*\)$/\1/p' "$log"; }

# --- a command

run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec true
is "$rc" 0 "stream of a command"
like "$out" "^$inst: +[^ ]+-[0-9]+ +\[00[0-9]\] [^ ]{5,6} +[0-9]+\.[0-9]{6}: sched_process_exec:   filename=/[^ ]*/true pid=" \
	"its last event, too, is a line of report"
unlike "$both" 'cpus=|Hit Ctrl|CPU0 data' "... and nothing else is said"
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec -f 'filename ~ "*/true"' \
	sh -c "echo mine; exec true"
like "$out" '^mine$' "the command has the standard output, too"
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec "$T/none"
is "$rc" 2 "a command that is none"
like "$err" 'Failed to exec' "... is named"

# --- live

start_stream -B "$inst" -e sched:sched_process_exec -f 'pid == 0'
first=0
for ((i = 1; i <= 20; i++)); do
	at=${EPOCHREALTIME/./}
	mark "mark $i"
	wait_for 5 eval "marks | grep -qx $i" || break
	took=$((${EPOCHREALTIME/./} - at))
	# what such a look takes, where all is there: several times that, on a slow machine
	at=${EPOCHREALTIME/./}
	wait_for 5 eval "marks | grep -qx $i"
	[ $took -gt $((100000 + 5 * (${EPOCHREALTIME/./} - at))) ] || first=$((first + 1))
done
is "$(marks | paste -sd' ')" "$(seq -s' ' 20)" "single events are shown while nothing else happens"
[ $first -gt 0 ]
ok $? "... within a tenth of a second" "never in 20 times"
for ((i = 21; i <= 1500; i++)); do echo "mark $i"; done > "$d/trace_marker"
stop "$pid" INT
is "$rc" 0 "Ctrl-C"
is "$(marks | md5sum)" "$(seq 1500 | md5sum)" "... prints what there still is, and nothing twice"
is "$(tracing_state "$inst")" "$before" "the instance is as it was"

# --- ends by itself

at=${EPOCHREALTIME/./}
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec --duration 300ms
is "$rc" 0 "--duration"
[ $((${EPOCHREALTIME/./} - at)) -ge 300000 ]
ok $? "... is as long as told"
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec --duration 2s -C x86-tsc sh -c "/bin/true; sleep 200"
like "$out" "^$inst: .*\] [^ ]{5,6} *[0-9]{6,}: sched_process_exec: +filename=/bin/true" "a clock that counts something else, and a command that takes longer"
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec -r 5 -s 2000 --nosplice true
is "$rc" 0 "-r, -s"
like "$out" '/true pid=' "... print events, too"
run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec --poll true
like "$out" '/true pid=' "--poll does"

# --- order

start_stream -B "$inst" -e sched:sched_process_exec -f 'pid == 0' -b 4000
for cpu in 0 1; do
	taskset -c $cpu bash -c "for ((i = 0; i < 3000; i++)); do echo \"cpu $cpu n \$i.\"; done > '$d/trace_marker'" &
	writers[cpu]=$!
done 2> /dev/null
wait "${writers[@]}"
stop "$pid" TERM
is "$rc" 0 "SIGTERM"
is "$(grep -c 'tracing_mark_write: cpu' "$log")" 6000 "all events of both CPUs, none twice"
sed -n 's/^[^[]*\[[0-9]*\] [^ ]* *\([0-9]*\)\.\([0-9]*\): print:.*/\1\2/p' "$log" > "$T/times"
is "$(wc -l < "$T/times")" 6000 "... each with a time"
sort -nc "$T/times" 2> "$T/unsorted"
ok $? "... in the order of time" "$(cat "$T/unsorted")"

# --- the same lines as record's

# Both record the same events; a buffer has clock readings of its own, so times are left out.
mkdir "$TRACING/instances/$inst-r"
at_exit "rmdir '$TRACING/instances/$inst-r' 2> /dev/null"
trace=(-e sched:sched_process_exec -e sched:sched_process_exit -e sched:sched_process_fork -f 'common_pid == PID')
cat > "$T/work.sh" <<-'E2'
	read -r _
	for i in 1 2 3 4 5; do (exit 3); /bin/true; done
E2
mkfifo "$T/go"
bash "$T/work.sh" < "$T/go" &
work=$!
_pids+=("$work")
exec 9> "$T/go"
trace=("${trace[@]//PID/$work}")
start_stream -B "$inst" "${trace[@]}"
streamer=$pid
start "$T/record.log" "$TRACE_CMD" record -o "$T/same.dat" -B "$inst-r" "${trace[@]}"
record=$pid
wait_for 20 grep -q 'Hit Ctrl^C' "$T/record.log"
echo > "$T/go"
exec 9>&-
wait "$work"
stop "$record" INT
stop "$streamer" INT
without_times() { sed -n 's/^[^:]*: \( *[^[]*\[[0-9]*\] [^ ]*\) *[0-9]*\.[0-9]*: sched_/\1 sched_/p'; }
"$TRACE_CMD" report "$T/same.dat" | without_times | grep -e "-$work " > "$T/wanted"
without_times < "$log" | grep -e "-$work " > "$T/got"
is "$(cat "$T/got")" "$(cat "$T/wanted")" "the lines of a report of the same events"
[ "$(wc -l < "$T/got")" -ge 10 ]
ok $? "... which are some" "$(cat "$log")"

# --- names

run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exit sh -c 'for i in 1 2 3; do /bin/true; done'
like "$out" ' true-[0-9]+ +\[' "the name of a task that its event tells"
unlike "$out" '<\.\.\.>' "... no task is without one"
# signal_generate tells the name of the one that gets the signal, not of its sender
run 30 "$TRACE_CMD" stream -B "$inst" -e signal:signal_generate sh -c 'for i in 1 2 3; do /bin/kill -CONT $$; done'
like "$out" ' kill-[0-9]+ +\[' "the name of a task that has ended"

# --- several instances

run 30 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec -B "$inst-longer" -e sched:sched_process_exit true
is "$rc" 0 "two instances"
like "$out" "^       $inst: .* sched_process_exec: " "lines begin with the name of their instance, right-aligned"
like "$out" "^$inst-longer: .* sched_process_exit: " "... of either"
[ ! -e "$TRACING/instances/$inst-longer" ]
ok $? "an instance that was made is removed"

# --- losses

lose() {
	start_stream -B "$inst" -e sched:sched_process_exec -f 'pid == 0' -b 8 "$@"
	kill -STOP "$worker"
	for ((i = 1; i <= 3000; i++)); do echo "mark $i"; done > "$d/trace_marker"
	kill -CONT "$worker"
	wait_for 20 eval 'marks | tail -n 1 | grep -qx 3000'
	stop "$pid" INT
}
lose
is "$rc" 0 "events were lost"
like "$(cat "$log")" "^$inst: CPU:[0-9]+ \[[0-9]+ EVENTS DROPPED\]" "... as report tells it"
lose --fail-on-lost
is "$rc" 61 "--fail-on-lost"

# --- readers

run 30 bash -c "set -o pipefail; '$TRACE_CMD' stream -B $inst -e sched:sched_switch | head -n 3"
is "$rc $(wc -l <<< "$out")" "0 3" "a reader that has seen enough ends it"
mkfifo "$T/fifo"
start "$T/no.log" bash -c "exec '$TRACE_CMD' stream -B $inst -e sched:sched_process_exec -f 'pid == 0' > '$T/fifo'"
exec 8< "$T/fifo"
read -r line <&8
is "$line" "Hit Ctrl^C to stop recording" "a pipe"
exec 8<&-
wait_for 10 eval "! alive $pid"
ok $? "a reader that goes while nothing happens ends it, too"
stop "$pid"
is "$rc" 0 "... in good order"
# what the events are has been set up when the output is opened
start "$log" "$TRACE_CMD" profile -B "$inst" -o "$T/fifo" -e sched:sched_process_exec
wait_for 20 grep -q sched_process_exec "$d/set_event"
stop "$pid" INT
isnt "$rc" 137 "a FIFO for a profile that nobody opens: Ctrl-C ends it"
like "$(cat "$log")" "nobody reads $T/fifo" "... saying so"
is "$(cat "$d/set_event" "$d/tracing_on")" 1 "... and tracing is put back"
start "$log" "$TRACE_CMD" profile -B "$inst" -o "$T/fifo" -e sched:sched_process_exec true
wait_for 20 grep -q sched_process_exec "$d/set_event"
cat "$T/fifo" > "$T/profile"
wait "$pid"
is $? 0 "... one that comes late"
[ -s "$T/profile" ]
ok $? "... has it all"
start "$T/slow.log" bash -c "exec '$TRACE_CMD' stream -b 2000 -B $inst -e sched:sched_process_exec -f 'pid == 0' > '$T/fifo'"
exec 8< "$T/fifo"
read -r line <&8
for ((i = 1; i <= 5000; i++)); do echo "mark $i"; done > "$d/trace_marker"
kill -INT "$pid"
wait_for 10 grep -qx 0 "$d/tracing_on"
ok $? "a slow reader does not keep Ctrl-C from switching tracing off"
log=$T/slow.out
cat <&8 > "$log"
exec 8<&-
stop "$pid"
is "$rc $(marks | md5sum)" "0 $(seq 5000 | md5sum)" "... and gets everything in the end"

# --- killed

start_stream -B "$inst-k" -e sched:sched_process_exec
kill -KILL "$worker"
wait_for 20 eval "! alive $pid"
stop "$pid"
is "$rc" 137 "the process that prints is killed"
[ ! -e "$TRACING/instances/$inst-k" ]
ok $? "... and what it had set up is removed"

# --- what is refused

refused() {	# WHY WORDS...
	local why=$1

	shift
	run 20 "$TRACE_CMD" stream "$@"
	[ "$rc" != 0 ]
	ok $? "stream $* fails"
	like "$both" "$why" "... and says why"
}
refused 'no event or plugin was specified'
refused 'stream does not take output' -o "$T/x" -e sched
refused "only record take 'm' option" -m 100 -e sched
refused 'no such event|No events enabled with' -B "$inst" -e no:such_event
cd "$T" && run 20 "$TRACE_CMD" stream -B "$inst" -e sched:sched_process_exec true
[ ! -e trace.dat ]
ok $? "no file is written"
done_testing
