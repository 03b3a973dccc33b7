#!/bin/bash
# extract: the events of buffers that others have filled.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
# reset switches the top one on
on=$(cat "$TRACING/tracing_on")
at_exit "echo $on > $TRACING/tracing_on"
new_instance
one=$inst
new_instance
two=$inst
dir=$TRACING/instances
# marks are not to be overwritten by what goes on besides, however long a step takes
for i in "$one" "$two"; do echo 20000 > "$dir/$i/buffer_size_kb"; done

# fill INSTANCE TEXT: its buffer anew, with ten marks and some events of the scheduler
fill() {
	local i
	echo 0 > "$dir/$1/tracing_on"
	echo > "$dir/$1/trace"
	echo 'sched:sched_switch' > "$dir/$1/set_event"
	echo 1 > "$dir/$1/tracing_on"
	for i in 1 2 3 4 5 6 7 8 9 10; do echo "$2 $i" > "$dir/$1/trace_marker"; done
	wait_for 10 grep -q sched_switch "$dir/$1/trace"
}

fill "$one" first
run 30 "$TRACE_CMD" extract -B "$one" -o a.dat
is "$rc" 0 "extract ends well"
like "$err" '^CPU0 data recorded at offset=0x[0-9a-f]+$' "... prints where data is"
like "$out" "^Buffer: $one\$" "... and whose"
"$TRACE_CMD" report a.dat > a.txt
is "$(grep -c 'first [0-9]*$' a.txt)" 10 "... has all marks"
like "$(cat a.txt)" 'sched_switch: ' "... and the events"
run 30 "$TRACE_CMD" dump --events -i a.dat
like "$out" 'name: softirq_entry|softirq_entry' "... and the formats of all events"
is "$(cat "$dir/$one/tracing_on") $(cat "$dir/$one/set_event")" "0 " "... and switches all off"
is "$(grep -vc '^#' "$dir/$one/trace")" 0 "... the buffer is empty then"
is "$(echo a.dat?*)" "a.dat?*" "... no other file is left"

# --- options of what records: it was recorded already, and is not taken by mistake

fill "$one" again
for option in '-e irq' '-v' '-R traceon' '-C mono' '-M 1' '-K' '-H a/b' '-d'; do
	# shellcheck disable=SC2086
	run 30 "$TRACE_CMD" extract -B "$one" $option -o never.dat
	is "$rc" 255 "extract $option is refused"
	like "$err" "^extract: invalid option -- '${option:1:1}'" "... as an option it has not"
done
[ ! -e never.dat ] && grep -q 'again 10' "$dir/$one/trace"
ok $? "... and nothing is taken"

# --- as Debian's does: the same events, but for whom they are taken by

if [ -n "$STOCK" ]; then
	fill "$one" same
	echo 0 > "$dir/$one/tracing_on"
	grep -v '^#' "$dir/$one/trace" | sed -E 's/.* ([0-9]+\.[0-9]+): ([a-z_]+): .*/\1 \2/' > wanted.txt
	run 30 "$TRACE_CMD" extract -k -B "$one" -o ours.dat
	"$TRACE_CMD" report --compat 3.1 ours.dat 2> /dev/null > ours.txt
	sed -nE 's/.* ([0-9]+\.[0-9]+): ([a-z_]+): .*/\1 \2/p' ours.txt | sed 's/ print$/ tracing_mark_write/' > ours.events
	succeeds "the events are those that the kernel showed" diff wanted.txt ours.events
	run 30 "$STOCK" report -i ours.dat
	succeeds "Debian's report prints the same lines" diff ours.txt - <<< "$out"
	# the same marks, taken by either program
	fill "$one" same
	echo 0 > "$dir/$one/tracing_on"
	echo 0 > "$dir/$one/events/enable"
	echo > "$dir/$one/trace"
	mark() { echo 1 > "$dir/$one/tracing_on"; for i in 1 2 3; do echo "mark $i" > "$dir/$one/trace_marker"; done; echo 0 > "$dir/$one/tracing_on"; }
	mark
	run 30 "$TRACE_CMD" extract -k -B "$one" -o ours.dat
	mark
	run 30 unshare -m bash "$(stock_script)" extract -k -B "$one" -o stock.dat
	for f in ours stock; do "$TRACE_CMD" report $f.dat 2> /dev/null | sed -n 's/.*: *mark/mark/p'; done | sort | uniq -c > marks.txt
	is "$(awk '{ print $1 }' marks.txt | paste -sd' ')" "2 2 2" "Debian's extract takes the same from the same buffer" "$(cat marks.txt)"
