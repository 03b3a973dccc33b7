#!/bin/bash
# record --proxy and a proxy (agent --proxy) on loopback: guest and host are one kernel, with clocks that differ.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
peer=$TOP/utest/cli/proxy-peer.py
guest=px-guest-$$ host=px-host-$$
options() { "$TRACE_CMD" dump --options -i "$1"; }
id_of() { options "$1" | sed -n '/Option TRACEID/{n;p}'; }
idle() { wait_for 20 eval "! pgrep -P $proxy"; }
# told: what the proxy has said since the last time
told() { local n; n=$(wc -l < "$proxy_log"); tail -n +$((${seen:-0} + 1)) "$proxy_log" > told.txt; seen=$n; cat told.txt; }

# ports as a host has them that is a guest itself
mkdir ports
for ((i = 0; i < $(getconf _NPROCESSORS_CONF); i++)); do : > "ports/trace-pipe-cpu$i"; done
TRACE_CMD_VIRTIO_PORTS=$T/ports start_agent --proxy -B "$host" || exit 1
proxy=$pid port=$agent_port proxy_log=$T/agent-$agent_port.log

# --- the main job: marks in both traces, by turns, whose order only the offset tells

cat > marks <<'E2'
for i in 1 2 3 4 5; do
	echo "mark $i of the guest" > "$1/trace_marker"; sleep 0.05
	echo "mark $i of the host" > "$2/trace_marker"; sleep 0.05
done
E2
marks() { sed -n 's/.*\(mark [0-9]* of the [a-z]*\).*/\1/p'; }
in_order=$(for i in 1 2 3 4 5; do echo "mark $i of the guest"; echo "mark $i of the host"; done)

run 60 "$TRACE_CMD" record -o p.dat -B "$guest" -C tai -e sched:sched_switch --proxy "127.0.0.1:$port" --name host \
	-e sched:sched_switch -e irq -B "$guest" sh marks "$TRACING/instances/$guest" "$TRACING/instances/$host"
is "$rc" 0 "record --proxy ends well" || diag "$both" "$(cat "$proxy_log")"
like "$out" '^Negotiated burst time sync protocol with host host$' "... the protocol is told"
like "$out" '^Clock of this machine, seen from host host: burst: \+-[0-9.]+ [mu]?s guaranteed, .* [0-9]+ probes in ([2-9]|[0-9]{2,}) rounds' \
	"... and how well the clock is known, by rounds at the start and end"
is "$(echo p*.dat*)" "p-host.dat p.dat" "... two files, nothing else"
like "$(options p-host.dat)" '^::GUEST:: \[Guest name\]$' "the host's file knows of its guest"
like "$(options p-host.dat)" "^$(id_of p.dat) \[trace id\]$" "... whose trace is ours"
like "$(options p.dat)" "^$(id_of p-host.dat) \[peer's trace id\]$" "our TimeShift names the host's trace"
like "$(options p.dat)" '^"burst" "local" "tai" ' "... and both clocks"
unlike "$(options p.dat)" 'Option GUEST' "... but our host is no guest of ours"
for f in p.dat p-host.dat; do
	succeeds "$f is valid" "$TRACE_CMD" dump --validate -i $f
done
for order in "p.dat p-host.dat" "p-host.dat p.dat"; do
	# shellcheck disable=SC2086	# two files
	run 30 "$TRACE_CMD" report $order
	is "$(marks <<< "$out")" "$in_order" "merged as $order: all marks in the order in which they were made"
	like "$out" '^ *p-host.dat: .* sched_switch: ' "... with the host's events"
	like "$out" "^ *$guest: .* sched_switch: " "... and ours, of the instance"
done
like "$err" '^p.dat: clock by burst: \+-' "... says how well our clock is known"
run 30 "$TRACE_CMD" tsync p-host.dat p.dat
is "$rc" 0 "tsync takes them for guest and host" || diag "$both"
is "$(told)" "" "the proxy has nothing to complain about"
idle
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"

