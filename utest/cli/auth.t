#!/bin/bash
# --auth of agent, listen and record: who knows the key is served, nobody else, and nothing can be read,
# changed, cut off or repeated in between.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
peer=$TOP/utest/cli/auth-peer.py
host=auth-host-$$ guest=auth-guest-$$
(umask 077; head -c 32 /dev/urandom > key; head -c 32 /dev/urandom > other)
run 20 "$TRACE_CMD" agent -N 127.0.0.1 -p 1 --auth "$T/key" --nonsense
! grep -q 'without libsodium' <<< "$both" || skip_all "built without libsodium"

agent_log() { cat "$T/agent-$agent_port.log"; }
offsets() { "$TRACE_CMD" dump --options "$1" | sed -n '/TimeShift/,/Option/{s/^\t\(-\?[0-9]\+\) .*/\1/p}'; }
largest() { offsets "$1" | tr -d - | sort -n | tail -n 1; }

# record_guest PORT [OPTION...]: into g.dat and g-guest.dat, with a word in the guest's trace
word="words_not_to_be_read"
# where nobody else is talked to: only what goes there is watched
at=127.$((1 + RANDOM % 250)).$((1 + RANDOM % 250)).$((1 + RANDOM % 250))
record_guest() {
	local port=$1; shift
	rm -f g.dat g-guest.dat
	run 90 "$TRACE_CMD" record -o g.dat -B "$host" -e irq "$@" -A "$at:$port" --name guest -e irq \
		-B "$host" sh -c "sleep 0.2; echo $word > $TRACING/instances/$guest/trace_marker"
}

# watch: what goes over lo, until unwatch; sets seen
watch() {
	rm -f watch.in
	mkfifo watch.in
	start watch.log bash -c "exec python3 '$peer' capture $at $word 'print fmt: ' < watch.in"
	watcher=$pid
	exec 5> watch.in
	wait_for 20 grep -q ready watch.log
}
unwatch() {
	exec 5>&-
	wait_for 30 eval '! alive $watcher'
	seen=$(cat watch.log)
}

# --- key files

for bad in short public missing; do
	case $bad in
	short) (umask 077; head -c 31 /dev/urandom > badkey); say='has 31 bytes.*head -c 32' ;;
	public) cp key badkey; chmod 644 badkey; say='chmod 600' ;;
	missing) rm badkey; say='cannot read the key file' ;;
	esac
	run 20 "$TRACE_CMD" agent -N 127.0.0.1 -p "$(free_port)" --auth badkey
	isnt "$rc" 0 "agent: a $bad key file is refused"
	like "$err" "$say" "agent: ... with what to do"
	run 20 "$TRACE_CMD" listen -p "$(free_port)" --auth badkey
	like "$err" "$say" "listen: the same"
	run 20 "$TRACE_CMD" record --auth badkey -A 127.0.0.1:1 -e irq true
	isnt "$rc" 0 "record: the same"
	like "$err" "$say" "record: ... with what to do"
done
run 20 "$TRACE_CMD" record --auth key -e irq true
like "$err" '--auth is about -A, --proxy, -N and -V' "record --auth without a peer is refused"

# --- a guest

start_agent --auth "$T/key" -B "$guest" || exit 1
agent=$pid port=$agent_port
watch
record_guest "$port" --auth key --tsync-interval 100
unwatch
is "$rc" 0 "both with the key: the recording ends well" "$both"
like "$out" 'Negotiated .* time sync protocol' "... with clocks compared"
[ "$(offsets g-guest.dat | wc -l)" -ge $((2 * $(getconf _NPROCESSORS_CONF))) ] && [ "$(largest g-guest.dat)" -lt 10000000 ]
ok $? "... to offsets near the truth, 0" "$(offsets g-guest.dat)"
echo "# largest error of an offset, encrypted: $(largest g-guest.dat) ns"
run 30 "$TRACE_CMD" report g-guest.dat
like "$out" "$word" "... the guest's trace is there"
unlike "$both" 'not complete' "... all of it"
like "$seen" "^$word: 0\$" "... and its data was not to be read on the way"
like "$seen" '^print fmt: : 0$' "... nor its metadata"
[ "$(sed -n 's/^total: //p' <<< "$seen")" -gt 100000 ]
ok $? "... although all of it was watched" "$seen"
is "$(agent_log)" "" "... the agent has nothing to complain about"

# --- wrong ones

