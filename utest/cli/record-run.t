#!/bin/bash
# record's command, whom it traces, and where its words go.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
same_state() { is "$(tracing_state)" "$before" "$1: tracing is left as it was found"; }
own=run-$$

# record ARGS...: in an instance of our own
record() { run 30 "$TRACE_CMD" record -B "$own" -e sched:sched_switch -e sched:sched_process_exit "$@"; }

# --- how the command ended

record -o a.dat sh -c 'exit 3'
is "$rc" 0 "the command's status is not ours"
like "$err" '^  Command exited with status 3$' "... but is told"
record -q -o a.dat sh -c 'exit 3'
unlike "$err" 'exited with' "... unless -q is given"
record --exit-status -o a.dat sh -c 'exit 3'
is "$rc" 3 "--exit-status passes it on"
record --exit-status -o a.dat sh -c 'kill -KILL $$'
is "$rc" 137 "--exit-status: 128 and the signal that killed it"
like "$err" '^  Command was killed by signal 9 \(Killed\)$' "... which is told"
record --exit-status -o a.dat true
is "$rc" 0 "--exit-status: 0 is 0"
unlike "$err" 'Command' "... and nothing is told"
rm a.dat
touch plain
record -o a.dat "$T/plain"
is "$rc" 13 "a command that is not executable: the error's number"
like "$err" "^ Unable to exec $T/plain\$" "... the banner"
like "$err" "^  Failed to exec $T/plain\$" "... and the message"
is "$(echo a.dat*)" "a.dat*" "... and nothing is left behind"
same_state "commands that end badly"

# --- the end: what the kernel has yet to free is waited for by nobody

for i in 1 2 3; do
	run 30 "$TRACE_CMD" record -q -e sched:sched_switch -o "$T/top.dat" true
	state=$(tracing_state)
	is "$rc" 0 "recording $i of the top instance, right after the other one" "$both"
	is "$state" "$before" "... tracing is as it was from when it ends"
done
wait_for 10 eval "! pgrep -f '$T/top.dat' > /dev/null"
ok $? "no process stays"

# --- as a user

record -q --user nobody -o a.dat sh -c 'id -un; id -Gn; echo "$HOME:$USER:$LOGNAME"'
is "$out" "nobody
$(id -Gn nobody)
$(getent passwd nobody | cut -d: -f6):nobody:nobody" "--user: ids, groups and names"
run 30 "$TRACE_CMD" record -B "$own" -e sched:sched_switch --user no-such-user -o b.dat touch touched
is "$rc" 2 "--user: there is none"
like "$err" 'Failed to change user to no-such-user' "... is told"
is "$(echo b.dat* touched*)" "b.dat* touched*" "... before anything is done"
start user.log "$TRACE_CMD" record -B "$own" -e sched:sched_switch --user nobody -o b.dat
wait_for 10 grep -q 'Hit Ctrl' user.log
stop "$pid" INT
like "$(cat user.log)" '^  --user nobody is ignored, no command is specified.$' "--user without a command: a warning"
start user.log "$TRACE_CMD" record -q -B "$own" -e sched:sched_switch --user nobody -o b.dat sh -c 'echo $$ > /dev/stderr; exec sleep 1000'
wait_for 10 grep -q '^[0-9]' user.log
command=$(cat user.log)
kill -KILL "$(pgrep -P "$pid")"
wait_for 10 eval "! kill -0 $command"
ok $? "--user: the command ends with a record that is killed"
stop "$pid"
same_state "users"

# --- words

record --stderr -o a.dat echo "of the command"
is "$out" "of the command" "--stderr: standard output is the command's"
like "$err" '^Buffer: ' "... ours is on standard error"
record -p nop -o a.dat true
unlike "$err" 'plugin' "-p nop is not worth a word"

# --- only the command, and its children

