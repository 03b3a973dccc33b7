#!/bin/bash
# Functions are traced as asked, on a kernel that can (see README.md): one boot, all recordings
# of "functions", judged here. VM_OUT=DIR keeps all files; VM_SLOW=N waits N times longer.
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/utest/cli/graph.sh"

rig=$(dirname "$(readlink -f "$0")")
slow=${VM_SLOW:-3}
out=${VM_OUT:-$T/out}
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"

mkdir -p "$T/bin" "$out"
cp -L "$TRACE_CMD" "$T/bin/trace-cmd"
succeeds "the images can be made" "$rig/build-images" || {
	done_testing
	exit 1
}
# the emulated processor now and then resets the machine for no reason of ours
for try in 1 2 3; do
	"$rig/run-l1" -t $((150 * slow)) -b "$T/bin" -o "$out" "$rig/functions" $((20 * slow)) \
		> "$T/log" 2>&1 && break
	diag "try $try failed: $(tail -n 2 "$T/log")"
done
cd "$out" || exit 1
[ -s subbuf.status ]
ok $? "all recordings were made" "$(tail -n 30 "$T/log")" || {
	done_testing
	exit 1
}

# good NAME TITLE: the recording succeeded and left everything as it was
good() {
	is "$(cat "$1.status")" 0 "$2: goes well" || diag "$(cat "$1.log")"
	is "$(diff before "$1.after")" "" "$2: tracing is as it was"
}

# bad NAME TITLE REGEX: it failed, said why, and left everything as it was
bad() {
	isnt "$(cat "$1.status")" 0 "$2: fails"
	like "$(cat "$1.log")" "$3" "$2: says why"
	is "$(diff before "$1.after")" "" "$2: tracing is as it was"
}

# names FILE: the functions in a report of the tracer function
names() { sed -n 's/.* function: *\([^ ]*\).*/\1/p' "$1"; }

# depths FILE: of the functions that were graphed, by the raw fields
depths() {
	"$TRACE_CMD" report -R "$1" | sed -n 's/.*funcgraph_entry: .*depth=\(0x\)\{0,1\}\([0-9a-f]*\).*/\2/p' | sort -u
}

# unpaired FILE: functions in a report that have no stack as the next record of their CPU, and stacks that have no
# function as the one before. Tracing begins and ends in the midst of what other CPUs do, so that the first record of
# a CPU may be a stack, and the last one a function; so may those around lost events.
unpaired() {
	awk '
		/^CPU:[0-9]+ \[.*DROPPED\]$/ { sub(/^CPU:/, "", $1); last[sprintf("[%03d]", $1)] = ""; next }
		!/: (function|kernel_stack): / || !match($0, /\[[0-9][0-9][0-9]+\]/) { next }
		{ cpu = substr($0, RSTART, RLENGTH) }
		/: function: / { if (last[cpu] == "function") print before[cpu]; functions++ }
		/: kernel_stack: / { if (last[cpu] == "stack") print; else if (last[cpu] != "") pairs++ }
		{ last[cpu] = /: function: / ? "function" : "stack"; before[cpu] = $0 }
		END { if (!pairs) print "no stack behind any of " functions + 0 " functions" }' "$1"
}

like "$(cat before)" 'vfs_fsync:traceoff:count=7' "somebody's commands are there in the beginning"
like "$(cat before)" 'hist:keys=next_pid.*\[paused\]' "... and triggers"

good function "-l and -n"
like "$(names function.txt)" '^vfs_read$' "... what -l names is traced"
is "$(names function.txt | grep -vc '^vfs_')" 0 "... and nothing else"
is "$(names function.txt | grep -c '^vfs_write$')" 0 "... nor what -n names"
good command "-l with a command"
like "$(cat command.txt)" 'vfs_read' "... the function is traced"
like "$(cat command.txt)" 'stack trace' "... and the command is carried out"
good graph "-g and --max-graph-depth"
like "$(cat graph.txt)" 'funcgraph_entry: .* vfs_read[ (]' "... the function is graphed"
unlike "$(cat graph.txt)" ' vfs_(open|write)[ (]' "... others are not"
like "$(depths graph.dat)" '^[01]$' "... its calls are"
unlike "$(depths graph.dat)" '^[2-9]' "... and not deeper than asked"
good notrace "-n with function_graph"
like "$(cat notrace.txt)" ' vfs_read[ (]' "... others are graphed"
unlike "$(cat notrace.txt)" ' vfs_write[ (]' "... but not that"
good stack "--func-stack"
is "$(unpaired stack.txt)" "" "... each function has its stack"
like "$(grep -A 1 'kernel_stack: ' stack.txt)" '^=> ' "... which is one"
good leaves "stream of calls"
like "$(cat leaves.txt)" 'funcgraph_entry: +[^ ]* *[0-9.]+ us +\|  vfs_read\(\);' "... those that are not followed have a line"
good calls "stream of calls and what they call"
like "$(cat calls.txt)" 'funcgraph_entry: +\|  vfs_read\(\) \{' "... they begin"
like "$(cat calls.txt)" 'funcgraph_exit: .* us +\|  \}' "... and end"
unlike "$(cat leaves.txt calls.txt)" '-->|<--' "... none is shown as another event"
good profile "profile"
like "$(cat profile.txt)" '^task: cat-[0-9]' "... has the command"
like "$(cat profile.txt)" '^ *Event: func: [a-z_0-9.]+\(\) \([0-9]+\) Total: [0-9]+' "... and times of functions"
good instance "-l in an instance"
is "$(names instance.txt | sort -u)" vfs_read "... just that is traced"
good module "--module"
bad unknown "unknown function" "-l: the kernel traces no function 'nosuch_function'"
bad badgraph "unknown function to graph" "-g: the kernel traces no function 'nosuch_function'"
good quiet "-D"
is "$(head -n 1 quiet.log)" 0 "... nobody traces functions meanwhile"
good trigger "triggers for those of others"
like "$(cat trigger.log)" '^hist:keys=prev_pid:.*sort=hitcount' "... ours are there meanwhile"
unlike "$(cat trigger.log)" 'keys=next_pid' "... theirs are not"
like "$(cat trigger.txt)" 'stack trace' "... and they work"
bad badhist "rejected histogram" "Couldn't find field"
if [ "$(cat depth.status)" = 0 ]; then	# since Linux 6.11
	good depth "function_graph and a depth in an instance"
	skip 1 "the kernel can"
