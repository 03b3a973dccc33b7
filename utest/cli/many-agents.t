#!/bin/bash
# Thirty-two guests at once, each an agent of this machine with an instance of its own; then ten of
# them die in various ways, and the rest must not notice.
. "$(dirname "$0")/lib.sh"
need_tracing
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
before=$(tracing_state)
host=many-$$-host n=32 marks=100
instances() { find "$TRACING/instances" -maxdepth 1 -name "many-$$-*" | wc -l; }
at_exit 'for d in "$TRACING"/instances/many-$$-*; do [ ! -d "$d" ] || rmdir "$d"; done 2> /dev/null'

ports=() agents=() where=()
port=$((20000 + (RANDOM % 100) * 100))
for ((i = 0; i < n; i++)); do
	while listens $port; do port=$((port + 1)); done
	ports+=("$port")
	start "agent-$i.log" "$TRACE_CMD" agent -N 127.0.0.1 -p $port -B "many-$$-$i"
	agents+=("$pid")
	where+=("127.0.0.1:$port")
	port=$((port + 1))
done
for p in "${ports[@]}"; do
	wait_for 20 listens "$p" || break
done
ok $? "$n agents listen" "$(cat agent-*.log)"

# a bad network for the last four
links=()
for i in 28 29 30 31; do
	while listens $port; do port=$((port + 1)); done
	start "link-$i.log" python3 "$TOP/utest/cli/link.py" $port "${ports[i]}"
	links+=("$pid")
	where[i]=127.0.0.1:$port
	wait_for 20 listens $port || diag "$(cat "link-$i.log")"
	port=$((port + 1))
done

# marks in all buffers while it is recorded: exactly these must be in the files
cat > mark.py <<'E2'
import os
import sys
import time
dirs, rounds, pause = sys.argv[4:], int(sys.argv[1]), float(sys.argv[2])
open(sys.argv[3], 'w').write('%f' % time.time())
files = [open(d + '/trace_marker', 'wb', buffering=0) for d in dirs]
for i in range(rounds):
    for n, f in enumerate(files):
        try:
            f.write(b'mark %d of %d' % (i, n))
        except OSError:
            pass
    time.sleep(pause)
# what shall happen meanwhile may come late on a slow machine
while os.path.exists('go-on'):
    time.sleep(0.05)
E2
guests=() dirs=()
for ((i = 0; i < n; i++)); do
	guests+=(-A "${where[i]}" --name "g$i" -e sched:sched_process_exec -b 200)
	dirs+=("$TRACING/instances/many-$$-$i")
done
# record OUTPUT PAUSE DIRECTORY...: in the background, with marks in these instances
record() {
	local output=$1 pause=$2

	shift 2
	rm -f started
	start "$output.log" "$TRACE_CMD" record -q -o "$output.dat" -B "$host" -e sched:sched_process_exec \
		"${guests[@]}" -B "$host" python3 mark.py $marks "$pause" started "$@"
}
# complete FILE GUEST...: that are valid and have all of their marks
complete() {
	local file=$1 i good=0
	shift
	for i; do
		[ "$("$TRACE_CMD" dump -v "$file-g$i.dat" 2> bad.txt)" = "File $file-g$i.dat is a valid trace-cmd file" ] &&
			"$TRACE_CMD" report "$file-g$i.dat" > "report-$i.txt" 2> bad.txt &&
			[ "$(grep -c "print: .*mark [0-9]* of $i\$" "report-$i.txt")" = $marks ] &&
			! grep -q 'EVENTS DROPPED' "report-$i.txt" && good=$((good + 1)) ||
			diag "$file-g$i.dat:" "$(cat bad.txt)" "$(grep -c 'mark' "report-$i.txt") marks"
	done
	echo $good
}

# --- all well

# one alone, for comparison
begin=$EPOCHREALTIME
start one.log "$TRACE_CMD" record -q -o one.dat -B "$host" -e sched:sched_process_exec "${guests[@]:0:8}" \
	-B "$host" python3 mark.py 1 0 started "${dirs[0]}"
