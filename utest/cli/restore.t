#!/bin/bash
# restore: the data of CPUs and metadata from here or there make the trace that they were.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
new_instance

report() { "$TRACE_CMD" report -t -i "$1" 2>&1 | grep -v '^cpus='; }
# the data of each CPU of an uncompressed file, as a recorder leaves it
take_apart() {	# FILE NAME
	"$TRACE_CMD" split -i "$1" -o top.dat -B "$inst" -t 2>&1 |
		sed -n '/^CPU/{s/^CPU\([0-9]*\) .*=0x\(.*\)/\1 \2/;N;s/\n */ /;s/ bytes.*//p}' |
		while read -r cpu offset size; do
			tail -c +$((0x$offset + 1)) top.dat | head -c "$size" > "$2.cpu$cpu"
		done
}

# something on the first CPU, and on each other one
run 60 "$TRACE_CMD" record -o whole.dat --compression none -B "$inst" -e sched -C mono \
	sh -c 'for cpu in 0 1; do taskset -c $cpu sleep 0.1; done; true'
is "$rc" 0 "something is recorded" "$both"
take_apart whole.dat left
[ -s left.cpu0 ]
ok $? "the data of CPUs is there"
report top.dat > wanted
[ "$(wc -l < wanted)" -gt 20 ]
ok $? "... and has events"

# names of tasks aside: the kernel may know others by now
plain() { sed 's/^[^[]*-\([0-9]*\) *\[/\1 [/' "$@"; }
run 60 "$TRACE_CMD" restore -o here.dat left.cpu*
is "$rc" 0 "restored with this machine's metadata" "$both"
is "$(report here.dat | plain | cut -c 1-60)" "$(plain wanted | cut -c 1-60)" "... all events are there"
like "$err" '^CPU0 data recorded at offset=0x' "... it says where"
is "$out" "" "... and nothing else"
run 60 "$TRACE_CMD" dump --validate here.dat
is "$rc" 0 "... the file is valid" "$both"

run 60 "$TRACE_CMD" restore -c -o partial.dat
is "$rc" 0 "-c writes metadata" "$both"
run 60 "$TRACE_CMD" dump --validate partial.dat
is "$rc" 0 "... which is valid" "$both"
like "$("$TRACE_CMD" dump --summary partial.dat)" 'Events format, [0-9]+ systems' "... with formats"
run 60 "$TRACE_CMD" restore -i partial.dat -o there.dat left.cpu*
is "$rc" 0 "-i takes it" "$both"
is "$(report there.dat | plain)" "$(report here.dat | plain)" "... with the same result"
if [ -n "$STOCK" ] && ! "$TRACE_CMD" dump --summary there.dat | grep -q zlib; then
	is "$("$STOCK" report -t there.dat 2> /dev/null | grep -vc '^cpus=')" "$(wc -l < wanted)" "... Debian's reads as many"
	"$STOCK" restore -c -o stock.dat > /dev/null 2>&1
	run 60 "$TRACE_CMD" restore -i stock.dat -o mix.dat left.cpu*
	is "$rc" 0 "Debian's metadata will do"
	is "$(report mix.dat | plain)" "$(report here.dat | plain)" "... with the same result"
fi
(cd / && "$TRACE_CMD" restore -c -o "$T/there.dat" > /dev/null 2>&1)
mkdir empty && (cd empty && "$TRACE_CMD" restore -c && "$TRACE_CMD" restore ../left.cpu0) > /dev/null 2>&1
is "$(echo empty/*)" "empty/trace-partial.dat empty/trace.dat" "names when none is given"

# a copy of the tracing directory
mkdir -p copy/events/sched/sched_switch copy/events/ftrace/print
for f in events/header_page events/header_event events/sched/sched_switch/format \
	 events/ftrace/print/format trace_clock saved_cmdlines; do
	cat "$TRACING/$f" > "copy/$f"
done
echo 'ffffffff81000000 T the_only_symbol' > symbols
run 60 "$TRACE_CMD" restore -c -t copy -k symbols -o copy.dat
is "$rc" 0 "-t and -k" "$both"
is "$("$TRACE_CMD" dump --kallsyms copy.dat | grep ^ffff)" "ffffffff81000000 T the_only_symbol" "... symbols are those of -k"
is "$("$TRACE_CMD" dump --events copy.dat | grep -c '^name:')" 1 "... formats those of -t"
run 60 "$TRACE_CMD" restore -i copy.dat -o copied.dat left.cpu*
like "$(report copied.dat)" 'sched_switch: ' "... and data goes with it"

