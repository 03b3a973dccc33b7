#!/bin/bash
# Several guests, each with options of its own; an agent with one host after the other.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
host=guests-$$-host
start_agent -B "guests-$$-1" || exit 1
agent1=$pid port1=$agent_port
start_agent -B "guests-$$-2" || exit 1
agent2=$pid port2=$agent_port
# the events of a file, each once
events() { "$TRACE_CMD" report "$1" 2> /dev/null | sed -n 's/^.*\] [^ ]* *[0-9]*\.[0-9]*: \([a-z_]*\):.*/\1/p' | sort -u | xargs; }
busy='for i in 1 2 3 4 5 6 7 8 9; do sh -c true; done; sleep 0.2'
# what the guests' instances are set to while it runs
cat > settings.sh <<E2
for i in 1 2; do
	cd "$TRACING/instances/guests-$$-\$i"
	echo \$i \$(sed 's/ .*//' buffer_size_kb) \$(cat options/irq-info) \$(cat events/sched/sched_process_exec/filter)
done
E2

run 60 "$TRACE_CMD" record -o a.dat -B "$host" -e sched:sched_process_fork -C mono \
	-A "127.0.0.1:$port1" --name one -e sched:sched_process_exec -f 'pid > 0' -b 300 -O noirq-info \
	-A "127.0.0.1:$port2" --name two -e sched:sched_process_exit -R traceon -b 700 -C boot --file-version 6 \
	-B "$host" bash -c "$busy; bash settings.sh > settings.txt"
is "$rc" 0 "two guests with options of their own" "$both"
is "$(events a-one.dat)" "sched_process_exec" "the first one has its event"
is "$(events a-two.dat)" "sched_process_exit" "the second one its own"
is "$("$TRACE_CMD" report a.dat | grep -o 'sched_process_[a-z]*:' | sort -u)" "sched_process_fork:" "the host its own"
is "$(cut -d' ' -f 1,3- settings.txt)" $'1 0 pid > 0\n2 1 none' "filters and options are those of each"
[ "$(sed -n 's/^1 \([0-9]*\) .*/\1/p' settings.txt)" -lt 400 ] && [ "$(sed -n 's/^2 \([0-9]*\) .*/\1/p' settings.txt)" -gt 600 ]
ok $? "... and the sizes of buffers" "$(cat settings.txt)"
is "$(head -c 11 a-two.dat | tail -c 1)$(head -c 11 a-one.dat | tail -c 1)" 67 "... and the versions of files"
like "$("$TRACE_CMD" dump --options a-one.dat)" '\[mono\]' "the host's clock counts for a guest that has none of its own"
like "$("$TRACE_CMD" dump --options a-two.dat)" '\[boot\]' "... but for no other"

# options behind a -B are the host's again
run 60 "$TRACE_CMD" record -q -o b.dat -A "127.0.0.1:$port1" --name one -e sched:sched_process_exec \
	-B "$host" -e sched:sched_process_exit -A "127.0.0.1:$port2" --name two -e sched:sched_process_fork \
	-B "$host-2" -e irq sh -c "$busy"
is "$rc" 0 "guests and instances by turns" "$both"
is "$(events b-one.dat)/$(events b-two.dat)" "sched_process_exec/sched_process_fork" "... each has what is behind it"
like "$("$TRACE_CMD" report b.dat)" "^ *$host: .*sched_process_exit:" "... the first instance, too"

# one guest's bad option: nothing is made, both agents serve on
run 60 "$TRACE_CMD" record -q -o c.dat -A "127.0.0.1:$port1" --name one -e sched:sched_process_exec \
	-A "127.0.0.1:$port2" --name two -e nosuchevent sh -c true
