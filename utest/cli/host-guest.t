#!/bin/bash
# record -A with an agent on loopback as the guest: both on one kernel, so the true offset is 0.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
host=hg-host-$$
agent_quiet() { is "$(cat "$T/agent-$agent_port.log")" "" "$1: the agent has nothing to complain about"; }
# offsets FILE: of its TimeShift, one a line
offsets() { "$TRACE_CMD" dump --options "$1" | sed -n '/TimeShift/,/Option/{s/^\t\(-\?[0-9]\+\) .*/\1/p}'; }
largest() { offsets "$1" | tr -d - | sort -n | tail -n 1; }
shift_size() { "$TRACE_CMD" dump --options "$1" | sed -n 's/.*Option TimeShift, \([0-9]*\) bytes.*/\1/p'; }
# limits FILE: lines "LOWEST HIGHEST" of what its TSYNC option leaves possible, at first and last
limits() { "$TRACE_CMD" dump --options "$1" | sed -n 's/.*\[offset\] \(.*\) \[limits at first\] \(.*\) \[at last\]/\1\n\2/p'; }
# truth_inside FILE WHAT: 0 lies within all of them, and they are narrower than 10 ms, which is much: the machine may be busy
truth_inside() {
	limits "$1" | awk '{ n++; if ($1 > 0 || $2 < 0 || $2 - $1 > 10000000) bad = 1 } END { exit !n || bad }'
	ok $? "$2: the truth, 0, lies in the stated bounds" "$("$TRACE_CMD" dump --options "$1" | grep -A 20 'Option TSYNC')"
	echo "# $2: $(limits "$1" | tr '\n' ';')"
}
cpus=$(getconf _NPROCESSORS_CONF)

start_agent || exit 1
agent=$pid port1=$agent_port

# --- the main job

run 60 "$TRACE_CMD" record -o hg.dat -B "$host" -e sched:sched_switch --tsync-interval 200 \
	-A "127.0.0.1:$agent_port" --name guest -e sched:sched_switch -b 2000 \
	-B "$host" sh -c "sleep 0.5; echo 'a mark for both' > $TRACING/instances/$host/trace_marker; sleep 0.5"
is "$rc" 0 "record with a guest ends well"
like "$out" '^Negotiated burst time sync protocol with guest guest$' "... the protocol is told"
is "$(echo hg*)" "hg-guest.dat hg.dat" "... two files, nothing else"
ids=$("$TRACE_CMD" dump --options hg.dat | sed -n '/Option TRACEID/{n;p}')
like "$("$TRACE_CMD" dump --options hg-guest.dat)" "^$ids \[peer's trace id\]$" "the guest's TimeShift names the host's trace"
gid=$("$TRACE_CMD" dump --options hg-guest.dat | sed -n '/Option TRACEID/{n;p}')
like "$("$TRACE_CMD" dump --options hg.dat)" "^$gid \[trace id\]$" "the host's GUEST option names the guest's trace"
like "$("$TRACE_CMD" dump --options hg.dat)" "^guest \[Guest name\]$" "... and its name"
like "$out" '^Clock of guest guest: (burst|ptp): \+-[0-9.]+ [mu]?s guaranteed, repeatability [0-9.]+ [nmu]?s; drift 0.000 ppm \(.*\); [0-9]+ probes in ([6-9]|[0-9]{2,}) rounds, round trip ' "... and how well the clock is known, by rounds at the start, between, and at the end"
# /proc has "kworker/0:1-events", events have "kworker/0:1"
is "$("$TRACE_CMD" dump --cmd-lines hg-guest.dat | grep -E '^[0-9]+ (kworker/[^R].*[-+]|.{16})')" "" "the guest's file has tasks by the names of events"
[ "$(offsets hg-guest.dat | wc -l)" -ge $((2 * cpus)) ]
ok $? "every CPU has samples for the start and the end" "$(offsets hg-guest.dat)"
truth_inside hg-guest.dat "rounds of all CPUs"
like "$("$TRACE_CMD" dump --options hg-guest.dat)" '^   \[all CPUs\], 1 \[segments\]$' "... which are one clock, without steps"
echo "# largest error of an offset: $(largest hg-guest.dat) ns"
[ "$(largest hg-guest.dat)" -lt 10000000 ]
ok $? "the offsets are near the truth, 0"

