#!/bin/bash
# record with bad input: one clear message, a non-zero exit, nothing lost, nothing changed.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
echo "an older trace" > old.dat

# bad NAME REGEX ARGS...: record must fail with that message and leave all as it was
bad() {
	local name=$1 regex=$2; shift 2
	run 30 "$TRACE_CMD" record -o old.dat "$@"
	isnt "$rc" 0 "$name: fails"
	like "$err" "$regex" "$name: says so"
	is "$(cat old.dat) $(echo old.dat*)" "an older trace old.dat" "$name: the older file is untouched"
	is "$(tracing_state)" "$before" "$name: tracing, too"
}

bad "nothing to do" 'no event or plugin was specified' true
bad "unknown event" 'No events enabled with nosuch' -e nosuch true
bad "unknown event of a system" 'No events enabled with sched:nosuch' -e sched -e sched:nosuch true
bad "rejected filter" "Field not found|parse error" -e sched:sched_switch -f 'nosuch == 1' true
bad "unknown trigger" "Failed trigger of .*/events/sched/sched_switch: " -e sched:sched_switch -R nosuch true
bad "rejected trigger" "Command: nosuch == 1" -e sched:sched_switch -R 'traceoff if nosuch == 1' true
bad "unknown option" "Failed to  set ftrace option nosuch" -e sched -O nosuch true
bad "CPUs that are not there" "names some that this machine has not" -e sched -M 1000000000000 true
bad "no CPU" "names none" -e sched -M 0 true
bad "graph where nothing is traced" "Give -p function_graph before -B" -g schedule -B "bad-$$" -e sched true
bad "nanoseconds of another clock" "is for the clock x86-tsc" -C mono --tsc2nsec -e sched true
bad "unknown tracer" "Plugin 'nosuch' does not exist" -p nosuch true
bad "unknown clock" "Clock nosuch is not supported" -C nosuch -e sched true
bad "no such command" "Failed to exec /nonexistent/command" -e sched:sched_switch /nonexistent/command
bad "two outputs" "only one output file allowed" -o second.dat -e sched true
bad "filter first" "filter must come after event" -f 'a == 1' -e sched true
bad "no directory" "--temp: an empty name is no file" --temp "" -e sched true
bad "unknown version" "Unsupported file version 5" --file-version 5 -e sched true
bad "unknown compression" "lzma is not supported" --compression lzma -e sched true
bad "version 6, compressed" "version 6 has no compression" --file-version 6 --compression zlib -e sched true
bad "buffer of nothing" "must be positive" -b 0 -e sched true
bad "no offset" "'12x' is no number of nanoseconds" --ts-offset 12x -e sched true
bad "no agent there" "Failed to connect to host 127.0.0.1:9:" -e sched -A 127.0.0.1:9 true
bad "no guest there" "Failed to connect to vsocket @4242:823" -e sched -A 4242 true
bad "bad port" "is no port" -e sched -A 127.0.0.1:x true
bad "bad port of a listener" "-N: .x. is no port" -e sched -N 127.0.0.1:x true
bad "... over vsock" "-V: .x. is no port" -e sched -V 3:x true
bad "an address of IPv6" "host \\[::1\\]:9:" -e sched -A "[::1]:9" true
bad "stamps without their clock" "add -C mono_raw" -e sched --tsync-stamp mono_raw -A 127.0.0.1:9 true
bad "a protocol for another clock" "--tsync-proto kvm cannot compare the clock 'mono': use -C x86-tsc" \
	--tsync-proto kvm -C mono -e sched -A 3 true
bad "a protocol for another clock than the guest's" "--tsync-proto burst cannot compare the clock 'counter'" \
	--tsync-proto burst -C mono -A 3 -C counter -e sched true
bad "unknown layout" "neither current nor fork" --tsync-layout old -e sched true

# --- places that can hold no trace file, found before anything is recorded

for command in "record -e sched:sched_switch" extract "profile -e sched:sched_switch"; do
	# shellcheck disable=SC2086
	run 30 "$TRACE_CMD" $command -o ""
	is "$rc" 255 "${command%% *} -o with an empty name is refused"
	like "$err" "-o: an empty name is no file's" "... as that"
done
is "$(ls -A | tr '\n' ' ')" ".err .out old.dat " "... and leaves nothing"

