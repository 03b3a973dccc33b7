#!/bin/bash
# report --profile: of made-up traces, as every byte has to be, and beside Debian's program.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
mktrace() { python3 "$TOP/utest/cli/mktrace.py" "$@"; }

cat > canon.py << 'E'
# Events of the same kind and time have no order at Debian's: put both into one.
import re
import sys
blocks = []


def flush():
    global blocks
    for key in dict.fromkeys(b[0] for b in blocks):
        sys.stdout.write(''.join(sorted(b[1] for b in blocks if b[0] == key)))
    blocks = []


for line in open(sys.argv[1], errors='replace'):
    m = re.match(r'  Event: (.*?):.*?\(\d+\)( Total: \d+)?', line)
    if m:
        blocks.append([m.groups(), line])
    elif blocks and line.startswith('     '):
        blocks[-1][1] += line
    else:
        flush()
        sys.stdout.write(line)
flush()
E

# same_profile FILE OPTION...: else what is different is in "different"
same_profile() {
	local file=$1; shift
	"$STOCK" report --profile "$@" "$file" > theirs 2> /dev/null
	"$TRACE_CMD" report --profile "$@" "$file" > ours
	python3 canon.py ours > ours.canon
	python3 canon.py theirs > theirs.canon
	different=$(diff theirs.canon ours.canon | head -40)
	[ -z "$different" ]
}

# stock_same NAME FILE OPTION...
stock_same() {
	local name=$1; shift
	with_stock || return 0
	same_profile "$@"
	ok $? "$name" "$different"
}

formats='
format ftrace kernel_stack 4 s32:size long[8]:caller ; "%p", (void *)REC->caller[0]
format sched sched_switch 100 char[16]:prev_comm int:prev_pid int:prev_prio long:prev_state char[16]:next_comm int:next_pid int:next_prio ; "%s", REC->prev_comm
format sched sched_wakeup 101 char[16]:comm int:pid int:prio int:target_cpu ; "%s", REC->comm
format sched sched_process_exec 102 text:filename int:pid int:old_pid ; "%d", REC->pid
format raw_syscalls sys_enter 103 long:id ; "%d", REC->id
format raw_syscalls sys_exit 104 long:id ; "%d", REC->id
format irq softirq_raise 105 u32:vec ; "%d", REC->vec
format irq softirq_entry 106 u32:vec ; "%d", REC->vec
format irq softirq_exit 107 u32:vec ; "%d", REC->vec
format test job 108 u64:key int:who ; "%d", REC->who
format test done 109 u64:key ; "%d", REC->key
format test plain 110 u32:value ; "%d", REC->value
symbol ffffffff81000000 outer
symbol ffffffff81001000 middle
symbol ffffffff81002000 inner
symbol ffffffff81003000 other
comm 30 late
'
cat > events << 'E'
0 1000000000 sys_enter 10 3
0 1000001000 kernel_stack 10 0 inner,middle,outer,-1
0 1000002000 sched_switch 10 shell 10 120 1 swapper/0 0 120
0 1000003000 kernel_stack 10 0 inner,outer,-1
0 1000010000 sched_wakeup 0 shell 10 120 0
0 1000011000 kernel_stack 0 0 other,outer,-1
0 1000012500 sched_switch 0 swapper/0 0 120 0 shell 10 120
0 1000020000 sys_exit 10 3
0 1000021000 sched_process_exec 10 /bin/job 10 10
0 1000022000 sched_switch 10 job 10 120 256 other 20 120
0 1000022500 kernel_stack 10 0 inner,other,outer,-1
0 1000030000 softirq_raise 20 9
0 1000030500 softirq_entry 20 9
0 1000031700 softirq_exit 20 9
1 1000032000 plain 30 5
1 1000032100 kernel_stack 30 0 inner,outer,-1
1 1000033000 plain 30 5
1 1000033100 kernel_stack 30 0 other,outer,-1
1 1000034000 plain 30 6
0 1000040000 sched_switch 20 other 20 120 0 job 10 120
1 1000041000 job 30 7 10
0 1000042000 done 10 7
1 1000050000 sys_enter 30 1
lost 1 3
1 1000060000 sys_exit 30 1
E
(echo "$formats"; cat events) > text
mktrace p.dat < text
# blanks at ends of lines are written as ~
sed 's/~$/ /' > wanted << 'E'
cpus=2

