#!/bin/bash
# report of records of the tracer blk, which no file describes: as Debian's program shows them.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# make FILE BEFORE ID LINE...: BEFORE is the event that blk's id is behind
make() {
	local file=$1 before=$2 id=$3 line t=1000000000; shift 3
	{
		echo "format ftrace $before $id long:a ; \"%ld\", REC->a"
		echo 'format sched sched_switch 300 char[16]:prev_comm int:prev_pid ; "%s", REC->prev_comm'
		echo 'comm 10 dd'
		echo "unknown blk $((id + 1)) u64:time u64:sector u32:bytes u32:action u32:pid u32:device u32:cpu u16:error u16:pdu_len u8[]:pdu"
		for line; do echo "0 $((t += 1000)) blk 10 $line"; done
	} | python3 "$TOP/utest/cli/mktrace.py" "$file"
}

records=("5 2048 4096 0x20001 77 0xfe00010 3 5 4 1,2,3,4" "5 0xffffffffffffffff 512 0x30007 0x80000001 0xfe00010 0 0xffff 0"
	 "5 4096 8192 0x20001 78 0xfe00010 3 0 0")
make new.dat user_stack 12 "${records[@]}"
run 10 "$TRACE_CMD" report new.dat
like "$out" ' dd-10 .* 1\.000001: blktrace: +77$' "a request"
unlike "$out" 'UNKNOWN' "... none is unknown"
run 10 "$TRACE_CMD" report -R new.dat
like "$out" 'blktrace: .*sector=2048 bytes=4096 action=131073 pid=77 device=266338320 cpu=3 error=5 pdu_len=4' "its fields"
run 10 "$TRACE_CMD" report -F 'blktrace: sector == 4096' new.dat
is "$(grep -o 'blktrace: *.*' <<< "$out" | tr -s ' ')" "blktrace: 78" "a filter"
run 10 "$TRACE_CMD" report -E new.dat
is "$out" $'ftrace:user_stack\nsched:sched_switch' "the events of the file are those it describes"
for o in "" "-R" "-l" "-N" "-E" "--events" "--check-events" "-F blktrace:pid==78" "-F blktrace:error>9"; do
	# shellcheck disable=SC2086	# options are words
	report_as_stock "as Debian's: ${o:-no options}" new.dat $o
done
for b in power kmem_free; do
	make old.dat $b 17 "${records[@]}"
	run 10 "$TRACE_CMD" report old.dat
	like "$out" 'blktrace: +77$' "its id in traces of old kernels: $b"
	report_as_stock "as Debian's: $b" old.dat
done
make none.dat other 12 "${records[@]}"
run 10 "$TRACE_CMD" report none.dat
like "$out" 'UNKNOWN EVENT 13' "without such an event nobody knows its id"
done_testing
