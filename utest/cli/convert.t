#!/bin/bash
# convert: the new file says what the old one said, in any version and compression.
. "$(dirname "$0")/lib.sh"
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }
kinds=("6 none" "7 none" "7 zlib")
"$TRACE_CMD" list -c | grep -q zstd && kinds+=("7 zstd")

report() { "$TRACE_CMD" report -t -i "$1" 2>&1; }
# options but those that say where something is, which differ
options() {
	"$TRACE_CMD" dump --options "$1" | awk '
		/^[[:blank:]]*\[Section|^[[:blank:]]*\[[0-9]+ options/ { show = 0; next }
		/\[Option / {
			show = !/Option (DONE|BUFFER|BUFFER TEXT|CPUCOUNT|HEADERS|FTRACE EVENTS|EVENT FORMATS|KALLSYMS|PRINTK|CMDLINES|BTF|MODULES|STRINGS|[A-Z ]*TEXT),/
		}
		show && NF'
}
# what is in a part of the metadata, without its title, which has its place
part() { "$TRACE_CMD" dump "--$2" "$1" | grep -v '^[[:blank:]]*\['; }

# same OLD NEW NAME: report and metadata
same() {
	local part

	is "$(report "$2")" "$(report "$1")" "$3: the report is the same"
	for part in systems events ftrace-events kallsyms printk cmd-lines clock; do
		[ "$(part "$2" $part)" = "$(part "$1" $part)" ]
		ok $? "$3: ... dump --$part as well"
	done
	run 30 "$TRACE_CMD" dump --validate "$2"
	is "$rc" 0 "$3: the new file is valid" "$both"
}

# --- all kinds into all kinds

for from in "7 none little events" "7 none big events" "7 zlib little events" \
	    "6 none little events" "6 none big events" "7 zlib little latency" "6 none little latency"; do
	f=${from// /-}.dat
	# shellcheck disable=SC2086	# words
	datfile build "$f" $from
	for to in "${kinds[@]}"; do
		version=${to% *} zip=${to#* }
		run 30 "$TRACE_CMD" convert -i "$f" --file-version "$version" --compression "$zip" new.dat
		is "$rc" 0 "$f to $to" "$both"
		same "$f" new.dat "$f to $to"
		is "$(options new.dat)" "$(options "$f")" "$f to $to: all options are there"
		if [ -n "$STOCK" ] && [ "$zip" != zlib ]; then
			"$STOCK" report -t -i new.dat > stock.txt 2> /dev/null
			is $? 0 "$f to $to: Debian's program reads it"
		fi
		# and back
		run 30 "$TRACE_CMD" convert -i new.dat --file-version "${from%% *}" -o back.dat
		is "$(report back.dat)" "$(report "$f")" "$f to $to and back: the report is the same"
	done
done

# --- what it says

f=7-zlib-little-events.dat
run 30 "$TRACE_CMD" convert -i "$f" --compression zlib out.dat
like "$err" '^CPU0 data recorded at offset=0x[0-9a-f]+$' "where the data is"
like "$err" '^    [0-9]+ bytes in size \([0-9]+ uncompressed\)$' "... and its size"
like "$err" '^Buffer: [a-z]+$' "... for instances with their name"
run 30 "$TRACE_CMD" convert -i "$f" --file-version 6 out.dat
unlike "$err" 'uncompressed' "version 6 is not compressed"
is "$out" "" "nothing on standard output"
cp "$f" self.dat
run 30 "$TRACE_CMD" convert -i self.dat --compression none self.dat
is "$rc" 0 "a file may be converted into itself"
is "$(report self.dat)" "$(report "$f")" "... it is as it was"
ln -s out.dat link.dat
run 30 "$TRACE_CMD" convert -i "$f" link.dat
[ -L link.dat ] && [ "$(report out.dat)" = "$(report "$f")" ]
ok $? "a link stays one"
cp "$f" trace.dat
run 30 "$TRACE_CMD" convert -o default.dat
is "$rc" 0 "without -i it is trace.dat"

# --- wrong words

refused() {	# STATUS WHY WORDS...
	local status=$1 why=$2

	shift 2
	rm -f refused.dat
	run 30 "$TRACE_CMD" convert "$@"
	is "$rc" "$status" "convert $*: fails"
	like "$both" "$why" "... and says why"
	[ ! -e refused.dat ]
	ok $? "... nothing is written"
}
refused 255 '^usage:' -i "$f"
refused 255 '^usage:' -i "$f" refused.dat more
refused 255 "Only one input file is supported, $f already set" -i "$f" -i "$f" refused.dat
refused 255 'Only one output file is supported, refused.dat already set' -i "$f" -o refused.dat -o b
refused 255 'Only one output file is supported, refused.dat already set' -i "$f" -o refused.dat b
refused 255 'Unsupported file version 8, supported versions are from 6 to 7' -i "$f" --file-version 8 refused.dat
refused 255 'Compression algorithm  lz4 is not supported; there are none, ' -i "$f" --compression lz4 refused.dat
refused 255 'version 6 has no compression' -i "$f" --file-version 6 --compression zlib refused.dat
refused 2 'error reading nothing.dat' -i nothing.dat refused.dat
refused 2 'error writing no/where/refused.dat' -i "$f" no/where/refused.dat
echo 'some text' > text
refused 22 'error reading text: ' -i text refused.dat

# --- what is replaced: who may read it, and whose it is, stays

echo old > mine.dat
chmod 604 mine.dat
[ "$(id -u)" != 0 ] || chown 1:2 mine.dat
before=$(stat -c '%u:%g %a' mine.dat)
run 30 "$TRACE_CMD" convert -i "$f" mine.dat
is "$rc" 0 "a file is replaced"
is "$(stat -c '%u:%g %a' mine.dat)" "$before" "... with its owner, group and permissions"
like "$("$TRACE_CMD" dump --validate mine.dat)" 'valid' "... by the new one"
if [ "$(id -u)" = 0 ]; then
	mkdir all && chmod 777 all && chmod 755 . && cp "$TRACE_CMD" anybody && cp "$f" readable.dat
	echo old > all/theirs.dat
	chmod 660 all/theirs.dat
	run 30 setpriv --reuid=65534 --regid=65534 --clear-groups ./anybody convert -i readable.dat all/theirs.dat
	is "$rc $(stat -c '%u:%g %a' all/theirs.dat)" "0 65534:65534 600" \
		"what cannot be the old owner's is not for another group either" "$both"
else
	skip 1 "needs root"
fi

# --- damage: all the rest is there

f=6-none-little-events.dat
head -c $(($(stat -c %s $f) - 10000)) $f > cut.dat
run 30 "$TRACE_CMD" convert -i cut.dat new.dat
isnt "$rc" 0 "a file that is cut off ends with an error"
like "$both" 'error reading cut.dat: File possibly truncated' "... that says so"
like "$both" "'new.dat' has all the rest" "... and what is there"
run 30 "$TRACE_CMD" report -t cut.dat
is "$("$TRACE_CMD" report -t new.dat)" "$out" "... which is all that report finds in it"
[ "$(wc -l <<< "$out")" -gt 20 ] && [ "$(wc -l <<< "$out")" -lt "$(report $f | wc -l)" ]
ok $? "... some events, but not all"

# --- a full disk, a killed convert

if [ "$(id -u)" = 0 ] && mkdir small && unshare -m true 2> /dev/null; then
	cat > full.sh <<-'E2'
		mount -t tmpfs -o size=64k none small || exit 77
		echo old > small/old.dat
		"$1" convert -i "$2" --compression none small/old.dat
		echo "status $?, $(ls -a small | wc -l) $(cat small/old.dat)"
	E2
	run 30 unshare -m bash full.sh "$TRACE_CMD" 6-none-little-events.dat
	if [ "$rc" = 77 ]; then
		skip 2 "no tmpfs"
	else
		like "$out" '^status 28, 3 old$' "a full disk leaves what was there, and nothing new" "$both"
		like "$err" 'error writing small/old.dat: .*No space left' "... the message says so"
	fi
else
	skip 2 "needs root for a full disk"
fi

done_testing
