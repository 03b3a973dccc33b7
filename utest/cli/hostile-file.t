#!/bin/bash
# Whatever a file lies about, who reads it ends soon, in order, and says what is wrong.
. "$(dirname "$0")/lib.sh"
. "$TOP/utest/cli/damage.sh"
command -v python3 > /dev/null || skip_all "needs python3"
cd "$T" || exit 1
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }

# A file of 115 KB is no reason to take much memory. (Threads take address space, as many as there are CPUs;
# sanitizers without end.)
limit=$((1000000 + 80000 * $(getconf _NPROCESSORS_CONF)))
! nm -D "$TRACE_CMD" 2> /dev/null | grep -q __asan_init || limit=unlimited
limited() { run 20 bash -c 'ulimit -v "$0"; exec "$@"' "$limit" "$@"; }

# harmless NAME FILE UNREADABLE: all commands that read files
harmless() {
	local bad='' command

	for command in report "report -l -R" "dump --all" "convert --file-version 6 -o out.dat" \
		       "convert --compression none -o out.dat" "split -e 5 -o out.dat"; do
		# shellcheck disable=SC2086	# words
		limited "$TRACE_CMD" $command -i "$2"
		if [ "$rc" -ge 124 ] && [ "$rc" != 255 ]; then
			bad+="$command: status $rc"$'\n'
		elif [ "$rc" != 0 ] && ! grep -q -e "$2" -e 'error writing out.dat: .' <<< "$err"; then
			bad+="$command: no word of $2: $err"$'\n'
		elif [ "$rc" = 0 ] && [ -n "$3" ]; then
			bad+="$command: takes it for a good file"$'\n'
		fi
		# what was made of it is a trace, if perhaps with the same lies in its texts
		if [ -e out.dat ] && ! "$TRACE_CMD" dump --options out.dat > /dev/null 2>&1; then
			bad+="$command: makes a file that is none"$'\n'
		fi
		rm -f out.dat
	done
	for command in --comm -F "-F tick:" "--fields v"; do
		read -ra words <<< "$command"
		[ ${#words[@]} = 2 ] || words+=("")
		limited "$TRACE_CMD" __complete 5 trace-cmd report -i "$2" "${words[@]}"
		[ "$rc $err" = "0 " ] || bad+="completion of report $command: status $rc, $err"$'\n'
	done
	is "$bad" "" "$1"
}

for kind in "7 none little events" "7 none big events" "7 zlib little events" "7 zlib big events" \
	    "6 none little events" "6 none big events" "7 none little latency" \
	    "7 zlib little latency" "6 none little latency"; do
	# shellcheck disable=SC2086	# words
	datfile build "${kind// /-}.dat" $kind
done
damage_cases > cases
datfile damage-all bad < cases > table
while IFS='|' read -r i file mark value _ _ unreadable; do
	harmless "$file: $mark = $value" "bad-$i" "$unreadable"
	rm -f "bad-$i"
done < table
is "$(wc -l < table)" "$(wc -l < cases)" "none is left out"
done_testing
