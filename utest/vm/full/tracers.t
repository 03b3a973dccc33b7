#!/bin/bash
# Every tracer of two real kernels (see ../README.md), by record, by start, stop, show and extract, and by stream: Debian's
# cloud kernel, and its kernel for real time, which has latency tracers (wakeup, hwlat, osnoise, timerlat) and is newer. And what
# the kernel that tests usually run on may lack. Our report is Debian's.
#
# KERNELS="cloud rt" takes only some; VM_OUT, VM_SLOW: see record.t; VM_JUDGE=1 only judges what is in VM_OUT.
. "$(dirname "$0")/../../cli/lib.sh"
. "$TOP/utest/cli/graph.sh"

rig=$(dirname "$(dirname "$(readlink -f "$0")")")
slow=${VM_SLOW:-3}
all=${VM_OUT:-$T/out}
cache=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trace-rig}
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
mkdir -p "$T/bin" "$all"
cp -L "$TRACE_CMD" "$T/bin/trace-cmd"

# kernel NAME: choose it. What the other's images are made of, but for the kernel, serves both.
kernel() {
	[ "$1" = rt ] || return 0
	export RIG_KERNEL_PKG=linux-image-rt-amd64/bookworm-backports RIG_CACHE=$cache-rt
	[ -e "$RIG_CACHE" ] || [ ! -e "$cache/debs" ] || {
		mkdir -p "$RIG_CACHE/debs"
		find "$cache/debs" -name '*.deb' ! -name 'linux-*' -exec ln -t "$RIG_CACHE/debs" {} +
	}
}

# made: all recordings of the kernel; the emulated processor now and then resets the machine for no reason of ours
made() {
	local try
	[ -z "${VM_JUDGE-}" ] || return 0
	succeeds "$k: the images can be made" "$rig/build-images" || return
	for try in 1 2 3; do
		"$rig/run-l1" -t $((600 * slow)) -b "$T/bin" -o "$out" "$rig/full/tracers" $((30 * slow)) > "$T/log" 2>&1 && break
		diag "try $try failed: $(tail -n 2 "$T/log")"
	done
	[ -e "$out/made" ]
	ok $? "$k: all recordings were made" "$(tail -n 30 "$T/log")"
}

# good NAME TITLE: the step succeeded and left everything as it was
good() {
	is "$(cat "$1.status")" 0 "$k: $2: goes well" || diag "$(cat "$1.log")"
	is "$(diff before "$1.after")" "" "$k: $2: tracing is as it was"
}

bad() {	# NAME TITLE REGEX: it failed, said why, and left everything as it was
	isnt "$(cat "$1.status")" 0 "$k: $2: fails"
	like "$(cat "$1.log")" "$3" "$k: $2: says why"
	is "$(diff before "$1.after")" "" "$k: $2: tracing is as it was"
}

has() { grep -qw "$1" available; }
newer() { [ "$(printf '%s\n' "$1" "$(cat release)" | sort -V | head -n 1)" = "$1" ]; }
# names FILE: the functions in a report of the tracer function
names() { sed -n 's/.* function: *\([^ ]*\).*/\1/p' "$1"; }
depths() { "$TRACE_CMD" report -R "$1" | sed -n 's/.*funcgraph_entry: .*depth=\(0x\)\{0,1\}\([0-9a-f]*\).*/\2/p' | sort -un; }

# shown NAME TITLE: show prints what the kernel does, and extract has as many events
shown() {
	is "$(md5sum < "$1.shown")" "$(md5sum < "$1.trace")" "$k: $2: show prints what the kernel shows"
	[ -s "$1.dat" ] && [ "$(grep -vc '^cpus=' "$1.txt")" -gt 0 ]
	ok $? "$k: $2: extract has events" "$(head -n 5 "$1.txt" "$1.log")"
}

