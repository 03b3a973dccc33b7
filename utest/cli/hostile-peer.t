#!/bin/bash
# Every row of the threat view that is about a peer of record -A, or of an agent (those of a listener: listen.t):
# no crash, no wait beyond its deadline, no file elsewhere, a message, and the host's own trace complete.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
peer=$TOP/utest/cli/hostile-peer.py
mark="a mark of the host"
rm -rf /tmp/hostile

start_agent -B "hp-agent-$$" || exit 1
agent=$pid real_port=$agent_port agent_log=$T/agent-$agent_port.log
succeeds "a host gets the metadata of a good agent" python3 "$peer" capture "$agent_port" meta.dat
start hosts.log python3 "$peer" host "$agent_port"
hosts=$pid

# --- record -A with hostile agents: some at once, as most of the time is waiting

# session NAME: leaves NAME/{rc,log,agent,seconds} and the files of record
session() {
	local port dir=$T/s/$1 began inst=hp-$$-$1 fake
	mkdir -p "$dir"
	[ "$1" != data-flood ] || mount -t tmpfs -o size=96m none "$dir" || return
	cd "$dir" || return
	port=$(free_port)
	python3 "$peer" agent "$port" "$1" "$T/meta.dat" > agent 2>&1 & fake=$!
	wait_for 20 listens "$port" || echo "the hostile agent does not listen"
	[ "$1" != data-quota ] || set -- "$1" --guest-size 1M
	began=$EPOCHREALTIME
	timeout -k 5 $((150 * SLOW)) "$TRACE_CMD" record -o h.dat "${@:2}" -B "$inst" -e irq -A "127.0.0.1:$port" \
		--name evil -e irq -B "$inst" \
		sh -c "sleep 0.3; echo '$mark' > $TRACING/instances/$inst/trace_marker" < /dev/null > log 2>&1
	echo $? > rc
	echo "$began $EPOCHREALTIME" | awk '{ printf "%d\n", $2 - $1 }' > seconds
	kill $fake 2> /dev/null
	wait $fake 2> /dev/null
	rmdir "$TRACING/instances/$inst" 2> /dev/null
}

mapfile -t names < <(python3 "$peer" agents)
[ ${#names[@]} -gt 40 ]
ok $? "there are hostile agents for all rows"
at_exit "umount '$T/s/data-flood' 2> /dev/null"
# those that take long first
slow='meta-drips data-never-ends data-left-open chatter-at-the-end data-flood half-message silence drips'
jobs=()
for name in $slow $(printf '%s\n' "${names[@]}" | grep -Fxv "${slow// /$'\n'}"); do
	while [ "$(jobs -rp | wc -l)" -gt 14 ]; do
		sleep 0.1
	done
	(trap - EXIT INT TERM; session "$name") &
	jobs+=($!)
done
wait "${jobs[@]}"

# seconds_of NAME: that it may take, all deadlines included
seconds_of() {
	case $1 in
	half-message | silence | drips) echo 30 ;;
	meta-drips) echo 75 ;;
	data-never-ends | data-left-open | chatter-at-the-end | data-flood) echo 60 ;;
	*) echo 40 ;;
	esac
}

# files NAME WANTED: what is left in its directory
files() { is "$(cd "$T/s/$1" && echo h*)" "$2" "$1: no other files are left"; }

left_out() {
	isnt "$(cat rc)" 0 "$1: it is an error"
	like "$(cat log)" 'guest evil is left out' "$1: ... the guest is left out"
	files "$1" h.dat
}