run 30 "$TRACE_CMD" report -i hg.dat -i hg-guest.dat
is "$rc" 0 "the merged report ends well"
like "$out" '^ *hg.dat: cpus=' "... names the host"
like "$out" '^ *hg-guest.dat: cpus=' "... and the guest"
like "$out" '^ *hg-guest.dat: .* sched_switch: ' "... has the guest's events"
like "$out" "^ *$host: .* sched_switch: " "... and the host's, of its instance"
like "$err" '^hg-guest.dat: clock by (burst|ptp): \+-' "... says how well its clock is known"
unlike "$err" 'hg.dat: clock' "... which of the host's is no question"
run 30 "$TRACE_CMD" report -q hg.dat hg-guest.dat
is "$err" "" "... but not with -q"
like "$out" '^ *hg-guest.dat: .* sched_switch' "... which changes nothing else"
run 30 "$TRACE_CMD" report --ts-uncertain hg.dat hg-guest.dat
like "$out" '^ *(hg-guest.dat|'$host'): .* ~[0-9]+\.[0-9]{6}: sched_switch' "--ts-uncertain: the same switch, seen twice, has no order"
# a line with a mark is of another machine than the one before, no farther than the bound
awk 'BEGIN { bad = n = 0 } { who = $1; if (match($0, / ~ *[0-9]+\./)) { n++; if (who == last) bad++ } last = who } END { exit !n || bad }' <<< "$(grep -v 'cpus=' <<< "$out")"
ok $? "... which is only said of different machines" "$(head -n 20 <<< "$out")"
is "$(sed 's/ [ ~]\( *[0-9]*\.[0-9]\{6\}:\)/ \1/' <<< "$out" | md5sum)" "$("$TRACE_CMD" report -q hg.dat hg-guest.dat | md5sum)" "... and nothing else is changed by it"
run 30 "$TRACE_CMD" report --ts-uncertain hg-guest.dat
unlike "$out" ' ~ *[0-9]+\.' "... one machine alone is in order"
run 30 "$TRACE_CMD" report hg.dat hg-guest.dat
times=$(sed -n 's/^.*\] [^ ]* *\([0-9]*\.[0-9]*\): .*/\1/p' <<< "$out")
[ "$(wc -l <<< "$times")" -gt 100 ] && sort -c -n <<< "$times"
ok $? "... in one order of time" "$(head -n 5 <<< "$out")"
# the same switches are in both traces, as both trace one kernel: they must come out at the same times
cat > near.awk <<'E2'
/sched_switch: / {
	guest = /hg-guest.dat:/
	key = $0
	sub(/.*sched_switch: */, "", key)
	match($0, /[0-9]+\.[0-9]+: /)
	time = substr($0, RSTART, RLENGTH - 2) + 0
	if (!guest) {
		times[key] = times[key] " " time
		next
	}
	all++
	guest_key[all] = key
	guest_time[all] = time
}
END {
	for (i = 1; i <= all; i++) {
		n = split(times[guest_key[i]], host, " ")
		for (k = 1; k <= n; k++) {
			if (host[k] - guest_time[i] < 0.005 && guest_time[i] - host[k] < 0.005) {
				found++
				break
			}
		}
	}
	print (all > 0 && found / all > 0.3) ? "yes" : "no: " found " of " all
}
E2
near=$(awk -v OFMT=%.6f -v CONVFMT=%.6f -f near.awk <<< "$out")
is "$near" yes "... and the same switches stand side by side"
agent_quiet "a session"
wait_for 10 eval "! pgrep -P $agent"
is "$(tracing_state)" "$before" "tracing is left as it was found, on both sides"

# --- ways to compare clocks

