#!/bin/bash
# Files of latency tracers, which hold a text instead of events: both versions (made by
# utest/gen; no such tracer is needed), through report, dump, convert and split.
. "$(dirname "$0")/lib.sh"

text='# tracer: wakeup
#
  answer-42  0d... 1us : something happened'
corpus=$TOP/utest/fuzz/corpus/file
event=$corpus/7-none-little-events

# shows_text FILE NAME
shows_text() {
	run 30 "$TRACE_CMD" report -i "$1"
	is "$rc" 0 "$2: report reads it" "$err"
	is "$out" "cpus=2
$text" "$2: ... and shows the text as it is"
}

for version in 6 7; do
	file=$corpus/$version-none-little-latency
	name="version $version"
	shows_text "$file" "$name"
	run 30 "$TRACE_CMD" dump "$file"
	is "$rc" 0 "$name: dump reads it"
	case $version in
	6) like "$out" $'^\t\\[Latency tracing data\\]$' "$name: ... and names the kind of data" ;;
	7) like "$out" $'^\t\\[buffer "", "local" clock, latency data\\]$' \
		"$name: ... and names the kind of data" ;;
	esac
	if [ -n "$STOCK" ]; then
		for o in --summary --options --head-page --systems --kallsyms --cmd-lines; do
			"$STOCK" dump $o "$file" > "$T/stock.txt" 2> /dev/null
			run 30 "$TRACE_CMD" dump --compat 3.1 $o "$file"
			succeeds "$name: dump $o as Debian's" diff "$T/stock.txt" "$T/.out"
		done
	else
		skip 6 "Debian's trace-cmd is not installed: nothing to compare with"
	fi
	run 30 "$TRACE_CMD" dump --validate "$file"
	is "$rc" 0 "$name: dump finds nothing wrong with it" "$err"
	for to in "6 none" "7 none" "7 any"; do
		run 30 "$TRACE_CMD" convert -i "$file" --file-version "${to% *}" \
			--compression "${to#* }" "$T/converted.dat"
		is "$rc" 0 "$name: converted to $to" "$err"
		shows_text "$T/converted.dat" "$name, as $to"
		run 30 "$TRACE_CMD" dump --validate "$T/converted.dat"
		is "$rc" 0 "$name, as $to: dump finds nothing wrong with it" "$err"
	done
	run 30 "$TRACE_CMD" split -i "$file" -o "$T/split.dat"
	isnt "$rc" 0 "$name: it cannot be split"
	like "$err" '^  trace-cmd split does not work with latency traces' "$name: ... and why"
	[ ! -e "$T/split.dat" ]
	ok $? "$name: ... nor is anything left of it"
	run 30 "$TRACE_CMD" report -i "$event" -i "$file"
	isnt "$rc" 0 "$name: it cannot be read beside another"
	like "$err" 'latency traces do not work with multiple inputs' "$name: ... and why"
done
done_testing