for name in "${names[@]}"; do
	cd "$T/s/$name" || exit 1
	log=$(cat log)
	[ "$(cat seconds)" -le $(($(seconds_of "$name") * SLOW)) ]
	ok $? "$name: it is over by its deadline" "after $(cat seconds) s"
	run 30 "$TRACE_CMD" report h.dat
	like "$out" "$mark" "$name: the host's own trace is complete" || diag "$log"
	unlike "$log" 'AddressSanitizer|runtime error|ended by signal' "$name: no crash"
	case $name in
	meta-nothing | meta-zeros | meta-cut | meta-options-beyond | meta-elf)
		left_out "$name"
		like "$log" 'damaged trace file' "$name: ... and why"
		;;
	data-garbage)
		is "$(cat rc)" 0 "$name: the recording has no part in it"
		run 30 "$TRACE_CMD" report h-evil.dat
		unlike "$both" 'AddressSanitizer|runtime error' "$name: the report survives it"
		;;
	data-* | close-response-at-once | second-response | chatter-at-the-end)
		if [ "$name" = data-port-closed ]; then
			left_out "$name"
			continue
		fi
		isnt "$(cat rc)" 0 "$name: it is an error"
		like "$log" 'guest evil' "$name: ... that names the guest"
		files "$name" "h-evil.dat h.dat"
		run 30 "$TRACE_CMD" report h-evil.dat
		like "$err" 'h-evil.dat is not complete: ' "$name: ... and the file says so"
		;;
	sync-unknown-protocol) left_out "$name" ;;
	sync-*)
		is "$(cat rc)" 0 "$name: the recording ends well"
		like "$log" 'clock' "$name: ... with a word on the clock"
		unlike "$("$TRACE_CMD" dump --options h-evil.dat)" 'TimeShift' "$name: ... and no offset"
		[[ $name != sync-impossible* ]] ||
			is "$(grep unused agent | sort -u)" "unused slots are empty" "$name: no memory of ours goes out"
		;;
	*) left_out "$name" ;;
	esac
done
cd "$T" || exit 1
like "$(cat s/data-quota/log)" 'guest evil sen(ds|t) more than --guest-size allows' "--guest-size: one that sends more is given up"
[ "$(stat -c %s s/data-quota/h-evil.dat)" -le $(($(stat -c %s meta.dat) + (2 << 20))) ]
ok $? "... and its file has no more" "$(ls -l s/data-quota meta.dat)"
size=$(du -sm s/data-flood | cut -f 1)
[ "$size" -gt 20 ] && [ "$size" -le 92 ]
ok $? "a flood of data leaves room on the disk" "$size of 96 MiB are used"
umount s/data-flood
rm -rf s

# --- an agent with hostile hosts

wait_for 120 eval '! alive $hosts'
verdicts=$(cat hosts.log)
for name in $(python3 "$peer" hosts); do
	line=$(grep "^$name: " hosts.log)
	read -r took later < <(sed 's/.* after \([0-9]*\)\.. s, served \([0-9]*\)\.. s later/\1 \2/' <<< "$line")
	[ -n "$line" ] && [ "$took" -le $((8 * SLOW)) ] && [ "$later" -le $((10 * SLOW)) ]
	ok $? "$name: the agent serves the next host soon" "$line"
done
for name in alien-control alien-data alien-sync wrong-command option-{output,guest,network,command,command-flag,user} \
	args-huge-count parameter-negative sync-cpu-65535 sync-list-too-long sync-wrong-echo; do
	like "$verdicts" "^$name: ends" "$name: it is hung up on"
done
like "$verdicts" '^alien-data: ends, own stays' "data of another address does not take the host's place"
like "$verdicts" '^second-request: NOT_SUPP' "a second request is refused"
like "$verdicts" '^crowd-of-silent-ones: served' "many who say nothing keep nobody out"
unlike "$verdicts" Traceback "all hostile hosts got to speak"
like "$(cat "$agent_log")" 'connection from 127\.0\.0\.2:[0-9]* refused: only 127\.0\.0\.1 is served' \
	"who is refused is told with address and reason"
unlike "$(cat "$agent_log")" 'AddressSanitizer|runtime error|ended by signal' "no session of the agent crashed"
[ ! -e /tmp/hostile ]
ok $? "no option made a file"
alive "$agent"
ok $? "the agent is still there"
run 60 "$TRACE_CMD" record -o q.dat -B "hp-q-$$" -e irq --guest-size 64K -A "127.0.0.1:$real_port" --name q -e sched \
	-B "hp-q-$$" sh -c "for i in \$(seq 400); do /bin/true; done; sleep 0.5; echo '$mark' > $TRACING/instances/hp-q-$$/trace_marker"
isnt "$rc" 0 "--guest-size with a good agent: an error"
like "$err" 'guest q sen(ds|t) more than --guest-size allows' "... that says what it is"
like "$("$TRACE_CMD" report q.dat 2>&1)" "$mark" "... the host's trace is complete"
like "$("$TRACE_CMD" report q-q.dat 2>&1)" 'q-q.dat is not complete: it was more' "... the guest's says that it is not"
stop "$agent"
is "$rc" 0 "... and ends well"
remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
