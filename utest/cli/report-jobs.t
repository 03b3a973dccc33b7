#!/bin/bash
# report -j: what it prints, says and returns is the same for any number of threads.
. "$(dirname "$0")/lib.sh"

need_tracing
cd "$T" || exit 1

inst=jobs-$$
cat > work << 'E3'
#!/bin/bash
for ((i = 0; i < 30; i++)); do /bin/true; /bin/echo; done > /dev/null
E3
chmod +x work
# of these tasks alone: how much that is does not depend on what else runs
make_file() { # NAME OPTION...
	run 60 "$TRACE_CMD" record -q -o "$@"
	is "$rc" 0 "a file to look at: $1"
}
make_file v6.dat --file-version 6 -B "$inst" -b 10000 -F -c -e sched -e irq -e raw_syscalls -e kmem ./work
make_file zstd.dat --compression zstd -B "$inst" -b 10000 -F -c -e sched -e kmem -e syscalls ./work
make_file two.dat --compression none -B "$inst" -b 10000 -F -c -e sched -e timer -B "$inst-longer" -F -c -e kmem ./work
make_file stacks.dat --compression none -B "$inst" -b 10000 -F -c -T -e sched:sched_switch -e kmem:kmalloc ./work

# damaged: the middle of a CPU's data is gone, or the end; names of all tasks are gone
lines=$("$TRACE_CMD" report v6.dat 2> /dev/null | wc -l)
ok $((lines < 4000)) "there are batches of events enough: $lines lines"
size=$(stat -c %s v6.dat)
head -c $((size - 100000)) v6.dat > cut.dat
cp zstd.dat hole.dat
# a chunk of the CPU that has most, without the number that all of zstd's begin with
"$TRACE_CMD" dump --flyrecord hole.dat | python3 -c '
import re
import struct
import sys
where = re.findall(r"^ +\d+ (\d+)\t(\d+)\t\[id, data offset and size\]$", sys.stdin.read(), re.M)
with open("hole.dat", "r+b") as f:
    f.seek(max((int(size), int(at)) for at, size in where)[1])
    for _ in range(struct.unpack("=I", f.read(4))[0] // 2):
        f.seek(struct.unpack("=II", f.read(8))[0], 1)
    f.seek(8, 1)
    f.write(bytes(4))'
ok $? "there is a chunk to damage"

# What a report prints, says and returns, in one file
outcome() { # FILE JOBS OPTION...
	local to=$1 jobs=$2
	shift 2
	timeout $((120 * SLOW)) "$TRACE_CMD" report -j "$jobs" "$@" > "$to" 2> err.txt
	echo "status $?" >> "$to"
	cat err.txt >> "$to"
}
same() { # OPTION...
	local jobs
	outcome one.txt 1 "$@"
	for jobs in 2 7; do
		outcome many.txt $jobs "$@"
		cmp -s one.txt many.txt
		ok $? "report -j $jobs $*" "$(diff one.txt many.txt | head -n 6)"
	done
}
for file in v6 zstd two stacks cut hole; do
	same $file.dat
done
is "$(sed -n 's/^status //p' one.txt)" "$(timeout $((60 * SLOW)) "$TRACE_CMD" report hole.dat > /dev/null 2>&1; echo $?)" \
	"a damaged file: the status is the usual one"
isnt "$(sed -n 's/^status //p' one.txt)" 0 "... and no success"
same -i v6.dat -i two.dat -i zstd.dat
while read -r options; do
	# shellcheck disable=SC2086	# words
	same $options
done << 'E3'
--ts-diff v6.dat
--ts-diff -t -i v6.dat -i two.dat
-w v6.dat
-l two.dat
-R v6.dat
-t zstd.dat
-N zstd.dat
--compat 3.1 -R v6.dat
--raw-ts two.dat
--nodate --ts-check v6.dat
--cpu 0 zstd.dat
-I stacks.dat
-F sched_switch stacks.dat
-F sched v6.dat
-v -F sched_switch v6.dat
--limit 1 v6.dat
--limit 1024 v6.dat
--limit 3000 v6.dat
--format json v6.dat
--format json two.dat
--format csv zstd.dat
--fields time,comm,event,next_comm,text stacks.dat
--summary v6.dat
--stat v6.dat
--fail-on-lost v6.dat
E3
is "$("$TRACE_CMD" report -j 1 --limit 3000 v6.dat 2> /dev/null | grep -vc 'EVENTS DROPPED\|^cpus=')" 3000 "--limit in the midst of a batch is exact"

# reports that look events up by their names know those that they have not met
like "$("$TRACE_CMD" report --profile v6.dat 2> /dev/null | grep -c '^task: ')" '^[1-9]' "--profile has tasks"

# who reads no further ends it, without a complaint
for jobs in 1 2 7; do
	timeout $((60 * SLOW)) "$TRACE_CMD" report -j $jobs v6.dat 2> err.txt | head -n 2000 > head.txt
	is "${PIPESTATUS[0]} $(cat err.txt)" "0 " "report -j $jobs | head: no error"
	cmp -s head.txt <("$TRACE_CMD" report -j 1 v6.dat 2> /dev/null | sed 2000q)
	ok $? "... the same lines"
	if [ -e /dev/full ]; then
		timeout $((60 * SLOW)) "$TRACE_CMD" report -j $jobs v6.dat > /dev/full 2> err.txt
		is "$?" 28 "report -j $jobs to a full disk: ENOSPC"
		like "$(cat err.txt)" 'writing to the standard output' "... which is said"
	fi
done

# memory does not grow with the file
peak() { # JOBS FILE...
	local jobs=$1
	shift
	python3 -c '
import os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
print(os.wait4(pid, 0)[2].ru_maxrss)' "$TRACE_CMD" report -j "$jobs" "$@" 2> /dev/null | tail -n 1
}
if ! grep -q __asan "$TRACE_CMD"; then
	# how much the kernel's symbols and the formats take depends on the kernel
	files=()
	for _ in 1 2 3 4 5 6 7 8; do files+=(-i zstd.dat); done
	alone=$(($(peak 1 "${files[@]}") >> 10)) mb=$(($(peak 7 "${files[@]}") >> 10))
	text=$(($("$TRACE_CMD" report "${files[@]}" 2> /dev/null | wc -c) >> 20))
	ok $((text < 32)) "there is text enough: $text MB"
	ok $((mb - alone > 16)) "-j 7 takes $((mb - alone)) MB more than -j 1, of at most 16"
fi
done_testing