judge_functions() {
	good function "function"
	like "$(names function.txt)" '^vfs_read$' "$k: ... has what -l names"
	is "$(names function.txt | grep -vc '^vfs_')" 0 "$k: ... and nothing else"
	is "$(names function.txt | grep -c '^vfs_w')" 0 "$k: ... nor what -n names"
	good function-kept "function: start"
	is "$(cat function-kept.tracer)" function "$k: ... it is the tracer"
	shown function-kept "function"
	is "$(names function-kept.txt | sort -u)" vfs_read "$k: ... extract has just that function"
	good function-streamed "function: stream"
	is "$(names function-streamed.txt | sort -u)" vfs_read "$k: ... has just that function"
	good function-stack "function: --func-stack"
	like "$(cat function-stack.txt)" 'stack trace' "$k: ... has stacks"
	good function-both "function and events"
	like "$(cat function-both.txt)" 'sched_switch:' "$k: ... has the events"
	like "$(names function-both.txt)" '^vfs_read$' "$k: ... has the functions"
	good function-pid "function: -F"
	like "$(names function-pid.txt)" '^vfs_open$' "$k: ... has the functions"
	is "$(grep 'function: ' function-pid.txt | grep -vcE -- '(cat|trace-cmd)-[0-9]+ ')" 0 "$k: ... of nobody else"
	good function-children "function: -F -c"
	like "$(grep 'function: ' function-children.txt)" 'cat-[0-9]+ ' "$k: ... has those of children"
}

judge_graphs() {
	local s
	good graph "function_graph"
	like "$(cat graph.txt)" 'funcgraph_entry: .* vfs_read[ (]' "$k: ... has the function"
	unlike "$(cat graph.txt)" '\|  vfs_(open|write)[ (]' "$k: ... others only below it"
	good graph-notrace "function_graph: -n"
	like "$(cat graph-notrace.txt)" ' vfs_read[ (]' "$k: ... others are there"
	unlike "$(cat graph-notrace.txt)" ' vfs_write[ (]' "$k: ... but not that"
	good graph-depth "function_graph: --max-graph-depth"
	is "$(depths graph-depth.dat | tr '\n' ' ')" "0 1 " "$k: ... as deep as asked, not deeper"
	good graph-kept "function_graph: start"
	is "$(cat graph-kept.tracer)" function_graph "$k: ... it is the tracer"
	shown graph-kept "function_graph"
	good graph-streamed "function_graph: stream"
	like "$(cat graph-streamed.txt)" 'vfs_read' "$k: ... has the function"
	good graph-events "function_graph and events"
	like "$(cat graph-events.txt)" 'sched_switch:' "$k: ... has the events"
	like "$(cat graph-events.txt)" 'funcgraph_entry: .* vfs_read[ (]' "$k: ... has the functions"
	good graph-mono "function_graph: -C mono"
	good graph-children "function_graph: -F -c"
	like "$(cat graph-children.txt)" 'cat-[0-9]+ .*funcgraph_entry' "$k: ... has those of children"
	if newer 6.11; then
		good graph-instance "function_graph in an instance"
		is "$(depths graph-instance.dat | tr '\n' ' ')" "0 1 " "$k: ... as deep as asked, not deeper"
	else
		bad graph-instance "function_graph in an instance" "has not all tracers for instances"
	fi
}

# what there must be of a tracer, by what it is for
judge_tracers() {
	local t
	for t in wakeup wakeup_rt wakeup_dl hwlat osnoise timerlat blk mmiotrace nop; do
		has $t || { skip 1 "$k has no tracer $t"; continue; }
		good $t "$t"
		good $t-kept "$t: start"
		is "$(cat $t-kept.tracer)" $t "$k: ... it is the tracer"
		is "$(md5sum < $t-kept.shown)" "$(md5sum < $t-kept.trace)" "$k: $t: show prints what the kernel shows"
	done
	[ "$k" != rt ] || {
		has wakeup_rt && has osnoise && has timerlat
		ok $? "$k: it has latency tracers" "$(cat available)"
		like "$(cat timerlat.txt)" 'timerlat: .*context:1.*timer_latency:[1-9]' "$k: timerlat measures"
		like "$(cat timerlat-kept.txt)" 'timerlat: .*context:1.*timer_latency:[1-9]' "$k: ... between start and stop, too"
		like "$(cat wakeup_rt-kept.shown)" 'wakeup_rt latency trace' "$k: wakeup_rt has a longest latency to show"
	}
}

