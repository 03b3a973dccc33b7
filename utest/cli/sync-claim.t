#!/bin/bash
# Instances that clocks are compared in are in use while a session lasts, and go with it however it ends.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
at_exit 'remove_new_instances "$before"'
new_instance
host=$inst
new_instance
guest=$inst

# ours PID: the instances that process PID, or one below it, holds open
ours() {
	local p
	for p in "$1" $(pgrep -P "$1"); do
		find "/proc/$p/fd" -printf '%l\n' 2> /dev/null
	done | sed -n 's,.*/instances/\(clock_synch-[0-9]*\)\(/.*\)\?$,\1,p' | sort -u
}

# session NAME: a recording of a guest, running; sets host_pid, guest_pid and names of the instances
session() {
	start_agent -B "$guest" || exit 1
	guest_pid=$pid
	start "$1.log" "$TRACE_CMD" record -o "$1.dat" --tsync-method bounds --tsync-stamp marker -C local -A "127.0.0.1:$agent_port" --name g \
		-e irq -B "$host" -e irq sh -c "touch $1.begun; exec sleep 1000"
	host_pid=$pid
	wait_for 60 [ -e "$1.begun" ] || diag "$(cat "$1.log")"
	read -r -d '' -a names <<< "$(ours "$host_pid"; ours "$guest_pid")"
}

session a
is "${#names[@]}" 2 "host and guest have an instance each" || diag "${names[*]}"
for n in "${names[@]}"; do
	on=$(cat "$TRACING/instances/$n/trace_clock" "$TRACING/instances/$n/tracing_on")
	for command in "record -B N -o x.dat -e irq true" "stream -B N -e irq true" "start -B N -e irq" "extract -B N -o x.dat" \
		       "clear -B N" "reset -B N" "reset -B N -d"; do
		# shellcheck disable=SC2086	# words
		run 30 "$TRACE_CMD" ${command/ N/ $n}
		is "$rc" 16 "$command, in the instance of a session: EBUSY" || diag "$both"
	done
	like "$err" "another trace-cmd \(process [0-9]+\) is recording in the instance $n" "... whose it is"
	is "$(cat "$TRACING/instances/$n/trace_clock" "$TRACING/instances/$n/tracing_on")" "$on" "... which is as it was"
done

# --- all are killed at once: nobody can clean up; the next one does, and leaves the living alone

first=("${names[@]}") first_host=$host_pid first_guest=$guest_pid
new_instance
host=$inst
new_instance
guest=$inst
session b
is "${#names[@]}" 2 "another session has others"
mapfile -t victims < <(pgrep -P "$first_host"; pgrep -P "$first_guest"; echo "$first_host"; echo "$first_guest")
kill -STOP "${victims[@]}"
kill -KILL "${victims[@]}"
for p in "${victims[@]}"; do
	wait_for 20 eval "! alive $p"
done
run 60 "$TRACE_CMD" record -B "$host-next" -o next.dat -e irq true
is "$rc" 0 "a recording after that"
like "$err" 'had left tracing set up: that has been put back' "... says that somebody was killed"
for n in "${first[@]}"; do
	[ ! -e "$TRACING/instances/$n" ]
	ok $? "... and $n is gone"
done
for n in "${names[@]}"; do
	[ -e "$TRACING/instances/$n" ]
	ok $? "... but not that of a session that goes on"
done
stop "$host_pid" INT
is "$rc" 0 "that one ends well" || diag "$(cat b.log)"
stop "$guest_pid"
for n in "${names[@]}"; do
	[ ! -e "$TRACING/instances/$n" ]
	ok $? "... and takes its own with it"
done
done_testing