else
	bad depth "function_graph in an instance" "has not all tracers for instances"
fi
good tasks "-P and -c with functions"
is "$(grep 'function: ' tasks.txt | grep -vcE -- '(bash|cat)-[0-9]+ ')" 0 "... only these tasks"
like "$(cat tasks.txt)" "cat-[0-9]+ .*vfs_" "... and their children"

good pids "-P and -c with events"
is "$(grep -c 'sched_process_exec: .*cat' pids.txt)" 2 "... their children are traced"
is "$(grep 'sched_process' pids.txt | grep -vcE -- '(bash|cat)-[0-9]+ ')" 0 "... and nobody else"
good kprobe "events of kprobes"
like "$(cat kprobe.txt)" 'cat-[0-9]+ .* opened: .*file="/proc/version"' "... with their arguments"
like "$(cat kprobe.txt)" 'opens: .*<-.*ret=0x' "... and what functions return"
if [ -e blk.status ]; then
	good blk "requests of a disk"
	like "$(cat blk.txt)" 'dd-[0-9]+ .* blktrace: +[0-9]+' "... are shown"
	unlike "$(cat blk.txt)" UNKNOWN "... all of them"
else
	skip 4 "this kernel has no tracer blk"
fi
for s in snaptop snapmine; do
	good $s "a trigger takes snapshots ($s)"
	# each takes away what has not been read by then; what follows the last one is there
	like "$(cat $s.txt)" 'sched_process_exit: .*bash' "... what comes behind is recorded"
done
like "$(cat snaptop.shown)" 'sched_process_exec:' "... and they were taken"
good snapshot "snapshot -s, extract -s, show -s"
like "$(cat snapshot.txt)" 'sched_process_exec: .*cat' "... it holds the events" "$(cat snapshot.log)"
is "$(grep -c sched_process_exec: snapshot.txt)" "$(grep -c sched_process_exec: snapshot.shown)" \
	"... as many as are shown"
# what Debian's program prints of these files
if [ -n "$STOCK" ]; then
	for f in *.dat; do
		# its arithmetic is signed
		if [ $f = cycles.dat ] && [ "$("$TRACE_CMD" dump --options -i $f | awk '/multiplier, shift/ { print $1 }')" -ge $((1 << 31)) ]; then
			skip 1 "$f: Debian's program shows no times of clocks as slow as that"
			continue
		fi
		same_report "$f: Debian's report is the same" "$f"
	done
fi

if [ "$(cat cycles.status)" = 0 ]; then
	good cycles "-C tsc2nsec"
	like "$("$TRACE_CMD" dump --options -i cycles.dat)" 'TSC2NSEC' "... the scale is stored"
	length=$(grep sched_switch cycles.txt | grep -o ' [0-9]*\.[0-9]*: ' |
		 awk 'NR == 1 { a = $1 + 0 } { b = $1 + 0 } END { print b - a }')
	awk -v l="$length" 'BEGIN { exit !(l > 0.9 && l < 60) }'
	ok $? "... report shows seconds" "$length"
else
	bad cycles "-C tsc2nsec" "TSC to nanosecond is not supported"
	skip 1 "perf tells nothing of the TSC"
fi
if [ "$(cat subbuf.status)" = 0 ]; then
	good subbuf "--subbuf-size"
	skip 1 "the kernel can"
else
	bad subbuf "--subbuf-size" "since Linux 6.8"
fi
vfs_read='vfs_read\(struct file \*file, char \*buf, size_t count, loff_t \*pos\)'
if grep -q '^vmlinux$' types; then
	is "$(cat proto.status)" 0 "list -f --proto" "$(cat proto.log)"
	like "$(cat proto.txt)" "^$vfs_read\$" "... what a function is called with"
	if grep -q '^virtio' types; then
		like "$(cat proto.txt)" '^[a-z_]+\(struct [^)]*\) \[virtio' "... one of a module"
	else
		skip 1 "modules have no types"
	fi
else
	isnt "$(cat proto.status)" 0 "list -f --proto fails where the kernel has no types"
	skip 2 "the kernel has no types"
fi
if [ -e args.status ]; then
	good args "functions with arguments"
	like "$(cat args.txt)" 'vfs_read\(file=0x[0-9a-f]+, buf=0x[0-9a-f]+, count=0x[0-9a-f]+, pos=0x' "... by name"
	good graphargs "calls with arguments"
	like "$(cat graphargs.txt)" 'vfs_read\(file=0x[0-9a-f]+, buf=0x.*\)[; ]' "... by name"
else
	skip 6 "needs Linux 6.15"
fi
done_testing