for method in bounds fastest histogram; do
	for stamp in marker mono_raw; do
		clock=local
		[ $stamp = marker ] || clock=mono_raw
		run 60 "$TRACE_CMD" record -q -o m.dat -C $clock --tsync-interval 0 --tsync-method $method --tsync-stamp $stamp \
			-A "127.0.0.1:$agent_port" --name g -e sched:sched_switch -B "$host" -e sched:sched_switch sleep 0.1
		is "$rc" 0 "$method by $stamp: record ends well"
		is "$(offsets m-g.dat | wc -l)" $((2 * cpus)) "... a sample for each CPU at start and end"
		[ "$(largest m-g.dat)" -lt 10000000 ]
		ok $? "... near the truth" "$(offsets m-g.dat)"
		truth_inside m-g.dat "$method by $stamp"
		echo "# $method by $stamp: largest error $(largest m-g.dat) ns"
	done
done
run 60 "$TRACE_CMD" record -q -o f.dat --tsync-layout fork --no-tsync-per-cpu --tsync-interval 0 -A "127.0.0.1:$agent_port" --name g \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
is "$(shift_size f-g.dat)" 52 "the fork's layout, once for all CPUs: 52 bytes"
run 30 "$TRACE_CMD" dump --options f-g.dat
like "$out" $'^1 \\[CPU count\\]$' "... one entry"
like "$out" '^ -1 \[cpu id\]$' "... for any CPU"
like "$out" '^ 2 \[samples count\]$' "... with two samples"
like "$out" $'^\t-?[0-9]+ [0-9]+ \\[offset @ time\\]$' "... printed with offset and time"
run 30 "$TRACE_CMD" report -i f.dat -i f-g.dat
is "$rc" 0 "... and the report applies it"
run 60 "$TRACE_CMD" record -q -o n.dat --tsync-interval -1 -A "127.0.0.1:$agent_port" --name g \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
is "$rc$(shift_size n-g.dat)" 0 "--tsync-interval -1: no TimeShift"

run 60 "$TRACE_CMD" record --tsync-method median -A "127.0.0.1:$agent_port" -e sched sleep 0.1
like "$err" "--tsync-method: 'median' is none of bounds, fastest and histogram" "a method there is not"

# --- what was measured, in the file

run 60 "$TRACE_CMD" record -q -o r.dat --tsync-raw --no-tsync-per-cpu -A "127.0.0.1:$agent_port" --name g \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
raw=$("$TRACE_CMD" dump --options r-g.dat | sed -n 's/^\([0-9]*\) \[raw bounds\]$/\1/p')
[ "${raw:-0}" -gt 400 ]
ok $? "--tsync-raw: two bounds of each probe are kept" "$raw"
run 30 "$TRACE_CMD" dump --options r-g.dat
is "$(awk '/\[@ time\]/ { if ($2 == "<=" ? $3 < 0 : $3 > 0) bad++ ; n++ } END { print n - 0, bad - 0 }' <<< "$out")" "$raw 0" "... none of which excludes the truth"
is "$("$TRACE_CMD" dump --validate -i r-g.dat > /dev/null 2>&1; echo $?)" 0 "... in a valid file"
run 30 "$TRACE_CMD" convert -i r-g.dat -o r6.dat --file-version 6
run 30 "$TRACE_CMD" split -i r-g.dat -o rs.dat
for file in r6.dat rs.dat; do
	is "$("$TRACE_CMD" dump --options $file | sed -n '/Option TSYNC/,/raw bounds/p')" \
		"$("$TRACE_CMD" dump --options r-g.dat | sed -n '/Option TSYNC/,/raw bounds/p')" "$file keeps it"
done

# --- debug files and their plots

mkdir dbg
run 60 "$TRACE_CMD" record -q -o d.dat --tsync-debug dbg --tsync-interval 0 --tsync-proto ptp -A "127.0.0.1:$agent_port" --name g \
	-e sched:sched_switch -B "$host" -e irq sleep 0.1
series=$(ls dbg/s-cid*_1.txt) res=$(ls dbg/res-cid*.txt)
[ "$(wc -l < "$series")" -gt 100 ]
ok $? "a file for each calculation, a line a probe"
like "$(tail -n 1 "$series")" '^-?[0-9]+ [0-9]+ 0$' "... the last line is the result"
is "$(wc -l < "$res")" $((2 * cpus)) "one file with all results"
if /usr/bin/python3 -c 'import matplotlib' 2> /dev/null; then
	succeeds "the histogram of a calculation is drawn" "$TOP/scripts/debug/tsync_hist.py" "$series" -o hist.png
	succeeds "the line of all results is drawn" "$TOP/scripts/debug/tsync_res.py" "$res" -o res.png
	like "$(head -c 8 hist.png | od -c)$(head -c 8 res.png | od -c)" 'P +N +G' "... as pictures"
