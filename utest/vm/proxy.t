#!/bin/bash
# A real guest records itself and, over vsock, its real host (see README.md): one boot, all recordings of "proxy",
# judged by what KVM knows; also with Debian's program on either side. VM_OUT=DIR keeps all files; VM_SLOW=N waits
# N times longer.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/boots.sh"

rig=$(dirname "$(readlink -f "$0")")
slow=${VM_SLOW:-3}
out=${VM_OUT:-$T/out}
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"

mkdir -p "$T/bin" "$out"
cp -L "$TRACE_CMD" "$T/bin/trace-cmd"
succeeds "the images can be made" "$rig/build-images" || {
	done_testing
	exit 1
}
outside=''

# recorded: one boot. The emulated processor now and then resets the machine for no reason of ours.
recorded() {
	local try
	for try in 1 2 3; do
		"$rig/run-l1" -g g1:3:2:384 -t $((320 * slow)) -b "$T/bin" -f "$rig/steps.sh" -o "$out" \
			"$rig/proxy" $((40 * slow)) > "$T/log" 2>&1 && return
		diag "try $try failed: $(tail -n 2 "$T/log")"
	done
	return 1
}

# judge NAME PROTOCOL: recorded, by that protocol, and both files true to each other
judge() {
	local name=$1 proto=$2 windows
	is "$(cat "$name.status")" 0 "$name: goes well" || diag "$(cat "$name.log" agent.log)"
	like "$(cat "$name.log")" "^Negotiated $proto time sync protocol with (host|guest) host" "$name: by $proto" || diag "$(cat "$name.log")"
	analysis=$("$rig/analyse" -r "$TRACE_CMD" -f "$name-own.dat" "$name" g1 2>&1)
	like "$(value chain)" '^ok$' "$name: host and guest name each other and the vCPUs' threads" || diag "$analysis"
	like "$("$TRACE_CMD" dump --options -i "$name.dat")" '^::GUEST:: \[Guest name\]' "$name: the guest is called so"
	read -r windows _ < <(value windows)
	[ "${windows:-0}" -ge 50 ]
	ok $? "$name: guest events lie within the host's recording" "$analysis"
	outside=$(value outside)
	diag "$name: truth $(value truth), outside $outside, bounds $(value bounds)"
}

# near: no offset of this analysis is wrong by more than a round trip
near() {
	local error
	read -r error _ <<< "$(value truth)"
	[ "${error:-$((median + 1))}" -le $median ]
	ok $? "$1: the offsets are near the truth" "$analysis"
}

# judge_all: of what one boot has left
judge_all() {
	local name f
	[ -s stock.status ]
	ok $? "all recordings were made" "$(tail -n 30 "$T/log")" || return
	measured
	judge kvm kvm
	is "$(value clock)" x86-tsc "kvm: both are by the TSC then"
	is "$(value truth | cut -d ' ' -f 1)" 0 "kvm: the offsets are KVM's to the cycle"
	is "${outside%% *}" 0 "kvm: no event of the guest is outside of its windows"
	for f in kvm.dat kvm-own.dat; do
		like "$("$TRACE_CMD" dump --options -i $f)" 'TSC2NSEC' "kvm: $f tells how long its cycles are"
	done
	judge exits vmexit
	is "${outside%% *}" 0 "exits: no event of the guest is outside of its windows"
	judge ptp ptp
	like "$(value stated)" '^0 of [1-9]' "ptp: the truth lies within the stated bounds"

	for name in kvm exits ptp; do is "$(cat $name.left)" "" "$name: nothing is left in the guest"; done

	# --- Debian's program in the guest, our proxy

	judge stock-guest kvm
	exact "stock-guest"
	judge stock-guest-ptp ptp
	near "stock-guest-ptp"

	# --- who is refused, what is left

	isnt "$(cat alien.status)" 0 "another one than the guest named is refused"
	like "$(cat agent.log)" 'connection from .* refused: only CID 3 is served' "... which is told" || diag "$(cat alien.log)"
	isnt "$(cat bad.status)" 0 "an option that a guest does not get is refused"
	like "$(cat agent.log)" '-R is nothing that a guest may ask of its host' "... and told"
	is "$(cat after)" "$(cat before)" "the host is left without instances"
	is "$(cat agent.status)" 0 "the proxy ends well"

	# --- our record in the guest, Debian's proxy

	for name in stock-host stock-host-tsc; do
		judge $name kvm
		exact $name
		is "$(cat $name.left)" "" "$name: nothing is left in the guest"
	done
	judge stock-host-ptp ptp
	near "stock-host-ptp"
	is "$(cat stock-host-ptp.left)" "" "stock-host-ptp: nothing is left in the guest"
}

cd "$out" || exit 1
# A fault of ours fails each time; what the emulator does to the machines doesn't: twice more at most.
for round in 1 2 3; do
	rm -f ./*.status
	recorded
	[ $round != 3 ] || break
	# in a shell of its own: its tests don't count
	(_failed=0; judge_all > "$T/judged" 2>&1; [ $_failed = 0 ]) && break
	diag "round $round:" "$(grep -A 20 '^not ok' "$T/judged")"
done
judge_all
done_testing