cat > family.sh <<'E2'
echo $$ > parent
sh -c 'echo $$ > child; sleep 0.05; true'
sleep 0.05
true
E2
# pids FILE: of those who ended in a trace
pids() {
	"$TRACE_CMD" report "$1" 2> /dev/null | sed -n 's/.*-\([0-9]*\) .*sched_process_exit:.*/\1/p' |
		sort -u
}
record -F -o only.dat sh family.sh
is "$rc" 0 "-F records"
is "$(pids only.dat)" "$(cat parent)" "... the command and nobody else"
record -F -c -o family.dat sh family.sh
pids family.dat > family.pids
grep -qx "$(cat child)" family.pids
ok $? "-F -c: the command's child, too" "$(cat family.pids)"
grep -qx "$(cat parent)" family.pids
ok $? "... and the command"
is "$(wc -l < family.pids)" 4 "... and the sleep of each, but nobody else"
record -o all.dat sh family.sh
[ "$(pids all.dat | wc -l)" -ge 4 ]
ok $? "the run after it records everybody" "$(pids all.dat)"
run 10 "$TRACE_CMD" record -c -e sched:sched_switch -o no.dat true
is "$rc" 255 "-c alone is refused"
same_state "-F"

# --- tasks of -P

sleep 1000 &
one=$! two=
sleep 1000 &
two=$!
at_exit "kill $one $two 2> /dev/null"
start tasks.log "$TRACE_CMD" record -B "$own" -e sched:sched_switch -P "$one,$two" -o tasks.dat
wait_for 10 grep -q 'Hit Ctrl' tasks.log
kill "$one"
wait "$one" 2> /dev/null
alive "$pid"
ok $? "-P: one of two has ended, recording goes on"
kill "$two"
wait_for 10 eval "! kill -0 $pid"
ok $? "-P: both have ended, and so does the recording"
stop "$pid"
is "$rc" 0 "... well"
succeeds "... with a file" "$TRACE_CMD" report tasks.dat
run 20 "$TRACE_CMD" record -B "$own" -e sched:sched_switch -P "$one,$two" -o gone.dat
is "$rc" 3 "-P: nobody of them is there"
like "$err" "there is no task $two" "... is told"
is "$(echo gone.dat*)" "gone.dat*" "... before anything is done"
for how in "record -o gone.dat" stream start; do
	# shellcheck disable=SC2086
	run 20 "$TRACE_CMD" $how -B "$own" -e sched:sched_switch -P "$one,$two" touch ran
	is "$rc" 3 "-P: $how with a command, but nobody of them is there"
	[ ! -e ran ] && [ ! -e gone.dat ] && [ ! -e "$TRACING/instances/$own" ]
	ok $? "... before anything is done"
done
run 20 "$TRACE_CMD" record -B "$own" -e sched:sched_switch -F -P "$one" -o gone.dat touch ran
is "$rc" 0 "... -F: the command is"
like "$err" "there is no task $one" "... and the rest is told"
[ -e ran ]
ok $? "... it runs"
rm -f gone.dat
# a thread, which is no process
cat > thread.py <<'E2'
import os, sys, threading, time
def body():
	print(threading.get_native_id(), flush=True)
	sys.stdin.readline()
t = threading.Thread(target=body)
t.start(); t.join(); time.sleep(1000)
E2
mkfifo go
python3 thread.py < go > thread.tid &
python=$!
at_exit "kill $python 2> /dev/null"
exec 7> go
wait_for 10 test -s thread.tid
start tasks.log "$TRACE_CMD" record -B "$own" -e sched:sched_switch -P "$(cat thread.tid)" -o thread.dat
wait_for 10 grep -q 'Hit Ctrl' tasks.log
echo >&7
wait_for 10 eval "! kill -0 $pid"
ok $? "-P of a thread: ends with it, though its process goes on"
alive "$python"
ok $? "... as it does"
stop "$pid"
kill "$python"
same_state "-P"

# --- address maps

