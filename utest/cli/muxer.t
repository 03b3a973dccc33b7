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

muxer high.vsock high
run 60 "$TRACE_CMD" record -o h.dat -A "unix:high.vsock:$agent_port" -e sched:sched_switch sleep 0.3
is "$rc" 0 "a guest whose ports have 32 bits is recorded" "$both"
like "$(cat high.vsock.log)" 'ports \[(214[789]|2[2-9][0-9]{2})[0-9]{6}' "... from such ports"
like "$out" '^Negotiated [a-z]+ time sync' "... with its clock compared"
like "$("$TRACE_CMD" report h-high.dat 2>&1)" 'sched_switch:' "... and has its events"

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

# --- what guests connect to on their host: listen --unix

mkdir out
tcp=$(free_port) port=$((70000 + RANDOM))
# somebody died here, and left its socket
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('fc1.vsock_$port')"
start listen.log "$TRACE_CMD" listen --unix fc1.vsock -p $port -d out
listener=$pid
wait_for 20 grep -q "^listening on unix:fc1.vsock_$port" listen.log
ok $? "a listener at a guest's host port, beyond 65535, takes the place of one that died" "$(cat listen.log)"
is "$(stat -c '%a %F' "fc1.vsock_$port")" "600 socket" "... for the machine's owner only"
run 20 "$TRACE_CMD" listen --unix fc1.vsock -p $port -d out
isnt "$rc" 0 "two listeners at one port are one too many"
like "$err" "Could not bind.*fc1.vsock_$port: Address already in use" "... and the second one says so"
start reverse.log python3 "$TOP/utest/cli/muxer.py" reverse fc1.vsock "$tcp" $port
wait_for 20 listens "$tcp"
send() {
	run 60 "$TRACE_CMD" record -N "127.0.0.1:$tcp" -t -B "$host" -e sched:sched_switch \
		sh -c "sleep 0.2; echo from the guest > $TRACING/instances/$host/trace_marker"
}
send
is "$rc" 0 "a guest records to its host" "$both" "$(cat listen.log)"
wait_for 20 test -s out/trace.fc1.dat
run 30 "$TRACE_CMD" report out/trace.fc1.dat
like "$out" 'print:.*from the guest' "... its file is called as its socket is, and has its events"
unlike "$both" 'not complete' "... all of them"
is "$(sed -n 's/^ports //p' reverse.log | wc -w)" "$(getconf _NPROCESSORS_CONF)" "... each CPU came to a port of its own"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
is "$(echo fc1.vsock_*)" "fc1.vsock_$port" "... of which no socket is left"
send
wait_for 20 test -s out/trace.fc1-1.dat
ok $? "the next one gets a file of its own" "$(ls out)"
# the machine's session, and the data of somebody else
cat > idle.py <<-'E2'
	import socket, struct, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	for want, say in ((8, b'-1V3\0'), (3, b'766679\0\0'), (2, struct.pack('>6I', 0x1e, 1, 12, 1, 4096, 1) + b'vsock\0')):
	    while want:
	        want -= len(s.recv(want))
	    s.sendall(say)
	print('port', s.recv(100)[16:-1].decode(), flush=True)
	s.recv(1)
E2
start idle.log python3 idle.py "fc1.vsock_$port"
wait_for 20 grep -q port idle.log
theirs=$(sed -n 's/^port //p' idle.log)
test -S "fc1.vsock_$theirs"
ok $? "a session has sockets" "$(cat idle.log)"
run 30 python3 "$TOP/utest/cli/muxer.py" thief fc1.vsock "$theirs"
is "$out" "got 0 bytes" "another process that connects to them is hung up on"
test -S "fc1.vsock_$theirs"
ok $? "... and the machine can still do so"
stop "$listener"
is "$rc" 0 "the listener ends well"
is "$(echo fc1.vsock_*)" "fc1.vsock_*" "... and leaves no socket"
unlike "$(cat listen.log)" 'AddressSanitizer|runtime error' "no sanitizer had to complain"
touch of-daemon.vsock
chown daemon:daemon of-daemon.vsock
start owned.log "$TRACE_CMD" listen --unix of-daemon.vsock -p 7 -d out
wait_for 20 grep -q ^listening owned.log
is "$(stat -c '%a %U %G' of-daemon.vsock_7)" "600 daemon daemon" "a machine of another user can connect, too"
stop "$pid"
run 20 "$TRACE_CMD" listen --unix "$(printf 'x%.0s' {1..120})" -p 5 -d out
isnt "$rc" 0 "a name that no socket can have is refused"
rmdir "$TRACING/instances/$host" 2> /dev/null

wait_for 20 eval "! pgrep -P $agent"
is "$(cat "$T/agent-$agent_port.log")" "" "the agent has nothing to complain about"
remove_new_instances "$before"
is "$(tracing_state | grep -v ^instances:)" "$(grep -v ^instances: <<< "$before")" "tracing is left as it was found"
done_testing
