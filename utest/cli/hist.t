#!/bin/bash
# hist and mem: what they count, of made-up traces, and beside Debian's program.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
mktrace() { python3 "$TOP/utest/cli/mktrace.py" "$@"; }

# stock_same NAME WHAT FILE
stock_same() {
	local name=$1; shift
	with_stock || return 0
	"$TRACE_CMD" "$@" > ours
	"$STOCK" "$@" > theirs 2> /dev/null
	is "$(cat ours)" "$(cat theirs)" "$name"
}

symbols='
symbol ffffffff81000000 outer
symbol ffffffff81001000 middle
symbol ffffffff81002000 inner
symbol ffffffff81003000 other
comm 10 shell
comm 30 late
'

# --- hist

(
	echo "$symbols"
	cat << 'E'
format ftrace kernel_stack 4 s32:size long[8]:caller ; "%p", (void *)REC->caller[0]
format ftrace function 1 long:ip long:parent_ip ; "%p", (void *)REC->ip
format test plain 110 u32:value ; "%d", REC->value
format test rare 111 u32:value ; "%d", REC->value
0 1000001000 plain 10 1
0 1000002000 kernel_stack 10 0 inner,middle,outer,-1
0 1000003000 plain 10 2
0 1000004000 kernel_stack 10 0 0xffffffff81002010,0xffffffff81001020,outer,-1
0 1000005000 plain 10 3
0 1000006000 kernel_stack 10 0 inner,other,outer,-1
1 1000007000 rare 30 3
1 1000008000 kernel_stack 30 0 other,outer,-1
0 1000009000 function 10 middle outer
E
) | mktrace h.dat
cat > wanted << 'E'
  %60.00  (10) shell                          plain #3
         |
         --- *plain*
            |
            |--%100.00-- inner  # 3
                         |
                         |--%66.67-- middle  # 2
                         |          outer
                         |
                         |--%33.33-- other  # 1
                                    outer

  %20.00  (10) shell                         middle #1
         |
         --- middle

  %20.00  (30) late                           rare #1
         |
         --- *rare*
          other
          outer
E
run 10 "$TRACE_CMD" hist h.dat
is "$out" "$(cat wanted)" "hist: events, functions, callers as list and as tree"
run 10 "$TRACE_CMD" hist -P -i h.dat
is "$(grep '%60' <<< "$out")" "  %60.00 <all pids>                          plain #3" "hist -P: all tasks"
(
	echo "$symbols"
	echo 'format test plain 110 u32:value ; "%d", REC->value'
	echo 'format ftrace kernel_stack 4 s32:size long[8]:caller ; "%p", (void *)REC->caller[0]'
	printf '0 1000001%d00 plain 10 1\n' 0 1 2
	printf '0 1000002%d00 plain 30 1\n' 0 1
) | mktrace bare.dat
run 10 "$TRACE_CMD" hist bare.dat
is "$(head -3 <<< "$out")" "  %60.00  (10) shell                          plain #3
         |
         --- *plain*" "hist without stacks"
stock_same "... as Debian's" hist bare.dat
stock_same "... and with -P" hist -P bare.dat
(
	echo "$symbols"
	echo 'format test plain 110 u32:value ; "%d", REC->value'
	echo 'format ftrace kernel_stack 4 s32:size long[8]:caller ; "%p", (void *)REC->caller[0]'
	echo '0 1000001000 plain 10 1'
	echo '0 1000001100 plain 10 1'
	echo '0 1000001200 kernel_stack 10 0 inner,outer,-1'
	echo '0 1000001300 kernel_stack 30 0 other,outer,-1'
) | mktrace half.dat
run 10 "$TRACE_CMD" hist half.dat
is "$(sed -n '5,$p' <<< "$out")" "            |--%50.00-- inner  # 1
                       outer" "hist: stacks of some events only; and none of another task"
echo 'format test plain 110 u32:value ; "%d", REC->value' | mktrace none.dat
cat > mark.text << E
$symbols
format test plain 110 u32:value ; "%d", REC->value
format ftrace kernel_stack 4 s32:size long[8]:caller ; "%p", (void *)REC->caller[0]
0 1000001000 plain 10 1
0 1000001200 kernel_stack 10 0 0x7fffffff,inner,outer,-1
E
mktrace mark.dat < mark.text
run 10 "$TRACE_CMD" hist mark.dat
is "$(sed -n '3,$p' <<< "$out")" "         --- *plain*
          inner
          outer" "hist: what marks ftrace's own code in a stack is no function"