else
	skip 3 "needs python3-matplotlib"
fi

# --- three guests at once

start_agent; port2=$agent_port agent2=$pid
start_agent; port3=$agent_port
run 90 "$TRACE_CMD" record -q -o three.dat --tsync-interval 100 -B "$host" -e irq \
	-A "127.0.0.1:$port3" --name c -e irq -A "127.0.0.1:$port2" --name b -e irq \
	-A "127.0.0.1:$port1" --name a -e irq \
	-B "$host" sleep 0.6
is "$rc" 0 "three guests at once"
for g in a b c; do
	[ "$(offsets three-$g.dat | wc -l)" -ge $((2 * cpus)) ] && [ "$(largest three-$g.dat)" -lt 10000000 ]
	ok $? "... guest $g has its own true offsets" "$(offsets three-$g.dat)"
done

# these three shared one top instance, so each has put back what another had set
for p in "$agent" "$agent2" "$pid"; do
	wait_for 20 eval "! pgrep -P $p"
done
echo > "$TRACING/set_event"
sed -n 's/^set_event_notrace_pid: //p' <<< "$before" > "$TRACING/set_event_notrace_pid"
for f in buffer_size_kb tracing_on; do
	sed -n "s/^$f: \([0-9]*\).*/\1/p" <<< "$before" > "$TRACING/$f"
done

# --- a guest that dies

start lost.log "$TRACE_CMD" record -o lost.dat -B "$host" -e sched:sched_switch \
	-A "127.0.0.1:$port2" --name dying -e sched:sched_switch -b 500 -B "$host" sh -c "until test -e go; do sleep 0.1; done"
recorder=$pid
wait_for 20 test -s lost-dying.dat.cpu0
session=$(pgrep -P "$agent2")
kill -KILL "$session"
touch go
wait_for 30 eval "! kill -0 $recorder"
stop "$recorder"
isnt "$rc" 0 "an agent killed mid-way is an error"
like "$(cat lost.log)" "guest dying(: its agent ended| was lost) while recording" "... that is told"
run 30 "$TRACE_CMD" report lost.dat
is "$rc" 0 "... the host's file is complete"
run 30 "$TRACE_CMD" report lost-dying.dat
is "$rc" 0 "... what the guest sent can be read"
like "$out" 'sched_switch' "... and is there"
is "$(pgrep -P "$agent2")" "" "... the agent is left without the session"
run 60 "$TRACE_CMD" record -q -o again.dat -B "$host" -e irq -A "127.0.0.1:$port2" --name g -e irq -B "$host" sleep 0.1
is "$rc" 0 "... and serves the next host"

# --- a host that dies

start host.log "$TRACE_CMD" record -o dead.dat -B "$host" -e irq -A "127.0.0.1:$port2" --name g -e irq -B "$host" sleep 60
recorder=$pid
wait_for 20 test -e dead-g.dat.cpu0
worker=$(pgrep -P "$recorder")
kill -KILL "$recorder" "$worker"
wait_for 10 eval "! pgrep -P $agent2"
ok $? "a host killed with its guardian frees the agent within 10 s"
stop "$recorder"
rmdir "$TRACING/instances/$host" 2> /dev/null	# nobody was left to do it
remove_new_instances "$before"
kill -0 "$agent"
ok $? "the first agent is still there"
run 60 "$TRACE_CMD" record -q -o bad.dat -B "$host" -e irq -A "127.0.0.1:$port2" --name g -e nosuchevent -B "$host" sleep 0.1
isnt "$rc" 0 "an event the guest hasn't got is an error"
is "$(ls bad* 2> /dev/null)" "" "... and no file is made"
wait_for 10 eval "! pgrep -P $agent2"
is "$(tracing_state)" "$before" "tracing is left as it was found after all that"

done_testing
