#!/bin/bash
# record -A unix:PATH:PORT: a guest whose vsock is a socket in the file system, as Firecracker has it.
. "$(dirname "$0")/lib.sh"
need_tracing
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
before=$(tracing_state)
host=mux-$$
start_agent -B "muxed-$$" || exit 1
agent=$pid
muxer() { start "$1.log" python3 "$TOP/utest/cli/muxer.py" "$@" && wait_for 20 test -S "$1"; }
muxer fc1.vsock

run 60 "$TRACE_CMD" record -o a.dat -B "$host" -e irq -A "unix:fc1.vsock:$agent_port" -e sched:sched_switch \
	-B "$host" sleep 0.3
is "$rc" 0 "a guest behind a socket is recorded" "$both"
like "$out" '^Negotiated [a-z]+ time sync protocol with guest fc1$' "... it is called as its socket is"
run 30 "$TRACE_CMD" dump -v a-fc1.dat
is "$out" "File a-fc1.dat is a valid trace-cmd file" "... its file is valid"
run 30 "$TRACE_CMD" report a-fc1.dat
like "$out" 'sched_switch:' "... and has its events"
like "$("$TRACE_CMD" dump --options a-fc1.dat)" 'Option TimeShift' "... and its clock's offset"
run 60 "$TRACE_CMD" record -q -o b.dat -A "tiny@unix:$T/fc1.vsock:$agent_port" -e irq sleep 0.1
is "$rc" 0 "with a name of its own"
is "$(echo b-*)" "b-tiny.dat" "... which its file has"

refused() {	# STATUS WHY GUEST
	run 60 "$TRACE_CMD" record -q -o bad.dat -A "$3" -e irq sleep 0.1
	is "$rc" "$1" "$3: fails"
	like "$err" "$2" "... and says why"
	is "$(echo bad*)" 'bad*' "... no file is made"
}
refused 111 'Failed to connect to vsocket unix:fc1.vsock:1: is .trace-cmd agent. running' unix:fc1.vsock:1
refused 2 'Failed to connect to vsocket unix:none.vsock:823' unix:none.vsock
refused 22 'names no socket' unix:
for how in no-ok long drops silent; do
	muxer $how $how
	case $how in
	drops) status=111 ;;
	silent) status=110 ;;
	*) status=71 ;;
	esac
	refused $status "Failed to connect to vsocket unix:$how:" "unix:$how:$agent_port"
done

wait_for 20 eval "! pgrep -P $agent"
is "$(cat "$T/agent-$agent_port.log")" "" "the agent has nothing to complain about"
remove_new_instances "$before"
is "$(tracing_state | grep -v ^instances:)" "$(grep -v ^instances: <<< "$before")" "tracing is left as it was found"
done_testing
