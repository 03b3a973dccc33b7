#!/bin/bash
# report -j of made traces whose texts need libtraceevent in all threads, at any time.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# Expressions that are not defined for some records: these are libtraceevent's, in any thread.
python3 - > text << 'E2'
import random
random.seed(3)
print('''format test plain 110 u32:value ; "value=%d", REC->value
format ftrace function 1 long:ip long:parent_ip ; " %ps <-- %ps", (void *)REC->ip, (void *)REC->parent_ip
format ftrace funcgraph_exit 10 long:func int:depth u32:overrun u64:calltime u64:rettime ; "<-- %ps", (void *)REC->func
format ftrace funcgraph_entry 11 long:func int:depth ; "--> %ps (%d)", (void *)REC->func, REC->depth
format sched sched_wakeup 201 char[16]:comm int:pid int:prio int:target_cpu ; "comm=%s", REC->comm
format sched sched_switch 200 char[16]:prev_comm int:prev_pid int:prev_prio long:prev_state char[16]:next_comm int:next_pid int:next_prio ; "prev_comm=%s", REC->prev_comm
format test shift 112 u64:a u32:b ; "q=%llx %s", REC->a << REC->b, REC->b > 70 ? "x" : "y"''')
for i in range(300):
    print('symbol %x func_%d' % (0xffffffff81000000 + i * 4096, i))
print('comm 10 shell\ncomm 20 job')
t = 1000000000
for i in range(30000):
    t += random.randint(1, 50)
    cpu, pid, kind = random.randint(0, 3), random.randint(10, 400), random.randint(0, 5)
    f, g = random.randint(0, 299), random.randint(0, 299)
    if kind == 0:
        print(cpu, t, 'plain', pid, i)
    elif kind == 1:
        print(cpu, t, 'function', pid, 'func_%d' % f, 'func_%d' % g)
    elif kind == 2:
        print(cpu, t, 'funcgraph_entry', pid, 'func_%d' % f, i % 5)
        t += 5
        if f % 3:
            print(cpu, t, 'funcgraph_exit', pid, 'func_%d' % f, i % 5, 0, t - 5, t)
    elif kind == 3:
        print(cpu, t, 'sched_switch', pid, 't%d' % pid, pid, 120, i % 300, 't%d' % (pid + 1), pid + 1, 120)
    elif kind == 4:
        print(cpu, t, 'sched_wakeup', pid, 't%d' % g, g, 120, cpu)
    else:
        print(cpu, t, 'shift', pid, i, i % 90)
E2
python3 "$TOP/utest/cli/mktrace.py" made.dat < text
cp made.dat other.dat

# same OPTION...: several times, as a race is lost only sometimes
same() {
	local bad=0
	timeout $((60 * SLOW)) "$TRACE_CMD" report -j 1 "$@" > one.txt 2>&1
	ok $(($(wc -l < one.txt) < 1000)) "lines: report -j 1 $*"
	for _ in 1 2 3 4 5; do
		timeout $((60 * SLOW)) "$TRACE_CMD" report -j 4 "$@" > many.txt 2>&1
		cmp -s one.txt many.txt || { bad=1; break; }
	done
	ok $bad "report -j 4 $* is the same each time" "$(diff one.txt many.txt | head -n 6)"
}
same made.dat
same -w made.dat
same -l -t --ts-diff made.dat
same -F 'function:ip =~ "func_[0-9]"' made.dat
same --format csv --fields time,comm,text made.dat
same -i made.dat -i other.dat

# The same events, but other names of tasks: what is known of events is kept once, names are not.
sed 's/^\(comm [0-9]*\) .*/\1 else/; s/ t\([0-9]\)/ o\1/g' text > text2
python3 "$TOP/utest/cli/mktrace.py" named.dat < text2
same -i made.dat -i named.dat
for file in made named; do
	timeout $((60 * SLOW)) "$TRACE_CMD" report $file.dat | grep -v 'cpus=' > alone.txt
	sed -n "s/^ *$file.dat: //p" one.txt | grep -v 'cpus=' > together.txt
	succeeds "$file.dat: its events are the same as alone" cmp alone.txt together.txt
done

# Chunks of 4 MiB with an event each: more than a GiB, if all that wait for their text are kept.
cat > sparse.py << 'E2'
import struct
import sys
import datfile

compress, real = datfile.zlib.compress, datfile.cpu_pages
datfile.CHUNK_PAGES = 1024


class Blank:
    def __init__(self, when):
        self.data = struct.pack('<QQ', when, 0) + bytes(datfile.PAGE - 16)


def pages(order, cpu, prefix, kind):
    if cpu:
        return real(order, cpu, prefix, kind)
    out = []
    for i in range(280):
        w = datfile.Writer(order)
        datfile.page(w, f'{prefix}x{i}', 1000000 + i * 1000, [(0, datfile.TICK, i)])
        out += [w] + [Blank(1000001 + i * 1000)] * (datfile.CHUNK_PAGES - 1)
    return out


datfile.cpu_pages = pages
datfile.zlib.compress = lambda data, level: compress(data, 1)
datfile.build(sys.argv[1], '7', 'zlib')
E2
PYTHONPATH=$TOP/utest/cli python3 sparse.py sparse.dat
run 60 "$TRACE_CMD" report -j 4 sparse.dat
is "$rc" 0 "few events in much memory: success"
is "$(grep -c 'tick: ' <<< "$out")" "$(timeout $((60 * SLOW)) "$TRACE_CMD" report --summary --format json sparse.dat |
	sed -n 's/.*"event":"[a-z]*:tick","count":\([0-9]*\).*/\1/p')" "... and all of them"

done_testing
