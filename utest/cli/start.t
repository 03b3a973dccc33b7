#!/bin/bash
# start and set: tracing set up and left running, or put back when that fails.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
# reset switches the top one on
on=$(cat "$TRACING/tracing_on")
at_exit "echo $on > $TRACING/tracing_on"
own=start-$$ dir=$TRACING/instances/start-$$
at_exit "rmdir $dir 2> /dev/null"
# state: of our instance, in short: switch, events
state() { echo "$(cat "$dir/tracing_on") $(sort "$dir/set_event" | paste -sd' ')"; }

run 20 "$TRACE_CMD" start -B "$own" -e sched:sched_switch -f 'prev_pid > 2' -C mono -b 300
is "$rc" 0 "start ends at once"
is "$out$err" "" "... silently"
is "$(state)" "1 sched:sched_switch" "... with tracing on"
is "$(cat "$dir/events/sched/sched_switch/filter")" "prev_pid > 2" "... the filter set"
like "$(cat "$dir/trace_clock")" '\[mono\]' "... and the clock"
wait_for 10 grep -q sched_switch "$dir/trace"
ok $? "... and events come in"
[ ! -e trace.dat ] && [ ! -e trace.dat.part ]
ok $? "... and into no file"
is "$(cat "$dir/set_event_notrace_pid")" "" "... nobody is left out"

# --- set: beside that

run 20 "$TRACE_CMD" set -B "$own" -e irq:softirq_entry
is "$rc" 0 "set ends at once"
is "$(state)" "1 irq:softirq_entry sched:sched_switch" "... adds, and leaves the switch on"
is "$(cat "$dir/events/sched/sched_switch/filter")" "prev_pid > 2" "... and the filter"
grep -q sched_switch "$dir/trace"
ok $? "... and the events in the buffer"
echo 0 > "$dir/tracing_on"
run 20 "$TRACE_CMD" set -B "$own" -v -e irq:softirq_entry
is "$(state)" "0 sched:sched_switch" "set -v -e: takes away, and leaves the switch off"
state_before=$(state)
run 20 "$TRACE_CMD" set -B "$own" -e irq:softirq_entry -e sched:sched_waking -f 'nosuch == 1'
isnt "$rc" 0 "set: a filter that is rejected"
is "$(state)" "$state_before" "... and all is as it was"
run 20 "$TRACE_CMD" set -B "$own" -e sched:sched_switch sh -c "cat $dir/tracing_on; exit 4"
is "$rc" 0 "set with a command"
is "$out" 1 "... has it on while that runs"
like "$err" '^  Command exited with status 4$' "... waits for it"
is "$(cat "$dir/tracing_on")" 1 "... and leaves it on"
run 20 "$TRACE_CMD" set -v -B "$own" -e sched
is "$rc" 255 "an instance to be removed takes no other options"
like "$err" "Instance $own is marked for deletion, invalid option -e" "... says so"
run 20 "$TRACE_CMD" set -v -B "$own"
is "$rc" 0 "set -v -B"
[ ! -e "$dir" ]
ok $? "... removes the instance"
run 20 "$TRACE_CMD" set -v -B "$own"
is "$rc" 2 "... which cannot be done twice"
is "$(tracing_state)" "$before" "the top one has seen nothing of this"
size=$(cat "$TRACING/buffer_size_kb")
run 20 "$TRACE_CMD" set -b 1300
is "$rc" 0 "set of the top one, with a size only"
like "$(cat "$TRACING/buffer_size_kb")" '^130[0-9]' "... sets it"
case $size in
*expanded*) size=${size##*expanded: }; size=${size%)} ;;
esac
echo "$size" > "$TRACING/buffer_size_kb"
before=$(tracing_state)

# --- start: commands, failures

run 20 "$TRACE_CMD" start -B "$own" -e sched:sched_switch sh -c "cat $dir/tracing_on; exit 4"
is "$rc" 0 "start with a command"
is "$out" 1 "... has it on when that begins"
like "$err" '^  Command exited with status 4$' "... waits for it"
is "$(state)" "1 sched:sched_switch" "... and leaves it on"
run 20 "$TRACE_CMD" start --exit-status -q -B "$own" -e sched:sched_switch sh -c 'exit 4'
is "$rc$err" 4 "--exit-status, -q"
run 20 "$TRACE_CMD" start -B "$own" -e irq:softirq_entry --fork sh -c 'echo $$ > forked; exec sleep 1000'
is "$rc" 0 "--fork doesn't wait"
wait_for 10 test -s forked
forked=$(cat forked)
alive "$forked"
ok $? "... for a command that goes on"
kill "$forked"
is "$(state)" "1 irq:softirq_entry" "start resets what was there before"
state_before=$(state)
run 20 "$TRACE_CMD" start -B "$own" -e sched:sched_switch -B "$own-2" -e irq -f 'nosuch == 1'
isnt "$rc" 0 "start: a filter that is rejected"
is "$(state)" "$state_before" "... all is as it was"
[ ! -e "$dir-2" ]
ok $? "... in the other instance, too"
run 20 "$TRACE_CMD" start -B "$own" -e sched:sched_switch /nonexistent/command
is "$rc" 2 "start: no such command"
like "$err" '^  Failed to exec /nonexistent/command$' "... says so"
is "$(state)" "$state_before" "... all is as it was"
run 20 "$TRACE_CMD" start -B "$own" -e sched:sched_switch --user no-such-user true
is "$rc" 2 "start: no such user"
is "$(state)" "$state_before" "... all is as it was"
run 20 "$TRACE_CMD" start -b 1000
is "$rc" 255 "start: nothing to trace"
like "$err" 'no event or plugin was specified... aborting' "... says so"
run 20 "$TRACE_CMD" start -o x.dat -e sched
is "$rc" 255 "start: has no output"
like "$err" "start does not take output" "... says so"
start start.log "$TRACE_CMD" start -q -B "$own" -e sched:sched_switch sleep 1000
# its worker may not be there yet
wait_for 10 eval 'pgrep -x -P "$(pgrep -P "$pid" | head -n 1)" sleep'
stop "$pid" INT
is "$rc" 0 "start: Ctrl-C ends it and the command"
is "$(state)" "1 sched:sched_switch" "... and leaves tracing on"
run 20 "$TRACE_CMD" reset -B "$own" -d
is "$(tracing_state)" "$before" "the top one has seen nothing of this"

# --- the top one

run 20 "$TRACE_CMD" start -e sched:sched_switch
is "$rc $(cat "$TRACING/tracing_on") $(cat "$TRACING/set_event")" "0 1 sched:sched_switch" "start in the top one"
run 20 "$TRACE_CMD" reset
is "$(cat "$TRACING/set_event")" "" "... and reset"

done_testing
