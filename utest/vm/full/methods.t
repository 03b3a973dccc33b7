#!/bin/bash
# Each method of comparing clocks on each clock that it serves (see ../README.md and Documentation/clocks.md): the table
# that ../table prints, whose figures must not contradict each other. One boot, or as many as the emulator needs.
#
# METHODS="kvm burst-local" takes only some of ../methods; VM_OUT, VM_SLOW: see record.t; VM_JUDGE=1 only judges
# what is in VM_OUT, as by "../table -o VM_OUT", which is all of it in one boot.
. "$(dirname "$0")/../../cli/lib.sh"
. "$TOP/utest/vm/merged.sh"

rig=$(dirname "$(dirname "$(readlink -f "$0")")")
out=${VM_OUT:-$T/out}
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
mkdir -p "$out"
clocks="x86-tsc mono mono_raw boot local"
more="tai global perf"
ours="kvm ptp-agent ptp-fastest ptp-histogram ptp-raw ptp-cpus burst-cpus"
for c in $clocks; do ours+=" burst-$c vmexit-$c ptp-$c"; done
for c in $more; do ours+=" burst-$c vmexit-$c"; done
read -ra names <<< "${METHODS:-none stock-kvm stock-ptp ptp-host $ours}"
export TRACE_CMD

# cell NAME COLUMN: of the row that has this name; empty: it has none
cell() { awk -F ' *[|] *' -v n="$1" -v c="$2" '$2 == n { print $c }' <<< "$table"; }
us() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "-" && b != "-" && a <= b) }'; }

# What the machine did to a recording is made once more, twice at most; what was made is not made again.
judge() {
	local n row seen bound error stated outside left=0

	again=()
	table=$("$rig/table" -n -p "$out" 2> "$T/table.err")
	diag "$table"
	for n in "${names[@]}"; do
		left=$_failed
		# its waits are short for such a machine
		[[ $n != stock-* ]] || [ "$(cut -d ' ' -f 1 "$out/$n.status" 2> /dev/null)" = 0 ] || {
			skip 1 "$n: Debian's program failed on both sides"
			# or the machine, before it was its turn
			[ -e "$out/$n.status" ] || again+=("$n")
			continue
		}
		row=$(grep "^| $n |" <<< "$table")
		ok $? "$n: was recorded" "$(tail -n 5 "$out/$n.log" "$T/table.err" 2>&1)" || { again+=("$n"); continue; }
		is "$(cut -d ' ' -f 1 "$out/$n.status")" 0 "$n: record succeeds" || diag "$(cat "$out/$n.log")"
		judge_row "$n"
		same_merged "$n" "$out/$n.dat" "$out/$n-g1.dat"
		! grep -q "^| $n-refined |" <<< "$table" || judge_row "$n-refined"
		[ $left = $_failed ] || again+=("$n")
	done
}

# bounded NAME: no event is farther outside of its window than the bounds allow
bounded() {
	local seen far bound
	seen=$(cd "$out" && "$rig/analyse" -r "$TRACE_CMD" -f "$1-g1.dat" "$1" g1 2>&1)
	far=$(sed -n 's/^outside: .*distance [0-9]* //p' <<< "$seen")
	bound=$(sed -n 's/^bounds: .* to //p' <<< "$seen")
	[ "${far:-0}" -le "${bound:--1}" ]
	ok $? "$1: no event is farther outside of its window than the bounds allow" "$seen"
}

# Limits are those between a comparison and none, whatever the speed of the machine.
# The columns of a row: name, method, clock, bound, error, times the truth is outside, events outside, start
judge_row() {
	local n=$1 clock bound error stated outside
	clock=$(cell "$n" 4) bound=$(cell "$n" 5) error=$(cell "$n" 6) stated=$(cell "$n" 7) outside=$(cell "$n" 8)

	case $n in
	none) is "$bound $error" "- -" "$n: no offset is claimed"; return ;;
	kvm | stock-kvm) us "$error" 0.0; ok $? "$n: exact" "$error us" ;;
	# Debian's record states no bounds
	stock-ptp) ;;
	ptp-host) us "$error" 1000000; ok $? "$n: the error is one of messages" "$error us" ;;
	*)
		us "$bound" 1000000
		ok $? "$n: a bound is stated" "$bound us"
		# of the others only the kernel knows the truth
		[[ $clock =~ ^(local|global|perf|tai)$ ]] || {
			us "$error" "$(awk -v b="$bound" 'BEGIN { print b + 3 }')"
			ok $? "$n: the error is no larger" "$error us, bound $bound us"
			like "$stated" '^0 of [1-9]' "$n: the truth is within the bounds"
		}
		;;
	esac
	case $n in
	kvm | stock-kvm) like "$outside" '^0 of [1-9]' "$n: no event is outside of its window" ;;
	*)
		like "$outside" 'of [1-9]' "$n: there are events in the guest's windows"
		[ "$bound" = - ] || bounded "$n"
		;;
	esac
}

succeeds "the images of host and guest can be made" "$rig/build-images" || {
	done_testing
	exit 1
}
again=("${names[@]}")
[ -z "${VM_JUDGE-}" ] || again=()
for round in 1 2 3; do
	[ ${#again[@]} != 0 ] || break
	diag "round $round: ${again[*]}"
	# a machine that is reset loses all that it has made
	for ((i = 0; i < ${#again[@]}; i += 6)); do
		"$rig/table" -q -o "$out" -b 1 "${again[@]:i:6}" > "$T/log" 2>&1
	done
	# in a shell of its own: these tests don't count
	mapfile -t again < <(judge > "$T/judged" 2>&1; printf '%s\n' "${again[@]}" | sed '/^$/d')
	diag "$(grep -A 6 '^not ok' "$T/judged")"
done
judge
done_testing
