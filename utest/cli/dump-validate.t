#!/bin/bash
# dump --validate: good files are called so, and one thing damaged in each of the others is found
# and named, at its offset.
. "$(dirname "$0")/lib.sh"
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
. "$TOP/utest/cli/damage.sh"
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }

# --- good files: all kinds, which Debian's takes for good, too

for kind in "7 none little events" "7 none big events" "7 zlib little events" "7 zlib big events" \
	    "6 none little events" "6 none big events" "7 none little latency" \
	    "7 zlib little latency" "6 none little latency"; do
	f=${kind// /-}.dat
	# shellcheck disable=SC2086	# words
	datfile build "$f" $kind
	run 30 "$TRACE_CMD" dump -v "$f"
	is "$out" "File $f is a valid trace-cmd file" "$f: is valid"
	is "$rc" 0 "... the status says so"
	is "$err" "" "... and nothing more"
	if [ -n "$STOCK" ] && [[ $kind != *zlib* ]]; then
		is "$("$STOCK" dump -v "$f" 2> /dev/null | tail -n 1)" "$out" "... Debian's agrees"
	fi
done
run 30 "$TRACE_CMD" dump --systems --validate --clock 7-none-little-events.dat
is "$(tail -n 1 <<< "$out")" "File 7-none-little-events.dat is a valid trace-cmd file" \
	"together with other modes the verdict comes last"

# --- damaged ones

damage_cases > cases
datfile damage-all bad < cases > table
ok $? "all of them are made"
while IFS='|' read -r i file mark value at words unreadable; do
	run 30 "$TRACE_CMD" dump -v "bad-$i"
	[ "$at" != - ] || at='[0-9]+'
	said=$out wanted="^bad-$i: offset $at: .*$words"
	[ -z "$unreadable" ] || said=$err wanted=$words
	[ "$rc" != 0 ] && { [ "$rc" -lt 124 ] || [ "$rc" = 255 ]; } && [ -n "$err" ] &&
		[[ $out != *valid* ]] && grep -Eq -e "$wanted" <<< "$said"
	ok $? "$file: $mark = $value: $words" "status $rc, wanted: $wanted
in: $(head -c 2000 <<< "$both")"
	rm -f "bad-$i"
done < table
is "$(wc -l < table)" "$(wc -l < cases)" "none is left out"

# --- cut off anywhere

for f in 7-none-little-events 7-zlib-little-events 6-none-little-events; do
	for place in magic magic+4 version order page page+2 formats headers cmdlines+3 cpus+1 opt.uname \
		     opt.uname+3 data1 inst.data1+9 clock.inst+3 cpu0.page4+100 inst.cpu1.page0+17 \
		     inst.cpu1.page0+4095 eof+-1; do
		datfile cut $f.dat bad.dat $place 2> /dev/null || continue
		run 30 "$TRACE_CMD" dump -v bad.dat
		[ "$rc" != 0 ] && [ -n "$err" ]
		ok $? "$f cut at $place: an error" "$both"
		like "$both" 'bad.dat: |bad.dat.*|possibly truncated' "... that names the file"
		unlike "$out" 'valid' "... and not called valid"
	done
done

# --- many findings: some are told, the others counted

cp 6-none-little-events.dat bad.dat
for i in $(seq 0 11); do
	for cpu in cpu0 inst.cpu0; do
		at=$(datfile at 6-none-little-events.dat $cpu.page$i)
		printf '\xff\xff\xff\x0f' | dd of=bad.dat bs=1 seek=$((at + 8)) conv=notrunc status=none
	done
done
run 30 "$TRACE_CMD" dump -v bad.dat
is "$(grep -c 'more data than the page' <<< "$out")" 20 "20 of 24 findings are printed"
is "$(tail -n 1 <<< "$out")" "bad.dat: and 4 more" "... and the others are counted"
like "$err" "'bad.dat' is no good trace file: 24 things are wrong" "... and all are summed up"
done_testing
