#!/bin/bash
# An agent's host by its name, while no name server answers: whoever waits for it can be interrupted.
. "$(dirname "$0")/lib.sh"
need_tracing
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
server=127.93.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))
cat > silent.py <<'E2'
import socket
import sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
open('listens', 'w').close()
s.recv(1000)
open('asked', 'w').write('asked')
while True:
    s.recv(1000)
E2
printf 'nameserver %s\noptions timeout:30 attempts:5\n' "$server" > resolv.conf
echo 'hosts: files dns' > nsswitch.conf
cat > private.sh <<'E2'
mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf && exec "$@"
E2
unshare -m sh private.sh true 2> private.txt || skip_all "cannot have a resolv.conf of its own: $(cat private.txt)"
start silent.log python3 silent.py "$server"
wait_for 20 test -e listens || skip_all "cannot listen as a name server: $(cat silent.log)"

# interrupt NAME TRACE-CMD...: once the name server has been asked
interrupt() {
	local name=$1

	shift
	start run.log unshare -m sh private.sh "$TRACE_CMD" "$@"
	wait_for 20 test -s asked
	ok $? "$name: a name server is asked" "$(cat run.log)"
	kill -INT "$pid"
	wait_for 20 eval '! kill -0 $pid'
	ok $? "... and Ctrl-C ends waiting for it" "$(cat run.log)"
	stop "$pid" KILL
}

interrupt "record -A" record -q -o a.dat -A "agent.example.org:20999" -e sched:sched_process_exec true
unlike "$(cat run.log)" 'rror|anitizer' "... without any other error"
run 60 unshare -m sh private.sh "$TRACE_CMD" record -q -o b.dat -A 127.0.0.1:1 -e sched:sched_process_exec true
like "$err" 'Failed to connect to host 127.0.0.1:1' "an address is no name, and looked up without asking anybody"
done_testing
