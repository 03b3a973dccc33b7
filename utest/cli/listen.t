#!/bin/bash
# record -N and listen: ours with ours, over UDP, TCP and protocol 1, and with Debian's both ways;
# clients and listeners that are killed; clients that are hostile or slow.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
peer=$TOP/utest/cli/listen-peer.py
before=$(tracing_state)
new_instance
marker=$TRACING/instances/$inst/trace_marker
cat > marks.sh <<-E2
	for ((i = 1; i <= 300; i++)); do echo "mark \$i of them" > "$marker"; done
E2

# start_listener [LISTEN_OPTION...]: of $LISTENER (the program under test) into the directory d$port; sets port and pid
start_listener() {
	port=$(free_port) dir=$T/d$port
	mkdir "$dir"
	start "$T/listen-$port.log" "${LISTENER:-$TRACE_CMD}" listen -p "$port" -d "$dir" "$@"
	listener=$pid
	wait_for 20 listens "$port" || diag "the listener does not listen:" "$(cat "$T/listen-$port.log")"
}

# send [RECORD_OPTION...]: our record to the listener, of the instance, with marks
send() {
	run 60 "$TRACE_CMD" record -N "127.0.0.1:$port" -B "$inst" -e sched:sched_process_exit "$@" bash marks.sh
}

files() { find "$dir" -name '*.dat' ! -size 0 | wc -l; }
has_files() { [ "$(files)" -ge "$1" ] && [ -z "$(find "$dir" -name '*.part' -o -name '*.cpu*')" ]; }
marks() { "$TRACE_CMD" report "$1" 2> /dev/null | grep -c 'mark [0-9]* of them'; }
log() { cat "$T/listen-$port.log"; }
only_file() { find "$dir" -name '*.dat'; }

# all_said: the processes for the clients have ended, and with them what there is to say
all_said() { wait_for 20 eval '[ -z "$(pgrep -P "$listener")" ]'; }

# arrived NAME [FILES]: a complete file with all marks
arrived() {
	wait_for 30 has_files "${2:-1}"
	ok $? "$1: the listener writes a file" "$(ls -la "$dir"; log)"
	all_said
	is "$(marks "$(only_file)")" 300 "$1: ... with all marks"
	succeeds "$1: ... that is valid" "$TRACE_CMD" dump --validate "$(only_file)"
}

# --- ours with ours

for how in "" "-t" "-t --file-version 6" "--nosplice" "-t --compression none"; do
	start_listener
	# shellcheck disable=SC2086	# words
	send $how
	is "$rc" 0 "record -N $how ends well" "$both"
	unlike "$both" 'data recorded at' "record -N $how: nothing is written here"
	arrived "record -N $how"
	like "$(only_file)" '/trace\.127\.0\.0\.1:[0-9]+\.dat$' "record -N $how: its name is the client's address"
	like "$(log)" '^Connected with 127\.0\.0\.1:[0-9]+$' "record -N $how: the listener says who connects"
	like "$(log)" '^cpus=[0-9]+$' "record -N $how: ... the number of CPUs"
	like "$(log)" '^pagesize=4096$' "record -N $how: ... the size of pages"
	if [[ $how == *-t* ]]; then
		like "$(log)" '^Using TCP for live connection$' "record -N $how: ... that it is TCP"
	else
		unlike "$(log)" 'TCP' "record -N $how: ... nothing of TCP"
	fi
	like "$(log)" '^CPU0 data recorded at offset=' "record -N $how: ... where the data is"
	stop "$listener"
	is "$rc" 0 "record -N $how: the listener ends well"
done
[ ! -e trace.dat ] && [ ! -e trace.dat.part ]
ok $? "record makes no file here"

# more than the recorder moves at once, all of it
start_listener
cat > many.sh <<-E2
	line=\$(printf 'many %0900d' 0)
	for ((i = 0; i < 8000; i++)); do echo "\$line"; done > "$marker"
E2
run 60 "$TRACE_CMD" record -N "127.0.0.1:$port" -t -b 20000 -B "$inst" -b 20000 -e sched:sched_process_exit bash many.sh
is "$rc" 0 "7 MB over TCP: record ends well" "$both"
wait_for 30 has_files 1
is "$("$TRACE_CMD" report "$(only_file)" 2> /dev/null | grep -c ' many 0')" 8000 "7 MB over TCP: all of it arrives"
stop "$listener"

# instances: a connection and a file for each
start_listener -o base
run 60 "$TRACE_CMD" record -N "127.0.0.1:$port" -t -B "$inst" -e sched:sched_process_exit -B "$inst-2" \
	-e irq bash marks.sh
