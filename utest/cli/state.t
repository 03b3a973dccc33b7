#!/bin/bash
# The commands that look at tracing and switch it: stop, restart, clear, reset, show, stat,
# snapshot, stack, list, options. All in an instance of their own.
. "$(dirname "$0")/lib.sh"
need_tracing
new_instance
d=$TRACING/instances/$inst
tc() { run 30 "$TRACE_CMD" "$@"; }
# what Debian's program prints of the same, unless it isn't here
stock() { [ -n "$STOCK" ] && run 30 "$STOCK" "$@"; }

# --- stat

echo sched:sched_switch > "$d/set_event"
echo 1 > "$d/events/irq/enable"
echo 'pid==3' > "$d/events/sched/sched_wakeup/filter"
echo 'traceoff:1 if pid==7' > "$d/events/sched/sched_waking/trigger"
echo mono > "$d/trace_clock"
echo 1 > "$d/tracing_cpumask"
echo 100 > "$d/buffer_size_kb"
echo 123 > "$d/set_event_pid"
tc stat -B "$inst"
is "$rc" 0 "stat of an instance"
stat=$out
like "$stat" "^Instance: $inst\$" "stat names the instance"
like "$stat" '^   irq$' "... a system that is on"
like "$stat" '^        sched_switch$' "... an event that is on"
like "$stat" '^  sched:sched_wakeup "pid==3"$' "... a filter"
like "$stat" '^  sched:sched_waking "traceoff:count=1 if pid==7"$' "... a trigger"
like "$stat" '^Clock: mono$' "... the clock"
like "$stat" '^Tracing is enabled$' "... whether it is on"
if stock stat -B "$inst"; then
	is "$stat" "$out" "stat prints what Debian's program prints"
else
	skip 1 "no other trace-cmd"
fi
tc stat -B "$inst" -o
like "$out" '^   overwrite$' "stat -o shows options"
tc stat
is "$rc" 0 "stat of the top buffer"
like "$out" "^ $inst\$" "it lists instances"
tc stat -B "no-such-$$"
is "$rc" 2 "stat of an instance that isn't there"
is "$out" "" "... prints nothing"
like "$both" 'no instance' "... but says so"

# --- stop, restart, show

tc stop -B "$inst"
is "$rc$(cat "$d/tracing_on")" 00 "stop closes the buffer"
tc show -B "$inst" --tracing_on
is "$out" 0 "show --tracing_on"
tc restart -B "$inst"
is "$rc$(cat "$d/tracing_on")" 01 "restart opens it"
before=$(cat "$TRACING/tracing_on")
tc stop -B "no-such-$$"
is "$rc $(cat "$TRACING/tracing_on")" "2 $before" "stop of an instance that isn't there leaves the top alone"
tc show -B "$inst" -f --current_tracer --buffer_size
is "$out" "nop"$'\n'"$(cat "$d/buffer_size_kb")" "show prints several files"
tc show -B "$inst" -f -c 0
is "$(head -n 1 <<< "$out")" "$d/per_cpu/cpu0/trace" "show -f: the trace's path first"
tc show -B "$inst" --trigger sched_waking
like "$out" 'traceoff:count=1' "show --trigger finds the system"
tc show -B "$inst" --hist sched:nothing
is "$rc" 2 "show --hist of no event"
like "$both" 'Could not find hist for' "... says so"
echo > "$d/set_event_pid"
echo 3 > "$d/tracing_cpumask"
for cpu in 0 1; do taskset -c "$cpu" sleep 0.01; done
echo 0 > "$d/events/enable"
tc show -B "$inst"
like "$out" '^# tracer: nop' "show prints the trace"
like "$out" 'sched_switch: prev_comm' "... with its events"
tc show -B "$inst" -c 0
like "$out" '\[000\]' "show -c 0"
unlike "$out" '\[001\]' "... has no other CPU"
refused()	# refused WHY WORDS...: show WORDS fails and says why
{
	local why=$1

	shift
	tc show "$@"
	[ "$rc" != 0 ]
	ok $? "show $* fails"
	like "$both" "$why" "... and says why"
}
refused 'Can not have -s and -p together' -p -s
refused "Invalid CPU index 'x'" -c x
refused 'Can only show one CPU at a time' -c 0 -c 0
refused 'no instance' -B "a$inst"

# --- clear, reset

tc clear -B "$inst"
is "$rc" 0 "clear"
tc show -B "$inst"
unlike "$out" 'sched_switch:' "nothing is left"
echo 'pid==3' > "$d/events/sched/sched_wakeup/filter"
tc reset -B "$inst" -b 64
is "$rc" 0 "reset"
is "$(cat "$d/events/sched/sched_wakeup/filter")" none "filters are gone"
is "$(grep -v '^#' "$d/events/sched/sched_waking/trigger")" "" "triggers, too"
like "$(cat "$d/trace_clock")" '\[local\]' "the clock is local"
is "$(cat "$d/tracing_on") $(cat "$d/set_event_pid")" "1 " "on, for all pids"
[ "$(cat "$d/buffer_size_kb")" -lt 80 ]
ok $? "the size is as asked for" "$(cat "$d/buffer_size_kb")"
tc reset -d
is "$rc" 255 "the top buffer cannot be deleted"
tc reset -k nonsense
like "$both" "Invalid event type 'nonsense'" "reset -k knows its kinds"
tc reset -B "$inst" -d
is "$rc" 0 "reset -d"
[ ! -e "$d" ]
ok $? "deletes the instance"
mkdir "$d"