task: swapper/0-0

task: job-10
  Event: sched_switch:S (1) Total: 8000 Avg: 8000 Max: 8000(ts:1.000010) Min:8000(ts:1.000010)
          |~
          + inner (0xffffffff81002000)
              100% (1) time:8000 max:8000(ts:1.000003) min:8000(ts:1.000003) avg:8000
               outer (0xffffffff81000000)
           ~
     ~
  Event: sched_switch:W (1) Total: 18000 Avg: 18000 Max: 18000(ts:1.000040) Min:18000(ts:1.000040)
          |~
          + inner (0xffffffff81002000)
              100% (1) time:18000 max:18000(ts:1.000023) min:18000(ts:1.000023) avg:18000
               other (0xffffffff81003000)
               outer (0xffffffff81000000)
           ~
     ~
  Event: sched_wakeup:0xa (1) Total: 2500 Avg: 2500 Max: 2500(ts:1.000013) Min:2500(ts:1.000013)
          |~
          + other (0xffffffff81003000)
              100% (1) time:2500 max:2500(ts:1.000011) min:2500(ts:1.000011) avg:2500
               outer (0xffffffff81000000)
           ~
     ~
  Event: sys_enter:3 (1) Total: 20000 Avg: 20000 Max: 20000(ts:1.000020) Min:20000(ts:1.000020)
          |~
          + inner (0xffffffff81002000)
              100% (1) time:20000 max:20000(ts:1.000001) min:20000(ts:1.000001) avg:20000
               middle (0xffffffff81001000)
               outer (0xffffffff81000000)
           ~
     ~
  Event: done:0x7 (1)

task: other-20
  Event: softirq_raise:RCU (1) Total: 500 Avg: 500 Max: 500(ts:1.000031) Min:500(ts:1.000031)
  Event: softirq_entry:RCU (1) Total: 1200 Avg: 1200 Max: 1200(ts:1.000032) Min:1200(ts:1.000032)

task: late-30
  Event: job:0x7 (1)
  Event: plain:0x5 (2)
          |~
          + inner (0xffffffff81002000)
          |   50% (1)
          |    outer (0xffffffff81000000)
          |~
          + other (0xffffffff81003000)
              50% (1)
               outer (0xffffffff81000000)
           ~
     ~
  Event: plain:0x6 (1)
E
run 10 "$TRACE_CMD" report --profile p.dat
is "$out" "$(cat wanted)" "states, wakeups, system calls, softirqs, stacks, names, a loss"
stock_same "... as Debian's" p.dat
ORDER=big mktrace big.dat < text
run 10 "$TRACE_CMD" report --profile big.dat
is "$out" "$(cat wanted)" "... of the other byte order"

# --- options

run 10 "$TRACE_CMD" report --profile -G p.dat
is "$(sed -n 2,4p <<< "$out")" "Global CPU[0] Events
  Event: softirq_raise:RCU (1) Total: 500 Avg: 500 Max: 500(ts:1.000031) Min:500(ts:1.000031)
  Event: softirq_entry:RCU (1) Total: 1200 Avg: 1200 Max: 1200(ts:1.000032) Min:1200(ts:1.000032)" \
	"-G: the CPU's"
