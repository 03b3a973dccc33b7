#!/bin/bash
# report --boundary, --debug and -V, of made-up traces: pages, and what they have between records.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
mktrace() { python3 "$TOP/utest/cli/mktrace.py" "$@"; }

cat > text << 'E'
format sched foo 100 u32:a ; "a=%d", REC->a
format sched long 101 u8[200]:a ; "a=%d", REC->a[0]
comm 1 one
extend 0 500000000
0 500000010 foo 1 1
extend 0 1073741824
0 1573741854 foo 1 2
padding 0 16 7
0 1573741891 foo 1 3
stamp 0 5000000000
0 5000000000 foo 1 4
padding 0 24 5
padding 0 8 6
stamp 0 6000000000
extend 0 100
0 6000000101 foo 1 5
0 6000000103 foo 1 6
extend 0 300
padding 0 0
lost 0 3
0 6000001000 foo 1 7
E
echo "0 6000001010 long 1 $(seq -s, 5 204)" >> text
echo '2 6000001020 foo 1 8' >> text
mktrace one.dat < text
run 10 "$TRACE_CMD" report --compat 3.1 --debug one.dat
cat > wanted << 'E'
version = 6
CPU 1 is empty
cpus=3
CPU:0 [SUBBUFFER START] [0:0x1000]
             one-1     [000]     0.500000: foo:                  a=1 [10:0x18:12]
 TIME EXTEND: delta:1073741824 length:0
             one-1     [000]     1.573742: foo:                  a=2 [20:0x30:12]
 PADDING: delta:7 length:16
             one-1     [000]     1.573742: foo:                  a=3 [30:0x54:12]
 TIME STAMP: timestamp:5000000000 length:0
             one-1     [000]     5.000000: foo:                  a=4 [0:0x6c:12]
 PADDING: delta:5 length:24
 PADDING: delta:6 length:8
 TIME STAMP: timestamp:6000000000 length:0
 TIME EXTEND: delta:100 length:0
             one-1     [000]     6.000000: foo:                  a=5 [1:0xb4:12]
             one-1     [000]     6.000000: foo:                  a=6 [2:0xc4:12]
 TIME EXTEND: delta:300 length:0
 PADDING: delta:0 length:0
CPU:0 [3 EVENTS DROPPED]
CPU:0 [SUBBUFFER START] [6000001000:0x2000]
             one-1     [000]     6.000001: foo:                  a=7 [0:0x10:12]
             one-1     [000]     6.000001: long:                 a=5 [10:0x20:208]
CPU:2 [SUBBUFFER START] [6000001020:0x3000]
             one-1     [002]     6.000001: foo:                  a=8 [0:0x10:12]
E
is "$out" "$(cat wanted)" "--debug: pages, places, and what is between records"
is "$rc" 0 "... status 0"
for jobs in 1 3; do
	run 10 "$TRACE_CMD" report --compat 3.1 --debug -j $jobs one.dat
	is "$out" "$(cat wanted)" "... with -j $jobs"
done
ORDER=big mktrace big.dat < text
run 10 "$TRACE_CMD" report --compat 3.1 --debug big.dat
is "$out" "$(cat wanted)" "... of the other byte order"
run 10 "$TRACE_CMD" report --compat 3.1 --boundary one.dat
is "$out" "$(sed '1,2d; /^ [PT]/d; s/ \[[0-9]*:0x.*\]$//' wanted)" "--boundary: pages only"
run 10 "$TRACE_CMD" report --compat 3.1 --debug -q one.dat
is "$out" "$(sed 1,2d wanted)" "-q: without words about the file"
run 10 "$TRACE_CMD" report --compat 3.1 --boundary -F foo:a==3 one.dat
is "$out" "cpus=3
             one-1     [000]     1.573742: foo:                  a=3" "a page is marked by its first event only"
run 10 "$TRACE_CMD" report --compat 3.1 --boundary -i one.dat -i big.dat --ts-offset 1
like "$out" '^one\.dat: CPU:0 \[SUBBUFFER START\]'$'\n''             one-1' "several files: the mark has the name, the event after it has none"
like "$out" '^big\.dat: CPU:0 \[3 EVENTS DROPPED\]'$'\n''CPU:0 \[SUBBUFFER START\]' "... and losses go first"

# -V; without plugins, so that it is the same everywhere
run 10 "$TRACE_CMD" report --compat 3.1 -N -V one.dat
is "$(head -n 3 <<< "$out")" "$(head -n 3 wanted)" "-V: the file's version, CPUs without data"
run 10 "$TRACE_CMD" report --compat 3.1 -N -V3 one.dat
is "$(head -n 1 <<< "$out")" cpus=3 "-V3: none of that"
run 10 "$TRACE_CMD" report -N --verbose=info --cpus one.dat
is "$out" "version = 6
CPU 1 is empty
List of CPUs in one.dat with data:
  0
  2" "... with --cpus"
run 10 "$TRACE_CMD" report --cpus ./one.dat
is "$(head -n 1 <<< "$out")" "List of CPUs in ./one.dat with data:" "--cpus tells the file as it was named"
run 10 "$TRACE_CMD" report -N -V --format json one.dat
unlike "$out" 'version = ' "... not for machines"

# what is cut off or wrong ends early, and nothing else happens; 99: a sanitizer had to complain
at=$((0x1000))
for len in $((at + 18)) $((at + 26)) $((at + 62)) $((at + 0x62)) $((at + 0xd6)) $((at + 0x1010)) $((at + 0x1024)); do
	head -c $len one.dat > cut.dat
	run 10 "$TRACE_CMD" report --compat 3.1 --debug cut.dat
	ok $((rc > 125 || rc == 99)) "cut after $len bytes: an end, and no crash" "status $rc: $err"
	is "$(sed "/ is empty$/d; /EVENTS DROPPED/d" <<< "$out" | grep -vxFf wanted)" "" "... and nothing but lines of the whole file"
done
python3 - << 'E'
import random
data = open('one.dat', 'rb').read()
random.seed(7)
for i in range(60):
    b = bytearray(data)
    for _ in range(3):
        b[0x1010 + random.randrange(0xe0)] = random.choice((0, 29, 30, 31, 255, random.randrange(256)))
    open('bad%d.dat' % i, 'wb').write(b)
E
worst=0
for f in bad*.dat; do
	run 10 "$TRACE_CMD" report --debug "$f"
	[ "$rc" -le 125 ] && [ "$rc" != 99 ] || worst="$f: status $rc: $err"
done
is "$worst" 0 "sixty damaged pages: no crash"

for o in --debug --boundary "--debug -R -l" "--debug -t -w" "--boundary -F foo" "--debug --cpu 2" "-V -N" "-V5 -N --cpus"; do
	# shellcheck disable=SC2086	# options are words
	report_as_stock "as Debian's: $o" one.dat $o
done
done_testing