wait_for 20 eval "! pgrep -P $agent"
record_guest "$port" --auth other
isnt "$rc" 0 "another key: an error"
like "$err" 'it hung up: it has another key' "... that says so"
like "$(agent_log)" 'refused: it does not know the key' "... on both sides"
[ ! -e g.dat ]
ok $? "... and nothing is recorded"
record_guest "$port"
isnt "$rc" 0 "no key at the host: an error"
like "$err" 'wants to authenticate: --auth FILE is missing here' "... that says what is missing"
like "$(agent_log)" 'refused: it does not authenticate' "... on both sides"
start_agent -B "$guest" || exit 1
plain=$pid plain_port=$agent_port
record_guest "$plain_port" --auth key
isnt "$rc" 0 "no key at the agent: an error"
like "$err" 'was not started with --auth' "... that says so"
like "$(agent_log)" 'it wants to authenticate: --auth FILE is missing here' "... on both sides"
watch
record_guest "$plain_port"
unwatch
is "$rc" 0 "no key on both sides: as ever"
like "$seen" "^$word: [1-9]" "... and all can be read on the way"
stop "$plain"
if [ -n "$STOCK" ]; then
	run 60 unshare -m bash "$(stock_script)" record -o so.dat -B "$host" -e irq -A "127.0.0.1:$port" -e irq sleep 0.1
	isnt "$rc" 0 "Debian's record is refused by an agent with a key"
	rmdir "$TRACING/instances/$host" 2> /dev/null
else
	skip 1 "needs Debian's trace-cmd package"
fi
wait_for 20 eval "! pgrep -P $agent"

# --- in between

# meddle MODE [FILE]: a session through the proxy
meddle() {
	local front
	front=$(free_port)
	start proxy.log python3 "$peer" proxy "$front" "$port" "$@"
	proxy=$pid
	wait_for 20 listens "$front"
	record_guest "$front" --auth key
	wait_for 20 eval '! alive $proxy'
	wait_for 20 eval "! pgrep -P $agent"
	ok $? "$1: the agent is free again"
}
meddle save said
is "$rc" 0 "a proxy that only passes on: the recording ends well" "$both"
meddle flip
isnt "$rc" 0 "a flipped bit: an error"
like "$(cat "$T/agent-$port.log" | tail -n 1)" 'Failed to receive trace request' "... the request is none for the agent"
meddle cut
isnt "$rc" 0 "a connection cut off: an error"
verdict=$(python3 "$peer" replay "$port" said)
like "$verdict" '^ends after 96 bytes' "what a host said earlier is not taken again"
like "$(tail -n 1 "$T/agent-$port.log")" 'refused: it does not know the key' "... the agent says why"
record_guest "$port" --auth key
is "$rc" 0 "after all that, who knows the key is served" "$both"

# --- others at the session's ports, of the same machine

# crowded PID: from here on, until dispersed
crowded() {
	start crowd.log python3 "$peer" crowd "$1" 24
	crowd=$pid
	wait_for 20 grep -q ready crowd.log
}
dispersed() {
	kill "$crowd"
	wait "$crowd" 2> /dev/null
	[ "$(grep -c 'crowd at port' crowd.log)" -ge "$1" ]
	ok $? "... although they were there" "$(cat crowd.log)"
}
wait_for 20 eval "! pgrep -P $agent"
crowded "$agent"
record_guest "$port" --auth key
is "$rc" 0 "a crowd that says nothing at all ports of a session: it goes on" "$both"
unlike "$both" 'could not be compared' "... with clocks compared"
run 30 "$TRACE_CMD" report g-guest.dat
like "$out" "$word" "... and the guest's trace"
dispersed "$(getconf _NPROCESSORS_CONF)"
stop "$agent"
is "$rc" 0 "the agent ends well"
unlike "$(cat "$T/agent-$port.log")" 'AddressSanitizer|runtime error' "no sanitizer had to complain"

# --- listeners

# start_listener [OPTION...]: sets port, dir and listener
start_listener() {
	port=$(free_port) dir=$T/d$port
	mkdir "$dir"
	start "$T/listen-$port.log" "$TRACE_CMD" listen -p "$port" -d "$dir" "$@"
	listener=$pid
	wait_for 20 listens "$port"
}
log() { cat "$T/listen-$port.log"; }
send() {
	run 60 "$TRACE_CMD" record -N "$at:$port" -B "$host" -e irq "$@" \
		sh -c "echo $word > $TRACING/instances/$host/trace_marker"
}
files() { find "$dir" -name '*.dat' ! -size 0; }

