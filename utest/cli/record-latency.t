#!/bin/bash
# record with a latency tracer: no events, but the text of the worst case. Kernels without such
# tracers get plain files for those of tracefs that count, in a mount namespace of their own.
. "$(dirname "$0")/lib.sh"
need_tracing
cd "$T" || exit 1
before=$(tracing_state)
on=$(cat "$TRACING/tracing_on")

printf '%s\n' irqsoff wakeup function nop | paste -sd' ' > available
cat > text <<'E2'
# tracer: irqsoff
#
# irqsoff latency trace v1.1.5 on 6.1.0
# --------------------------------------------------------------------
# latency: 16 us, #4/4, CPU#0 | (M:preempt VP:0, KP:0, SP:0 HP:0 #P:2)
#    -----------------
#    | task: swapper/0-0 (uid:0 nice:0 policy:0 rt_prio:0)
#    -----------------
  <idle>-0         0d.h1    0us!: __lock_text_start <-_raw_spin_lock
  <idle>-0         0d.h1   17us : _raw_spin_unlock <-hrtimer_interrupt
E2
echo nop > tracer
for i in $(seq 3000); do echo "  <idle>-0         0d.h1 $i us : function_$i"; done >> text
# faked SECONDS COMMAND...: run, with a kernel that has those tracers
cat > faked.sh <<E2
mount --bind $T/available $TRACING/available_tracers || exit 99
mount --bind $T/tracer $TRACING/current_tracer || exit 99
mount --bind $T/text $TRACING/trace || exit 99
exec "\$@"
E2
faked() {
	local limit=$1; shift
	echo nop > tracer
	cp text text.copy
	run "$limit" unshare -m bash faked.sh "$@"
	cp text.copy text
}

for form in "7 any" "7 none" "6 none"; do
	read -r version zip <<< "$form"
	faked 30 "$TRACE_CMD" record -p irqsoff --file-version "$version" --compression "$zip" -o lat.dat cat tracer
	is "$rc" 0 "version $version, $zip: record ends well"
	is "$out" irqsoff "... has the tracer set"
	like "$err" "^  plugin 'irqsoff'\$" "... tells it"
	unlike "$err" 'data recorded at' "... and of no CPU's data"
	is "$(cat tracer)" nop "... and puts it back"
	run 30 "$TRACE_CMD" report lat.dat
	is "$rc" 0 "... report shows it"
	# the buffer is emptied before, but not a plain file
	grep -v '^cpus=' <<< "$out" > shown
	succeeds "... as the kernel did" diff text shown
	is "$(echo lat.dat?*)" "lat.dat?*" "... no other file is left"
	if [ -n "$STOCK" ] && [ "$version" = 6 ]; then
		run 30 "$STOCK" report -i lat.dat
		grep -qF 'function_3000' <<< "$out"
		ok $? "... as Debian's report does" "$both"
	else
		skip 1 "Debian's report is asked for version 6"
	fi
done
faked 30 "$TRACE_CMD" record -q -p irqsoff -o lat.dat true
unlike "$err" 'plugin' "-q doesn't tell the tracer"

# refused ARGS...: one message, before anything is done
refused() {
	local wanted=$1; shift
	faked 20 "$TRACE_CMD" "$@"
	is "$rc" 255 "$wanted: exit status"
	like "$err" "^  $wanted" "... message"
	is "$(cat tracer) $(echo no.dat*)" "nop no.dat*" "... and nothing is done"
}
refused 'Can not record latency tracer and non latency trace together' \
	record -p wakeup -B "lat-$$" -e sched -o no.dat true
refused 'Network tracing not available with latency tracer plugins' record -p wakeup -N 127.0.0.1:9 true
refused 'a file of version 6 holds the text of one' record -p wakeup -B "lat-$$" -p irqsoff --file-version 6 -o no.dat true
if "$TRACE_CMD" --help | grep -q '^     stream '; then
	refused 'Streaming is not available with latency tracer plugins' stream -p wakeup true
else
	skip 3 "there is no stream yet"
fi
faked 20 "$TRACE_CMD" start -p wakeup sh -c 'cat tracer'
is "$out" wakeup "start sets it"
is "$(cat tracer)" wakeup "... and leaves it"
echo "$on" > "$TRACING/tracing_on"
is "$(tracing_state)" "$before" "tracing is left as it was found"

done_testing
