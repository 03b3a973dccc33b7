#!/bin/bash
# Who says something where nobody reads, or is stuck: Ctrl-C twice ends it all the same, and tracing is put back.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# a FIFO, open at descriptor 7, that takes nothing more
mkfifo full
exec 7<> full
python3 -c 'import os
fd = os.open("full", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(fd, b"x" * 4096)
except BlockingIOError:
    pass'

# mute COMMAND...: in the background, with nobody to read what it says; sets pid
mute() {
	# shellcheck disable=SC2016	# for the other shell
	start log bash -c 'exec "$@" > full 2>&1 7>&-' mute "$@"
}

# insist: Ctrl-C for $pid, again and again, further apart than those that count as one. Sets rc; 1: it goes on.
insist() {
	local i gone=1
	for ((i = 0; i < 30 * SLOW; i++)); do
		kill -INT "$pid"
		# shellcheck disable=SC2034	# SLOW is what wait_for multiplies by
		SLOW=1 wait_for 1 eval "! alive $pid" && gone=0 && break
	done
	stop "$pid" KILL
	return $gone
}

# --- listen

# backlog: how many connections to $port nobody has accepted yet, in hexadecimal
backlog() {
	awk -v p="$(printf ':%04X' "$port")\$" '$4 == "0A" && $2 ~ p { sub(".*:", "", $5); print $5; exit }' \
		/proc/net/tcp /proc/net/tcp6
}
all_accepted() { [ "$(backlog)" = 00000000 ]; }

port=$(free_port)
mute "$TRACE_CMD" listen -p "$port" -d "$T" --max-per-host 1
wait_for 20 listens "$port"
exec 8<> "/dev/tcp/127.0.0.1/$port"
wait_for 20 pgrep -P "$pid"
# one too many, which is told
exec 9<> "/dev/tcp/127.0.0.1/$port"
wait_for 20 all_accepted
insist
ok $? "a listener that has something to say"
exec 8<&- 9<&-

# --- record

if [ "$(id -u)" != 0 ] || [ ! -w "${TRACING:-/none}/set_event" ]; then
	skip 11 "needs tracing"
	done_testing
	exit
fi
clean_leftovers
new_instance
d=$TRACING/instances/$inst
before=$(tracing_state "$inst")
events() { grep -q sched_process_exec "$d/set_event"; }

mute "$TRACE_CMD" record -o mute.dat -B "$inst" -e sched:sched_process_exec
wait_for 20 events
insist
ok $? "a recording that begins"
is "$(tracing_state "$inst")" "$before" "... tracing is put back"
succeeds "... there is a file" "$TRACE_CMD" dump --validate mute.dat
# the command fills the pipe itself; what is left to tell comes when it has ended
cat > fill.sh <<-E2
	touch "$T/begun"
	exec cat /dev/zero
E2
mute "$TRACE_CMD" record -o mute.dat -B "$inst" -e sched:sched_process_exec sh fill.sh
wait_for 20 test -e begun
insist
ok $? "a recording whose command writes without end"
is "$(tracing_state "$inst")" "$before" "... tracing is put back"

# --- a recording process that does nothing more

# stop_worker: of the recording $pid
stop_worker() {
	worker=$(pgrep -P "$pid")
	kill -STOP "$worker"
}
tracing() { [ "$(cat "$d/tracing_on")" = 1 ]; }

start log "$TRACE_CMD" record -o stuck.dat -B "$inst" -e sched:sched_process_exec
wait_for 20 grep -q 'Hit Ctrl^C' log
stop_worker
insist
ok $? "a recording whose process is stopped" "$(cat log)"
like "$(cat log)" 'ended by signal 9' "... that one is killed"
is "$(tracing_state "$inst")" "$before" "... tracing is put back"
succeeds "... there is a file" "$TRACE_CMD" dump --validate stuck.dat
mute "$TRACE_CMD" record -o stuck.dat -B "$inst" -e sched:sched_process_exec
wait_for 20 events
stop_worker
insist
ok $? "... and nobody reads what is said"
is "$(tracing_state "$inst")" "$before" "... tracing is put back"
done_testing