stock_same "... as Debian's" p.dat -G
run 10 "$TRACE_CMD" report --profile --by-comm p.dat
is "$(grep -E '^(task|group)' <<< "$out")" "group: job
group: other
group: swapper/0
task: late-30" "--by-comm: by name; who has none from the scheduler remains a task"
hook=test:job,key,who/test:done,key
run 10 "$TRACE_CMD" report --profile -H $hook p.dat
is "$(head -1 <<< "$out")" "start test:job:key (who) end test:done:key ((null))" "a hook is told"
is "$(grep -c 'sched_switch:' <<< "$out")" 2 "... the rest stays"
is "$(sed -n '/^task: job-10/,/^$/p' <<< "$out" | grep job:0x7)" \
	"  Event: job:0x7 (1) Total: 1000 Avg: 1000 Max: 1000(ts:1.000042) Min:1000(ts:1.000042)" \
	"... the time is whose PID says, another task may begin it"
hook=job,key/done,key
run 10 "$TRACE_CMD" report --profile -H $hook p.dat
unlike "$out" 'job:0x7.*Total' "without PID it has to be the same task"
run 10 "$TRACE_CMD" report --profile -H $hook,g p.dat
is "$(sed -n 3,4p <<< "$out")" "Global Events
  Event: job:0x7 (1) Total: 1000 Avg: 1000 Max: 1000(ts:1.000042) Min:1000(ts:1.000042)" "g: nobody's"
stock_same "... as Debian's" p.dat -H $hook,g
run 10 "$TRACE_CMD" report --profile -H $hook,gp p.dat
unlike "$out" 'job:0x7' "p: on one CPU"
run 10 "$TRACE_CMD" report --profile -H nix,key/done,key p.dat
like "$err" 'Event nix not found' "a hook for no event is told"
like "$out" 'task: job-10' "... and the rest is shown"
run 10 "$TRACE_CMD" report --profile -H job,nix/done,key p.dat
like "$err" 'Event: job does not have field nix' "a hook for no field is an error"
isnt "$rc" 0 "... of its status, too"
run 10 "$TRACE_CMD" report --profile -H $hook,x p.dat
like "$err" 'unknown flag x' "a flag that isn't one"
(echo "hook $hook,g"; cat text) | mktrace hook.dat
run 10 "$TRACE_CMD" report --profile hook.dat
like "$out" '^Global Events$' "hooks of the file are used"
stock_same "... as by Debian's" hook.dat
run 10 "$TRACE_CMD" report hook.dat
is "$(head -1 <<< "$out")" "cpus=2" "... and are no part of a report of events"
run 10 "$TRACE_CMD" report --profile -F plain p.dat
is "$(grep -c Event: <<< "$out")" 2 "filters choose what counts"

# --- calls, losses, idle tasks

(
	echo "$formats"
	cat << 'E'
format ftrace function 1 long:ip long:parent_ip ; "%p", (void *)REC->ip
format ftrace funcgraph_entry 11 long:func int:depth ; "%p", (void *)REC->func
format ftrace funcgraph_exit 10 long:func int:depth ; "%p", (void *)REC->func
0 1000000000 funcgraph_entry 10 outer 0
0 1000001000 funcgraph_entry 10 inner 1
0 1000002000 funcgraph_entry 10 outer 2
0 1000003000 funcgraph_exit 10 outer 2
0 1000004000 funcgraph_exit 10 inner 1
0 1000009000 funcgraph_exit 10 outer 0
0 1000010000 function 10 middle outer
0 1000011000 kernel_stack 10 0 0x1234,middle,-1
0 1000012000 function 10 0x5678 outer
0 1000013000 funcgraph_entry 10 0x6789 0
0 1000014000 funcgraph_exit 10 0x6789 0
0 1000020000 sched_switch 10 a 10 120 1 b 20 120
0 1000021000 funcgraph_entry 20 inner 0
0 1000022000 softirq_raise 20 1
1 1000023000 plain 30 1
lost 1 2
1 1000030000 plain 30 2
0 1000031000 sched_wakeup 20 a 10 120 0
0 1000032000 sched_switch 20 b 20 120 0 a 10 120
1 1000033000 funcgraph_exit 20 inner 0
0 1000034000 softirq_entry 20 1
E
) | mktrace calls.dat
run 10 "$TRACE_CMD" report --profile calls.dat
is "$(grep '^  Event: f' <<< "$out")" \
	"  Event: func: 0x5678 (1)
  Event: func: middle() (1)
  Event: func: outer() (2) Total: 10000 Avg: 5000 Max: 9000(ts:1.000009) Min:1000(ts:1.000003)
  Event: func: inner() (1) Total: 3000 Avg: 3000 Max: 3000(ts:1.000004) Min:3000(ts:1.000004)
  Event: func: 0x6789 (1) Total: 1000 Avg: 1000 Max: 1000(ts:1.000014) Min:1000(ts:1.000014)" \
	"a function inside itself is measured; what other CPUs have lost may have been the end"
