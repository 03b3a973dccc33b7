#!/bin/bash
# The burst protocol between record -A and an agent of ours on loopback: one kernel, so the true offset is 0.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
host=burst-host-$$
# offsets FILE: of its TimeShift, one a line; of all CPUs the same, so of the first one
offsets() { "$TRACE_CMD" dump --options "$1" | sed -n '/TimeShift/,/Option/{s/^\t\(-\?[0-9]\+\) .*/\1/p}'; }
largest() { offsets "$1" | tr -d - | sort -n | tail -n 1; }
# outside FILE: how many of the bounds that --debug has printed leave 0 outside; and how many bursts there were
outside() { sed -n 's/.*tsync: burst .*in \[\(-\?[0-9]*\), \(-\?[0-9]*\)\].*/\1 \2/p' "$1" | awk '$1 > 0 || $2 < 0' | wc -l; }
bursts() { grep -c 'tsync: burst .* offset' "$1"; }
cpus=$(getconf _NPROCESSORS_CONF)

start_agent || exit 1
agent=$pid

# record_with NAME OPTION...: a short recording, what it says goes to NAME.log
record_with() {
	local name=$1
	shift
	run 60 "$TRACE_CMD" record -o "$name.dat" --debug "$@" -A "127.0.0.1:$agent_port" --name g -e sched:sched_switch \
		-B "$host" -e sched:sched_switch sleep "${seconds:-0.4}"
	printf '%s\n' "$out" "$both" > "$name.log"
}

# --- clocks, read directly or by markers

for clock in local mono mono_raw boot tai global perf x86-tsc; do
	grep -qw -- "$clock" "$TRACING/trace_clock" || { skip 5 "no clock $clock"; continue; }
	record_with "$clock" -C "$clock"
	is "$rc" 0 "$clock: record ends well"
	like "$(cat "$clock.log")" 'Negotiated burst time sync protocol with guest g' "... by bursts"
	is "$(outside "$clock.log")" 0 "... the truth is within all bounds" "$(grep 'tsync:' "$clock.log")"
	# and one after a tenth of a second, unless this machine is too busy for that
	[ "$(bursts "$clock.log")" -ge 2 ] && [ "$(offsets "$clock-g.dat" | wc -l)" -ge $((2 * cpus)) ]
	ok $? "... at start and end" "$(grep 'tsync:' "$clock.log")"
	[ "$(largest "$clock-g.dat")" -lt 10000000 ]
	ok $? "... the offsets are near the truth" "$(offsets "$clock-g.dat")"
	echo "# $clock: largest error $(largest "$clock-g.dat")"
done
run 30 "$TRACE_CMD" report mono.dat mono-g.dat
times=$(sed -n 's/^.*\] [^ ]* *\([0-9]*\.[0-9]*\): .*/\1/p' <<< "$out")
[ "$(wc -l <<< "$times")" -gt 20 ] && sort -c -n <<< "$times"
ok $? "the merged report is in one order of time" "$(head -n 5 <<< "$out")"

# --- which protocol

record_with forced --tsync-proto ptp
like "$(cat forced.log)" 'Negotiated ptp time sync protocol' "--tsync-proto ptp: that one"
is "$(bursts forced.log)" 0 "... and no bursts"
record_with auto --tsync-proto auto
like "$(cat auto.log)" 'Negotiated burst time sync protocol' "--tsync-proto auto: the best"
record_with method --tsync-method fastest
like "$(cat method.log)" 'Negotiated ptp time sync protocol' "who names a method of ptp gets ptp"
record_with uptime -C uptime
like "$(cat uptime.log)" 'Negotiated ptp time sync protocol' "a clock too coarse for bursts: ptp"
run 60 "$TRACE_CMD" record -o x.dat -A "127.0.0.1:$agent_port" --name g --tsync-proto ptp -e sched:sched_switch \
	-B "$host" -e irq sleep 0.1
like "$out" 'Negotiated ptp time sync protocol' "a guest's own option limits what its agent takes"
run 60 "$TRACE_CMD" record -o x.dat --tsync-proto burst -A "127.0.0.1:$agent_port" --name g --tsync-proto ptp \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
is "$rc" 0 "two that exclude each other: recorded all the same"
like "$both" 'Failed to negotiate timestamps synchronization with the guest g' "... and told"
run 10 "$TRACE_CMD" record --tsync-proto nosuch true
isnt "$rc" 0 "a protocol that nobody knows is an error"
like "$both" "'nosuch' is neither auto nor a protocol known here" "... and told"

# --- when

record_with ends --tsync-interval 0
is "$(grep -c 'tsync: pass .* of burst' ends.log)" 2 "--tsync-interval 0: at start and end"
# (a pass is done when it is done: one that takes long leaves room for few)
for seconds in 0.4 2 8; do
	record_with often --tsync-interval 50
	[ "$(grep -c 'tsync: pass .* of burst' often.log)" -lt 5 ] || break
done
[ "$(grep -c 'tsync: pass .* of burst' often.log)" -ge 5 ]
ok $? "--tsync-interval 50: often" "$(grep 'tsync: pass' often.log)"
record_with once --no-tsync-per-cpu --tsync-interval 0
is "$(bursts once.log)" 2 "--no-tsync-per-cpu: no checks of other CPUs"

# --- debug files

mkdir dbg
run 60 "$TRACE_CMD" record -q -o d.dat --tsync-debug dbg --tsync-interval 0 -A "127.0.0.1:$agent_port" --name g \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
series=$(ls dbg/s-cid*_1.txt)
[ "$(wc -l < "$series")" -gt 100 ]
ok $? "a file for each burst, a line a probe"
like "$(tail -n 1 "$series")" '^-?[0-9]+ [0-9]+ 0$' "... the last line is the result"
# (a pass that takes long leaves CPUs out)
results=$(cat dbg/res-cid*.txt | wc -l)
is "$(echo dbg/res-cid*.txt | wc -w) $results" "1 $(echo dbg/s-cid*.txt | wc -w)" "one file with all results"
[ "$results" -ge 2 ]
ok $? "... at start and end" "$results"

# --- Debian's agent and record know nothing of it: stock-peer.t

is "$(cat "$T/agent-$agent_port.log")" "" "the agent has nothing to complain about"
wait_for 10 eval "! pgrep -P $agent"
is "$(tracing_state)" "$before" "tracing is left as it was found"

done_testing
