#!/bin/bash
# check-events: formats of the kernel's events that libtraceevent doesn't understand. Files of the
# test's own lie over the kernel's, in a mount namespace of its own.
. "$(dirname "$0")/lib.sh"
need_tracing
unshare -m true 2> /dev/null || skip_all "needs mount namespaces"
events=$TRACING/events

# what this kernel has that this libtraceevent doesn't know is not ours: it is the same each time
run 60 "$TRACE_CMD" check-events
case $rc in
0) is "$both" $'\n' "all is well: nothing is said" ;;
22) like "$err" 'formats cannot be parsed' "some are not understood: it says so" ;;
*) is "$rc" "0 or 22" "the exit status" ;;
esac
is "$out" "" "stdout stays empty"
known=$(grep -c 'its format is not understood$' <<< "$err")
[ $((rc == 22)) = $((known > 0)) ]
ok $? "... and the status fits what was told" "$rc, $known named"

# with PATH NAME...: check-events, file NAME being there instead of events/PATH
with() {
	local script="" path

	for path in "$@"; do
		script+="mount --bind '$T/${path##*/}' '$events/$path/format' && "
	done
	run 60 unshare -m bash -c "$script exec '$TRACE_CMD' check-events"
}
sed 's/^print fmt: .*/print fmt: "%s", unheard_of(REC->pid)/' "$events/sched/sched_stat_runtime/format" \
	> "$T/sched_stat_runtime"
sed 's/field:pid_t pid;/field:;/' "$events/sched/sched_waking/format" > "$T/sched_waking"
: > "$T/sched_wakeup"
with sched/sched_stat_runtime sched/sched_waking sched/sched_wakeup
is "$rc" 22 "formats that cannot be parsed"
like "$err" '^sched:sched_stat_runtime: its format is not understood$' "a function that is unknown: named"
like "$err" 'function unheard_of not defined' "... with the reason"
like "$err" '^sched:sched_waking: ' "a field without a name"
like "$err" '^sched:sched_wakeup: ' "an empty file"
like "$err" "^  $((known + 3)) of [0-9]+ formats cannot be parsed" "all are counted"
unlike "$err" '^sched:sched_(switch|wakeup_new): ' "the others are not named"
# an event that a plugin prints needs no print format
sed 's/^print fmt: .*/print fmt: "%s", unheard_of(REC->pid)/' "$events/sched/sched_switch/format" \
	> "$T/sched_switch"
with sched/sched_switch
unlike "$err" '^sched:sched_switch: ' "a plugin prints it: no failure"
run 60 unshare -m bash -c "mount --bind '$T/sched_switch' '$events/sched/sched_switch/format' &&
	exec '$TRACE_CMD' check-events -N"
is "$rc" 22 "-N"
like "$err" '^sched:sched_switch: its format is not understood$' "... does without plugins"
run 60 unshare -m bash -c "mount -t tmpfs none '$TRACING' && mount -t tmpfs none /sys/kernel/debug &&
	exec setpriv --bounding-set=-all --inh-caps=-all '$TRACE_CMD' check-events"
is "$rc" 22 "no tracing directory"
like "$err" 'cannot (use|mount)|tracefs' "... says so"
run 20 "$TRACE_CMD" check-events --verbose=nonsense
is "$rc" 255 "a level that is none"
run 20 "$TRACE_CMD" check-events word
is "$rc" 255 "a word"
done_testing