run 10 "$TRACE_CMD" report --profile mark.dat
like "$out" inner "... nor is it for report --profile"
unlike "$out" 7fffffff "... which tells the others"
run 10 "$TRACE_CMD" hist none.dat
like "$err" 'No records found in file' "hist of no events"
isnt "$rc" 0 "... is an error"

# without the formats there is nothing to count: why there is not counts
python3 "$TOP/utest/cli/datfile.py" build formats.dat 7 zlib little events
run 10 "$TRACE_CMD" hist formats.dat
like "$out" ' tick #' "hist of compressed data and formats"
at=$(python3 "$TOP/utest/cli/datfile.py" at formats.dat section.formats)
printf 'damaged!' | dd of=formats.dat bs=1 seek=$((at + 40)) conv=notrunc status=none
run 10 "$TRACE_CMD" hist formats.dat
is "$rc" 74 "hist of damaged formats" "$both"
like "$err" "formats.dat: .*at offset $((at + 16))" "... tells where the damage is"
unlike "$err" 'No records' "... and nothing else"

# --- mem

(
	echo "$symbols"
	cat << 'E'
format kmem kmalloc 200 long:call_site ptr:ptr u64:bytes_req u64:bytes_alloc ; "%p", REC->ptr
format kmem kfree 201 long:call_site ptr:ptr ; "%p", REC->ptr
format kmem kmem_cache_alloc 202 long:call_site ptr:ptr u64:bytes_req u64:bytes_alloc ; "%p", REC->ptr
format kmem kmem_cache_free 203 long:call_site ptr:ptr ; "%p", REC->ptr
0 1000001000 kmalloc 10 0xffffffff81001010 0x1000 20 32
0 1000002000 kmalloc 10 0xffffffff81001020 0x2000 100 128
0 1000003000 kmem_cache_alloc 10 0xffffffff81002010 0x3000 60 64
0 1000004000 kfree 10 0xffffffff81003010 0x1000
1 1000005000 kmem_cache_free 30 0xffffffff81003010 0x3000
1 1000006000 kfree 30 0xffffffff81003010 0x9000
1 1000007000 kmalloc 30 0x1234 0x4000 1 8
E
) > mem.text
mktrace m.dat < mem.text
printf '%s\n' \
	$'                Function            \tWaste\tAlloc\treq\t\tTotAlloc     TotReq\t\tMaxAlloc     MaxReq\tMaxWaste' \
	$'                --------            \t-----\t-----\t---\t\t--------     ------\t\t--------     ------\t--------' \
	$'                          middle\t28\t128\t100\t\t     160        120\t\t     160        120\t40' \
	$'                          0x1234\t7\t8\t1\t\t       8          1\t\t       8          1\t7' \
	$'                           inner\t0\t0\t0\t\t      64         60\t\t      64         60\t4' > wanted
run 10 "$TRACE_CMD" mem m.dat
is "$out" "$(cat wanted)" "mem: sites, kmalloc and caches, freed by others, in vain"
ORDER=big mktrace big.dat < mem.text
run 10 "$TRACE_CMD" mem -i big.dat
is "$out" "$(cat wanted)" "... of the other byte order"
grep -v 0x1234 mem.text | mktrace known.dat
stock_same "... as Debian's" mem known.dat
(cat mem.text; echo '0 1000009000 kmalloc 10 0xffffffff81003010 0x2000 50 64') | mktrace again.dat
run 10 "$TRACE_CMD" mem again.dat
is "$(grep middle <<< "$out" | cut -f2-4)" $'0\t0\t0' "mem: what is given away again was freed"
run 10 "$TRACE_CMD" mem none.dat
is "$rc $out" "255 " "mem of no events is an error"
like "$err" 'No records found in file' "... which is told"

# --- usage

for c in hist mem; do
	run 10 "$TRACE_CMD" $c a.dat b.dat
	is "$rc" 255 "$c takes one file"
	run 10 "$TRACE_CMD" $c nix.dat
	is "$rc" 2 "$c of no file"
done
run 10 python3 "$TOP/utest/cli/datfile.py" build latency.dat 7 none little latency
run 10 "$TRACE_CMD" hist latency.dat
like "$err" 'trace-cmd hist does not work with latency traces' "hist of a latency tracer's text"
run 10 "$TRACE_CMD" mem latency.dat
like "$err" 'trace-cmd mem does not work with latency traces' "mem of it"
done_testing
