#!/bin/bash
# report: which stack traces filters leave; of a made-up trace, and beside Debian's program.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

python3 "$TOP/utest/cli/mktrace.py" s.dat << 'E'
format ftrace kernel_stack 4 s32:size long[4]:caller ; "%p", (void *)REC->caller[0]
format ftrace user_stack 5 u32:tgid long[4]:caller ; "%p", (void *)REC->caller[0]
format test a 100 u32:x ; "%d", REC->x
format test b 101 u32:x ; "%d", REC->x
symbol ffffffff81000000 fun
0 1000001000 kernel_stack 9 1 fun,-1,-1,-1
0 1000002000 b 9 2
1 1000002100 b 9 2
0 1000003000 kernel_stack 9 3 fun,-1,-1,-1
0 1000004000 user_stack 9 4 fun,-1,-1,-1
0 1000005000 a 9 5
1 1000005100 kernel_stack 9 5 fun,-1,-1,-1
0 1000006000 kernel_stack 9 6 fun,-1,-1,-1
0 1000007000 user_stack 9 7 fun,-1,-1,-1
0 1000008000 b 9 8
0 1000009000 kernel_stack 9 9 fun,-1,-1,-1
0 1000010000 a 9 10
lost 0 3
0 1000011000 kernel_stack 9 11 fun,-1,-1,-1
0 1000012000 a 9 12
0 1000013000 kernel_stack 9 13 fun,-1,-1,-1
E

# leaves NAME EVENTS OPTION...: those events, by CPU and the microsecond they are at
leaves() {
	local name=$1 want=$2; shift 2
	run 30 "$TRACE_CMD" report "$@" s.dat
	is "$rc $(sed -n 's/.*\[00\(.\)\].* 1\.0000\([0-9]*\): \([a-z]\).*/\1:\3\2/p' "$T/.out" | tr '\n' ' ')" \
		"0 $want " "$name"
}

leaves "-F: an event's stacks are shown with it" "0:a05 0:k06 0:u07 0:a10 0:a12 0:k13" -F a
leaves "... and those of others, or of lost ones, are not" "0:b02 1:b02 0:k03 0:u04 1:k05 0:b08 0:k09" -F b
leaves "-v: an event's stacks are hidden with it; one that has lost its event is shown" \
	"0:k01 0:b02 1:b02 0:k03 0:u04 1:k05 0:b08 0:k09 0:k11" -v -F a
leaves "-v of stacks hides them, and no others" \
	"0:b02 1:b02 0:u04 0:a05 0:u07 0:b08 0:a10 0:a12" -v -F kernel_stack
leaves "... of those with a shown event, too" "0:a05 0:u07 0:a10 0:a12" -F a -v -F kernel_stack
leaves "-F of stacks shows all of these" "0:k01 0:k03 1:k05 0:k06 0:k09 0:k11 0:k13" -F kernel_stack
leaves "... and its event's" "0:k01 0:k03 0:a05 1:k05 0:k06 0:u07 0:k09 0:a10 0:k11 0:a12 0:k13" \
	-F kernel_stack -F a
leaves "... but for those that -v is about" "0:a05 0:k06 0:a10 0:a12 0:k13" \
	-F a -v -F user_stack -F b
leaves "--compat 3.1: all stacks behind the first event that is shown" \
	"0:a05 0:k06 0:u07 0:k09 0:a10 0:k11 0:a12 0:k13" --compat 3.1 -F a
leaves "... with -v all stacks" "0:k01 0:b02 1:b02 0:k03 0:u04 1:k05 0:k06 0:u07 0:b08 0:k09 0:k11 0:k13" \
	--compat 3.1 -v -F a

if [ -n "$STOCK" ]; then
	for o in "-F a" "-F b" "-v -F a" "-v -F kernel_stack" "-F a -v -F kernel_stack" "-F kernel_stack" \
		 "-F user_stack" "-F a -v -F user_stack" "-F a -v -F b" "-F a -v -F user_stack -F b" "-F test -v -F b"; do
		# shellcheck disable=SC2086
		succeeds "$o, --compat 3.1: as Debian's" diff <("$STOCK" report $o -i s.dat 2> /dev/null) \
			<("$TRACE_CMD" report --compat 3.1 $o -i s.dat)
	done
else
	skip 11 "needs Debian's trace-cmd package"
fi
done_testing
