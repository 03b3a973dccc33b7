#!/bin/bash
# KernelShark's library loads what we write: as many events as report has, at the same times. (On Debian: libkshark-dev and libjson-c-dev; they bring Qt along, since the
# package of the library has the window's libraries, too.)
. "$(dirname "$0")/lib.sh"
# not by its pkg-config file, which wants libtracecmd-dev, too
flags="-I/usr/include/kernelshark $(pkg-config --cflags libtraceevent)"
# shellcheck disable=SC2086	# flags are words
cc $flags -E -x c - <<< '#include <libkshark.h>' > /dev/null 2>&1 ||
	skip_all "needs libkshark-dev and libjson-c-dev"
need_tracing
cd "$T" || exit 1
new_instance
# shellcheck disable=SC2086	# flags are words
succeeds "a program of KernelShark's library is built" cc -w $flags -o load \
	"$TOP/utest/kshark/load.c" -lkshark

loads() {	# NAME FILE
	"$TRACE_CMD" report -t -i "$2" 2> /dev/null | grep -v '^cpus=' > report.txt
	times=$(grep -o '[0-9]*\.[0-9]*: ' report.txt | tr -dc '0-9\n' | sed 's/^0*//')
	[ "$(wc -l < report.txt)" -gt 20 ]
	ok $? "$1: there are events"
	run 60 ./load "$2"
	is "$rc" 0 "$1: it is loaded" "$both"
	is "$out" "$2 $(wc -l < report.txt) $(head -n 1 <<< "$times") $(tail -n 1 <<< "$times") $(
		awk 'NR == 1 { first = $1 } { sum += $1 - first } END { printf "%.0f", sum }' <<< "$times")" \
		"$1: all events are there, at the times that we show"
}

for kind in "6 none" "7 none" "7 zstd"; do
	"$TRACE_CMD" list -c | grep -q zstd || [ "${kind#* }" = none ] || continue
	run 60 "$TRACE_CMD" record -o "file.dat" --file-version "${kind% *}" --compression "${kind#* }" \
		-B "$inst" -b 20000 -e sched -e irq -e timer sleep 0.3
	is "$rc" 0 "version $kind is recorded" "$both"
	"$TRACE_CMD" split -i file.dat -o top.dat -B "$inst" -t 2> /dev/null
	loads "version $kind" top.dat
	"$TRACE_CMD" convert -i top.dat --compression none converted.dat 2> /dev/null
	loads "version $kind, converted" converted.dat
done
# a pair that was put together later
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }
datfile build kvm.dat 7 none little kvm && datfile build guest.dat 7 none little guest
run 30 "$TRACE_CMD" attach -s 5000 kvm.dat guest.dat 4001 4002
is "$rc" 0 "files are attached" "$both"
run 60 ./load kvm.dat guest.dat
is "$rc" 0 "... and loaded" "$both"
for f in kvm guest; do
	[ "$(awk -v f=$f.dat '$1 == f { print $2 }' <<< "$out")" -gt 50 ]
	ok $? "... with their events" "$out"
done

start_agent
# host and guest share this kernel's top buffer: it is the guest's, so the host has an instance. The guest's file
# has our own option about its clock; mono's is of many segments
for clock in local mono; do
	run 120 "$TRACE_CMD" record -o host.dat -B "$inst" -b 20000 -C $clock -e sched --tsync-interval 100 \
		-A "127.0.0.1:$agent_port" --name guest -b 20000 -C $clock -e timer sleep 0.5
	if [ "$rc" != 0 ]; then
		ok 1 "$clock: host and guest are recorded" "$both"
		continue
	fi
	mv host.dat both.dat
	"$TRACE_CMD" split -i both.dat -o host.dat -B "$inst" -t 2> /dev/null
	run 10 "$TRACE_CMD" dump --options -i host-guest.dat
	like "$out" "largest drift possible" "$clock: the guest's file has an option that only we know"
	loads "$clock: the host's file" host.dat
	loads "$clock: the guest's file" host-guest.dat
	run 60 ./load host.dat host-guest.dat
	is "$rc" 0 "$clock: host and guest are loaded together" "$both"
	is "$(wc -l <<< "$out")" 2 "... both"
done
done_testing