is "$(grep -A4 'func: middle' <<< "$out" | tail -n +3)" "          + 0x1234
              100% (1)
               middle (0xffffffff81001000)" "... an address that is in no function"
unlike "$out" 'sched_switch:S' "... of a sleep, too"
like "$out" 'sched_wakeup:0xa \(1\) Total: 1000 ' "... but a wakeup behind the loss counts"
like "$out" 'softirq_raise:TIMER \(1\) Total: 12000 ' "... and what has to end on its own CPU"
stock_same "... as Debian's" calls.dat

(
	echo "$formats"
	cat << 'E'
0 1000000000 sched_switch 0 idle 0 120 0 a 10 120
1 1000001000 sched_switch 0 idle 0 120 0 b 20 120
0 1000005000 sched_switch 10 a 10 120 1 idle 0 120
1 1000008000 sched_switch 20 b 20 120 1 idle 0 120
E
) | mktrace idle.dat
run 10 "$TRACE_CMD" report --profile idle.dat
like "$out" 'sched_switch:R \(2\) Total: 12000 Avg: 6000 Max: 7000\(.*Min:5000' "idle tasks of CPUs are kept apart"

# --- many kinds at once

cat > made.py << 'E'
# Two CPUs with tasks that call, sleep, are woken and interrupted, as no two of a kind at once on a CPU.
import random
import sys
random.seed(int(sys.argv[1]))
now = 10 ** 9
cpus = [{'run': 100 + c, 'ready': [], 'asleep': [c + i for i in range(10, 20, 2)]} for c in (0, 1)]
calling = {}
stacks = ['inner,middle,outer', 'inner,outer', 'other,outer', 'other,middle,outer']


def say(cpu, *words):
    global now
    now += random.randrange(300, 4000)
    print(cpu, now, *words)


def stack(cpu, pid):
    say(cpu, 'kernel_stack', pid, 0, random.choice(stacks) + ',-1')


for step in range(4000):
    n = random.randrange(2)
    c = cpus[n]
    pid = c['run']
    what = random.choice(('call', 'call', 'switch', 'wake', 'softirq'))
    if what == 'call':
        if pid in calling:
            say(n, 'sys_exit', pid, calling.pop(pid))
        else:
            calling[pid] = pid * 10 + random.randrange(5)
            say(n, 'sys_enter', pid, calling[pid])
            stack(n, pid)
    elif what == 'switch' and c['ready']:
        to = c['ready'].pop(random.randrange(len(c['ready'])))
        sleeps = pid < 100 and random.random() < 0.7
        say(n, 'sched_switch', pid, 't%d' % pid, pid, 120, random.choice((1, 2)) if sleeps else 0, 't%d' % to, to, 120)
        stack(n, pid)
        c['asleep' if sleeps else 'ready'].append(pid)
        c['run'] = to
    elif what == 'wake' and c['asleep']:
        other = c['asleep'].pop(random.randrange(len(c['asleep'])))
        say(n, 'sched_wakeup', pid, 't%d' % other, other, 120, n)
        stack(n, pid)
        c['ready'].append(other)
    elif what == 'softirq':
        vec = random.choice((1, 2, 3, 4, 6, 7, 8, 9))
        for part in ('raise', 'entry', 'exit'):
            say(n, 'softirq_' + part, pid, vec)
