#!/bin/bash
# Both processes of a recording killed at once: the next record, start or reset cleans up.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
[ "$(id -u)" = 0 ] && dir=/run/trace-cmd || dir=/tmp/trace-cmd-$(id -u)
new_instance
used=$inst
before=$(tracing_state)
echo irq:softirq_entry > "$TRACING/instances/$used/set_event"
echo 200 > "$TRACING/instances/$used/buffer_size_kb"
state_of_used() { tracing_state "$used"; cat "$TRACING/instances/$used/events/sched/sched_switch/filter"; }
used_before=$(state_of_used)

# killed: a recording in two instances, one of them made for it, and the end of all its processes
killed() {
	rm -f kill.dat*		# of the one before
	start kill.log "$TRACE_CMD" record -B "$used" -e sched:sched_switch -f 'prev_pid > 3' -b 300 -C mono \
		-B "made-$$" -e irq -o kill.dat sleep 1000
	wait_for 20 test -e "kill.dat.made-$$.cpu0"
	guardian=$pid
	worker=$(pgrep -P "$guardian")
	# until it has become the command it holds the lock, too
	wait_for 10 pgrep -P "$worker" -x sleep
	command=$(pgrep -P "$worker" -x sleep)
	kill -STOP "$guardian"
	kill -KILL "$worker" "$guardian"
	wait_for 10 eval "! kill -0 $worker && ! kill -0 $guardian"
	wait "$guardian" 2> /dev/null
}

killed
wait_for 10 eval "! kill -0 $command"
ok $? "the command ends with them"
[ -e "$dir/$guardian.journal" ]
ok $? "a journal is left"
is "$(stat -c '%a %u' "$dir/$guardian.journal" "$dir")" "600 $(id -u)
700 $(id -u)" "... that is nobody else's"
isnt "$(state_of_used)" "$used_before" "tracing is as they have left it"
run 30 "$TRACE_CMD" record -B "other-$$" -e sched:sched_switch -o next.dat true
is "$rc" 0 "the next record works"
like "$err" "a recording that was killed \(process $guardian\) had left tracing set up" "... and tells"
is "$(state_of_used)" "$used_before" "... that it has put back what was there"
[ ! -e "$TRACING/instances/made-$$" ]
ok $? "... and removed the instance that was made"
[ ! -e "$dir/$guardian.journal" ]
ok $? "... and the journal"
run 30 "$TRACE_CMD" record -B "other-$$" -e sched:sched_switch -o next.dat true
unlike "$err" 'was killed' "... once"

killed
run 30 "$TRACE_CMD" start -B "other-$$" -e sched:sched_switch
like "$err" "process $guardian" "start does so, too"
is "$(state_of_used)" "$used_before" "... all of it"
is "$(cat "$TRACING/instances/other-$$/set_event")" "sched:sched_switch" "... and what it is for"

killed
run 30 "$TRACE_CMD" reset -B "other-$$" -d
is "$rc" 0 "reset of something else"
like "$err" "process $guardian" "... does so, too"
is "$(state_of_used)" "$used_before" "... all of it"
[ ! -e "$TRACING/instances/made-$$" ] && [ ! -e "$TRACING/instances/other-$$" ]
ok $? "... and what it is for"

# somebody is putting that back while others come: they wait
killed
start hold.log flock "$dir" flock "$dir/$guardian.journal" sh -c 'echo $$; exec sleep 1000'
wait_for 10 grep -q . hold.log
ok $? "what is left is being put back"
holder=$(cat hold.log)
# waits PID: it looks again and again, and has not gone on
waits() { find "/proc/$1/fd" -lname "$dir" | grep -q . && ! pgrep -P "$1"; }
start late.log "$TRACE_CMD" record -B "$used" -e sched:sched_switch -o late.dat sh -c 'echo it runs; exec sleep 1000'
late=$pid
wait_for 10 waits "$late"
ok $? "a recording that comes meanwhile waits"
start reset.log "$TRACE_CMD" reset -B "$used"
wait_for 10 waits "$pid"
ok $? "... as does a reset"
stop "$pid" TERM
kill "$holder"
wait_for 20 grep -q 'it runs' late.log
ok $? "... until it is done"
stop "$late" INT
is "$(state_of_used)" "$used_before" "... and puts back to what was there before all that"

# one that lives is left alone
start live.log "$TRACE_CMD" record -B "$used" -e sched:sched_switch -o live.dat
wait_for 20 grep -q 'Hit Ctrl' live.log
[ -e "$dir/$pid.journal" ]
ok $? "a recording that goes on has a journal"
run 30 "$TRACE_CMD" record -B "other-$$" -e sched:sched_switch -o next.dat true
unlike "$err" 'was killed' "... which others leave alone"
like "$(cat "$TRACING/instances/$used/set_event")" sched:sched_switch "... as its tracing"
live=$pid
stop "$pid" INT
[ ! -e "$dir/$live.journal" ]
ok $? "... and which goes when it ends"
# killed worker, killed guardian: the other one removes it
start live.log "$TRACE_CMD" record -B "$used" -e sched:sched_switch -o live.dat
wait_for 20 grep -q 'Hit Ctrl' live.log
live=$pid
worker=$(pgrep -P "$pid")
kill -KILL "$live"
wait_for 10 eval "! kill -0 $worker"
[ ! -e "$dir/$live.journal" ]
ok $? "a killed guardian: the journal goes with the recording"
is "$(state_of_used)" "$used_before" "... and tracing is as it was"

# a journal of nobody, damaged: no harm
mkdir -p "$dir"
printf 'no journal at all, by no means' > "$dir/999999999.journal"
run 30 "$TRACE_CMD" record -B "other-$$" -e sched:sched_switch -o next.dat true
is "$rc" 0 "a damaged journal does no harm"
[ ! -e "$dir/999999999.journal" ]
ok $? "... and is removed"
is "$(tracing_state)" "$before" "tracing is left as it was found"

done_testing