mkfifo pipe
mkdir directory
for place in pipe directory /dev/null; do
	run 30 "$TRACE_CMD" record -o "$place" -e sched:sched_switch touch ran
	isnt "$rc" 0 "-o $place: fails"
	like "$err" "'$place' is a d" "... says why"
	[ ! -e ran ] && [ "$(echo "$place".*)" = "$place.*" ]
	ok $? "... before the command, and leaves nothing there"
done

# --- a mistake costs nobody a trace

new_instance
mine=$TRACING/instances/$inst
echo sched:sched_process_exec > "$mine/set_event"
echo "somebody's mark" > "$mine/trace_marker"
state=$(tracing_state "$inst")
for wrong in "-f nosuch==1" "-R nosuch" "-C nosuch" "-O nosuch" "-M 0" "-l nosuch_function"; do
	# shellcheck disable=SC2086	# an option and its argument
	run 30 "$TRACE_CMD" record -o old.dat -B "$inst" -e sched:sched_switch $wrong true
	isnt "$rc" 0 "an instance in use, $wrong: fails"
	is "$(tracing_state "$inst")" "$state" "... nothing in it has changed"
	like "$(cat "$mine/trace")" "somebody's mark" "... and its trace is still there"
done
# -K resets nothing, so that only a failure that comes late shows whether the switch is put back
for on in 0 1; do
	echo $on > "$mine/tracing_on"
	state=$(tracing_state "$inst")
	for command in "record -K -o old.dat" "stream -K" "start -K" set; do
		# shellcheck disable=SC2086	# a command and its options
		run 30 "$TRACE_CMD" $command -B "$inst" -e irq /nonexistent/command
		isnt "$rc" 0 "$command of no command, tracing being $on: fails"
		is "$(tracing_state "$inst")" "$state" "... nothing has changed, nor has the switch"
	done
done
rmdir "$mine"
is "$(tracing_state)" "$before" "... nothing else is left"

run 10 "$TRACE_CMD" record --nosuch
is "$rc" 255 "unknown option: exit status 255"
like "$out" '^usage:' "... and the help"
run 10 "$TRACE_CMD" record -e sched -o /nonexistent/a.dat true
is "$rc" 2 "no such directory: exit status of ENOENT"
like "$err" "cannot create '/nonexistent/a.dat'" "... said clearly"

# --- no root

chmod 777 "$T"
run 10 setpriv --reuid=65534 --regid=65534 --clear-groups "$TRACE_CMD" record -e sched -o "$T/n.dat" true
if [ "$rc" = 126 ] || [ "$rc" = 127 ]; then
	skip 2 "the program cannot be run by others where it lies"
else
	is "$rc" 13 "no root: permission denied"
	like "$err" "run as root" "... and what to do"
fi

# --- a full disk

# room for what a file says of this kernel, twice, and for some data
run 60 "$TRACE_CMD" record -e sched:sched_process_exec --file-version 6 -o whole.dat true
room=$(($(stat -c %s whole.dat) * 2 + (8 << 20)))
rm -f whole.dat
mkdir small
mount -t tmpfs -o size=$room tmpfs small || skip_all "cannot mount a small file system"
at_exit "umount '$T/small' 2> /dev/null"
run 60 "$TRACE_CMD" record -e raw_syscalls -e kmem --file-version 6 -o small/f.dat \
	sh -c 'while :; do find /usr > /dev/null; done'
is "$rc" 28 "full disk: exit status of ENOSPC"
like "$err" "no space left for the data of CPU" "... said once"
is "$(grep -c 'No space left' <<< "$err")" 1 "... and only once"
run 60 "$TRACE_CMD" report small/f.dat
is "$rc" 0 "... what was recorded can be read"
[ "$(wc -l <<< "$out")" -gt 1000 ]
ok $? "... all of it"
is "$(tracing_state)" "$before" "... tracing is left as it was found"
is "$(echo small/*)" small/f.dat "... no other file is left"
is "$(pgrep -f "$T/small/f.dat")" "" "... no process either"
dd if=/dev/zero of=small/fill bs=64K 2> /dev/null
truncate -s -256K small/fill
run 20 "$TRACE_CMD" record --file-version 6 -e sched -o small/g.dat true
is "$rc" 28 "a disk that is full from the start is told before anything is traced"
like "$err" "free some space" "... with advice"

done_testing