# --- show -p

mark() { echo "mark $1" > "$d/trace_marker"; }
marks() { sed -n 's/.*tracing_mark_write: mark \([0-9]*\)$/\1/p' "$T/pipe"; }
start "$T/pipe" "$TRACE_CMD" show -p -B "$inst"
in_time=0
for ((i = 1; i <= 20; i++)); do
	at=${EPOCHREALTIME/./}
	mark $i
	wait_for 5 eval "marks | grep -qx $i" || break
	took=$((${EPOCHREALTIME/./} - at))
	# what such a look takes, where all is there: several times that, on a slow machine
	at=${EPOCHREALTIME/./}
	wait_for 5 eval "marks | grep -qx $i"
	[ $took -gt $((100000 + 5 * (${EPOCHREALTIME/./} - at))) ] || in_time=$((in_time + 1))
done
is "$(marks | paste -sd' ')" "$(seq -s' ' 20)" "show -p prints single events at once"
[ $in_time -gt 0 ]
ok $? "... within a tenth of a second" "never in 20 times"
for ((i = 21; i <= 2000; i++)); do mark $i; done
stop "$pid" INT
is "$rc" 0 "Ctrl-C ends it"
is "$(marks | md5sum)" "$(seq 2000 | md5sum)" "... after all that had happened"
start "$T/pipe" "$TRACE_CMD" show -p -B "$inst"
mark 1
wait_for 5 eval 'marks | grep -q 1'
echo 0 > "$d/tracing_on"
wait_for 10 eval "! alive $pid"
ok $? "it ends when tracing is off and all was shown"
echo 1 > "$d/tracing_on"
start "$T/head" bash -c "'$TRACE_CMD' show -p -B '$inst' | true"
wait_for 10 eval "! alive $pid"
ok $? "it ends when its reader has gone, though nothing happens"
# more than a pipe holds
mkfifo "$T/unread"
exec 7<> "$T/unread"
is_full() { ! dd if=/dev/zero of="$T/unread" oflag=nonblock bs=1 count=1 2> /dev/null; }
start "$T/log" bash -c "exec '$TRACE_CMD' show -p -B '$inst' > '$T/unread' 7>&-"
# the kernel's buffer keeps the last ones only, until it has begun to read
fill() { for ((i = 1; i <= 300; i++)); do mark $i; done; is_full; }
wait_for 20 fill
ok $? "nobody reads what it prints"
stop "$pid" INT
isnt "$rc" 137 "... Ctrl-C ends it all the same"
exec 7<&-

# --- list

tc list -e '^sched$:^sched_switch$'
is "$out" sched:sched_switch "list -e with a system and an event"
tc list -e sched_switch -F
like "$out" 'field:pid_t prev_pid|field:int prev_pid' "list -F shows fields"
unlike "$out" 'print fmt' "... not how it's printed"
tc list -e '^sched$:^sched_switch$' -F --full
like "$out" '^print fmt' "--full does"
tc list -e -F
is "$rc" 255 "list -F without an event fails"
tc list -B
like "$out" "^$inst\$" "list -B"
tc list -t -C
is "$out" "$(cat "$TRACING/available_tracers" "$TRACING/trace_clock")" "list -t -C"
tc list -o '^overwrite$'
like "$out" '^overwrite$' "list -o with a pattern"
tc list -c
like "$out" 'zlib' "list -c"
tc list --nonsense
is "$rc" 255 "an unknown option"
like "$both" "list: invalid option -- '--nonsense'" "... is named"
tc list
for word in 'event systems:' 'events:' 'tracers:' 'options:'; do
	like "$out" "^$word\$" "list has $word"
done
for args in "-e sched" "-e sched_wak -l" "-e sched_wak -R" "-e sched:sched_wakeup$ -F --full" -t -B \
	-C -s -P; do
	if [ -n "$STOCK" ]; then
		# shellcheck disable=SC2086	# lists of words
		is "$("$TRACE_CMD" list $args | sort)" "$("$STOCK" list $args | sort)" \
			"list $args: the lines of Debian's program"
	else
		skip 1 "no other trace-cmd"
	fi
done
tc options
is "$rc" 0 "options"
like "$out" 'option:.*indent' "plugins' options are listed"

# --- where the kernel lacks it

tc snapshot
if [ -e "$TRACING/snapshot" ]; then
	is "$rc" 0 "snapshot"
else
	is "$rc" 2 "snapshot without kernel support"
	like "$both" 'Snapshot feature is not supported' "... says so"
fi
tc stack
if [ -e /proc/sys/kernel/stack_tracer_enabled ]; then
	like "$out" '^\(stack tracer ' "stack"
else
	is "$rc" 2 "stack without kernel support"
fi
done_testing
