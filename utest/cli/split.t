#!/bin/bash
# split: the parts of a trace together are the trace, and each is one of its own.
. "$(dirname "$0")/lib.sh"
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }
report() { "$TRACE_CMD" report -t -i "$1" 2>&1 | grep -v '^cpus='; }
# The instance's events come before all others in these files. What report prints of lost
# events has no time, and takes the instance's name off the next line.
events() { grep -v ' DROPPED\]$' | sed 's/^ *\(inst: *\|other: *\)\?//'; }
of_inst() { events < full | awk '{ match($0, /[0-9]+\.[0-9]+: /) } substr($0, RSTART) < "1.2356"'; }
of_top() { events < full | awk '{ match($0, /[0-9]+\.[0-9]+: /) } substr($0, RSTART) > "1.2356"'; }
notime='s/[0-9]*\.[0-9]*: //'
all() { for f in "$@"; do report "$f"; done; }
times() { grep -o '[0-9]*\.[0-9]*: ' | tr -d ': '; }

# valid NAME FILE...
valid() {
	local f bad='' name=$1

	shift
	for f in "$@"; do
		"$TRACE_CMD" dump --validate "$f" > /dev/null 2>&1 || bad="$bad $f"
	done
	is "$bad" "" "$name: each file is valid"
}

for kind in "7 none little events" "7 none big events" "7 zlib little events" \
	    "6 none little events" "6 none big events"; do
	f=${kind// /-}.dat
	# shellcheck disable=SC2086	# words
	datfile build "$f" $kind
	report "$f" > full
	lines=$(wc -l < full)
	[ "$lines" -gt 50 ]
	ok $? "$f: has events"

	# a range of times, both ends included
	start=$(events < full | sed -n 10p | times) end=$(events < full | sed -n 60p | times)
	run 30 "$TRACE_CMD" split -i "$f" -o range.dat "$start" "$end"
	is "$rc" 0 "$f: from $start to $end" "$both"
	is "$(report range.dat | events)" "$(events < full | awk -v s="$start" -v e="$end" '
		{ match($0, /[0-9]+\.[0-9]+: /); t = substr($0, RSTART, RLENGTH - 2) }
		t >= s && t <= e')" "$f: these events, and no others"
	is "$(report range.dat | events | wc -l)" 51 "$f: ... which are 51"
	valid "$f: range" range.dat
	# as lines without -t show them: what is shown as the first or the last is in
	"$TRACE_CMD" report -i "$f" | grep -v '^cpus=' | events > shown
	start=$(sed -n 12p shown | times) end=$(sed -n 58p shown | times)
	run 30 "$TRACE_CMD" split -i "$f" -o shown.dat "$start" "$end"
	is "$rc" 0 "$f: from $start to $end" "$both"
	is "$("$TRACE_CMD" report -i shown.dat | grep -v '^cpus=' | events)" "$(awk -v s="$start" -v e="$end" '
		{ match($0, /[0-9]+\.[0-9]+: /); t = substr($0, RSTART, RLENGTH - 2) }
		t >= s && t <= e' shown)" "$f: the lines of these times, and no others"
	if [ -n "$STOCK" ] && [[ $kind != *zlib* ]]; then
		"$STOCK" report -t -i range.dat 2> /dev/null | grep -v "^start" > stock.txt
		is "$("$TRACE_CMD" report --compat 3.1 -t -i range.dat)" "$(cat stock.txt)" \
			"$f: Debian's program prints the same"
	fi
	is "$("$TRACE_CMD" dump --options range.dat | grep -o 'Option [A-Z2]*,' | sort -u)" \
		"$("$TRACE_CMD" dump --options "$f" | grep -o 'Option [A-Z2]*,' | grep -v CPUSTAT | sort -u)" \
		"$f: the options are kept"

	# pieces that together are all
	for how in "-e 7" "-u 3" "-p 1" "-e 5 -c"; do
		rm -f piece.*
		# shellcheck disable=SC2086	# words
		run 60 "$TRACE_CMD" split -i "$f" -o piece $how -r
		is "$rc" 0 "$f: split $how -r" "$both"
		case $how in
		-p* | *-c) is "$(all piece.* | sort)" "$(sort full)" "$f: $how: all events are there" ;;
		*) is "$(all piece.*)" "$(cat full)" "$f: $how: all events, in their order" ;;
		esac
		valid "$f: $how" piece.*
		[ "$(echo piece.* | wc -w)" -gt 1 ]
		ok $? "$f: $how: in several files"
	done
	rm -f piece.*
	run 30 "$TRACE_CMD" split -i "$f" -o piece -e 7 -r
	is "$(for p in piece.*; do report "$p" | events | wc -l; done | sort -n | tail -n 1)" 7 "$f: 7 in each"
	is "$(report piece.0002 | events)" "$(events < full | sed -n 8,14p)" "$f: the second has the second 7"

	# buffers and CPUs
	run 30 "$TRACE_CMD" split -i "$f" -o part.dat --top
	is "$(report part.dat | events)" "$(of_top)" "$f: the top buffer alone"
	run 30 "$TRACE_CMD" split -i "$f" -o part.dat -B inst -t
	is "$(report part.dat | events)" "$(of_inst)" "$f: an instance as the top one"
	unlike "$(report part.dat)" 'inst:' "$f: ... without its name"
	run 30 "$TRACE_CMD" split -i "$f" -o part.dat -B inst
	is "$(report part.dat)" "$(grep -B 999 "$(of_inst | tail -n 1 | times)" full)" "$f: an instance as it is"
	run 30 "$TRACE_CMD" split -i "$f" -o part.dat --top -b other
	is "$(report part.dat | events | sed "$notime")" "$(of_top | sed "$notime")" "$f: the top buffer as an instance"
	like "$both" 'shifted to those of a host' "$f: ... its times are another matter, it says"
	like "$(report part.dat)" '^other: ' "$f: ... under its new name"
	run 30 "$TRACE_CMD" split -i "$f" -o part.dat -C 1
	is "$(report part.dat | events)" "$(events < full | grep '\[001\]')" "$f: one CPU"
	valid "$f: parts" part.dat
