#!/bin/bash
# Arguments of functions: what report shows of them, by the kernel's types that a file holds; and that
# these types get into other files. All made up: neither root nor tracing is needed.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
mktrace() { python3 "$TOP/utest/cli/mktrace.py" "$@"; }
mkbtf() { python3 "$TOP/utest/cli/mkbtf.py" "$@"; }

# with_types IN OUT BLOB [ID]: IN as a file of version 7 with BLOB as a section
with_types()
{
	"$TRACE_CMD" convert -i "$1" -o plain7.dat --file-version 7 --compression none > /dev/null 2>&1 || return
	mkbtf add plain7.dat "$2" "$3" ${4+"$4"}
}

# calls FILE OPTION...: what is behind the times
calls()
{
	local file=$1; shift
	run 20 "$TRACE_CMD" report "$@" "$file"
	out=$(sed -n 's/^.*: \(f[a-z_]*: .*\)$/\1/p' <<< "$out")
}

cat > events << 'E2'
format ftrace function 1 long:ip long:parent_ip long[]:args ; " %ps <-- %ps", (void *)REC->ip, (void *)REC->parent_ip
format ftrace funcgraph_entry 11 long:func int:depth long[]:args ; "--> %ps (%d)", (void *)REC->func, REC->depth
format ftrace fgraph_retaddr_entry 12 long:func int:depth long:retaddr long[]:args ; "--> %ps", (void *)REC->func
format ftrace funcgraph_exit 10 long:func int:depth u32:overrun u64:calltime u64:rettime long:retval ; "<-- %ps", (void *)REC->func
symbol ffffffff81000000 outer
symbol ffffffff81001000 inner
symbol ffffffff81002000 unknown
symbol ffffffff81003000 caller
comm 10 shell
0 1000000000 function 10 outer caller 0xffff888000001000,0xffffffea,0x200,4,5,6
0 1000000100 function 10 inner outer 0xff03,0xffffffffffffffff,2,4,5,6
0 1000000200 function 10 unknown caller 1,2,3,4,5,6
0 1000000300 function 10 0x1234 caller 0xf,0x10
0 1000000400 function 10 caller 0x1234
0 1000001000 funcgraph_entry 10 outer 0 0xffff888000001000,0xffffffea,0x200,4,5,6
0 1000001100 funcgraph_entry 10 inner 1 3,0xffffffff,2,4,5,6
0 1000001200 funcgraph_exit 10 inner 1 0 1000001100 1000001200 -22
0 1000001300 funcgraph_entry 10 unknown 1
0 1000001400 funcgraph_exit 10 unknown 1 0 1000001300 1000001400 0
0 1000001500 fgraph_retaddr_entry 10 outer 1 caller 0xffff888000002000,1,2
0 1000001600 fgraph_retaddr_entry 10 inner 2 outer
0 1000001700 funcgraph_exit 10 inner 2 0 1000001600 1000001700 0
0 1000001800 funcgraph_exit 10 outer 1 0 1000001500 1000001800 0
E2
cat > types << 'E2'
i int int 4 signed
b int _Bool 1 bool
ul int unsigned_long 8
st typedef size_t ul
f struct file 200
pf ptr - f
e enum color 4 red green
l int long 8 signed
p1 proto - i file:pf error:i count:st
p2 proto - i flag:b all:l color:e ...
f1 func outer p1
f2 func inner p2
E2
cat > wanted << 'E2'
function:             outer(file=0xffff888000001000, error=-22, count=0x200)
function:                inner(flag=0x3, all=-1, color=2, ...)
function:             unknown(0x1, 0x2, 0x3, 0x4, 0x5, 0x6)
function:             0x1234(0xf, 0x10)
function:             caller
funcgraph_entry:                   |  outer(file=0xffff888000001000, error=-22, count=0x200) {
funcgraph_entry:        0.100 us   |    inner(flag=0x3, all=4294967295, color=2, ...); (ret=-22)
funcgraph_entry:        0.100 us   |    unknown(); (ret=0x0)
fgraph_retaddr_entry:              |    outer(file=0xffff888000002000, error=1, count=0x2) { /* <-caller */
fgraph_retaddr_entry:   0.100 us   |      inner(); /* <-outer */ (ret=0x0)
funcgraph_exit:         0.300 us   |    } (ret=0x0)
E2
mktrace six.dat < events
mkbtf blob < types
with_types six.dat seven.dat blob
calls seven.dat
is "$out" "$(cat wanted)" "arguments with their names: functions, calls, callers"
is "$err" "" "... and no complaint"
calls seven.dat -O ftrace:parent
like "$out" '^function: *outer\(file=0xffff888000001000, error=-22, count=0x200\) <-- caller$' "... with parents"
calls seven.dat -O fgraph:depth
like "$out" 'inner\(flag=0x3, .*\); \(ret=-22\) \(1\)$' "... with the depth"
calls seven.dat -N
is "$(head -n 1 <<< "$out")" "function:              outer <-- caller" "-N: as the event is told to be printed"
calls seven.dat -r function
like "$out" '^function: *ip=outer parent_ip=caller' "-r: bare fields"
like "$out" '^funcgraph_entry: .* inner\(flag=' "... others as ever"
if [ -n "$STOCK" ]; then
	is "$("$TRACE_CMD" report --compat 3.1 -O fgraph:retval-skip six.dat)" "$("$STOCK" report six.dat)" "--compat 3.1: as Debian's"
else
	skip 1 "needs Debian's trace-cmd package"
fi
(
	export ORDER=big
	mktrace six-big.dat < events
	mkbtf blob-big < types
)
with_types six-big.dat big.dat blob-big
calls big.dat
is "$out" "$(cat wanted)" "the same of the other byte order"

# --- without types, or none that can be read

calls six.dat
is "$(head -n 2 <<< "$out")" "function:             outer(0xffff888000001000, 0xffffffea, 0x200, 0x4, 0x5, 0x6)
function:                inner(0xff03, 0xffffffffffffffff, 0x2, 0x4, 0x5, 0x6)" "without types: the bare registers"
head -c 150 blob > short
with_types six.dat short.dat short
calls short.dat
is "$rc" 74 "damaged types"
like "$(head -n 1 <<< "$out")" '^function: *outer\(0xffff888000001000, ' "... are not used"
like "$err" "types \(BTF\) are damaged" "... which is told"
run 20 "$TRACE_CMD" dump --validate -i seven.dat
is "$rc" 0 "dump --validate of good ones"
run 20 "$TRACE_CMD" dump --validate -i short.dat
isnt "$rc" 0 "... of damaged ones"
like "$both" 'BTF' "... which it names"

# --- into other files

# types_of FILE: the types that it holds, as they are
types_of()
{
	"$TRACE_CMD" convert -i "$1" -o of.dat --file-version 7 --compression none > /dev/null 2>&1 &&
		python3 -c '
import sys
data = open("of.dat", "rb").read()
blob = open("blob", "rb").read()
print(data.count(blob))'
}
echo 'mod 16384 0 - Live 0x0' > modules
mkbtf add seven.dat both.dat modules 25
for to in zlib zstd none; do
	"$TRACE_CMD" convert -i both.dat -o "$to.dat" --file-version 7 --compression $to > /dev/null 2>&1
	calls "$to.dat"
	is "$out" "$(cat wanted)" "convert to $to: arguments with their names"
	is "$(types_of "$to.dat")" 1 "... the types are the same"
	run 20 "$TRACE_CMD" dump --all -i "$to.dat"
	like "$out" "\[BTF, $(stat -c %s blob) bytes\]" "... dump tells how many"
	like "$out" 'mod 16384 0 - Live 0x0' "... and has the modules"
done
run 20 "$TRACE_CMD" convert -i both.dat -o v6.dat --file-version 6
is "$rc" 0 "convert to version 6"
like "$both" 'version 6 has no place' "... tells that it has no place for them"
calls v6.dat
like "$(head -n 1 <<< "$out")" '^function: *outer\(0xffff888000001000, ' "... arguments are bare registers"
run 20 "$TRACE_CMD" split -i zstd.dat -o part.dat 1 2
is "$rc" 0 "split"
part=$(ls part.dat*)
calls "$part"
is "$out" "$(cat wanted)" "... the parts have the types"
run 20 "$TRACE_CMD" dump --all -i "$part"
like "$out" 'mod 16384 0 - Live 0x0' "... and the modules"
done_testing