is "$rc" 0 "two instances: record ends well" "$both"
wait_for 30 has_files 2
is "$(files)" 2 "two instances: two files"
is "$(find "$dir" -name 'base.127.0.0.1:*.dat' | wc -l)" 2 "-o: names begin with it"
is "$(for f in "$dir"/*.dat; do marks "$f"; done | sort -n | paste -sd' ')" "0 300" \
	"two instances: each has its own events"
stop "$listener"

# protocol 1
start_listener
v1_port=$(free_port)
start v1.log python3 "$peer" v1 "$v1_port" "$port"
v1=$pid
wait_for 20 grep -q ready v1.log
for how in "" "-t"; do
	# shellcheck disable=SC2086	# words
	run 60 "$TRACE_CMD" record -N "127.0.0.1:$v1_port" $how -B "$inst" -e sched:sched_process_exit bash marks.sh
	is "$rc" 0 "protocol 1 $how: record ends well" "$both"
	like "$err" 'Use the v1 protocol' "protocol 1 $how: it says so"
	like "$(cat v1.log)" newer "protocol 1 $how: it tries 3 before"
	arrived "protocol 1 $how"
	rm -f "$dir"/*
done
stop "$v1"
stop "$listener"

# --- with Debian's

if [ -n "$STOCK" ]; then
	LISTENER=$STOCK
	for how in "" "-t" "--file-version 6"; do
		start_listener
		# shellcheck disable=SC2086	# words
		send $how
		is "$rc" 0 "Debian's listener: record -N $how ends well" "$both"
		arrived "Debian's listener, $how"
		like "$("$STOCK" report "$(only_file)" 2>&1)" 'mark 300 of them' \
			"Debian's listener, $how: Debian's report reads it"
		stop "$listener" INT
	done
	unset LISTENER
	# with an instance Debian's -t means something else: then it is the top one
	sed "s,$marker,$TRACING/trace_marker," marks.sh > top-marks.sh
	on=$(cat "$TRACING/tracing_on")
	for how in "-B $inst" "-t" "--file-version 6 -B $inst"; do
		[[ $how == *-B* ]] && marks=marks.sh || marks=top-marks.sh
		# Debian's may have removed it in the end
		mkdir -p "$TRACING/instances/$inst"
		start_listener
		# shellcheck disable=SC2086	# words
		run 60 unshare -m bash "$(stock_script)" record -N "127.0.0.1:$port" $how \
			-e sched:sched_process_exit bash $marks
		is "$rc" 0 "Debian's record -N $how ends well" || diag "$both"
		arrived "Debian's record, $how"
		[[ $how == *-B* ]] || like "$(log)" '^Using TCP' "Debian's record, $how: over TCP"
		like "$("$STOCK" report "$(only_file)" 2>&1)" 'mark 300 of them' \
			"Debian's record, $how: Debian's report reads it"
		stop "$listener"
	done
	echo "$on" > "$TRACING/tracing_on"
else
	skip 31 "needs Debian's trace-cmd package"
fi
before_faults=$(tracing_state)

# --- clients that end otherwise

# start_record [OPTION...]: one that goes on; sets record (the guardian) and worker
start_record() {
	start "$T/record.log" "$TRACE_CMD" record -N "127.0.0.1:$port" -t -B "$inst" -e sched:sched_switch "$@"
	record=$pid
	wait_for 20 grep -q 'Hit Ctrl' record.log
	ok $? "a record is under way" "$(cat record.log)"
	worker=$(pgrep -P "$record")
}

# data_comes: of any CPU
data_comes() { [ -n "$(find "$dir" -name '*.cpu*' -size +0)" ]; }

start_listener
start_record -s 1000
wait_for 20 data_comes
ok $? "its data comes while it records" "$(ls -l "$dir")"
kill -KILL "$worker"
wait_for 20 has_files 1
ok $? "killed client: the listener finishes its file" "$(ls -l "$dir"; log)"
all_said
like "$(log)" 'is gone without having said' "killed client: ... and says so"
like "$("$TRACE_CMD" report "$(only_file)" 2>&1)" 'sched_switch' "killed client: ... with what came"
like "$("$TRACE_CMD" report "$(only_file)" 2>&1)" 'is not complete: the client was lost' "killed client: ... and a word on what is missing"
wait_for 20 eval '! alive $record'
is "$(tracing_state)" "$before_faults" "killed client: its guardian puts tracing back"
send -t
is "$rc" 0 "killed client: the listener serves the next one"
wait_for 20 has_files 2
ok $? "killed client: ... and writes its file, too"
stop "$listener"
is "$rc" 0 "killed client: the listener ends well"

start_listener
run 60 "$TRACE_CMD" record -N "127.0.0.1:$port" -B "$inst" -e sched:sched_switch -- /nonexistent/command
isnt "$rc" 0 "a command that cannot run fails the run"
wait_for 20 has_files 1
ok $? "... and the listener has done with it" "$(ls -l "$dir"; log)"
stop "$listener"

# --- listeners that end

start_listener
start_record
stop "$listener"
is "$rc" 0 "SIGTERM: the listener ends well"
has_files 1
ok $? "SIGTERM: ... and has finished the file of its client" "$(ls -l "$dir"; log)"
succeeds "SIGTERM: ... which is valid" "$TRACE_CMD" dump --validate "$(only_file)"
like "$("$TRACE_CMD" report "$(only_file)" 2>&1)" 'is not complete: the listener was ended' "SIGTERM: ... and says that it is not all"
wait_for 20 eval '! alive $record'
stop "$record"
isnt "$rc" 0 "SIGTERM: the record ends with an error"
like "$(cat record.log)" "the listener 127.0.0.1:$port was lost" "SIGTERM: ... that says why"
is "$(tracing_state)" "$before_faults" "SIGTERM: tracing is put back"

start_listener
start_record
kids=$(pgrep -P "$listener")
kill -KILL "$listener"
wait_for 20 eval '! pgrep -F /dev/null; [ -z "$(ps -o pid= -p $kids)" ]'
ok $? "killed listener: its processes end" "$(ps -p "$kids")"
has_files 1
ok $? "killed listener: ... in good order" "$(ls -l "$dir"; log)"
wait_for 20 eval '! alive $record'
stop "$record"
isnt "$rc" 0 "killed listener: the record ends with an error"
is "$(tracing_state)" "$before_faults" "killed listener: tracing is put back"

start_listener
start_record -s 1000
wait_for 20 data_comes
kill -KILL "$(pgrep -P "$listener")"
wait_for 20 grep -q 'ended by signal 9' "$T/listen-$port.log"
ok $? "killed process: the listener says so" "$(log)"
stop "$record"
alive "$listener"
ok $? "killed process: ... and goes on"
wait_for 20 has_files 1
like "$("$TRACE_CMD" report "$(only_file)" 2>&1)" 'is not complete: the process' "killed process: ... its file says that it is not all"
send
is "$rc" 0 "killed process: ... serving others" "$both"
stop "$listener"
is "$rc" 0 "killed process: ... and ends well"

# --- hostile and slow ones

start_listener
start drip.log python3 "$peer" drip "$port"
drip=$pid
send -t
is "$rc" 0 "with a client that says a byte a second, others are served" "$both"
arrived "beside a slow client"
wait_for 30 eval '! alive $drip'
seconds=$(cat drip.log)
[ "${seconds%.*}" -ge 4 ] && [ "${seconds%.*}" -le $((8 * SLOW)) ]
ok $? "a client that says a byte a second is hung up on" "after $seconds s"
verdicts=$(python3 "$peer" hostile "$port")
is "$(wc -l <<< "$verdicts")" 28 "all hostile clients got to speak"
unlike "$verdicts" ': waits' "all of them are hung up on"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
ok $? "... and their processes end" "$(pgrep -P "$listener" -a)"
is "$(find "$dir" -type f | wc -l)" 1 "... and leave no files" || ls -l "$dir"
alien=$(python3 "$peer" alien "$port")
like "$alien" '^alien: ends$' "data of another host is not taken"
like "$alien" '^own: stays$' "... and does not take the place of the client's"
python3 "$peer" spoof "$port"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
like "$(log)" '^  .*2 datagrams were none of the client' "datagrams of others are told"
is "$(stat -c %s "$dir"/*.cpu0)" 4096 "... and not stored"
rm -f "$dir"/*.cpu0
# a link of somebody else's, where the client's file would go
from=$(free_port)
echo precious > victim
ln -s "$T/victim" "$dir/trace.127.0.0.1:$from.dat"
python3 "$peer" spoof "$port" "$from"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
is "$(cat victim)" precious "a link in the place of a file is not followed"
[ -e "$dir/trace.127.0.0.1:$from-1.dat.cpu0" ]
ok $? "... the file gets another name" "$(ls -l "$dir")"
rm -f "$dir/trace.127.0.0.1:$from"*
mkfifo silent.in
start silent.log bash -c "exec python3 '$peer' silent $port 40 < silent.in"
exec 4> silent.in
wait_for 20 grep -q 'turned away' "$T/listen-$port.log"
ok $? "too many clients of one host are turned away" "$(log | tail -n 5)"
alive "$listener"
ok $? "... and the listener stays"
exec 4>&-
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
rm -f "$dir"/*
send -t
is "$rc" 0 "when they are gone the next one is served" "$both"
arrived "after too many clients"
cp "$(only_file)" whole.dat
rm -f "$dir"/*
# a complete trace where metadata should be
succeeds "a client sends a whole trace as its metadata" python3 "$peer" tinit "$port" whole.dat
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
like "$(log)" 'only metadata was expected' "... which is refused"
stop "$listener"
is "$rc" 0 "after all of them the listener ends well"
unlike "$(log)" 'AddressSanitizer|runtime error' "no sanitizer had to complain"

# --- limits

start_listener --max-size 1M --max-clients 2 --max-per-host 1 --max-files 2
start one.log bash -c "exec python3 '$peer' silent $port 1 < <(sleep 100)"
one=$pid
wait_for 20 grep -q 'Connected' "$T/listen-$port.log"
send -t
isnt "$rc" 0 "--max-per-host 1: the second one is turned away"
like "$(log)" 'turned away: there are too many$' "... that is told"
stop "$one"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
send -t
is "$rc" 0 "when the first one is gone it is served"
arrived "within the limits"
run 60 "$TRACE_CMD" record -N "127.0.0.1:$port" -t -B "$inst" -b 8000 -e sched:sched_process_exit \
	bash -c 'head -c 4000000 /dev/zero | tr "\0" x | fold -w 200 > '"$marker"
wait_for 30 has_files 2
all_said
like "$(log)" 'more than --max-size allows' "--max-size 1M: more is not taken"
big=$(find "$dir" -name '*.dat' -newer one.log -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d ' ' -f 2)
like "$("$TRACE_CMD" report "$big" 2>&1)" 'not complete' "... and the file says so"
send -t
isnt "$rc" 0 "--max-files 2: nobody else is served"
like "$(log)" 'too many files' "... that is told"
stop "$listener"

# --- names, log, daemon, wrong usage

start_listener -l "$T/log"
send -t
wait_for 20 has_files 1
all_said
is "$(log)" "" "-l: nothing is printed"
like "$(cat log)" '^\[[0-9]+\]Connected with 127\.0\.0\.1:[0-9]+$' "-l: lines begin with the process"
like "$(cat log)" '^\[[0-9]+\]CPU0 data recorded at offset=' "-l: the data's place is there, too"
python3 - "$port" <<-'E2'
	import socket, sys
	s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
	s.sendall(b'nonsense\0')
	s.recv(100)
	s.recv(100)
E2
wait_for 20 grep -Eq '^\[[0-9]+\]Error: client 127\.0\.0\.1:[0-9]+: Receive an invalid message' log
ok $? "-l: errors are marked" "$(cat log)"
run 20 "$TRACE_CMD" listen -p "$port" -d "$dir"
is "$rc" 98 "a port that is taken: EADDRINUSE" "$both"
like "$err" 'Could not bind' "... is told"
stop "$listener"
start "$T/again.log" "$TRACE_CMD" listen -p "$port" -d "$dir"
wait_for 20 listens "$port"
ok $? "the port can be had again at once" "$(cat again.log)"
stop "$pid"
run 20 "$TRACE_CMD" listen
is "$rc" 255 "no port: usage"
like "$out" '-p .*port to listen on' "... with the options"
run 20 "$TRACE_CMD" listen -p "$port" -d /nonexistent
is "$rc" 2 "a directory that is not there: ENOENT"
run 20 "$TRACE_CMD" listen -p 70000
is "$rc" 255 "no port of TCP"
run 20 "$TRACE_CMD" record -N "127.0.0.1:$port" -B "$inst" -e irq true
is "$rc" 111 "nobody listens: ECONNREFUSED"
like "$err" "127.0.0.1:$port" "... is told with the address"
run 20 "$TRACE_CMD" record -N "127.0.0.1:$port" -o x.dat -e irq true
like "$err" '-o incompatible with -N' "-o and -N"
for tracer in wakeup irqsoff; do
	run 20 "$TRACE_CMD" record -N "127.0.0.1:$port" -p $tracer true
	like "$err" 'Network tracing not available with latency tracer plugins' "-N with $tracer"
done

rmdir "$TRACING/instances/$inst" 2> /dev/null
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
