#!/bin/bash
# Who says something where nobody reads: Ctrl-C twice ends it all the same, and tracing is put back.
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

done_testing