done

# --- names, and wrong words

f=7-none-little-events.dat
run 30 "$TRACE_CMD" split -i "$f" -e 5
is "$rc" 0 "without -o"
is "$(report "$f.1" | wc -l)" 5 "... the file is called after the input"
like "$err" '^CPU0 data recorded at offset=0x' "it says where the data is"
cp "$f" trace.dat
run 30 "$TRACE_CMD" split -e 5 -r
[ -e trace.dat.0001 ] && [ -e trace.dat.0002 ]
ok $? "without -i it is trace.dat"

refused() {	# STATUS WHY WORDS...
	local status=$1 why=$2

	shift 2
	rm -f refused*
	run 30 "$TRACE_CMD" split -o refused "$@"
	is "$rc" "$status" "split $*: fails"
	like "$both" "$why" "... and says why"
	is "$(echo refused*)" 'refused*' "... nothing is written"
}
refused 255 'Only one type of split is allowed' -i "$f" -e 1 -p 1
refused 255 'Units must be greater than 0' -i "$f" -e 0
refused 255 'Units must be greater than 0' -i "$f" -s -3
refused 255 'Start value not floating point: 1x' -i "$f" 1x
refused 255 'End value not floating point: x' -i "$f" 1.5 x
refused 255 'Error: end is less than start' -i "$f" 1.5 1.4
refused 255 '^usage:' -i "$f" 1 2 3
refused 255 '^usage:' -i "$f" -t
refused 255 '^usage:' -i "$f" -b x
refused 255 'Can only have one top instance.' -i "$f" --top -B inst -t
refused 2 'Requested instance none was not found in trace.' -i "$f" -B none
refused 2 'error reading nothing.dat' -i nothing.dat
datfile build latency.dat 6 none little latency
refused 95 'trace-cmd split does not work with latency traces' -i latency.dat

# --- damage

f=6-none-little-events.dat
head -c $(($(stat -c %s $f) - 10000)) $f > cut.dat
rm -f piece.*
run 30 "$TRACE_CMD" split -i cut.dat -o piece -e 10 -r
isnt "$rc" 0 "a file that is cut off ends with an error"
like "$both" 'error reading cut.dat: File possibly truncated' "... that says so"
is "$(all piece.*)" "$("$TRACE_CMD" report -t cut.dat 2> /dev/null | grep -v ^cpus=)" "... all before the cut is there"
datfile cut 7-none-little-events.dat cut.dat data1+100
run 30 "$TRACE_CMD" split -i cut.dat -o piece
is "$rc" 61 "so does one that is cut off before anything could be written" "$both"
like "$both" 'error reading cut.dat: File possibly truncated. Need at least [0-9]+' "... that says so"

# all_refuse WHAT PATTERN: cut.dat is damaged, for who only reads events, too
all_refuse() {
	local command
	for command in report hist "convert -o out.dat" "split -o out.dat"; do
		# shellcheck disable=SC2086	# words
		run 30 "$TRACE_CMD" $command -i cut.dat
		is "$rc" 74 "$command: $1" "$both"
		like "$err" "$2" "... which is told, and where"
	done
}

# a list of options that does not end had more behind it, such as the data
datfile build cut.dat 7 none little events
printf '\x78' | dd of=cut.dat bs=1 seek="$(datfile at cut.dat done.options)" conv=notrunc status=none
all_refuse "options without an end are damage" 'cut.dat: the options at offset [0-9]+ have no end'

# chunks that are not there, but announced
datfile build cut.dat 7 zlib little events
printf '\0\0\0\0' | dd of=cut.dat bs=1 seek="$(datfile at cut.dat data0)" conv=notrunc status=none
all_refuse "missing chunks are damage" 'cut.dat: the chunks at offset [0-9]+ have 4 bytes, of'

done_testing
