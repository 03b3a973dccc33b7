#!/bin/bash
# What an agent records for its host is its own while that lasts, as a local recording's is.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
new_instance
name=$inst
start_agent -B "$name" || exit 1
agent=$pid log=$T/agent-$agent_port.log

# session FILE: a recording of the guest, running; sets host and the pid of the agent's process for it
session() {
	start "$1.log" "$TRACE_CMD" record -o "$1" -A "127.0.0.1:$agent_port" --name g -e irq -e sched \
		sh -c "touch $1.begun; exec sleep 1000"
	host=$pid
	wait_for 60 [ -e "$1.begun" ] || diag "$(cat "$1.log")"
	served=$(pgrep -P "$agent")
}

# one_more COMMAND...: is told that the instance is in use
one_more() {
	run 30 "$TRACE_CMD" "$@"
	is "$rc" 16 "$1 is refused: EBUSY"
	like "$err" "another trace-cmd \(process $served\) is recording in the instance $name" "... by whom"
}

session a.dat
during=$(tracing_state "$name")
one_more record -B "$name" -e irq -o second.dat true
one_more stream -B "$name" -e irq true
one_more start -B "$name" -e irq
one_more extract -B "$name" -o second.dat
one_more clear -B "$name"
one_more reset -B "$name"
is "$(tracing_state "$name")" "$during" "nothing has changed"
stop "$host"
is "$rc" 0 "the session ends well" || diag "$(cat a.dat.log)"
like "$("$TRACE_CMD" report a-g.dat)" 'sched_switch' "... with the guest's events"
wait_for 20 eval '! pgrep -P $agent'
succeeds "... and leaves the instance to others" "$TRACE_CMD" clear -B "$name"

# --- a host that dies, and a session that is killed

session b.dat
kill -KILL "$host" "$(pgrep -P "$host")"
wait_for 30 eval '! pgrep -P $agent'
succeeds "a host that was killed leaves nothing claimed" "$TRACE_CMD" start -B "$name" -e irq
"$TRACE_CMD" reset -B "$name"
session c.dat
kill -KILL "$served"
wait_for 30 grep -q 'tracing is put back' "$log"
wait_for 30 eval '! grep -q . "$TRACING/instances/$name/set_event"'
succeeds "nor does a session that was killed" "$TRACE_CMD" clear -B "$name"
stop "$host"

# --- a recording that was there first

start first.log "$TRACE_CMD" record -B "$name" -e irq -o first.dat
first=$pid
wait_for 20 grep -q Hit first.log
run 60 "$TRACE_CMD" record -o d.dat -A "127.0.0.1:$agent_port" --name g -e irq true
is "$rc" 0 "where a recording runs, an agent joins in"
like "$(cat "$log")" "another trace-cmd \(process [0-9]*\) is recording in the instance $name: each of them would get only a part" \
	"... but warns"
# no guest of this machine, whose proxy that is, has this power over what is recorded here
set_before=$(cat "$TRACING/instances/$name/set_event")
ordinary=$agent
start_agent --proxy -B "$name" || exit 1
proxy=$pid
run 60 "$TRACE_CMD" record -o e.dat --proxy "127.0.0.1:$agent_port" --name host -e sched true
isnt "$rc" 0 "... but a proxy does not"
like "$(cat "$T/agent-$agent_port.log")" "another trace-cmd \(process [0-9]*\) is recording in the instance $name" "... and says so"
is "$(cat "$TRACING/instances/$name/set_event") $(cat "$TRACING/instances/$name/tracing_on")" "$set_before 1" "... and changes nothing"
stop "$proxy"
stop "$first"
is "$rc" 0 "the first one ends well"
like "$("$TRACE_CMD" report first.dat 2>&1)" 'cpus=' "... and its file can be read"
stop "$ordinary"
is "$rc" 0 "the agent ends well"
done_testing
