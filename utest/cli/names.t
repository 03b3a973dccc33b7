#!/bin/bash
# An agent's host by its name, while no name server answers: whoever waits for it can be interrupted.
. "$(dirname "$0")/lib.sh"
need_tracing
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
server=127.93.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))
cat > silent.py <<'E2'
# A name server that says nothing, but writes when it was asked for NAME.example.org first, in microseconds
import os
import socket
import sys
import time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
open('listens', 'w').close()
while True:
    query = s.recv(1000)
    name = 'asked-' + query[13:13 + query[12]].decode()
    if not os.path.exists(name):
        open(name + '.new', 'w').write('%d' % (time.time() * 1e6))
        os.rename(name + '.new', name)
E2
printf 'nameserver %s\noptions timeout:30 attempts:5\n' "$server" > resolv.conf
echo 'hosts: files dns' > nsswitch.conf
cat > private.sh <<'E2'
mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf && exec "$@"
E2
unshare -m sh private.sh true 2> private.txt || skip_all "cannot have a resolv.conf of its own: $(cat private.txt)"
start silent.log python3 silent.py "$server"
wait_for 20 test -e listens || skip_all "cannot listen as a name server: $(cat silent.log)"

lookups=0
# ask TRACE-CMD...: in the background until a name server is asked for the name, which is NAME in its arguments;
# sets pid, name and asked
ask() {
	local words

	name=host$((lookups += 1)) words=("${@//NAME/$name}") asked=$T/asked-$name
	start run.log unshare -m sh private.sh "$TRACE_CMD" "${words[@]}"
}

# ends SIGNAL: who has asked; sets took_ms, from the question on
ends() {
	kill -"$1" "$pid"
	wait_for 20 eval '! alive $pid'
	took_ms=$(((${EPOCHREALTIME/./} - $(cat "$asked")) / 1000))
	stop "$pid" KILL
}

# (who cannot be interrupted waits to the end of the 5 s that there are for a connection; a busy machine has some tries)
for _ in 1 2 3; do
	ask record -q -o a.dat -A NAME.example.org:20999 -e sched:sched_process_exec true
	wait_for 20 test -s "$asked" || break
	ends INT
	[ $took_ms -ge 4500 ] || break
done
[ -s "$asked" ]
ok $? "record -A: a name server is asked" "$(cat run.log)"
[ "${took_ms:-5000}" -lt 4500 ]
ok $? "... and Ctrl-C ends waiting for it" "$took_ms ms: $(cat run.log)"
like "$(cat run.log)" 'interrupted while connecting to the guests' "... which is told"
unlike "$(cat run.log)" 'rror|anitizer' "... without any other error"
run 60 unshare -m sh private.sh "$TRACE_CMD" record -q -o b.dat -A late.example.org:20999 -e sched:sched_process_exec true
like "$err" 'Connection timed out' "there is a deadline, which is not the name servers'" || diag "$both"
run 60 unshare -m sh private.sh "$TRACE_CMD" record -q -o b.dat -A 127.0.0.1:1 -e sched:sched_process_exec true
like "$err" 'Failed to connect to host 127.0.0.1:1' "an address is no name, and looked up without asking anybody"
echo 'hosts: files' > nsswitch.conf
run 60 unshare -m sh private.sh "$TRACE_CMD" record -q -o b.dat -A nosuch.example.org:20999 -e sched:sched_process_exec true
is "$rc" 6 "a name that nobody knows: ENXIO"
like "$err" "Failed to connect: host 'nosuch.example.org' not found" "... which is told"
run 60 unshare -m sh private.sh "$TRACE_CMD" record -q -N nosuch.example.org:20999 -e sched:sched_process_exec true
is "$rc" 6 "a listener whose name nobody knows: ENXIO"
like "$err" "cannot connect to the listener: host 'nosuch.example.org' not found" "... which is told"
echo 'hosts: files dns' > nsswitch.conf

# --- an agent that serves a host by its name

# connect PORT: a host that says nothing until it is hung up on
connect() { start connect.log python3 -c "import socket; socket.create_connection(('127.0.0.1', $1)).recv(1)"; }

took_ms=
for _ in 1 2 3; do
	port=$(free_port)
	ask agent -N NAME.example.org -p "$port"
	agent=$pid
	wait_for 20 listens "$port" || break
	connect "$port"
	wait_for 20 test -s "$asked" || break
	pid=$agent
	ends TERM
	[ $took_ms -ge 2500 ] || break	# of the 3000 that it would wait
done
[ "${took_ms:-3000}" -lt 2500 ]
ok $? "agent -N: waiting for a name server ends when the agent shall" "$took_ms ms: $(cat run.log)"
port=$(free_port)
ask agent -N NAME.example.org -p "$port"
agent=$pid
wait_for 20 listens "$port"
connect "$port"
wait_for 20 eval '! alive $pid'
ok $? "... who connects meanwhile is refused by a deadline" "$(cat run.log)"
stop "$agent"
is "$rc" 0 "... the agent goes on"
like "$(cat run.log)" "only $name.example.org is served: looking up '$name.example.org': no name server answers" "... and says why"
done_testing
