#!/bin/bash
# record: how much is kept (-m, --limit-size, --duration, --rotate), what is said of losses and
# of progress. In an instance of its own.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
new_instance
MARKER=$TRACING/instances/$inst/trace_marker

cat > marks.c <<-'E2'
	/* marks FILE COUNT MICROSECONDS: numbered marks, with a pause after each hundred */
	#include <fcntl.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	int main(int argc, char **argv)
	{
		int fd = open(argv[1], O_WRONLY), us = atoi(argv[3]), len;
		long i, n = atol(argv[2]);
		char text[64];

		for (i = 0; i < n; i++) {
			len = snprintf(text, sizeof(text), "mark %ld .\n", i);
			if (write(fd, text, len) != len)
				return 1;
			if (us && i % 100 == 99)
				usleep(us);
		}
		return 0;
	}
E2
"${CC:-cc}" -O2 -o marks marks.c || skip_all "needs a compiler"
cat > flood.c <<-'E2'
	#include <sys/syscall.h>
	#include <unistd.h>
	int main(void) { long i; for (i = 0; i < 100000; i++) syscall(SYS_getppid); return 0; }
E2
"${CC:-cc}" -O2 -o flood flood.c

record() { run 120 "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec "$@"; }
# the numbers of the marks in files, one a line
numbers() {
	local f
	for f; do
		"$TRACE_CMD" report "$f" 2> /dev/null | sed -n 's/.*: mark \([0-9]*\) \.$/\1/p'
	done
}

# --- -m

record -m 64 -b 4000 -o m.dat taskset -c 0 ./marks "$MARKER" 20000 200
is "$rc" 0 "-m: record ends well" "$both"
numbers m.dat | sort -n > got
last=$(tail -n 1 got) first=$(head -n 1 got)
is "$last" 19999 "-m keeps the end"
[ "$first" -gt 0 ]
ok $? "... and not the beginning" "first: $first"
is "$(wc -l < got)" $((last - first + 1)) "... without a gap"
for size in $(sed -n 's/.*(\([0-9]*\) uncompressed)/\1/p' <<< "$err"); do
	[ "$size" -le 65536 ] || break
done
[ -n "$size" ] && [ "$size" -le 65536 ]
ok $? "... no CPU has more than was said" "$err"
max=$(sed -n 's/.*(\([0-9]*\) uncompressed)/\1/p' <<< "$err" | sort -n | tail -n 1)
[ "$max" -ge 32768 ]
ok $? "... and at least half" "$max"
is "$(echo m.dat?*)" 'm.dat?*' "... no temporary files are left"
record -m 7 -o less.dat true
is "$rc" 22 "less than two pages can't be kept"
like "$err" '-m 7 is too little' "... that is told"

# marks that come at a pace, and room for those of half a minute: a recorder that has to wait for its turn loses none
room='-b 20000'
# shellcheck disable=SC2086	# words
start m.log "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec -m 64 -o mk.dat $room taskset -c 0 ./marks "$MARKER" 100000000 5000
wait_for 20 test -s "mk.dat.$inst.cpu0.1"
ok $? "-m turns to the other file"
kill -KILL "$(pgrep -P "$pid")"
stop "$pid"
run 60 "$TRACE_CMD" dump --validate mk.dat
is "$rc" 0 "-m, killed: the file is complete" "$both"
numbers mk.dat | sort -n > got
[ "$(wc -l < got)" -gt 300 ]
ok $? "... and has the data" "$(wc -l < got)"
is "$(wc -l < got)" $(($(tail -n 1 got) - $(head -n 1 got) + 1)) "... without a gap"

# --- --limit-size, --duration

record --limit-size 1M -o size.dat ./marks "$MARKER" 100000000 1000
is "$rc" 0 "--limit-size ends the run" "$both"
sum=0
for size in $(sed -n 's/.*(\([0-9]*\) uncompressed)/\1/p' <<< "$err"); do
	sum=$((sum + size))
done
[ "$sum" -ge 1048576 ] && [ "$sum" -lt 20000000 ]
ok $? "... with as much data" "$sum"
is "$(pgrep -f "marks $MARKER" || true)" "" "... and the command"
begin=${EPOCHREALTIME/./}
record --duration 500ms -o time.dat sleep 100
took=$((${EPOCHREALTIME/./} - begin))
is "$rc" 0 "--duration ends the run and the command" "$both"
[ $took -ge 500000 ] && [ $took -lt $((20000000 * SLOW)) ]
ok $? "... after that time" "$took us"
record --duration 100ms -o time.dat
is "$rc" 0 "... also without a command"

# --- --rotate

# shellcheck disable=SC2086	# words
record $room --rotate 200K -o r.dat ./marks "$MARKER" 40000 10000
is "$rc" 0 "--rotate by size ends well" "$both"
[ "$(ls r.dat.0* | wc -l)" -ge 2 ]
ok $? "... and makes some files" "$(ls -l r.dat*)"
numbers r.dat.* | sort -n > got
is "$(uniq got | wc -l) $(tail -n 1 got)" "40000 39999" "... no mark is missing"
is "$(wc -l < got)" 40000 "... none is there twice"
for f in r.dat.*; do
	"$TRACE_CMD" dump --validate "$f" > /dev/null 2>&1 || break
done
ok $? "... each file is valid" "$f"
[ ! -e r.dat ]
ok $? "... there is no file without a number"

# shellcheck disable=SC2086	# words
start k.log "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec $room --rotate 100ms:2 -o k.dat taskset -c 0 ./marks "$MARKER" 100000000 5000
wait_for 30 test -e k.dat.0005
ok $? "--rotate by time makes one after another"
wait_for 10 test ! -e k.dat.0001
ok $? "... and removes the old ones"
stop "$pid" INT
is "$rc" 0 "... Ctrl-C ends it"
is "$(ls k.dat.* | wc -l)" 2 "... two are kept"
is "$(numbers k.dat.* | sort -n | awk 'NR > 1 && $1 != last + 1 { print last, $1 } { last = $1 }')" "" \
	"... no mark is missing between them"

# shellcheck disable=SC2086	# words
start rk.log "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec $room --rotate 300ms -o rk.dat taskset -c 0 ./marks "$MARKER" 100000000 5000
wait_for 30 test -e rk.dat.0002
kill -KILL "$(pgrep -P "$pid")"
stop "$pid"
is "$rc" 137 "--rotate, killed: that is told"
is "$(find . -name 'rk.dat.*' ! -name 'rk.dat.[0-9][0-9][0-9][0-9]')" "" "... nothing but trace files is left"
is "$(numbers rk.dat.* | sort -n | awk 'NR > 1 && $1 != last + 1 { print last, $1 } { last = $1 }')" "" \
	"... no mark is missing before the end"
[ "$(numbers rk.dat.* | wc -l)" -gt 300 ]
ok $? "... and they are there"
# shellcheck disable=SC2086	# words
start kk.log "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec $room --rotate 200ms:2 -o kk.dat taskset -c 0 ./marks "$MARKER" 100000000 5000
wait_for 30 test -e kk.dat.0004
kill -KILL "$(pgrep -P "$pid")"
stop "$pid"
is "$rc" 137 "--rotate with a number to keep, killed: that is told"
is "$(ls kk.dat.* | wc -l)" 2 "... no more are left" "$(ls kk.dat.*)"
is "$(numbers kk.dat.* | sort -n | awk 'NR > 1 && $1 != last + 1 { print last, $1 } { last = $1 }')" "" \
	"... the last ones"
record --rotate 1M -m 100 -o no.dat true
is "$rc" 22 "--rotate and -m don't go together"
like "$err" 'choose one' "... that is told"

# --- a full disk: each file has room for its end, and what was kept is in it

mkdir small
mount -t tmpfs -o size=40M none small && at_exit "umount '$T/small'"
for how in "--rotate 3M --compression none" "-m 100000 --compression none"; do
	# shellcheck disable=SC2086	# words
	record $how -e raw_syscalls -b 2000 -o small/s.dat sh -c 'while ./flood; do :; done'
	is "$rc" 28 "$how: a full disk ends the run" "$both"
	is "$(find small -name '*cpu*')" "" "... all data is in a file" "$(ls -l small)"
	for f in small/s.dat*; do
		"$TRACE_CMD" dump --validate "$f" > /dev/null 2>&1 || break
	done
	ok $? "... which is complete" "$f"
	rm -f small/*
done

# --- pauses of the recorders

for how in --poll "-s 0" "-s 100" "--nosplice --poll"; do
	# shellcheck disable=SC2086	# words
	record $how -o pause.dat ./marks "$MARKER" 3000 0
	is "$rc $(numbers pause.dat | sort -n | uniq | wc -l)" "0 3000" "$how: all is there" "$both"
done

# --- losses

lossy() { run 60 "$TRACE_CMD" record -B "$inst" -e raw_syscalls -b 8 -o lost.dat "$@" sh -c './flood & ./flood & ./flood & wait'; }
lossy
is "$rc" 0 "lost events are no error"
like "$out" '^CPU [0-9]+: [0-9]+ events lost$' "... but told for each CPU"
like "$err" '^[0-9]+ events were lost\. A larger buffer helps: -b [0-9]+$' "... with advice"
is "$(sed -n 's/^CPU.*: \([0-9]*\) events lost$/\1/p' <<< "$out" | awk '{ n += $1 } END { print n }')" \
	"$(sed -n 's/^\([0-9]*\) events were lost.*/\1/p' <<< "$err")" "... the sum is that of the CPUs"
lossy -q
unlike "$both" 'lost' "-q says nothing of it"
lossy --fail-on-lost
is "$rc" 61 "--fail-on-lost is one"
like "$err" '^  [0-9]+ events were lost$' "... says why"
run 30 "$TRACE_CMD" report lost.dat
like "$out" 'EVENTS DROPPED' "... the file is written"
lossy -O nooverwrite --fail-on-lost
is "$rc" 61 "events that were dropped count"
like "$out" '^CPU [0-9]+: [0-9]+ events dropped$' "... and are told"
run 60 "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec --fail-on-lost -o lost.dat true
is "$rc" 0 "--fail-on-lost is content when nothing is lost" "$both"

# --- progress

cat > terminal.py <<-'E2'
	"""terminal.py COMMAND...: runs it on a terminal of its own, prints what it shows there."""
	import os, pty, sys
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[1], sys.argv[1:])
	text = b''
	while True:
	    try:
	        part = os.read(fd, 4096)
	    except OSError:
	        break
	    if not part:
	        break
	    text += part
	os.waitpid(pid, 0)
	sys.stdout.buffer.write(text.replace(b'\r', b'<').replace(b'\033', b'^'))
E2
on_terminal() { run 60 python3 terminal.py "$TRACE_CMD" record -B "$inst" -e sched:sched_process_exec -o p.dat "$@"; }
on_terminal ./marks "$MARKER" 200000 1200
like "$out" '<0:[0-9]{2}:([0-9][1-9]|[1-9]0)  [0-9.]+[BKM]/s  [0-9.]+[BKM] 0:[0-9.]+[BKM]' "on a terminal there is progress"
like "$out" '<\^\[KCPU0 data' "... which is gone in the end"
on_terminal -q sleep 1.5
unlike "$out" '/s ' "-q shows none"
record -o p.dat sleep 1.5
unlike "$both" '/s ' "none where there is no terminal"

done_testing
