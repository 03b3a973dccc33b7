#!/bin/bash
# Files, both ways with Debian's trace-cmd: it reads what we write, we read what it writes, and
# the reports are the same, line for line.
. "$(dirname "$0")/lib.sh"
need_tracing
need_stock
cd "$T" || exit 1
before=$(tracing_state)
new_instance
zips="none zstd"
"$TRACE_CMD" list -c | grep -q zstd || zips=none

# same NAME FILE... [-- OPTION...]: both print the same of it
same() {
	local name=$1 files=()

	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do files+=(-i "$1"); shift; done
	[ $# = 0 ] || shift
	"$STOCK" report "$@" "${files[@]}" > stock.txt 2> stock.err
	is $? 0 "$name: Debian's report${*:+ $*} reads it" || diag "$(cat stock.err)"
	"$TRACE_CMD" report --compat 3.1 "$@" "${files[@]}" > ours.txt 2> ours.err
	is $? 0 "$name: ours, too" || diag "$(cat ours.err)"
	[ "$(wc -l < ours.txt)" -gt 5 ]
	ok $? "$name: events are found"
	succeeds "$name: the reports are the same" diff stock.txt ours.txt
}

load() { sh -c 'for i in 1 2 3 4 5; do cat /proc/self/stat; ls /; sleep 0.02; done' > /dev/null; }
export -f load

# --- what we record

for version in 6 7; do
	for zip in $zips; do
		[ $version = 7 ] || [ "$zip" = none ] || continue
		name="version $version, $zip"
		run 60 "$TRACE_CMD" record -o ours.dat --file-version $version --compression "$zip" \
			-B "$inst" -e sched -e irq -e timer -e raw_syscalls bash -c load
		is "$rc" 0 "$name is recorded" "$both"
		same "$name" ours.dat
		same "$name, raw" ours.dat -- -R
		same "$name, latency format" ours.dat -- -l
		for v in "6" "7 --compression none" "7 --compression $zip"; do
			# shellcheck disable=SC2086	# words
			"$STOCK" convert -i ours.dat --file-version $v -o theirs.dat > /dev/null 2>&1
			is $? 0 "$name: Debian's convert reads it, into $v"
			same "$name, then its convert to $v" theirs.dat
		done
	done
done
for opts in "--date" "-C mono" "-C x86-tsc" "--ts-offset 12345" "-s 20000 -b 200"; do
	# shellcheck disable=SC2086	# words
	run 60 "$TRACE_CMD" record -o ours.dat $opts --compression none -B "$inst" $opts -e sched bash -c load
	if [ "$rc" != 0 ]; then
		skip 4 "record $opts: not on this machine"
		continue
	fi
	same "record $opts" ours.dat
done
run 60 "$TRACE_CMD" record -o two.dat --compression none -B "$inst" -e sched:sched_switch \
	-B "$inst-2" -e irq -e sched:sched_waking bash -c load
is "$rc" 0 "two instances are recorded" "$both"
same "two instances" two.dat
"$TRACE_CMD" split -i two.dat -o part.dat -B "$inst" -t 2> /dev/null
same "two instances, split" part.dat

# --- what Debian's program records

for how in "--file-version 6" "--compression none" "--compression any"; do
	# shellcheck disable=SC2086	# words
	run 60 unshare -m bash "$(stock_script)" record -o theirs.dat $how -e sched -e irq bash -c load
	is "$rc" 0 "Debian's record $how" "$both"
	same "its record $how" theirs.dat
	run 60 "$TRACE_CMD" dump --validate theirs.dat
	is "$rc" 0 "its record $how: dump finds nothing wrong with it" "$both"
	for v in 6 7; do
		run 60 "$TRACE_CMD" convert -i theirs.dat --file-version $v --compression none converted.dat
		is "$rc" 0 "its record $how: converted to $v" "$both"
		same "its record $how, our convert to $v" converted.dat
	done
	"$STOCK" split -i theirs.dat -e 50 -o split > /dev/null 2>&1
	same "its record $how, its split" split.1
done
run 60 unshare -m bash "$(stock_script)" record -o theirs.dat -B "$inst" -e sched bash -c load
is "$rc" 0 "Debian's record of an instance" "$both"
same "its record of an instance" theirs.dat

remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