start_listener --auth key
watch
send --auth key
is "$rc" 0 "record -N, both with the key: ends well" "$both"
wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
unwatch
like "$("$TRACE_CMD" report "$(files)" 2>&1)" "$word" "... the trace is there"
unlike "$("$TRACE_CMD" report "$(files)" 2>&1)" "not complete" "... all of it"
like "$(log)" 'Using TCP' "... over TCP, as datagrams are not encrypted"
like "$seen" "^$word: 0\$" "... and was not to be read on the way"
like "$seen" '^print fmt: : 0$' "... nor was the metadata"
rm -f "$dir"/*
send --auth other
isnt "$rc" 0 "record -N with another key: an error"
like "$err" 'it hung up: it has another key' "... that says so"
like "$(log)" 'does not know the key' "... on both sides"
send
isnt "$rc" 0 "record -N without a key: an error"
like "$err" 'wants to authenticate' "... that says what is missing"
like "$(log)" 'client .*: it hung up' "... on both sides"
is "$(files)" "" "... and no file is made"
if [ -n "$STOCK" ]; then
	run 60 unshare -m bash "$(stock_script)" record -N "127.0.0.1:$port" -B "$host" -e irq true
	isnt "$rc" 0 "Debian's record is refused by a listener with a key"
	rmdir "$TRACING/instances/$host" 2> /dev/null
else
	skip 1 "needs Debian's trace-cmd package"
fi
send --auth key
is "$rc" 0 "who knows the key is served after all that"
crowded "$listener"
# (the ports are there for some milliseconds only: where all CPUs are busy, the crowd may come too late)
for ((try = 0; try < 20; try++)); do
	rm -f "$dir"/*
	send --auth key
	wait_for 20 eval '[ -z "$(pgrep -P $listener)" ]'
	[ "$rc" = 0 ] && [ "$(grep -c 'crowd at port' crowd.log)" -lt "$(getconf _NPROCESSORS_CONF)" ] || break
done
is "$rc" 0 "a crowd that says nothing at all ports of a listener's client: it is served" "$both"
like "$("$TRACE_CMD" report "$(files)" 2>&1)" "$word" "... the trace is there"
dispersed "$(getconf _NPROCESSORS_CONF)"
# who waits for a handshake ends when asked to, long before that is given up; a busy machine has some tries
for try in 1 2 3; do
	[ $try = 1 ] || start_listener --auth key
	exec 6<> "/dev/tcp/127.0.0.1/$port"
	wait_for 20 eval '[ -n "$(pgrep -P $listener)" ]'
	begin=${EPOCHREALTIME/./}
	stop "$listener"
	took_ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	exec 6>&-
	[ $took_ms -ge 4500 ] || break	# of 5000
done
is "$rc" 0 "the listener ends well"
[ $took_ms -lt 4500 ]
ok $? "... at once, although a client has not proven itself" "$took_ms ms"
unlike "$(cat "$T"/listen-*.log)" 'AddressSanitizer|runtime error' "no sanitizer had to complain"

# interrupt MODE OPTION...: a record whose other end says nothing, or (stall) nothing behind the handshake;
# sets rc and took_ms
interrupt() {
	local front recorder mode=$1
	shift
	front=$(free_port)
	if [ "$mode" = stall ]; then
		start silent.log python3 "$peer" proxy "$front" "$port" stall
	else
		start silent.log python3 "$peer" silent "$front"
	fi
	wait_for 20 grep -q ready silent.log
	start int.log "$TRACE_CMD" record --auth key -B "$host" -e irq "${@//PORT/$front}"
	recorder=$pid
	wait_for 20 grep -q connected silent.log || diag "$(cat int.log)"
	stop "$recorder"	# (the shell has its children ignore SIGINT)
	wait_for 20 grep -q 'gone after' silent.log
	took_ms=$(sed -n 's/^gone after //p' silent.log)
}
interrupted() {
	local mode=$1
	for _ in 1 2 3; do
		interrupt "$@"
		[ "${took_ms:-5000}" -ge 4500 ] || break	# of the 5000 that it would wait
	done
	shift
	[ "$rc" -gt 0 ] && [ "$rc" -lt 128 ]
	ok $? "record $*: interrupted while the other end is silent ($mode), it ends" "$rc"
	[ "${took_ms:-5000}" -lt 4500 ]
	ok $? "... it hangs up at once" "$took_ms ms"
	like "$(cat int.log)" 'interrupted' "... and says so"
	[ ! -e i.dat ]
	ok $? "... without a file"
}
interrupted silent -o i.dat -A 127.0.0.1:PORT -e irq
interrupted silent -N 127.0.0.1:PORT
start_agent --auth "$T/key" -B "$guest" || exit 1
agent=$pid port=$agent_port
interrupted stall -o i.dat -A 127.0.0.1:PORT -e irq
stop "$agent"
start_listener --auth key
interrupted stall -N 127.0.0.1:PORT
stop "$listener"

# a listener that dies
start_listener --auth key
start vanish.log "$TRACE_CMD" record -N "$at:$port" --auth key -B "$host" -e sched:sched_switch \
	sh -c "touch recording; exec sleep 60"
recorder=$pid
# the command is let go when all is recorded; a new instance's tracing is on before that
wait_for 20 test -e recording
# shellcheck disable=SC2046	# words
kill -KILL "$listener" $(pgrep -P "$listener")
wait_for 20 eval '! alive $recorder'
ok $? "a listener with a key that dies: record -N ends" "$(cat vanish.log)"
stop "$recorder"
isnt "$rc" 0 "... with an error"
like "$(cat vanish.log)" 'the listener .* was lost while recording' "... that says so"
start_listener
send --auth key
isnt "$rc" 0 "a listener without a key: an error"
like "$err" 'does not authenticate' "... that says so"
stop "$listener"

for i in "$host" "$guest"; do
	rmdir "$TRACING/instances/$i" 2> /dev/null
done
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