isnt "$rc" 0 "an event that one guest does not have is an error"
like "$err" "guest two" "... of that guest"
is "$(ls c* 2> /dev/null)" "" "... and no file is made"
run 60 "$TRACE_CMD" record -q -o c.dat -A "127.0.0.1:$port1" --name g -e irq -A "127.0.0.1:$port2" --name g -e irq true
is "$rc" 17 "two of one name"
like "$err" "two guests are called 'g'" "... are told"
run 60 "$TRACE_CMD" record -q -o c.dat -A "127.0.0.1:$port1" -e irq -A "127.0.0.1:$port1" --name again -e irq true
isnt "$rc" 0 "one agent as two guests: it is busy with the first"

# one host after the other
good=0
for i in 1 2 3 4 5 6 7 8; do
	run 60 "$TRACE_CMD" record -q -o "d$i.dat" -A "127.0.0.1:$port1" --name g -e sched:sched_process_exec sh -c "$busy"
	[ "$rc" = 0 ] && [ "$(events "d$i-g.dat")" = sched_process_exec ] && good=$((good + 1)) || diag "$i: $both"
done
is $good 8 "eight hosts one after the other"
# two at once: the second one may wait for the first, but not for long: a busy machine has some tries
# connections PORT: how many there are, accepted or not
connections() { awk -v p="$(printf ':%04X' "$1")\$" '$4 == "01" && $2 ~ p' /proc/net/tcp /proc/net/tcp6 2> /dev/null | wc -l; }
for try in 1 2 3; do
	rm -f go slow* next*
	start slow.log "$TRACE_CMD" record -q -o slow.dat -A "127.0.0.1:$port1" --name g -e sched:sched_process_exec \
		sh -c 'until test -e go; do sleep 0.1; done'
	slow=$pid
	wait_for 20 test -e slow-g.dat.cpu0
	start next.log "$TRACE_CMD" record -q -o next.dat -A "127.0.0.1:$port1" --name g -e sched:sched_process_exec true
	next=$pid
	wait_for 20 eval '[ "$(connections "$port1")" -ge 2 ]'
	came=$?
	touch go
	wait_for 30 eval '! alive $slow'
	stop "$slow"
	slow_rc=$rc
	wait_for 60 eval '! alive $next'
	stop "$next"
	[ "$came $rc" != "0 0" ] || break
done
is "$came $rc" "0 0" "a host that comes while another is served has its turn then (try $try)" ||
	diag "$(cat next.log "$T/agent-$port1.log")"
is "$slow_rc" 0 "... and the other's is complete" || diag "$(cat slow.log)"

# a host that is so quick that its CLOSE is there before the agent has looked for its data connections
cat > quick.py <<'E2'
import socket
import struct
import sys

ctl = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 20)
args = b'-e\0sched:sched_process_exec\0'
params = struct.pack('>III', 0, 4 + len(args), 2) + args
ctl.sendall(struct.pack('>IIIIIQ', 28 + len(params), 6, 16, 0, 0, 1) + params)
stream = ctl.makefile('rb')


def message():
    size, cmd, fixed = struct.unpack('>III', stream.read(12))
    return cmd, fixed, stream.read(size - 12)


cmd, fixed, body = message()
ports = [int(p) for p in body[fixed:].split(b'\0')[:-1]]
data = [socket.create_connection(('127.0.0.1', p), 20) for p in ports]
ctl.sendall(struct.pack('>III', 12, 0, 0))
while cmd != 8:
    cmd, fixed, body = message()
for s in data:
    while s.recv(65536):
        pass
print('all of %d ended' % len(data))
E2
run 60 python3 quick.py "$port1"
is "$both" "all of $(getconf _NPROCESSORS_CONF) ended"$'\n' "a host that closes at once gets the end of each CPU's data"

wait_for 20 eval "! pgrep -P $agent1 && ! pgrep -P $agent2"
remove_new_instances "$before"
is "$(tracing_state | grep -v ^instances:)" "$(grep -v ^instances: <<< "$before")" "the top instance is as it was"
is "$(find "$TRACING/instances" -name "guests-$$-*")" "" "no instance is left"
done_testing
