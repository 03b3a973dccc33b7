#!/bin/bash
# Both ways with Debian's trace-cmd: its record with our agent, our record with its agent, over
# loopback. Each pairing must give readable files with TimeShift, near the truth, which is 0.
. "$(dirname "$0")/lib.sh"
need_tracing
need_stock
cd "$T" || exit 1
cpus=$(getconf _NPROCESSORS_CONF)
before=$(tracing_state)
new_instance

offsets() { "$TRACE_CMD" dump --options "$1" | sed -n '/TimeShift/,/Option/{s/^\t\(-\?[0-9]\+\) .*/\1/p}'; }
largest() { offsets "$1" | tr -d - | sort -n | tail -n 1; }

# pair NAME HOST-FILE GUEST-FILE: what both pairings must give
pair() {
	# (and one more for each five seconds that it takes)
	samples=$(offsets "$3" | wc -l)
	[ "$samples" -ge $((2 * cpus)) ] && [ $((samples % cpus)) = 0 ]
	ok $? "$1: a sample for each CPU at start and end" "$samples"
	[ "$(largest "$3")0" -lt 500000000 ]
	ok $? "$1: the offsets are near the truth" "$(offsets "$3")"
	echo "# $1: largest error $(largest "$3") ns"
	like "$("$TRACE_CMD" dump --options "$2")" 'Option GUEST' "$1: the host's file knows the guest"
	run 30 "$TRACE_CMD" report -i "$2" -i "$3"
	is "$rc" 0 "$1: our merged report reads both"
	like "$out" "$(basename "$3"): .* sched_wakeup: " "$1: ... with the guest's events"
	"$STOCK" report -i "$2" -i "$3" > stock.txt 2> stock.err
	is $? 0 "$1: Debian's report reads both"
	[ "$(wc -l < stock.txt)" -gt 10 ]
	ok $? "$1: ... and finds events"
	"$TRACE_CMD" report --compat 3.1 -i "$2" -i "$3" > ours.txt 2> ours.err
	succeeds "$1: ... and prints the same lines" diff stock.txt ours.txt
}

# --- our record, Debian's agent

port=$(free_port)
start stock-agent.log unshare -m bash "$(stock_script)" agent -N 127.0.0.1 -p "$port"
wait_for 20 listens "$port"
ok $? "Debian's agent listens" "$(cat stock-agent.log)"
run 120 "$TRACE_CMD" record -o os.dat -B "$inst" -e sched:sched_switch \
	-A "127.0.0.1:$port" --name guest -e sched:sched_wakeup -B "$inst" sleep 0.5
is "$rc" 0 "our record ends well with Debian's agent" "$both"
like "$out" 'Negotiated ptp time sync protocol with guest guest' "... on its protocol"
pair "our record, Debian's agent" os.dat os-guest.dat
# its agent tells no more than the probe it chose: we bound that by our stamps around it
limits=$("$TRACE_CMD" dump --options os-guest.dat | sed -n 's/.*\[offset\] \(.*\) \[limits at first\] \(.*\) \[at last\]/\1\n\2/p')
awk '{ n++; if ($1 > 0 || $2 < 0 || $2 - $1 > 500000000) bad = 1 } END { exit !n || bad }' <<< "$limits"
ok $? "the truth, 0, lies in the bounds that our stamps alone give" "$limits"
echo "# from our stamps alone: $(tr '\n' ';' <<< "$limits")"
for version in 6 7; do
	run 120 "$TRACE_CMD" record -o ov.dat -B "$inst" -e irq -A "127.0.0.1:$port" --name g \
		--file-version $version -e sched:sched_wakeup -B "$inst" sleep 0.2
	is "$rc" 0 "version $version from Debian's agent"
	run 30 "$TRACE_CMD" report ov-g.dat
	like "$out" 'sched_wakeup' "... is completed and read"
done
run 120 "$TRACE_CMD" record -o on.dat --tsync-interval -1 -B "$inst" -e irq -A "127.0.0.1:$port" --name g \
	-e sched:sched_wakeup -B "$inst" sleep 0.2
is "$rc" 0 "without synchronisation, too"
stop "$pid"

# --- Debian's record, our agent

start_agent
run 120 unshare -m bash "$(stock_script)" record -o so.dat -B "$inst" -e sched:sched_switch \
	-A "127.0.0.1:$agent_port" -e sched:sched_wakeup sleep 0.5
like "$out" 'Negotiated ptp time sync protocol with guest 127.0.0.1' \
	"Debian's record talks to our agent" "$both"
pair "Debian's record, our agent" so.dat so-127.0.0.1.dat
is "$(cat "$T/agent-$agent_port.log")" "" "our agent has nothing to complain about"

# --- what only our files say

run 60 "$TRACE_CMD" record -q -o oo.dat --tsync-raw -A "127.0.0.1:$agent_port" --name guest \
	-e sched:sched_wakeup -B "$inst" -e sched:sched_switch sleep 0.5
like "$("$TRACE_CMD" dump --options oo-guest.dat)" 'Option TSYNC' "a file of ours says how well the clock is known"
pair "ours both" oo.dat oo-guest.dat
is "$(cat stock.err)" "" "... Debian's report skips that without a word"
"$STOCK" dump --options -i oo-guest.dat > stock.txt 2> stock.err
is $? 0 "... and its dump"
like "$(cat stock.txt)" 'Option TimeShift' "... finds TimeShift"

# Debian's agent leaves the instance for its probes behind when it is ended
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"

done_testing
