#!/bin/bash
# A real host kernel records itself and real KVM guests (see README.md; no KVM is needed
# here): some boots with a few recordings (scenarios) each, judged by what KVM knows
# (analyse). What doesn't hold is recorded once more, twice at most.
#
# SCENARIOS="cid two" takes only some; VM_OUT=DIR keeps all files; VM_SLOW=N waits N times
# longer (for a slow machine; default 3).
. "$(dirname "$0")/../cli/lib.sh"

rig=$(dirname "$(readlink -f "$0")")
slow=${VM_SLOW:-3}
out=${VM_OUT:-$T/out}
scenarios=${SCENARIOS:-cid fork histogram clock exits local_clock no_clock two stock_agent stock_host tcp_stock_agent tcp_stock_host gone}
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
# The emulated processor now and then resets a machine, or hangs, for no reason of ours
# (deep in its nested SVM; without any recording, too). So a boot makes a few recordings only,
# and a host that is gone without a word, or silent for long, boots again.
boot() {	# SCENARIO...
	local try before now quiet rc
	for try in 1 2 3 4; do
		: > "$T/log"
		start "$T/log" "$rig/run-l1" -g g1:3:2:256 -g g2:4:1:192 -t $(((60 + $# * 40) * slow)) \
			-b "$T/bin" -o "$out" -f "$rig/record" -f "$rig/scenarios" -f "$rig/vanish" \
			"$rig/scenarios" -l $((60 * slow)) "$@"
		before=0 quiet=0
		while kill -0 "$pid" 2> /dev/null && [ $quiet -lt $((75 * slow)) ]; do
			sleep 1
			now=$(stat -c %s "$T/log")
			quiet=$((now == before ? quiet + 1 : 0)) before=$now
		done
		if kill -0 "$pid" 2> /dev/null; then
			diag "try $try: the emulated host hangs: $(tail -n 1 "$T/log")"
			stop "$pid"
			continue
		fi
		wait "$pid"
		rc=$?
		cat "$T/log" >> "$T/logs"
		grep -q 'L1 did not finish (status 0)' "$T/log" || return $rc
		diag "try $try: the emulated host reset itself"
	done
	return 1
}
# --- the judges

analysis='' chain_too=''
fastest=0 median=0 hz=1000000000

# Nanoseconds of a round trip over vsock (fastest, median), and TSC ticks in a second.
measured() {
	fastest=$(sed -n 's/.* min=\([0-9]*\).*/\1/p' ping)
	median=$(sed -n 's/.* p50=\([0-9]*\).*/\1/p' ping)
	hz=$(awk '{ t[NR] = $6; ns[NR] = $7 } END { printf "%.0f", (t[NR] - t[1]) / (ns[NR] - ns[1]) * 1e9 }' clocks)
	diag "a round trip takes $((fastest / 1000)) us at best, $((median / 1000)) in the median; TSC: $hz Hz"
}

value() { sed -n "s/^$1: *//p" <<< "$analysis"; }

# judge NAME GUEST FILE SCENARIO: both files are there and true to each other
judge() {
	local name=$1 guest=$2 file=$3 title=$4 ticks first total far far90

	is "$(cut -d ' ' -f 1 "$name.status" 2> /dev/null)" 0 "$title: record succeeds" ||
		diag "$(cat "$name.log")"
	[ -s "$name.dat" ] && [ -s "$file" ]
	ok $? "$title: both files are there" "$(ls -l "$name"*)" || { skip 6 "no files"; return; }
	analysis=$("$rig/analyse" -r "$TRACE_CMD" -f "$file" "$name" "$guest" 2>&1)
	ok $? "$title: both files can be read and merged" "$analysis" || { skip 5 "no report"; return; }
	# Debian's record names no thread if not all vCPUs ran while it looked
	like "$(value chain)" "^ok\$${chain_too:+|$chain_too}" "$title: host and guest name each other and the vCPUs' threads"
	ticks=$median first=$fastest
	if [[ $(value clock) == *tsc* ]]; then
		ticks=$((median * (hz / 1000) / 1000000))
		first=$((fastest * (hz / 1000) / 1000000))
	fi
	read -r error _ <<< "$(value truth)"
	[ "${error:-$((ticks + 1))}" -le $ticks ]
	ok $? "$title: no offset is wrong by more than a round trip" "$analysis"
	diag "$title: offset wrong by ${error:-?} units of $(value clock) at most, the fastest round trip takes $first"
	# The offset may be wrong by some of a round trip, which is longer than most windows.
	# So events may be as far off; and where they belong once that error is taken away.
	read -r total _ <<< "$(value windows)"
	[ "${total:-0}" -ge 50 ]
	ok $? "$title: guest events lie within the host's recording" "$analysis"
	read -r far _ _ _ far90 _ <<< "$(value outside)"
	[ "${far:-1}" = 0 ] || [ "${far90:-$((ticks + 1))}" -le $ticks ]
	ok $? "$title: they lie near to where the host ran the guest" "$analysis"
	read -r far _ total _ <<< "$(value corrected)"
	[ "${total:-0}" -gt 0 ] && [ $((${far:-1} * 100)) -le $((total * 2)) ]
	ok $? "$title: they lie within, the offset's error aside" "$analysis"
	diag "$title: outside of their windows: $(value outside), the error aside: $(value corrected)"
}

negotiated() { like "$(cat "$1.log")" "Negotiated ${3:-ptp} time sync protocol" "$2: ${3:-ptp} was agreed on"; }

# exact TITLE: the offsets of this analysis are KVM's
exact() {
	is "$(value truth | cut -d ' ' -f 1)" 0 "$1: the offsets are KVM's to the cycle"
	is "$(value outside | cut -d ' ' -f 1)" 0 "$1: no event of the guest is outside of its windows"
}

# offsets FILE: of the current layout
offsets() { "$TRACE_CMD" dump --options -i "$1" | sed -n 's/^\t*\(-\{0,1\}[0-9]*\) .*\[offset.*/\1/p'; }

# rounds FILE: how often the clocks were compared
rounds() { "$TRACE_CMD" dump --options -i "$1" | sed -n 's/^\([0-9]*\) [0-9]* \[rounds, probes\].*/\1/p'; }

judge_cid() {
	judge cid g1 cid-3.dat "by CID"
	is "$(value cpus)" "0 1" "by CID: a table for each guest CPU"
	negotiated cid "by CID" kvm
	exact "by CID"
	if [ -z "$STOCK" ] || "$TRACE_CMD" dump -i cid.dat | grep -q 'zlib'; then
		skip 2 "Debian's trace-cmd reads no zlib, or isn't here"
		return
	fi
	run 60 "$TRACE_CMD" report -i cid.dat -i cid-3.dat
	ours=$(grep -c 'sched_switch' <<< "$out")
	run 60 "$STOCK" report -i cid.dat -i cid-3.dat
	is "$(grep -c 'sched_switch' <<< "$out")" "$ours" "by CID: Debian's program reads as many events"
	[ "$ours" -gt 0 ]
	ok $? "by CID: which are not few" "$ours"
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
	is "$(value clock)" x86-tsc "no clock: it is the TSC then"
	"$TRACE_CMD" dump --options -i no-clock-g1.dat | grep -q TSC2NSEC
	ok $? "no clock: and the guest's file tells how long its cycles are"
}

judge_two() {
	judge two g1 two-g1.dat "two guests, the first"
	judge two g2 two-g2.dat "two guests, the second"
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

# --- all of it

# record_and_judge SCENARIO...: leaves in $again those that don't hold
record_and_judge() {
	local i s all=("$@")

	for ((i = 0; i < ${#all[@]}; i += 3)); do
		: > "$T/logs"
		boot "${all[@]:i:3}" || diag "no sound boot for ${all[*]:i:3}:" "$(tail -n 40 "$T/log")"
		diag "$(grep -E '^(l2|record|loopback|again)' "$T/logs")"
		[ -s ping ] && [ -s clocks ] && measured
		# in a shell of its own: its tests don't count
		for s in "${all[@]:i:3}"; do
			(_failed=0; "judge_$s" > "$T/judged.$s" 2>&1; [ $_failed = 0 ]) || again+=("$s")
		done
	done
}

cd "$out" || exit 1
# A fault of ours fails each time; what the emulator does to a guest doesn't.
again=()
record_and_judge "${list[@]}"
for round in 2 3; do
	[ ${#again[@]} != 0 ] || break
	todo=("${again[@]}") again=()
	for s in "${todo[@]}"; do
		diag "round $round for $s:" "$(grep -A 20 '^not ok' "$T/judged.$s")"
	done
	record_and_judge "${todo[@]}"
done
for s in "${list[@]}"; do
	"judge_$s"
done
done_testing
