# shellcheck shell=bash
# Shared by the scripts that make recordings of guests in L1 (scenarios, faults); sourced, not run.
# $machines are those guests as "l2 start" takes them, NAME:CID:CPUS:MB.
record=/rig/files/record
stock=/usr/bin/trace-cmd
export LIMIT=120

# What the machine can do: round trips, and how many ticks of the TSC make a second.
measure() {
	local i
	l2 run g1 'rigtool echo 1023 & echo $! > /run/echo' > /dev/null
	for ((i = 0; i < 200; i++)); do
		! rigtool ping 3 1023 339 > ping 2> /dev/null || break
		sleep 0.05
	done
	l2 run g1 'kill $(cat /run/echo)'
	rigtool clocks 2 500000 > clocks
	trace-cmd 2>&1 | grep version > versions
	$stock 2>&1 | grep version >> versions
}

# what must be left as it was found
tracing() {
	local f
	for f in tracing_on current_tracer set_event set_ftrace_filter trace_clock buffer_size_kb; do
		echo "$f: $(tr '\n' ' ' < /sys/kernel/tracing/$f)"
	done
	ls /sys/kernel/tracing/instances
}

# Start again what the emulated processor reset (see record.t). True if there was such a guest.
revive() {
	local g lost=1
	for g in $machines; do
		! kill -0 "$(l2 pid "${g%%:*}" 2> /dev/null)" 2> /dev/null || continue
		[ -e /run/l2/${g%%:*} ] || continue
		# what QEMU said of it
		tail -n 3 "/out/.l2-${g%%:*}-log"
		l2 stop "${g%%:*}"
		# shellcheck disable=SC2046,SC2086	# a list of words
		l2 start $(echo $g | tr : ' ')
		lost=0
	done
	return $lost
}

# all_of NAME...: the scenarios, one after the other; again what lost a guest that it should not have
all_of() {
	local s rc

	measure
	for s; do
		revive
		$s
		rc=$?
		[[ $fatal = *" $s "* ]] || ! revive || [ $rc = 0 ] || { echo "again $s: a guest had reset itself"; $s; }
	done
}