# --- ways to compare clocks

run 60 "$TRACE_CMD" record -q -o q.dat -B "$guest" -C tai --tsync-proto ptp --proxy "127.0.0.1:$port" --name host \
	-e sched:sched_switch -B "$guest" sh marks "$TRACING/instances/$guest" "$TRACING/instances/$host"
like "$out" '^Negotiated ptp time sync' "ptp: it is used"
is "$("$TRACE_CMD" report q.dat q-host.dat 2> /dev/null | marks)" "$in_order" "... and the marks are in order"
run 60 "$TRACE_CMD" record -q -o q.dat -B "$guest" --tsync-layout fork --no-tsync-per-cpu --tsync-method fastest \
	--proxy "127.0.0.1:$port" --name host -e irq -B "$guest" -e irq sleep 0.1
is "$(options q.dat | sed -n 's/.*Option TimeShift, \([0-9]*\) bytes.*/\1/p')" 52 "the fork's layout, once for all CPUs: the host is told so"
run 60 "$TRACE_CMD" record -q -o q.dat -B "$guest" --tsync-interval -1 --proxy "127.0.0.1:$port" --name host \
	-e irq -B "$guest" -e irq sleep 0.1
is "$rc$(options q.dat | grep -c TimeShift)" 00 "--tsync-interval -1: no TimeShift"
run 60 "$TRACE_CMD" record -q -o q.dat --proxy "127.0.0.1:$port" --name host -e irq sleep 0.1
is "$rc" 0 "nothing of our own: it ends well" || diag "$both"
like "$(options q.dat)" 'Option TimeShift' "... the file has the offset all the same"
told > /dev/null

# --- with a key

(umask 077; head -c 32 /dev/urandom > key; head -c 32 /dev/urandom > other)
start_agent --proxy -B "$host-auth" --auth key || exit 1
run 60 "$TRACE_CMD" record -q -o a.dat -B "$guest" --auth key --proxy "127.0.0.1:$agent_port" --name host -e irq -B "$guest" -e irq sleep 0.2
is "$rc" 0 "with --auth: ends well" || diag "$both"
like "$(options a.dat)" 'Option TimeShift' "... with an offset"
[ "$("$TRACE_CMD" report a-host.dat 2> /dev/null | grep -c irq)" -gt 0 ]
ok $? "... and the host's events"
run 60 "$TRACE_CMD" record -q -o a2.dat -B "$guest" --auth other --proxy "127.0.0.1:$agent_port" -e irq -B "$guest" -e irq sleep 0.2
isnt "$rc" 0 "... but not with another key"
stop "$pid"

# --- who is no proxy, and whom a proxy serves

start_agent -B "$host-plain" || exit 1
plain=$pid plain_port=$agent_port
run 60 "$TRACE_CMD" record -q -o n.dat -B "$guest" --proxy "127.0.0.1:$plain_port" --name host -e irq -B "$guest" -e irq sleep 0.2
isnt "$rc" 0 "--proxy to an ordinary agent is an error"
like "$err" 'the agent of host host is no proxy: it has to be started with -P' "... that says what to do"
is "$(echo n*)" 'n*' "... and leaves no file"
like "$(python3 "$peer" guest "$plain_port" ordinary -e irq)" '^ordinary: is served' "an ordinary agent takes TRACE_PROXY for TRACE_REQ"
# a machine between its host and its guest
run 60 "$TRACE_CMD" record -q -o b.dat -B "$guest" -e irq -A "127.0.0.1:$plain_port" --name g -e irq \
	--proxy "127.0.0.1:$port" --name host -e irq -B "$guest" sleep 0.2