wait_for 60 test -s started
alone=$(awk -v a="$begin" -v b="$(cat started)" 'BEGIN { printf "%.2f", b - a }')
wait_for 60 eval "! kill -0 $pid"
stop "$pid"
is "$rc" 0 "recording one guest ends well" "$(cat one.log)"
begin=$EPOCHREALTIME
record well 0.005 "${dirs[@]}"
wait_for 60 test -s started
took=$(awk -v a="$begin" -v b="$(cat started)" 'BEGIN { printf "%.2f", b - a }')
echo "# $n guests have been connected to and set up after $took s, one alone after $alone s"
# 2 s on a machine that has nothing else to do; those that wait for each other take n times as long as one does
awk -v t="$took" -v one="$alone" -v n=$n 'BEGIN { exit !(t < 12 + one * n / 2) }'
ok $? "$n guests begin at once" "$took s, one alone $alone s"
wait_for 60 eval "! kill -0 $pid"
stop "$pid"
is "$rc" 0 "recording $n guests ends well" "$(cat well.log)"
is "$(complete well $(seq 0 $((n - 1))) | tail -n 1)" $n "... with all of their files complete"
is "$(echo well*.cpu*)" 'well*.cpu*' "... and nothing else left"
wait_for 20 eval '[ "$(instances)" = 0 ]'
ok $? "... nor any instance"

# --- ten die

said() { grep -v Negotiated "$1.log" | head -n 100; }

session() { pgrep -P "${agents[$1]}"; }
victim() {	# HOW GUEST: after a while
	sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.2 + r / 32768 * 2 }')"
	case $1 in
	session) kill -KILL "$(session "$2")" ;;
	agent) kill -KILL "${agents[$2]}" ;;
	stop) kill -STOP "$(session "$2")" ;;
	cut) kill -USR1 "${links[$2 - 28]}" ;;
	slow) kill -USR2 "${links[$2 - 28]}" ;;
	esac
}
# (who has a file of an instance open keeps it from being removed)
touch go-on
record bad 0.03 "${dirs[@]:0:22}"
recorder=$pid
wait_for 60 test -s started
victims=()
for v in session:22 session:23 agent:24 agent:25 stop:26 stop:27 cut:28 cut:29 slow:30 slow:31; do
	victim "${v%:*}" "${v#*:}" &
	victims+=($!)
done
wait "${victims[@]}"
kill -0 "$recorder"
ok $? "the recording goes on" "$(said bad)"
# (of those that are gone it tells at once)
wait_for 20 eval '[ "$(grep -c "its agent ended" bad.log)" -ge 6 ]'
rm go-on
wait_for 60 eval "! kill -0 $recorder"
ok $? "... and ends" "$(said bad)"
kill -CONT "$(session 26)" "$(session 27)"
stop "$recorder"
isnt "$rc" 0 "... with an error"
for i in 22 23 24 25 28 29; do
	like "$(said bad)" "guest g$i: its agent ended (the data )?while recording, after [0-9.]+ s" "... guest $i is told, and when"
done
for i in 26 27; do
	like "$(said bad)" "guest g$i was lost" "... guest $i, too"
done
unlike "$(said bad)" 'guest g([0-9]|1[0-9]|2[01])[: ]' "... and no other one"
is "$(complete bad $(seq 0 21) | tail -n 1)" 22 "the other 22 files are complete"
valid=0
for i in $(seq 22 31) ; do
	"$TRACE_CMD" dump -v "bad-g$i.dat" > /dev/null 2> bad.txt && valid=$((valid + 1)) || diag "bad-g$i.dat: $(cat bad.txt)"
done
is $valid 10 "what the ten have sent is in files that can be read"
is "$(echo bad*.cpu*)" 'bad*.cpu*' "... and nothing else is left"
stop "${links[2]}" KILL
stop "${links[3]}" KILL
wait_for 30 eval '[ "$(instances)" = 0 ]'
ok $? "all instances are gone" "$(ls "$TRACING/instances")"

# --- after any death of a host an agent is there for the next one

for moment in 0.03 0.1 0.2 0.4 0.8; do
	rm -f started
	start "dies.log" "$TRACE_CMD" record -q -o dies.dat -A "${where[0]}" --name g -e sched:sched_process_exec sleep 20
	recorder=$pid
	sleep $moment
	worker=$(pgrep -P "$recorder")
	# shellcheck disable=SC2086	# one word, or none
	kill -KILL "$recorder" $worker 2> /dev/null
	begin=$EPOCHREALTIME
	wait_for 10 eval '! pgrep -P "${agents[0]}"'
	ok $? "a host killed after $moment s: its session ends soon" "$(cat agent-0.log)"
	stop "$recorder"
	run 60 "$TRACE_CMD" record -q -o next.dat -A "${where[0]}" --name g -e sched:sched_process_exec true
	is "$rc" 0 "... and the next host is served" || diag "$both" "$(cat agent-0.log)"
done
for ((i = 0; i < n; i++)); do
	stop "${agents[i]}"
done
wait_for 20 eval '[ "$(instances)" = 0 ]'
ok $? "nothing is left in the end" "$(ls "$TRACING/instances")"
remove_new_instances "$before"
# others may compare clocks meanwhile
is "$(tracing_state | grep -v ^instances:)" "$(grep -v ^instances: <<< "$before")" "tracing is left as it was found"
done_testing
