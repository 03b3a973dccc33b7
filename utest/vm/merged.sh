# shellcheck shell=bash
# Reports of hosts and guests beside Debian's program; sourced behind lib.sh, not run.
. "$TOP/utest/cli/graph.sh"

# same_merged TITLE FILE...: what our report and Debian's print of them together is the same, byte for byte, but for the
# names of tasks: of several that one has had, as workers and whoever calls exec() do, Debian's library takes one, and another
# when it has learnt of more tasks, as its search happens to meet them
same_merged() {
	local title=$1 f files=() plain=(); shift
	[ -n "$STOCK" ] || { skip 1 "Debian's trace-cmd isn't here"; return; }
	for f; do
		# the layout of the fork and, where that is all there was, zlib are unknown to it
		if "$TRACE_CMD" dump --summary --options -i "$f" | grep -qE 'zlib|\[offset @ time\]$'; then
			skip 1 "Debian's trace-cmd does not read $f"
			return
		fi
		files+=(-i "$f")
		[ -z "$(moved_leaf "$f")" ] || plain=(-N)
	done
	"$TRACE_CMD" report --compat 3.1 -t "${plain[@]}" "${files[@]}" > "$T/.ours" 2> /dev/null
	"$STOCK" report -t "${plain[@]}" "${files[@]}" > "$T/.theirs" 2> /dev/null
	sed -Ei 's/^( *[^ ]+:) +.*-([0-9]+) +(\[[0-9]{3,}\])/\1 \2 \3/' "$T/.ours" "$T/.theirs"
	[ -s "$T/.ours" ] && cmp -s "$T/.ours" "$T/.theirs"
	ok $? "$title: Debian's report of both files is the same" "$(diff "$T/.ours" "$T/.theirs" | head -n 20)"
}