E
for seed in 1 2 3; do
	(echo "$formats"; python3 made.py $seed) | mktrace made.dat
	run 20 "$TRACE_CMD" report --profile made.dat
	is "$(grep -c '^task: t1' <<< "$out")" 12 "made up, $seed: all tasks"
	stock_same "... as Debian's" made.dat
	stock_same "... with -G" made.dat -G
done

# --- many

(
	echo "$formats"
	python3 -c 'for i in range(40000): print(i % 2, 10 ** 9 + i * 1000, "plain", i, i)'
) | mktrace many.dat
run 20 "$TRACE_CMD" report --profile many.dat
is "$(grep -c '^task' <<< "$out")" 40000 "many tasks"

# --- real ones

if [ "$(id -u)" != 0 ] || [ -z "$TRACING" ]; then
	skip 1 "the rest needs root and tracefs"
	done_testing
	exit
fi
new_instance
load='ls -R /etc | cat > /dev/null; sleep 0.02'
# Of one task on one CPU, and of its calls only: each ends before the next one begins. Where something begins
# twice and its first end was not recorded (a softirq that another task ran, a switch of a task that isn't
# traced), Debian's takes the old beginning for the next end, and whether there is such a place depends on what
# else the machine does; those kinds are compared above, made up.
mkfifo wait
cat > calls.sh << 'E'
exec 7<> wait
for f in /etc/*; do [ ! -r "$f" ] || [ -d "$f" ] || read -r line < "$f"; done
for i in 1 2 3; do read -t 0.01 -u 7; done
E
run 60 taskset -c 0 "$TRACE_CMD" record --fail-on-lost -o inst.dat -B "$inst" -b 20000 -F -e raw_syscalls \
	-e sched:sched_process_exec bash calls.sh
is "$rc" 0 "a trace is recorded" || diag "$both"
# Debian's knows no instances here
"$TRACE_CMD" split -i inst.dat -B "$inst" -t -o real.dat 2> /dev/null
run 60 "$TRACE_CMD" report --profile real.dat
like "$out" '^  Event: sys_enter:[0-9]+ \([0-9]{2,}\) Total: ' "... of many calls"
stock_same "... and its profile is as Debian's" real.dat
stock_same "... with -G" real.dat -G

hook=sched:sched_process_fork,child_pid,child_pid/sched:sched_process_exit,pid,s
run 60 "$TRACE_CMD" record -o own.dat -B "$inst" -b 20000 --profile -H $hook sh -c "$load"
is "$rc" 0 "record --profile"
if ! grep -qw function_graph "$TRACING/available_tracers"; then
	like "$err" 'no function_graph tracer' "... says what the kernel does not have"
fi
run 60 "$TRACE_CMD" report --summary own.dat
for e in sched_switch sched_wakeup sched_process_exec raw_syscalls:sys_exit softirq_exit kernel_stack \
	sched_process_fork; do
	like "$out" "$e\$" "... has recorded $e"
done
run 60 "$TRACE_CMD" dump --options own.dat
like "$both" "HOOK.*" "... and stored the hook"
run 60 "$TRACE_CMD" report --profile own.dat
like "$out" '^task: sleep-' "its profile has the command's tasks"
like "$out" 'sched_process_fork:0x.* Total' "... and the hook's times"
is "$(grep -c stacktrace: "$TRACING/instances/$inst/events/sched/sched_switch/trigger")" 0 "... triggers are gone"

run 60 "$TRACE_CMD" record -o few.dat -B "$inst" --profile -S -e sched:sched_switch sh -c "$load"
run 60 "$TRACE_CMD" report --summary few.dat
unlike "$out" 'sys_enter' "record --profile -S: only what is named"

run 60 "$TRACE_CMD" profile -B "$inst" -b 20000 sh -c "$load"
is "$rc" 0 "profile"
like "$out" '^task: sleep-' "... prints the command's tasks"
like "$out" 'sched_switch:S .* Total: ' "... and how long they slept"
like "$out" '\+ .*sched_switch' "... with stacks"
run 60 "$TRACE_CMD" profile -B "$inst" -S -e raw_syscalls --by-comm -o out.txt sh -c "$load"
is "$rc/$out" "0/" "profile -o prints nothing"
like "$(cat out.txt)" 'sys_enter:' "... but to the file"
run 60 "$TRACE_CMD" profile -B "$inst" -S -H raw_syscalls:sys_enter,id/raw_syscalls:sys_exit,id,g true
like "$out" '^Global Events' "profile -H: global"
run 10 "$TRACE_CMD" profile -H a/b true
like "$err" 'Invalid hook format' "a bad hook"
run 10 "$TRACE_CMD" profile -S true
like "$err" 'no event or plugin was specified' "profile of nothing"
run 10 "$TRACE_CMD" profile -o /nix/out -S -B "$inst" -e sched true
like "$err" 'cannot write /nix/out' "profile to no file"
run 10 "$TRACE_CMD" stream --profile true
like "$err" '--profile has no effect' "--profile is for record"
# who may not look at the kernel's events is not told that there are none
cp "$TRACE_CMD" "$T/anybody" && chmod 755 "$T" "$T/anybody"
for command in profile "record --profile"; do
	# shellcheck disable=SC2086
	run 10 setpriv --reuid=65534 --regid=65534 --clear-groups "$T/anybody" $command true
	is "$rc" 13 "$command without the right to trace"
	like "$err" "no access to $TRACING" "... is told so"
	unlike "$err" 'this kernel has no event' "... and nothing else"
done
start log "$TRACE_CMD" profile -B "$inst" -S -e raw_syscalls
busy=$pid
wait_for 10 grep -q 'Hit Ctrl^C' log
wait_for 10 grep -q 1 "$TRACING/instances/$inst/tracing_on"
sh -c 'while :; do :; done < /dev/null' & loop=$!
stop "$busy" INT
is "$rc" 0 "profile ends at Ctrl-C, with tasks running"
like "$(cat log)" '^task: ' "... and prints then"
kill $loop
# --- as many hooks as an event can have: what is always looked for is there even so

mktrace full.dat << 'E'
format sched sched_wakeup 201 char[16]:comm int:pid int:prio int:target_cpu ; "comm=%s", REC->comm
format sched sched_switch 200 char[16]:prev_comm int:prev_pid int:prev_prio long:prev_state char[16]:next_comm int:next_pid int:next_prio ; "prev_comm=%s", REC->prev_comm
format test a 101 int:value ; "value=%d", REC->value
format test b 102 int:value ; "value=%d", REC->value
format test c 103 int:value ; "value=%d", REC->value
format test d 104 int:value ; "value=%d", REC->value
0 1000000000 sched_switch 10 t10 10 120 1 t20 20 120
0 1000001000 sched_wakeup 20 t10 10 120 0
0 1000002000 sched_switch 20 t20 20 120 0 t10 10 120
0 1000003000 sched_switch 10 t10 10 120 1 t20 20 120
E
run 10 "$TRACE_CMD" report --profile -H a,value/sched_wakeup,pid -H b,value/sched_wakeup,pid \
	-H c,value/sched_wakeup,pid -H d,value/sched_wakeup,pid full.dat
events=$(grep Event: <<< "$out")
run 10 "$TRACE_CMD" report --profile full.dat
is "$events" "$(grep Event: <<< "$out")" "four hooks of one event"
is "$(wc -l <<< "$events")" 3 "... and a task's sleep, wakeup and wait"

done_testing
