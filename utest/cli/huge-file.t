#!/bin/bash
# Files larger than 4 GiB, most of them holes: what is behind the 4 GiB is found, in little
# time and memory.
. "$(dirname "$0")/lib.sh"
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }
gib4=4294967296

truncate -s $((2 * gib4)) probe 2> /dev/null && printf x >> probe ||
	skip_all "the file system of $T has no files of 8 GiB"
[ "$(stat -c %b probe)" -lt 1000 ] || skip_all "the file system of $T has no sparse files"
rm -f probe

# Threads take address space, as many as there are CPUs; sanitizers without end.
limit=$((200000 + 80000 * $(getconf _NPROCESSORS_CONF)))
! nm -D "$TRACE_CMD" 2> /dev/null | grep -q __asan_init || limit=unlimited
limited() { run 20 bash -c 'ulimit -v "$0"; exec "$@"' "$limit" "$@"; }
report() { limited "$TRACE_CMD" report -t "$1"; }
time_of() { sed -n "s/^ .*answer.* \([0-9.]*\): .*$1\$/\1/p" expected | tail -1; }
between() { awk -v s="$1" -v e="$2" '{ match($0, /[0-9]+\.[0-9]+: /); t = substr($0, RSTART, RLENGTH - 2) }
	t >= s && t <= e' | sed 's/^inst: *//;s/^ *//'; }

for version in 6 7; do
	datfile build small $version none little events
	report small
	printf '%s\n' "$out" > expected
	# one CPU's data with page 6 just in front of its 4 GiB, and more behind a second hole
	datfile hole small long cpu0.page6 $((gib4 - 8 * 4096)) cpu0.page11 $((1 << 26))
	# each CPU's data is small, but for the first one's it is far
	datfile hole small far cpu1.page0 $gib4 inst.cpu0.page0 $((gib4 + 4096))
	for f in long far; do
		is "$(($(stat -c %s $f) > gib4)) $(($(stat -c %b $f) < 1000))" "1 1" \
			"version $version, $f: is sparse and large"
		report $f
		is "$rc $out" "0 $(cat expected)" "version $version, $f: report has all events"
		limited "$TRACE_CMD" dump --all $f
		is "$rc" 0 "version $version, $f: dump can read it" "$err"
		offset=$(($(datfile at small cpu1.page0) + gib4))
		[ $f = far ] || offset=$((offset - 8 * 4096 + (1 << 26)))
		like "$out" "(^|[^0-9])$offset([^0-9]|\$)" "... and tells where CPU 1's data is"
		for how in "--file-version 6" "--compression none" "--compression zstd"; do
			# shellcheck disable=SC2086	# words
			limited "$TRACE_CMD" convert -i $f $how -o new
			is "$rc" 0 "version $version, $f: convert $how" "$err"
			report new
			is "$out" "$(cat expected)" "... has all events"
			rm -f new
		done
		# on both sides of the 4 GiB; before; behind
		for range in 64:82 12:34 112:114; do
			start=$(time_of "value=${range%:*}") end=$(time_of "value=${range#*:}")
			limited "$TRACE_CMD" split -i $f -o new "$start" "$end"
			is "$rc" 0 "version $version, $f: split from $start to $end" "$err"
			report new
			is "$(grep -v '^cpus=' <<< "$out" | between "$start" "$end")" \
				"$(grep -v '^cpus=' expected | between "$start" "$end")" "... has these events"
			is "$(grep -c answer <<< "$out")" "$(between "$start" "$end" < expected | grep -c answer)" \
				"... and no others"
			rm -f new
		done
		rm -f $f
	done
done
done_testing
