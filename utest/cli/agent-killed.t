#!/bin/bash
# An agent that is killed together with its session, so that nobody is left to put tracing back: the next session does it.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
new_instance
dir=$TRACING/instances/$inst
echo 1411 > "$dir/buffer_size_kb"
before=$(tracing_state "$inst")

# host FILE COMMAND...: records a guest in that instance
host() {
	local file=$1; shift
	start "$file.log" "$TRACE_CMD" record -q -o "$file" -B "$inst-host" -e sched:sched_process_exec \
		-A "127.0.0.1:$agent_port" --name g -e sched:sched_process_exec -e sched:sched_process_exit -- "$@"
}
start_agent -B "$inst"
agent=$pid
host killed.dat sh -c 'echo > began; until test -e go; do sleep 0.1; done'
recorder=$pid
wait_for 60 test -e began
ok $? "the recording begins" "$(cat killed.dat.log)"
[ -s "/run/trace-cmd/$agent.journal" ]
ok $? "... and the agent's journal is in a file" "$(ls -l /run/trace-cmd)"
session=$(pgrep -P "$agent")
# the session first to stop, or it would end in good order when the agent goes
kill -STOP $session
kill -KILL "$agent" $session
touch go
wait_for 60 eval "! kill -0 $recorder"
stop "$recorder"
isnt "$rc" 0 "the host tells that it lost the guest"

# (any other recording on this machine may be first to put back what these have left)
start_agent -B "$inst"
host next.dat true
recorder=$pid
wait_for 60 eval "! kill -0 $recorder"
stop "$recorder"
is "$rc" 0 "the next session goes well" "$(cat next.dat.log)"
wait_for 20 eval '[ "$(tracing_state "$inst")" = "$before" ]'
is "$(tracing_state "$inst")" "$before" "... and tracing is as it was before the first"
is "$(cd /run/trace-cmd && echo ./*.journal | tr ' ' '\n' | grep -c "/$agent\\.journal")" 0 "... and the file of that is gone"
done_testing