is "$rc" 0 "a guest of ours and our host" "$both"
run 30 "$TRACE_CMD" report b.dat b-g.dat
like "$err" 'b.dat has the times of the host that it was recorded with, but b-g.dat those that b.dat had itself' "... report tells that times do not match"
run 30 "$TRACE_CMD" report b-host.dat b.dat
unlike "$err" 'has the times of the host' "... but where they do"
rm -f b*.dat
stop "$plain"
like "$(python3 "$peer" guest "$port" as-host -e irq)" '^as-host: is served' "a proxy serves TRACE_REQ as any agent does"
like "$(python3 "$peer" guest "$port" fifos -e irq)" '^fifos: gets connections' "... but for virtio ports, which lead elsewhere"
idle
run 60 "$TRACE_CMD" record -q -o r.dat -B "$guest" -e irq -A "127.0.0.1:$port" --name g -e irq -B "$guest" sleep 0.2
is "$rc" 0 "... also that of record -A" || diag "$both"
like "$(options r-g.dat)" 'Option TimeShift' "... with an offset"
run 10 "$TRACE_CMD" agent --proxy
like "$err" '--proxy: which guest\?' "agent --proxy without a guest is refused"
run 10 "$TRACE_CMD" record --proxy 2 -e irq -A 3 true
like "$err" "-A behind --proxy would be about the host's guests" "-A behind --proxy is refused"
run 10 "$TRACE_CMD" record --proxy 2 -e irq --proxy 2 -e irq true
like "$err" '--proxy: there is only one host' "... and a second --proxy"
run 10 "$TRACE_CMD" stream --proxy 2 -e irq
like "$err" '--proxy is only allowed for record' "... and --proxy of other commands"

# --- what a guest may not ask for

told > /dev/null
rm -rf /tmp/hostile-proxy
refused() { # WHY ARGUMENT...
	local why=$1 verdict; shift
	verdict=$(python3 "$peer" guest "$port" whole "$@")
	like "$verdict" '^whole: is hung up on after [1-4]?[0-9] s' "$*: is refused"
	# (not in a subshell, which would see this line again the next time)
	told > /dev/null
	like "$(cat told.txt)" "$why" "... and told"
}
nothing="is nothing that a guest may ask of its host"
refused "-R $nothing" -e irq -R traceoff
refused "-O $nothing" -e irq -O noprint-parent
refused "-o $nothing" -e irq -o /tmp/hostile-proxy
refused "-P $nothing" -e irq -P 1
refused "-F $nothing" -e irq -F
refused "-r $nothing" -e irq -r 99
refused "-m $nothing" -e irq -m 100
refused "-k $nothing" -e irq -k
refused "-D $nothing" -e irq -D
refused "-B $nothing" -e irq -B elsewhere
refused "-A $nothing" -e irq -A 3
refused "-N $nothing" -e irq -N "127.0.0.1:$port"
refused "--poll $nothing" -e irq --poll
refused "--proxy $nothing" -e irq --proxy 2
refused "--user $nothing" -e irq --user root
refused "--temp $nothing" -e irq --temp /tmp
refused "--verbose $nothing" -e irq --verbose=all
refused "--func-stack $nothing" -p function -l vfs_read --func-stack
refused "--no-filter $nothing" -e irq --no-filter
refused "--cmdlines-size $nothing" -e irq --cmdlines-size 60000000
refused "--tsync-interval $nothing" -e irq --tsync-interval 1
refused "--tsync-debug $nothing" -e irq --tsync-debug /tmp
refused "an agent runs no commands" -e irq touch /tmp/hostile-proxy
refused "-b: a guest may have [0-9]* KB of each CPU" -e irq -b 1000000
refused "--subbuf-size: a guest may have 64 KB" -e irq --subbuf-size 128
refused "-s: a guest may have pauses of 1000" -e irq -s 1
refused "--file-version: a proxy sends no other than 7" -e irq --file-version 6
refused "-p: a guest may use function and function_graph, but not hwlat" -p hwlat
refused "a guest may name functions, but no commands" -e irq -l vfs_read:traceoff
refused "a guest may name functions, but no commands" -e irq -l vfs_read:traceoff::mod:
refused "control characters" -e $'irq\033[2J'
# (U+009B begins what a terminal obeys, too)
refused "characters that no option has" -e irq $'--\xc2\x9b31mred'
is "$(LC_ALL=C grep -ac $'\x9b' "$proxy_log")" 0 "nothing that a terminal would obey is printed"
[ ! -e /tmp/hostile-proxy ]
ok $? "no option made a file"
like "$(python3 "$peer" guest "$port" whole -e irq -e sched:sched_switch -f 'prev_pid > 4000000' -C mono -b 100 -M 1 -T -s 2000 --date --compression none -q)" \
	'^whole: ends well' "what is about tracing goes"

