#!/bin/bash
# show, stat, snapshot, stack, list, options: byte for byte what Debian's program (3.1.6) prints, in
# a buffer where everything is set to something. What is meant to differ is named below.
. "$(dirname "$0")/lib.sh"
need_tracing
need_stock
new_instance
d=$TRACING/instances/$inst

# result FILE PROGRAM WORDS...: its exit status, stdout and stderr in FILE
result() {
	local file=$1

	shift
	run 60 "$@"
	printf 'status %s\n--- stdout\n%s\n--- stderr\n%s\n' "$rc" "$out" "$err" > "$file"
}

# same WORDS...: both programs say the same of it. What others do to tracing meanwhile may come
# between the two: then once more.
same() {
	local try

	for try in 1 2 3; do
		result "$T/theirs" "$STOCK" "$@"
		result "$T/ours" "$TRACE_CMD" "$@"
		cmp -s "$T/theirs" "$T/ours" && break
	done
	cmp -s "$T/theirs" "$T/ours"
	ok $? "$*" "$(diff "$T/theirs" "$T/ours" | head -n 40)"
}

# --- a buffer full of settings

set_to() { echo "$2" > "$d/$1" || diag "this kernel does not take '$2' for $1"; }
set_to set_event sched:sched_switch
echo sched:sched_wakeup >> "$d/set_event"
set_to events/irq/enable 1
set_to events/sched/sched_wakeup/filter 'pid==3'
set_to events/sched/sched_switch/filter 'prev_pid==99999 && next_comm != "none"'
set_to events/sched/sched_waking/trigger 'traceoff:1 if pid==7'
set_to events/sched/sched_waking/trigger stacktrace
set_to events/irq/irq_handler_entry/trigger 'stacktrace:5'
set_to trace_clock mono
set_to tracing_cpumask 1
set_to buffer_size_kb 100
# tasks that do nothing, so that the buffer stays as it is
sleep 10000 & quiet=$!
sleep 10000 & quiet2=$!
at_exit "kill $quiet $quiet2"
set_to set_event_pid $quiet
set_to set_event_notrace_pid $quiet2
set_to options/overwrite 0
set_to options/stacktrace 1
echo "some text" > "$d/trace_marker"

same stat -B "$inst"
same stat -B "$inst" -o
same stat -t -B "$inst"
same stat -o -B "$inst" -t

for words in "" -f "-c 0" "-c 1" "-f -c 0" "-c 7" "-c x" "-c 0 -c 1" -s "-f -s" "-p -s" "-B $inst" \
	--tracing_on --current_tracer --buffer_size --buffer_total_size --ftrace_filter \
	--ftrace_notrace --ftrace_pid --graph_function --graph_notrace --cpumask \
	"--tracing_on --cpumask --buffer_size --current_tracer" "-f --tracing_on --cpumask" \
	"--buffer_size -f"; do
	# shellcheck disable=SC2086	# lists of words
	same show -B "$inst" $words
done
# these files belong to the buffer named before them: the top one
same show --buffer_size -B "$inst"
same show --current_tracer

# --- other states of it

set_to per_cpu/cpu1/buffer_size_kb 200
same stat -B "$inst"
echo 1 > "$d/events/enable" 2> /dev/null
same stat -B "$inst"
set_to events/enable 0
same stat -B "$inst"
echo 'no_such_field == 1' > "$d/events/sched/sched_waking/filter" 2> /dev/null
same stat -B "$inst"
set_to tracing_on 0
same stat -B "$inst"
same show -B "$inst" --tracing_on
echo "no clock" > "$d/trace_clock" 2> /dev/null
same stat -B "$inst"
"$TRACE_CMD" reset -B "$inst"
same stat -B "$inst"
same show -B "$inst"

# --- what the kernel lacks, or not

same snapshot -s -f
if [ -e "$TRACING/snapshot" ]; then
	same snapshot -B "$inst"
	same snapshot -B "$inst" -c 0
else
	for words in "" -s -r -f "-c 0" "-c 0 -s" "-B $inst"; do
		# shellcheck disable=SC2086	# lists of words
		same snapshot $words
	done
fi
same stack
[ -e /proc/sys/kernel/stack_tracer_enabled ] || for words in --start --stop --reset; do
	same stack $words
done

# --- lists

for words in -e "-e sched" "-e sched:" "-e ^sched$:" "-e sched:sched_wak" "-e SCHED_SW" "-e ftrace" \
	"-e nothing_like_it" "-e sched_wak -F" "-e sched_wak -F --full" "-e sched_wak -l" \
	"-e sched_wak -R" "-e sched_wak -F -l -R" "-e ftrace:print -F" "-e sched_sw -e irq_h" "-e -F" \
	"-e (" -s "-e sched_switch -s" -t -p -o -B -C -P "-C -B -t" "-s -t -B -C" -f "-f sched"; do
	# shellcheck disable=SC2086	# lists of words
	same list $words
done

# --- meant to differ

# a compression more than Debian's build has
run 30 "$TRACE_CMD" list -c
is "$(grep -v 'zlib,' <<< "$out")" "$("$STOCK" list -c)" "list -c: but for zlib"
run 30 "$TRACE_CMD" list
is "$(grep -v 'zlib,' <<< "$out")" "$("$STOCK" list)" "list: but for zlib"
# -o takes a pattern since 3.4
run 30 "$TRACE_CMD" list -o '^overwrite$'
is "$out" "$("$STOCK" list -o | grep -E '^(no)?overwrite$')" "list -o PATTERN"
# files of events without an event; since 3.4, before all was listed
run 30 "$TRACE_CMD" list -F
is "$rc" 255 "list -F alone is an error"
# an instance that isn't there is named
result "$T/theirs" "$STOCK" show -B "no-$inst"
result "$T/ours" "$TRACE_CMD" show -B "no-$inst"
is "$(head -n 1 "$T/ours")" "$(head -n 1 "$T/theirs")" "show of no instance: the exit status"
like "$(cat "$T/ours")" "no instance 'no-$inst'" "... and which one"
# a CPU below 0 is no CPU; 3.1.6 looks for its file
run 30 "$TRACE_CMD" show -B "$inst" -c -1
is "$rc" 255 "show -c -1"
# an instance twice is shown once
run 30 "$TRACE_CMD" stat -B "$inst" -B "$inst"
is "$out" "$("$TRACE_CMD" stat -B "$inst")" "stat -B twice"
# a word that no option has asked for
for command in show stat snapshot stack options; do
	run 30 "$TRACE_CMD" $command word
	is "$rc" 255 "$command with a word is wrong usage"
done
# the options of function graphs are listed with those of plugins
run 30 "$TRACE_CMD" options
# those of fgraph are report's own
out=$(awk '/plugin:/ { own = /fgraph/ } !own' <<< "$out")
is "$("$STOCK" options | grep -cFxf <(grep 'desc:' <<< "$out"))" "$(grep -c 'desc:' <<< "$out")" \
	"options: all plugins' options are those of Debian's program"
done_testing