judge_rest() {
	good snapshot-trigger "a snapshot trigger in an instance"
	# each snapshot takes away what has not been read until then; what follows the last one is there
	good snapshot-all "a snapshot trigger without end"
	like "$(cat snapshot-all.txt)" 'sched_process_exit: .*bash' "$k: ... what comes behind is recorded"
	good snapshot-one "a snapshot trigger once"
	like "$(cat snapshot-one.txt)" 'sched_process_exec: .*cat' "$k: ... what comes behind is recorded"
	good snapshot-kept "a snapshot trigger: start"
	shown snapshot-kept "a snapshot trigger"
	is "$(md5sum < snapshot-kept.snap)" "$(md5sum < snapshot-kept.snapshot)" "$k: ... show -s prints what the kernel shows"
	like "$(cat snapshot-kept-s.txt)" 'sched_process_exec: .*cat' "$k: ... extract -s has what came before it"
	good hist-kept "a hist trigger: start"
	shown hist-kept "a hist trigger"
	like "$(cat hist-kept.stat)" 'hist:keys=pid' "$k: ... stat tells of it"
	like "$(cat hist-kept.hist)" 'Hits: [1-9]' "$k: ... it counts"
	good hist "a hist trigger"
	like "$(cat hist.log)" '^hist:keys=pid' "$k: ... it is there meanwhile"
	like "$(cat hist.txt)" 'sched_process_exec: .*cat' "$k: ... and the event, too"
	good traceoff "a traceoff trigger"
	is "$(grep -c 'sched_process_exec:' traceoff.txt)" 1 "$k: ... nothing behind it is recorded"
	good event-pids "events of tasks"
	is "$(grep -c 'sched_process_exec: .*cat' event-pids.txt)" 15 "$k: ... of their children"
	good event-pids-kept "events of tasks: start"
	shown event-pids-kept "events of tasks"
	# 3 of each of 20 rounds, and one of keep itself
	is "$(grep -c 'sched_process_exec: .*/cat ' event-pids-kept.txt)" 61 "$k: ... of their children"
	good kprobe "kprobes"
	like "$(cat kprobe.txt)" 'cat-[0-9]+ .* opened: .*file="/proc/version"' "$k: ... with their arguments"
	like "$(cat kprobe.txt)" 'opens: .*<-.*ret=(0x)?[0-9a-f]' "$k: ... and what functions return"
	good kprobe-kept "kprobes: start"
	shown kprobe-kept "kprobes"
	like "$(cat kprobe-kept.txt)" 'cat-[0-9]+ .* opened: .*file="/proc/version"' "$k: ... extract has them"
	good kprobe-streamed "kprobes: stream"
	like "$(cat kprobe-streamed.txt)" 'opened: .*file="/proc/version"' "$k: ... stream has them"
	if newer 6.8; then
		good subbuf "--subbuf-size"
	else
		bad subbuf "--subbuf-size" "since Linux 6.8"
	fi
}

# what Debian's program prints of these files (it ends the text of a latency tracer by one more empty line)
judge_reports() {
	local f
	[ -n "$STOCK" ] || { skip 1 "needs Debian's trace-cmd package"; return; }
	for f in *.dat; do
		if [ -n "$(moved_leaf "$f")" ]; then
			same_report "$k: $f: Debian's report is the same" "$f"
			continue
		fi
		echo "$("$TRACE_CMD" report --compat 3.1 "$f" 2> /dev/null)" > "$T/ours"
		echo "$("$STOCK" report -i "$f" 2> /dev/null)" > "$T/theirs"
		cmp -s "$T/ours" "$T/theirs"
		ok $? "$k: $f: Debian's report is the same" "$(diff "$T/ours" "$T/theirs" | head -n 20)"
	done
}

for k in ${KERNELS:-cloud rt}; do
	kernel "$k"
	out=$all/$k
	mkdir -p "$out"
	made || continue
	cd "$out" || exit 1
	diag "$k: Linux $(cat release): $(cat available)"
	judge_functions
	judge_graphs
	judge_tracers
	judge_rest
	judge_reports
done
done_testing
