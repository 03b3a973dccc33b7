# shellcheck shell=bash
# Reports of function graphs beside Debian's program; sourced behind lib.sh, not run.
#
# Debian's program (3.1.6) takes a call for one that calls no other if its return comes next of all CPUs,
# also if another CPU has it: the task was moved, or it is the idle task, of which each CPU has
# one. It then has used up that CPU's record, frees it, and still looks into it for which CPU comes next:
# "valgrind trace-cmd report" shows the invalid reads. From there on its report is garbage.

# moved_leaf FILE: the first such call, as "[CPU] SECONDS.NANOSECONDS"; nothing: there is none
moved_leaf() {
	"$TRACE_CMD" report --compat 3.1 -R -t "$1" 2> /dev/null | awk '
		/ EVENTS DROPPED\]$/ { next }
		!/: funcgraph_(entry|exit): +func=/ { call = ""; next }
		{
			head = $0
			sub(/: funcgraph_.*/, "", head)
			n = split(head, word, " ")
			id = $0
			sub(/.* func=/, "", id)
			sub(/ .*/, "", id)
			sub(/.*-/, "", word[n - 2])
			id = id " " word[n - 2]
		}
		/: funcgraph_exit: / {
			if (id == call && word[n - 1] != cpu) {
				print cpu, time
				exit
			}
			call = ""
			next
		}
		{ call = id; cpu = word[n - 1]; time = word[n] }'
}

# same_report NAME FILE: Debian's report of it is the same, byte for byte; behind a moved leaf (see
# above) only the report without plugins is, which does not look ahead
same_report() {
	local name=$1 file=$2 moved lines=0

	moved=$(moved_leaf "$file")
	"$TRACE_CMD" report --compat 3.1 -t "$file" > "$T/.ours" 2> /dev/null
	"$STOCK" report -t -i "$file" > "$T/.theirs" 2> /dev/null
	if [ -n "$moved" ]; then
		# the last line that both must have
		lines=$(grep -n -m 1 -E " \\${moved/ / +}: funcgraph_entry: " "$T/.ours" | cut -d : -f 1)
		diag "$name: compared up to line ${lines:-?}, a call whose return another CPU has, and by -N"
		[ -z "$lines" ] || sed -s -i "$((lines + 1)),\$d" "$T/.ours" "$T/.theirs"
		"$TRACE_CMD" report --compat 3.1 -t -N "$file" >> "$T/.ours" 2> /dev/null
		"$STOCK" report -t -N -i "$file" >> "$T/.theirs" 2> /dev/null
	fi
	[ -n "$lines" ] && cmp -s "$T/.ours" "$T/.theirs"
	ok $? "$name" "$(diff "$T/.ours" "$T/.theirs" | head -n 20)"
}
