#!/bin/bash
# Sessions of several agents, and of record, in one instance: whatever the order in which they end, who is left there keeps
# what it has set, and the last one leaves all as the first one found it.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
new_instance
name=$inst
dir=$TRACING/instances/$name
echo 1411 > "$dir/buffer_size_kb"
echo irq:softirq_entry > "$dir/set_event"
before=$(tracing_state "$name")
[ "$(id -u)" = 0 ] && journals=/run/trace-cmd || journals=/tmp/trace-cmd-$(id -u)

state() { tracing_state "$name"; }
# hears EVENT: it is on there, and so is tracing
hears() { grep -qx "$1" "$dir/set_event" && [ "$(cat "$dir/tracing_on")" = 1 ]; }

# session NAME EVENT: of an agent that traces in the instance, running; sets agent_of, served_of and host_of [NAME]
declare -A agent_of served_of host_of
session() {
	start_agent -B "$name" || exit 1
	agent_of[$1]=$pid
	start "$1.log" "$TRACE_CMD" record -q -o "$1.dat" -A "127.0.0.1:$agent_port" --name g -b 300 -e "$2" \
		sh -c "touch $1.begun; exec sleep 1000"
	host_of[$1]=$pid
	wait_for 60 test -e "$1.begun" || diag "$(cat "$1.log")"
	served_of[$1]=$(pgrep -P "${agent_of[$1]}")
}

# ends NAME: its host ends it, and it is gone
ends() {
	stop "${host_of[$1]}"
	wait_for 30 eval "! pgrep -P ${agent_of[$1]}"
	stop "${agent_of[$1]}"
	rm -f "$1.begun"
}

# killed NAME: the agent and its session, so that nobody is left to put anything back
killed() {
	kill -STOP "${served_of[$1]}"
	kill -KILL "${agent_of[$1]}" "${served_of[$1]}"
	wait_for 30 eval "! kill -0 ${agent_of[$1]} && ! kill -0 ${served_of[$1]}"
	stop "${host_of[$1]}"
	rm -f "$1.begun"
}

# comes_by: a command that puts back what is left
comes_by() { run 30 "$TRACE_CMD" start -B "other-$$" -e irq; "$TRACE_CMD" reset -B "other-$$" -d; }

# marked NAME: something runs that the session of NAME can tell by its name
marked() { ln -sf "$(type -P true)" "$T/m-$1" && "$T/m-$1"; }

session a sched:sched_switch
session b sched:sched_process_exec
succeeds "two sessions are in one instance" hears sched:sched_process_exec
ends a
succeeds "the first one ends: the second one's event is on, and tracing" hears sched:sched_process_exec
comes_by
succeeds "... also when another command has come by" hears sched:sched_process_exec
unlike "$err" 'was killed' "... which isn't told of a killed one"
marked late
ends b
is "$(state)" "$before" "the second one ends: all is as before"
like "$("$TRACE_CMD" report b-g.dat)" 'filename=.*m-late' "... and it has recorded until then"

session a sched:sched_switch
session b sched:sched_process_exec
ends b
like "$(cat "$dir/set_event")" 'sched:sched_switch' "the second one ends first: the first one's event is on"
ends a
is "$(state)" "$before" "... and in the end all is as before"

session a sched:sched_switch
session b sched:sched_process_exec
session c sched:sched_process_exit
ends b
succeeds "three, of which the second one ends: the third one goes on" hears sched:sched_process_exit
ends a
succeeds "... and when the first one ends, too" hears sched:sched_process_exit
ends c
is "$(state)" "$before" "... and in the end all is as before"

# --- killed

session a sched:sched_switch
session b sched:sched_process_exec
killed a
comes_by
succeeds "what a killed one has left is not put back under another" hears sched:sched_process_exec
ends b
is "$(state)" "$before" "... but when that ends"

session a sched:sched_switch
session b sched:sched_process_exec
ends a
killed b
isnt "$(state)" "$before" "the last one is killed: nobody puts anything back"
comes_by
like "$err" 'was killed' "... until the next command"
is "$(state)" "$before" "... which puts back what both have left"

# --- a recording that others join

start first.log "$TRACE_CMD" record -B "$name" -e sched:sched_switch -o first.dat
first=$pid
wait_for 20 grep -q Hit first.log
session b sched:sched_process_exec
stop "$first" INT
is "$rc" 0 "a recording ends that an agent has joined"
succeeds "... whose session goes on" hears sched:sched_process_exec
ends b
is "$(state)" "$before" "... and in the end all is as before"

start first.log "$TRACE_CMD" record -B "$name" -e sched:sched_switch -o first.dat
first=$pid
wait_for 20 grep -q Hit first.log
start joined.log "$TRACE_CMD" record -K -B "$name" -e sched:sched_process_exec -o joined.dat sh -c 'touch joined; exec sleep 1000'
joined=$pid
wait_for 20 test -e joined
stop "$first" INT
succeeds "record -K keeps what it has joined for" hears sched:sched_process_exec
stop "$joined"
is "$rc" 0 "... until it ends"
is "$(state)" "$before" "... and then all is as before"
is "$(find "$journals" -name '*-*.journal' | wc -l)" 0 "nothing is left to be put back" "$(ls -l "$journals")"
done_testing