# --- guests that are hostile in other ways

for name in cpus-0 cpus-5000 cpus-4294967295 cpus-missing id-0; do
	like "$(python3 "$peer" guest "$port" $name -e irq)" "^$name: is hung up on after [1-4]?[0-9] s" "$name: is refused"
done
like "$(python3 "$peer" guest "$port" stock -e irq)" '^stock: ends well' "a guest with unknown protocols is traced without offsets"
like "$(python3 "$peer" guest "$port" never-synced -e irq)" "^never-synced: ends well, is traced in time" \
	"a guest whose clock is not to be compared is traced all the same, as soon as other programs want"
for name in odd-before-cont cont-while-tracing; do
	like "$(python3 "$peer" guest "$port" $name -e irq)" "^$name: ends well" "$name: is survived"
done
like "$(python3 "$peer" guest "$port" chatter-before-cont -e irq)" "^chatter-before-cont: is (answered [0-9]{2}|hung up)" "chatter-before-cont: has an end"
for name in gone-before-cont gone-while-tracing no-data-taken; do
	python3 "$peer" guest "$port" $name -e sched > /dev/null
	idle
	ok $? "$name: the proxy is free again"
done
unlike "$(cat "$proxy_log")" 'AddressSanitizer|runtime error|ended by signal' "no session of the proxy crashed"
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"

# --- who is killed

# begin: a recording in the background, up to where the host is traced
begin() {
	start "$T/killed.log" "$TRACE_CMD" record -o k.dat -B "$guest" -e sched:sched_switch --proxy "127.0.0.1:$port" --name host \
		-e sched:sched_switch
	recording=$pid
	wait_for 30 grep -q 'Hit Ctrl' killed.log && wait_for 30 eval '[ -n "$(find . -name "k-host.dat.cpu*" -size +0)" ]'
}
begin
ok $? "a recording has begun" "$(cat killed.log; ls)"
worker=$(pgrep -P "$recording")
kill -KILL "$worker"
wait "$recording" 2> /dev/null
idle
ok $? "record is killed: the proxy is free again"
[ -s k.dat ] && [ -s k-host.dat ]
ok $? "... both files are there" "$(ls; cat killed.log)"
run 30 "$TRACE_CMD" report k-host.dat
like "$out" 'sched_switch' "... the host's can be read, though its end never came"
remove_new_instances "$before"
is "$(tracing_state)" "$before" "... and tracing is put back on both sides"
rm -f k*.dat

begin
ok $? "another one"
kill -KILL "$(pgrep -P "$proxy")"
wait_for 20 grep -q 'host host: ' killed.log
ok $? "the proxy's session is killed: record sees it" "$(cat killed.log)"
alive "$recording"
ok $? "... and goes on"
stop "$recording" INT
isnt "$rc" 0 "... but it is an error in the end"
run 30 "$TRACE_CMD" report k.dat
like "$out" 'sched_switch' "... our own trace is complete"
run 30 "$TRACE_CMD" report k-host.dat
like "$out" 'sched_switch' "... what the host sent can be read"
like "$err" 'k-host.dat is not complete: ' "... and the file says that there is not all"
wait_for 20 grep -q 'ended by signal 9; tracing is put back' "$proxy_log"
ok $? "... the proxy puts tracing back"
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
like "$(python3 "$peer" guest "$port" whole -e irq)" '^whole: ends well' "... and serves the next guest"

# --- hostile hosts