else
	skip 3 "Debian's trace-cmd isn't here"
fi

# --- which buffers

fill "$one" first
fill "$two" second
run 30 "$TRACE_CMD" extract -k -a -o all.dat
is "$rc" 0 "-a ends well"
run 30 "$TRACE_CMD" report all.dat
is "$(grep -c ' first [0-9]*$' <<< "$out") $(grep -c ' second [0-9]*$' <<< "$out")" "10 10" "-a takes all instances"
run 30 "$TRACE_CMD" dump --summary all.dat
like "$out" '\[buffer "", ' "... and the top one"
is "$(cat "$dir/$one/tracing_on" "$dir/$two/tracing_on" | paste -sd' ')" "1 1" "-k: tracing goes on"
is "$(cat "$dir/$one/set_event")" "sched:sched_switch" "... with its events"
fill "$one" first
fill "$two" second
run 30 "$TRACE_CMD" extract -B "$one" -B "$two" -q -o both.dat
is "$err" "" "-q: no sizes"
run 30 "$TRACE_CMD" report both.dat
is "$(grep -c ' first [0-9]*$' <<< "$out") $(grep -c ' second [0-9]*$' <<< "$out")" "10 10" "-B -B takes both"
fill "$one" first
fill "$two" second
run 30 "$TRACE_CMD" extract -B "$one" --file-version 6 -o one.dat
run 30 "$TRACE_CMD" report one.dat
is "$(grep -c ' first [0-9]*$' <<< "$out") $(grep -c ' second [0-9]*$' <<< "$out")" "10 0" "-B takes one, in version 6, too"
is "$(grep -c ' second [0-9]*$' "$dir/$two/trace")" 10 "... and leaves the other alone"
is "$(cat "$dir/$two/tracing_on")" 1 "... running"
run 20 "$TRACE_CMD" extract -B "$two" -B no-such-$$ -o no.dat
is "$rc" 2 "an instance that does not exist is an error"
like "$err" "there is no instance 'no-such-$$'" "... that is told"
is "$(grep -c ' second [0-9]*$' "$dir/$two/trace") $(cat "$dir/$two/tracing_on")" "10 1" "... before anything is touched"
is "$(echo no.dat*)" "no.dat*" "... and no file is made"
run 20 "$TRACE_CMD" extract -B "$two" -o /nonexistent/no.dat
is "$rc" 2 "an output that cannot be made is an error"
is "$(grep -c ' second [0-9]*$' "$dir/$two/trace")" 10 "... before anything is touched"
run 20 "$TRACE_CMD" extract -o no.dat true
is "$rc" 255 "extract runs no command"

# --- snapshots

if [ -e "$dir/$one/snapshot" ]; then
	fill "$one" shot
	echo 1 > "$dir/$one/snapshot"
	echo > "$dir/$one/trace"
	run 20 "$TRACE_CMD" extract -s -B "$one" -o shot.dat
	is "$rc" 0 "-s ends well"
	run 20 "$TRACE_CMD" report shot.dat
	is "$(grep -c ' shot [0-9]*$' <<< "$out")" 10 "... has what the snapshot holds"
	echo 0 > "$dir/$one/snapshot"
else
	run 20 "$TRACE_CMD" extract -s -B "$two" -o no.dat
	is "$rc" 2 "-s: this kernel keeps no snapshots"
	is "$(cat "$dir/$two/tracing_on") $(echo no.dat*)" "1 no.dat*" "... which changes nothing"
fi

# --- the top one

run 20 "$TRACE_CMD" start -e sched:sched_process_exec sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do echo top \$i > $TRACING/trace_marker; done"
run 20 "$TRACE_CMD" extract
is "$rc" 0 "the top one, into trace.dat"
run 20 "$TRACE_CMD" report
is "$(grep -c ' top [0-9]*$' <<< "$out")" 10 "... has its marks"
is "$(cat "$TRACING/tracing_on") $(cat "$TRACING/set_event")" "0 " "... and is off"
run 20 "$TRACE_CMD" reset
echo "$on" > "$TRACING/tracing_on"
is "$(tracing_state | grep -v instances:)" "$(grep -v instances: <<< "$before")" "tracing is left as it was found"

done_testing
