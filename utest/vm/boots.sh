# shellcheck shell=bash
# Shared by the tests that make recordings of guests, a few in each boot; sourced, not run.
#
# The test sets: rig, slow, out, guests (an array as run-l1's -g takes them), runs (the script in L1, which
# takes names of scenarios), brings (an array of files that it needs), and functions judge_NAME.
# Then: all_scenarios NAME... (VM_JUDGE=1 only judges what is in VM_OUT)

. "$TOP/utest/vm/merged.sh"

analysis='' chain_too=''
fastest=0 median=0 hz=1000000000

# The emulated processor now and then resets a machine, or hangs, for no reason of ours
# (deep in its nested SVM; without any recording, too). So a boot makes a few recordings only,
# and a host that is gone without a word, or silent for long, boots again.
boot() {	# SCENARIO...
	local try before now quiet rc g machines=(-m "${memory:-2048}") files=()
	for g in "${guests[@]}"; do machines+=(-g "$g"); done
	for g in "${brings[@]}"; do files+=(-f "$g"); done
	for try in 1 2 3 4; do
		: > "$T/log"
		start "$T/log" "$rig/run-l1" "${machines[@]}" -t $(((60 + $# * 40) * slow)) \
			-b "$T/bin" -o "$out" "${files[@]}" "$runs" -l $((60 * slow)) "$@"
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
		grep -q -e 'L1 did not finish (status 0)' -e '^l2: guest .* is not ready' "$T/log" || return $rc
		diag "try $try: the emulated host or a guest reset itself, or hung: $(tail -n 1 "$T/log")"
	done
	return 1
}
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
	ok $? "$title: both files are there" "$(ls -l "$name"*)" || { skip 8 "no files"; return; }
	analysis=$("$rig/analyse" -r "$TRACE_CMD" -f "$file" "$name" "$guest" 2>&1)
	ok $? "$title: both files can be read and merged" "$analysis" || { skip 7 "no report"; return; }
	like "$(value merged)" '^[1-9][0-9]+ turns, 0 back$' "$title: the merged report has events of both in turns, by time"
	same_merged "$title" "$name.dat" "$file"
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

# sound NAME GUEST...: no event contradicts an offset; files are named NAME-GUEST.dat
sound() {
	local name=$1 g files=(); shift
	[ "$TRACE_CMD" != "$STOCK" ] || { skip 1 "Debian's trace-cmd has no tsync"; return; }
	for g; do files+=(-i "$name-$g.dat"); done
	run 120 "$TRACE_CMD" tsync --check -i "$name.dat" "${files[@]}"
	is "$rc" 0 "$name: tsync --check is content with $*" || diag "$both"
}

# offsets FILE: of the current layout
offsets() { "$TRACE_CMD" dump --options -i "$1" | sed -n 's/^\t*\(-\{0,1\}[0-9]*\) .*\[offset.*/\1/p'; }

# rounds FILE: how often the clocks were compared
rounds() { "$TRACE_CMD" dump --options -i "$1" | sed -n 's/^\([0-9]*\) [0-9]* \[rounds, probes\].*/\1/p'; }

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

# A fault of ours fails each time; what the emulator does to a guest doesn't: twice more at most.
all_scenarios() {
	local list=("$@") todo round s

	cd "$out" || exit 1
	again=()
	if [ -n "${VM_JUDGE-}" ]; then
		measured
	else
		record_and_judge "${list[@]}"
	fi
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
}
