#!/bin/bash
# record -A --notimeout: guests may take longer than the host's patience, and signals end the waiting.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
peer=$TOP/utest/cli/hostile-peer.py

start_agent -B "nt-agent-$$" || exit 1
agent=$pid
succeeds "metadata of a good agent" python3 "$peer" capture "$agent_port" meta.dat
stop "$agent"

# slow_agent NAME: sets port and log
slow_agent() {
	port=$(free_port)
	log=fake-$1-$port
	start "$log" python3 "$peer" agent "$port" "$1" meta.dat
	wait_for 20 listens "$port"
}

# --- a guest that pauses for longer than the host waits without it; both at once

slow_agent pause
start impatient.log "$TRACE_CMD" record -o i.dat -A "127.0.0.1:$port" --name slow -e irq true
impatient=$pid
slow_agent pause
run 60 "$TRACE_CMD" record --notimeout -o p.dat -A "127.0.0.1:$port" --name slow -e irq true
is "$rc" 0 "--notimeout waits for a slow guest" || diag "$both"
run 60 "$TRACE_CMD" dump --validate -i p-slow.dat
is "$rc" 0 "... whose file is whole" || diag "$both"
wait_for 60 eval '! alive $impatient'
stop "$impatient"
isnt "$rc" 0 "without it the guest is given up"
like "$(cat impatient.log)" 'the metadata of guest slow did not arrive in full' "... as too slow"
[ ! -e i-slow.dat ]
ok $? "... without a file"

# --- the user's wish to end is heard in each wait

# ends_soon PID NAME: sets rc
ends_soon() {
	wait_for 10 eval "! alive $1"
	ok $? "$2"
	stop "$1" KILL
}

slow_agent silence
start silent.log "$TRACE_CMD" record --notimeout -o s.dat -A "127.0.0.1:$port" -e irq sleep 100
record=$pid
wait_for 20 grep -q 'heard the request' "$log"
kill -INT "$record"
ends_soon "$record" "a signal ends the wait for an answer to the request"

slow_agent silent-end
start end.log "$TRACE_CMD" record --notimeout -o e.dat -A "127.0.0.1:$port" --name mute -e irq true
record=$pid
wait_for 20 grep -q 'heard CLOSE' "$log"
ok $? "a guest that does not answer any more is asked to end"
kill -INT "$record"
n=0
until ! alive "$record" || [ $((n += 1)) -gt 10 ]; do
	wait_for 1 eval "! alive $record"
	kill -INT "$record" 2> /dev/null
done
ends_soon "$record" "signals end the wait for the end of a guest"
isnt "$rc" 0 "... which is an error"
like "$(cat end.log)" 'interrupted while guest mute was still sending; what it sent until then is kept' "... that is told"
run 30 "$TRACE_CMD" report e-mute.dat
like "$err" 'e-mute.dat is not complete: interrupted' "... in the file, too"
done_testing