succeeds "a guest gets both parts of a host's file" python3 "$peer" capture "$port" part
# session NAME: leaves NAME/{rc,log,peer} and the files of record
session() {
	local fake_port inst=px-$$-$1 fake
	mkdir -p "s/$1"
	cd "s/$1" || return
	fake_port=$(free_port)
	python3 "$peer" host "$fake_port" "$1" "$T/part" > peer 2>&1 & fake=$!
	wait_for 20 listens "$fake_port"
	timeout -k 5 $((150 * SLOW)) "$TRACE_CMD" record -o h.dat -B "$inst" -e irq --proxy "127.0.0.1:$fake_port" --name evil \
		-e irq -B "$inst" sh -c "sleep 0.2; echo 'a mark of ours' > $TRACING/instances/$inst/trace_marker" < /dev/null > log 2>&1
	echo $? > rc
	kill $fake 2> /dev/null
	wait $fake 2> /dev/null
	rmdir "$TRACING/instances/$inst" 2> /dev/null
}
mapfile -t names < <(python3 "$peer" hosts)
[ ${#names[@]} -gt 15 ]
ok $? "there are hostile hosts"
jobs=()
for name in "${names[@]}"; do
	(trap - EXIT INT TERM; session "$name") &
	jobs+=($!)
done
wait "${jobs[@]}"
cpus=$(getconf _NPROCESSORS_CONF)
for name in "${names[@]}"; do
	cd "$T/s/$name" || exit 1
	log=$(cat log)
	run 30 "$TRACE_CMD" report h.dat
	like "$out" 'a mark of ours' "$name: our own trace is complete" || diag "$log"
	unlike "$log" 'AddressSanitizer|runtime error|ended by signal' "... no crash"
	unlike "$(cat peer)" Traceback "... it got to speak"
	case $name in
	good | good-scaled | late-other-options)
		is "$(cat rc)" 0 "... ends well" || diag "$log"
		like "$(options h.dat)" '12345 1000 \[offset @ time\]' "... with its offset"
		is "$(options h.dat | grep -c 'Option \(TSC2NSEC\|TRACEID\)')" 1 "... and nothing that is not its business"
		is "$(head -n 1 peer)" "command 10, 24 bytes, cpus $cpus, siblings 0, id given" "... what it was told"
		;;
	late-* | gone-after-rest)
		is "$(cat rc)" 0 "... the recording ends well" || diag "$log"
		unlike "$(options h.dat)" 'Option TimeShift' "... without an offset"
		[ "$name" = late-nothing ] || like "$log" 'host evil: no clock offset came' "... which is told"
		like "$(options h-evil.dat)" '::GUEST::' "... the host's file is complete"
		;;
	rest-garbage)
		isnt "$(cat rc)" 0 "... is an error"
		;;
	rest-nothing)
		run 30 "$TRACE_CMD" report h-evil.dat
		is "$rc" 0 "... the host's file can be read"
		;;
	first-*)
		isnt "$(cat rc)" 0 "... is an error"
		like "$log" 'host evil is left out; this machine is recorded on' "... and left out"
		[ ! -e h-evil.dat ]
		ok $? "... without a file"
		;;
	*)
		isnt "$(cat rc)" 0 "... is an error"
		run 30 "$TRACE_CMD" report h-evil.dat
		like "$err" 'h-evil.dat is not complete: ' "... the host's file says so, and can be read"
		;;
	esac
done
cd "$T" || exit 1

# a signal while the clocks are compared, with a guest that takes nothing of what comes then
told > /dev/null
start silent.log python3 "$peer" guest "$port" silent-sync -e irq --compression none
silent=$pid
wait_for 20 grep -q 'is waited for' silent.log
wait_for 20 pgrep -P "$proxy"
stop "$proxy"
is "$rc" 0 "the proxy ends well, although a guest is silent"
like "$(told)" ': ended by a signal' "... and its session in good order, without waiting for that guest"
wait_for 20 eval '! alive "$silent"'
stop "$silent"
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
