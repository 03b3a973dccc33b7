#!/bin/bash
# The pictures of time synchronisation: scripts/debug/tsync_hist.py and tsync_res.py.
. "$(dirname "$0")/lib.sh"

HIST=$TOP/scripts/debug/tsync_hist.py
RES=$TOP/scripts/debug/tsync_res.py
export PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$T MPLBACKEND=Agg

/usr/bin/python3 -c 'import matplotlib' 2> /dev/null || skip_all "needs python3-matplotlib"

is_png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]; }

# says_why NAME COMMAND...: it fails with one line on stderr, of the script and not of Python
says_why() {
	local name=$1; shift
	run 60 "$@"
	[ $rc != 0 ] && [ "$(wc -l < "$T/.err")" = 1 ] && ! grep -q Traceback "$T/.err"
	ok $? "$name fails with one line" "rc $rc: $err"
	like "$err" "^tsync_(hist|res).py: " "... of the script"
}

# a round as --tsync-debug leaves it, and a session (not by awk: its numbers end at 2^31)
for ((i = 0; i < 339; i++)); do
	mid=$((109300709274646 + i * 30000))
	off=$((83618290375331 + (i * 7919) % 4001 - 2000))
	echo "$mid $((mid + off)) $off"
done > "$T/s-cid3_1.txt"
echo "83618290375331 109300709274646 0" >> "$T/s-cid3_1.txt"
for ((i = 1; i <= 12; i++)); do
	echo "$i $((83618290375331 + (i * 131) % 977)) $((109300709274646 + i * 1000))"
done > "$T/res-cid3.txt"

succeeds "a histogram is drawn" "$HIST" "$T/s-cid3_1.txt" -o "$T/hist.png"
succeeds "... as PNG" is_png "$T/hist.png"
succeeds "its centre is drawn" "$HIST" -z 50 -o "$T/zoom.png" "$T/s-cid3_1.txt"
succeeds "... as PNG" is_png "$T/zoom.png"
run 60 "$RES" "$T/res-cid3.txt" -o "$T/res.png"
is "$rc" 0 "a line of offsets is drawn"
succeeds "... as PNG" is_png "$T/res.png"
is "$out" "min 83618290375402 max 83618290376248 difference 846" "... and its ends are told exactly"

# what the red line and the bins are made of
cat > "$T/look.py" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import tsync_hist
offsets, chosen = tsync_hist.read_round(sys.argv[2])
edges = tsync_hist.integer_edges(min(offsets), max(offsets))
print(len(offsets), chosen, len(edges) - 1, edges[0], edges[-1], tsync_hist.deviation(offsets))
print(tsync_hist.integer_edges(5, 5), tsync_hist.integer_edges(5, 8))
print(tsync_hist.deviation([2 ** 62, -2 ** 62]), tsync_hist.deviation([7]))
print(tsync_hist.central_range([9, 1, 2, 3, 4], 60), tsync_hist.central_range([9], 1))
END
run 60 /usr/bin/python3 "$T/look.py" "$TOP/scripts/debug" "$T/s-cid3_1.txt"
is "$out" "339 83618290375331 500 83618290373331 83618290377317 1160
[5, 6] [5, 6, 7, 8]
4611686018427387904 0
(2, 4) (9, 9)" "the result is taken off, 500 bins go from the least to the greatest offset"

echo "1 0 5" > "$T/one.txt"
succeeds "a session of one round is drawn" "$RES" "$T/one.txt" -o "$T/one.png"
printf '10 10 0\n20 20 0\n0 10 0\n' > "$T/zero.txt"
succeeds "a round of equal clocks is drawn" "$HIST" "$T/zero.txt" -o "$T/zero.png"

: > "$T/empty.txt"
printf '1 2 3\nfoo bar 3\n' > "$T/words.txt"
printf '1 2 3\n4 5\n' > "$T/short.txt"
head -n 50 "$T/s-cid3_1.txt" > "$T/cut.txt"
tail -n 1 "$T/s-cid3_1.txt" > "$T/result-only.txt"
for ((i = 0; i < 1300; i++)); do printf "\\x$(printf %x $(((i * 7919 + i / 3) % 255 + 1)))"; done > "$T/garbage.txt"
for script in "$HIST" "$RES"; do
	for file in missing empty words short garbage; do
		says_why "${script##*/} of a file that is $file" "$script" "$T/$file.txt" -o "$T/x.png"
	done
	says_why "${script##*/} to where it may not" "$script" "$T/zero.txt" -o "$T/none/x.png"
	says_why "${script##*/} without a display" "$script" "$T/zero.txt"
done
like "$(cd "$T" && "$HIST" words.txt -o x.png 2>&1)" "^tsync_hist.py: words.txt:2: " \
	"the line at fault is named"
says_why "a round that was cut off" "$HIST" "$T/cut.txt" -o "$T/x.png"
says_why "a round without probes" "$HIST" "$T/result-only.txt" -o "$T/x.png"
[ ! -e "$T/x.png" ]
ok $? "no picture is left of those that failed"

done_testing