# maps FILE: "PATH" of those executables that have a map, and how many lines each says and has
maps() {
	"$TRACE_CMD" dump --options -i "$1" | awk '
		/\[Option PROCMAPS/ { on = 1; next }
		/\[Option/ { on = 0 }
		on && NF == 3 && length($2) <= 4 { print "process", $1, $2, $3; next }
		on && NF == 3 { print "map", $3 }'
}
record --proc-map -o maps.dat sleep 0.1
maps maps.dat > maps.txt
is "$(grep -c '^process' maps.txt)" 1 "--proc-map: one process"
like "$(cat maps.txt)" "^process [0-9a-f]+ [0-9a-f]+ $(realpath "$(type -P sleep)")\$" "... the command"
is "$(grep -c '^map' maps.txt)" "$((0x$(awk '/^process/ { print $3 }' maps.txt)))" "... with as many lines as it says"
like "$(cat maps.txt)" '^map .*/libc' "... libraries among them"
# what is mapped only shortly before the end
cat > late.py <<'E2'
import mmap, os, sys
f = open(sys.argv[1], 'r+b')
m = mmap.mmap(f.fileno(), 4096)
os._exit(0)
E2
head -c 4096 /dev/zero > "late file"
record --proc-map -o maps.dat python3 late.py "late file"
is "$rc" 0 "--proc-map: a command that maps a file and ends at once"
maps maps.dat > maps.txt
like "$(cat maps.txt)" '^map .*/late\\040file$' "--proc-map: as it was at the end; a blank in a name is written as \\040"
record --proc-map -F -c -o maps.dat sh -c 'sleep 0.05 & wait; ls > /dev/null; true'
maps maps.dat > maps.txt
for program in sh sleep ls; do
	like "$(grep ^process maps.txt)" " $(realpath "$(type -P $program)")\$" "--proc-map -c: $program"
done
is "$(grep -c ^process maps.txt)" 3 "... and that is all of them"
record -q --proc-map -o maps.dat sh -c '(while kill -CONT $$; do sleep 0.1; done) 2> /dev/null & kill -STOP $$; kill -KILL $$'
like "$(maps maps.dat)" "^process .* $(realpath "$(type -P sh)")\$" "--proc-map: a command that is stopped, goes on, and is killed"
sleep 1000 &
one=$!
at_exit "kill $one 2> /dev/null"
start maps.log "$TRACE_CMD" record -B "$own" -e sched:sched_switch --proc-map -P "$one" -o maps.dat
wait_for 10 grep -q 'Hit Ctrl' maps.log
stop "$pid" INT
like "$(maps maps.dat)" "^process $(printf %x "$one") .* $(realpath "$(type -P sleep)")\$" \
	"--proc-map -P: who has not ended when the recording does"
is "$(awk '/^TracerPid/ { print $2 }' "/proc/$one/status")" 0 "... and is not watched any more"
kill "$one"
start maps.log "$TRACE_CMD" record -B "$own" -e sched:sched_switch --proc-map -o maps.dat
wait_for 10 grep -q 'Hit Ctrl' maps.log
stop "$pid" INT
like "$(cat maps.log)" "^  --proc-map is ignored for instance $own, no command or filtered PIDs" \
	"--proc-map without anybody: a warning"
# who watches the command is told of its end before its parent is
start maps.log "$TRACE_CMD" record -q -B "$own" -e sched:sched_switch --proc-map -o stuck.dat sleep 1000
wait_for 10 eval '[ "$(cat "$TRACING/instances/$own/tracing_on" 2> /dev/null)" = 1 ]'
watcher=$(pgrep -x trace-cmd-maps -P "$(pgrep -P "$pid")")
kill -STOP "$watcher"
kill -INT "$pid"
wait_for 30 eval "! kill -0 $pid"
ok $? "--proc-map: a watcher that is stuck holds up nobody for ever"
kill -KILL "$watcher" 2> /dev/null
stop "$pid"
succeeds "... there is a file" "$TRACE_CMD" report stuck.dat
same_state "--proc-map"

# --- in the background

if [ -e /var/run/trace-cmd-record.pid ]; then
	skip 11 "another recording is in the background"
else
	at_exit "rm -f /var/run/trace-cmd-record.pid"
	run 20 "$TRACE_CMD" record --daemonize -B "$own" -e sched:sched_switch -o daemon.dat
	is "$rc" 0 "--daemonize: the caller goes on"
	daemon=$(cat /var/run/trace-cmd-record.pid)
	is "$out" "Send SIGINT/SIGTERM to pid $daemon to stop recording" "... knows whom to end"
	alive "$daemon"
	ok $? "... who records"
	is "$(cat "$TRACING/instances/$own/tracing_on")" 1 "... by now"
	is "$(ps -o sid= -p "$daemon" | tr -d ' ')" "$daemon" "... in a session of its own"
	run 20 "$TRACE_CMD" record --daemonize -B "$own" -e sched:sched_switch -o second.dat
	is "$rc" 1 "... another one cannot begin in its buffer"
	is "$(cat /var/run/trace-cmd-record.pid)" "$daemon" "... and does not take its place in the pid file"
	kill -INT "$daemon"
	wait_for 10 test ! -e /var/run/trace-cmd-record.pid
	ok $? "... its pid file goes when it ends"
	succeeds "... and its file is complete" "$TRACE_CMD" report daemon.dat
	run 20 "$TRACE_CMD" record --daemonize -B "$own" -e sched:sched_switch -f 'nosuch == 1' -o no.dat
	is "$rc" 1 "--daemonize: a recording that cannot begin is 1"
	[ ! -e /var/run/trace-cmd-record.pid ]
	ok $? "... and leaves no pid file"
fi
same_state "--daemonize"

# --- left as it is

record -k -o keep.dat true
is "$(cat "$TRACING/instances/$own/tracing_on")" 0 "-k: tracing is off"
like "$(cat "$TRACING/instances/$own/set_event")" '^sched:sched_switch$' "... the events stay"
is "$(cat "$TRACING/instances/$own/set_event_notrace_pid")" "" "... nobody is left out for good"
rmdir "$TRACING/instances/$own"
record -k -f 'nosuch == 1' -o keep.dat true
isnt "$rc" 0 "-k: a set-up that fails"
same_state "... is put back all the same: -k"
new_instance
echo 'prev_pid > 1' > "$TRACING/instances/$inst/events/sched/sched_switch/filter"
echo sched:sched_waking > "$TRACING/instances/$inst/set_event"
echo 1 > "$TRACING/instances/$inst/tracing_on"
run 30 "$TRACE_CMD" record -K -B "$inst" -e irq:softirq_entry -o keep.dat true
is "$rc" 0 "-K records"
is "$(sort "$TRACING/instances/$inst/set_event" | paste -sd' ')" "irq:softirq_entry sched:sched_waking" \
	"... adds its events"
is "$(cat "$TRACING/instances/$inst/events/sched/sched_switch/filter")" "prev_pid > 1" "... leaves the rest"
is "$(cat "$TRACING/instances/$inst/tracing_on")" 1 "... and tracing on"

# --- one recording at a time in an instance

# one_more COMMAND...: what is run while another records
one_more() {
	run 30 "$TRACE_CMD" "$@"
	is "$rc" 16 "$1 where another records: refused"
	like "$err" "another trace-cmd \(process [0-9]+\) is recording in the instance" "... says so"
	pid=$(sed -n 's/.*(process \([0-9]*\)).*/\1/p' <<< "$err")
	[ "$pid" = $first ] || [ "$(ps -o ppid= -p "$pid" | tr -d ' ')" = $first ]
	ok $? "... and by whom"
}
for name in "$inst" "both-$$"; do
	rm -f first.out second.dat
	"$TRACE_CMD" record -B "$name" -e sched:sched_switch -o first.dat > first.out 2>&1 &
	first=$!
	wait_for 20 grep -q Hit first.out
	during=$(tracing_state "$name")
	one_more record -B "$name" -e irq -o second.dat true
	one_more stream -B "$name" -e irq true
	one_more start -B "$name" -e irq
	one_more extract -B "$name" -o second.dat
	one_more clear -B "$name"
	one_more reset -B "$name" -d
	is "$(tracing_state "$name")" "$during" "... and has changed nothing"
	[ ! -e second.dat ]
	ok $? "... nor written anything"
	run 30 "$TRACE_CMD" record -K -B "$name" -e irq -o second.dat true
	is "$rc" 0 "... -K joins in"
	is "$(grep -c 'is recording' <<< "$err")" 1 "... and is told, once"
	run 30 "$TRACE_CMD" stop -B "$name"
	is "$rc" 0 "... it may be stopped for a while"
	run 30 "$TRACE_CMD" restart -B "$name"
	is "$rc" 0 "... and go on"
	rm -f second.dat
	for command in "clear -B $name" "extract -B $name -k -o second.dat" "start -B $name -e sched:sched_switch" \
	    "reset -B $name"; do
		# shellcheck disable=SC2086
		run 30 "$TRACE_CMD" $command --force
		is "$rc" 0 "... ${command%% *} --force does it"
	done
	[ -s second.dat ]
	ok $? "... and has the events"
	kill -INT $first
	wait $first
	is $? 0 "... the first one ends well"
done
[ ! -e "$TRACING/instances/both-$$" ]
ok $? "... and removes what it has made"

done_testing
