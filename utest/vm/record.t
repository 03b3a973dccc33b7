#!/bin/bash
# A real host kernel records itself and real KVM guests (see README.md; no KVM is needed
# here): some boots with a few recordings (scenarios) each, judged by what KVM knows
# (analyse). What doesn't hold is recorded once more, twice at most.
#
# SCENARIOS="cid two" takes only some; VM_OUT=DIR keeps all files; VM_SLOW=N waits N times
# longer (for a slow machine; default 3).
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/boots.sh"

rig=$(dirname "$(readlink -f "$0")")
slow=${VM_SLOW:-3}
out=${VM_OUT:-$T/out}
scenarios=${SCENARIOS:-cid fork histogram clock exits local_clock no_clock tracers two stock_agent stock_host tcp_stock_agent tcp_stock_host gone}
read -ra list <<< "$scenarios"
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"

# --- the recordings

mkdir -p "$T/bin" "$out"
cp -L "$TRACE_CMD" "$T/bin/trace-cmd"
succeeds "the images of host and guest can be made" "$rig/build-images" || {
	done_testing
	exit 1
}
guests=(g1:3:2:256 g2:4:1:192) runs=$rig/scenarios
brings=("$rig/record" "$rig/steps.sh" "$rig/scenarios" "$rig/vanish")

# --- the judges

judge_cid() {
	judge cid g1 cid-3.dat "by CID"
	is "$(value cpus)" "0 1" "by CID: a table for each guest CPU"
	negotiated cid "by CID" kvm
	exact "by CID"
	sound cid 3
}

judge_fork() {
	judge fork g1 fork-g1.dat "fork's layout"
	is "$(value cpus)" "-1 0 1" "fork's layout: an entry for any CPU and one for each host CPU"
	like "$("$TRACE_CMD" dump --options -i fork-g1.dat)" '^3 \[CPU count\]' "fork's layout: as dump shows it"
	is "$(sort fork.affinity | uniq -c | awk '$1 % 2' | wc -l)" 0 \
		"fork's layout: the vCPU threads may run where they could before" ||
		diag "$(cat fork.affinity)"
}

judge_histogram() {
	judge histogram g1 histogram-g1.dat "histogram, periodic"
	[ "$(value samples)" -gt 2 ]
	ok $? "histogram, periodic: more samples than those of start and end" "$analysis"
}

judge_clock() { judge clock g1 clock-g1.dat "clock_gettime"; }

# The truth is in all that the exits prove, which is narrower than a round trip over vsock.
judge_exits() {
	local n tid offset lo hi tags=0 wrong='' widest=0
	local trip=$((fastest * (hz / 1000) / 1000000))

	judge exits g1 exits-g1.dat "exits"
	negotiated exits "exits" vmexit
	read -r n tid offset < exits-g1.vcpus
	while read -r lo hi; do
		tags=$((tags + 1))
		[ $((lo + offset)) -le 0 ] && [ $((hi + offset)) -ge 0 ] || wrong+="$lo .. $hi, "
		[ $((hi - lo)) -le $widest ] || widest=$((hi - lo))
	done < <(sed -n 's/^tsync: guest CPU .* tags, \(-\{0,1\}[0-9]*\) \.\. \(-\{0,1\}[0-9]*\)$/\1 \2/p' exits.log)
	is "$wrong" "" "exits: KVM's offset lies within all that they prove" || diag "truth: $((-offset))"
	is "$tags" 4 "exits: of both vCPUs, at start and end"
	[ $widest -gt 0 ] && [ $widest -lt $trip ]
	ok $? "exits: nearer than a round trip" "$widest ticks, a round trip takes $trip at best"
	diag "exits: no more than $widest ticks wide"
	is "$(sed -n 's/.*guest CPU \([0-9]*\), thread \([0-9]*\):.*/\1 \2/p' exits.log | sort -u)" \
		"$(cut -d ' ' -f 1,2 exits-g1.vcpus | sort)" "exits: they tell which thread is which vCPU"
}

# The truth isn't known for these; but where the host ran the guest is.
judge_local_clock() {
	is "$(cut -d ' ' -f 1 local.status)" 0 "local: record succeeds" || diag "$(cat local.log)"
	negotiated local "local" vmexit
	analysis=$("$rig/analyse" -r "$TRACE_CMD" -f local-g1.dat local g1 2>&1)
	[ "$(value windows | cut -d ' ' -f 1)" -ge 50 ]
	ok $? "local: guest events lie within the host's recording" "$analysis"
	is "$(value outside | cut -d ' ' -f 1)" 0 "local: none is outside of its window" || diag "$analysis"
	# of two CPUs, at start and end
	[ "$(rounds local-g1.dat)" -gt 4 ]
	ok $? "local: more rounds than those of start and end" "$(rounds local-g1.dat)"
	is "$(tr '\n' ' ' < local.left)" "0 " "local: tracing of KVM is left as it was found"
}