# what is left behind when both processes of record are killed, compressed or not
for zip in zstd none; do
	"$TRACE_CMD" list -c | grep -q "$zip" || [ $zip = none ] || { skip 5 "no $zip"; continue; }
	start crash.log "$TRACE_CMD" record -o crash.dat --compression $zip -B "$inst" -e sched:sched_switch sleep 100
	wait_for 20 test -e "crash.dat.$inst.cpu0"
	worker=$(pgrep -P "$pid")
	wait_for 10 pgrep -P "$worker" -x sleep
	child=$(pgrep -P "$worker" -x sleep)
	i=0
	until [ $i = 300 ]; do
		echo "left $i" > "$TRACING/instances/$inst/trace_marker"
		i=$((i + 1))
	done
	# shellcheck disable=SC2016	# evaluated there
	wait_for 20 eval '[ "$(cat crash.dat.$inst.cpu* | wc -c)" -gt 5000 ]'
	ok $? "$zip: data arrives"
	kill -STOP "$pid" "$child"
	kill -KILL "$worker" "$pid"
	stop "$pid"
	kill -KILL "$child" 2> /dev/null
	echo 0 > "$TRACING/instances/$inst/tracing_on"
	run 60 "$TRACE_CMD" restore -o back.dat "crash.dat.$inst".cpu*
	is "$rc" 0 "... is restored after both processes were killed" "$both"
	run 60 "$TRACE_CMD" dump --validate back.dat
	is "$rc" 0 "... the file is valid" "$both"
	like "$(report back.dat)" 'sched_switch: ' "... and has the events"
	"$TRACE_CMD" convert -i partial.dat --compression none -o partial0.dat > /dev/null 2>&1
	run 60 "$TRACE_CMD" restore -i partial0.dat -o back0.dat "crash.dat.$inst".cpu*
	is "$(report back0.dat | plain)" "$(report back.dat | plain)" "... the same in a file that isn't compressed"
	rm -f crash.dat*
	echo 0 > "$TRACING/instances/$inst/events/enable"
	echo 1 > "$TRACING/instances/$inst/tracing_on"
done

# CPUs by name, or by their order
cp left.cpu1 other 2> /dev/null || cp left.cpu0 other
run 60 "$TRACE_CMD" restore -i partial.dat -o order.dat left.cpu0 other
like "$err" '^CPU1 data' "files without a number are counted"
cp left.cpu0 left.cpu7
run 60 "$TRACE_CMD" restore -i partial.dat -o order.dat left.cpu7 left.cpu0
like "$(paste -sd' ' <<< "$err")" 'CPU0 data.*CPU7 data' "those with numbers have these"
like "$("$TRACE_CMD" report order.dat | head -n 1)" '^cpus=8' "... and the file knows as many CPUs"
run 60 "$TRACE_CMD" convert -i partial.dat --file-version 6 -o partial6.dat
run 60 "$TRACE_CMD" restore -i partial6.dat -o order.dat left.cpu7 left.cpu0
is "$rc" 0 "the same in version 6" "$both"
run 60 "$TRACE_CMD" report order.dat
like "$out" '\[007\].*sched' "... the events are there"

cp left.cpu0 b.cpu7
run 60 "$TRACE_CMD" restore -i partial.dat -o order.dat left.cpu7 b.cpu7 left.cpu0
like "$(paste -sd' ' <<< "$err")" 'CPU0 data.*CPU1 data.*CPU2 data' "two of one number: the order counts"

refused() {	# STATUS WHY WORDS...
	local status=$1 why=$2

	shift 2
	run 30 "$TRACE_CMD" restore "$@"
	is "$rc" "$status" "restore $*: fails"
	like "$both" "$why" "... and says why"
	[ ! -e refused ]
	ok $? "... nothing is written"
}
refused 255 'No data files found'
refused 255 '^usage:' -c left.cpu0
refused 255 '[-]c and -i are incompatible' -c -i partial.dat
refused 255 '[-]t and -k are for -c' -t copy left.cpu0
refused 255 'input and output file are the same' -i partial.dat -o partial.dat left.cpu0
refused 255 'input and output file are the same' -o left.cpu0 left.cpu0
refused 2 'error reading nothing' -o refused nothing
refused 2 'error reading nothing.dat' -i nothing.dat -o refused left.cpu0
refused 22 'error reading copy: it has to be a file' -o refused copy
refused 22 'it has recorded data already' -i whole.dat -o refused left.cpu0
refused 22 'error reading symbols' -i symbols -o refused left.cpu0

done_testing