judge_no_clock() {
	judge no-clock g1 no-clock-g1.dat "no clock"
	negotiated no-clock "no clock" kvm
	exact "no clock"
	sound no-clock g1
	is "$(value clock)" x86-tsc "no clock: it is the TSC then"
	"$TRACE_CMD" dump --options -i no-clock-g1.dat | grep -q TSC2NSEC
	ok $? "no clock: and the guest's file tells how long its cycles are"
}

# tracers in host and guest: what of the TSC events are, functions are, too
judge_tracers() {
	judge functions g1 functions-g1.dat "functions"
	exact "functions"
	run 60 "$TRACE_CMD" report -i functions.dat -i functions-g1.dat
	like "$out" '^ *functions\.dat: .*function: +vfs_write' "functions: the host's are there"
	like "$out" '^ *functions-g1\.dat: .*function: +vfs_write' "functions: and the guest's"
	is "$(grep 'function: ' <<< "$out" | grep -vc 'function: *vfs_write')" 0 "functions: no others"
	judge graph g1 graph-g1.dat "function graphs"
	run 60 "$TRACE_CMD" report -i graph.dat -i graph-g1.dat
	like "$out" '^ *graph-g1\.dat: .*funcgraph_entry: .* vfs_write[ (]' "function graphs: the guest's calls are there"
	unlike "$out" '^ *graph\.dat: .*funcgraph' "function graphs: and none of the host's"
	is "$(cat tracers.after)" "$(cat tracers.before)" "tracers: tracing is left as it was found, in the guest, too"
}

judge_two() {
	judge two g1 two-g1.dat "two guests, the first"
	judge two g2 two-g2.dat "two guests, the second"
	sound two g1 g2
}

judge_stock_agent() {
	judge stock-agent g1 stock-agent-3.dat "Debian's agent"
	negotiated stock-agent "Debian's agent" kvm
	exact "Debian's agent"
}

judge_stock_host() {
	local chain_too='^the GUEST option says \[\]'
	judge stock-host g1 stock-host-3.dat "Debian's record"
	negotiated stock-host "Debian's record" kvm
	exact "Debian's record"
}

judge_tcp() {	# NAME TITLE
	local worst
	is "$(cat "$1.status")" 0 "$2: record succeeds" || diag "$(cat "$1.log" "$1.agent")"
	run 60 "$TRACE_CMD" report -i "$1.dat" -i "$1-127.0.0.1.dat"
	like "$out" '127\.0\.0\.1\.dat:.*sched_process_exit' "$2: the merged report has the agent's events"
	worst=$(offsets "$1-127.0.0.1.dat" | tr -d - | sort -n | tail -n 1)
	# both ends share two slow processors: that takes longer than a guest's answer
	[ "${worst:-$((median * 5 + 1))}" -le $((median * 5)) ]
	ok $? "$2: the offset is near 0" "off by: ${worst:-no sample at all}"
	diag "$2: offset wrong by ${worst:-?} ns at most"
}
judge_tcp_stock_agent() { judge_tcp tcp-stock-agent "Debian's agent over TCP"; }
judge_tcp_stock_host() { judge_tcp tcp-stock-host "Debian's record over TCP"; }

judge_gone() {
	local rc ms
	read -r rc ms < gone.status
	[ "$rc" != 0 ] && [ "$rc" != 124 ] && [ "$rc" -lt 128 ]
	ok $? "guest gone: record fails in time" "status $rc after $ms ms: $(cat gone.log)"
	like "$(cat gone.log)" 'g2' "guest gone: it says which"
	run 60 "$TRACE_CMD" report -i gone.dat
	like "$out" 'kvm_entry' "guest gone: the host's events are kept"
	is "$(cat gone.after)" "$(cat gone.before)" "guest gone: tracing is left as it was found"
	# (busybox's timeout stays for a moment, to watch)
	unlike "$(grep -v 'timeout [0-9]' gone.ps)" 'trace-cmd record' "guest gone: no process is left behind"
	is "$(echo gone.dat.*)" 'gone.dat.*' "guest gone: nor a temporary file"
}

all_scenarios "${list[@]}"
done_testing
