#!/bin/bash
# setup-guest makes FIFOs for a guest's data; record and agent use them. A guest's ports are links to the host's
# FIFOs here, which is what QEMU makes of them, but for their end.
. "$(dirname "$0")/lib.sh"
need_root
cd "$T" || exit 1
export TRACE_CMD_VIRT_DIR=$T/virt TRACE_CMD_VIRTIO_PORTS=$T/ports
cpus=$(getconf _NPROCESSORS_CONF)
mode() { stat -c '%a %G %F' "$@"; }

# --- setup-guest

run 30 "$TRACE_CMD" setup-guest -c 2 guest
is "$rc$both" "0"$'\n' "FIFOs are made"
is "$(cd virt/guest && echo *)" "trace-pipe-cpu0.in trace-pipe-cpu0.out trace-pipe-cpu1.in trace-pipe-cpu1.out" \
	"... a pair for each CPU"
is "$(mode virt/guest/trace-pipe-cpu1.out)" "660 root fifo" "... with this mode"
is "$(mode virt/guest)" "750 root directory" "... in a directory with that one"
run 30 "$TRACE_CMD" setup-guest -c 3 -p 600 -g daemon guest
is "$rc" 0 "again, with other options"
is "$(mode virt/guest/trace-pipe-cpu0.in virt/guest/trace-pipe-cpu2.out | sort -u)" "600 daemon fifo" "... they count for all"
is "$(mode virt/guest)" "750 daemon directory" "... the group is the directory's, too"

refused() {	# STATUS WHY WORDS...
	local status=$1 why=$2
	shift 2
	run 30 "$TRACE_CMD" setup-guest "$@"
	is "$rc" "$status" "setup-guest $*: fails"
	like "$both" "$why" "... and says why"
}
refused 255 '^usage:'
refused 255 '^usage:' -c 2 a b
refused 255 'no number of CPUs' -c 0 a
refused 255 'no number of CPUs' -c 5000 a
refused 255 'no octal mode' -c 1 -p 9 a
refused 255 'no octal mode' -c 1 -p 1777 a
refused 255 'group nosuchgroup does not exist' -c 1 -g nosuchgroup a
for name in ../a .a a/b 'a b' "$(printf 'a%.0s' {1..65})"; do
	refused 255 'is no name of a guest' -c 1 "$name"
done
is "$(ls virt)" guest "nothing was made by those"
mkdir virt/odd
touch virt/odd/trace-pipe-cpu1.in
refused 17 'failed to create FIFOs for odd' -c 2 odd
is "$(ls virt/odd)" trace-pipe-cpu1.in "... and what it had made is gone"

mkdir bin
cat > bin/virsh <<'E2'
#!/bin/bash
echo "$*" >> "$VIRSH_LOG"
case $1 in
vcpucount) [ "$4" = lib ] && echo 2 ;;
attach-device) cat "$5" >> "$VIRSH_LOG" ;;
esac
E2
chmod +x bin/virsh
export VIRSH_LOG=$T/virsh.log
PATH=$T/bin:$PATH run 30 "$TRACE_CMD" setup-guest -a lib
is "$rc" 0 "libvirt is asked, and told" "$both"
is "$(cd virt/lib && echo *.out)" "trace-pipe-cpu0.out trace-pipe-cpu1.out" "... how many CPUs"
like "$(cat virsh.log)" '^vcpucount --maximum -- lib$' "... by virsh"
like "$(cat virsh.log)" "source path='$T/virt/lib/trace-pipe-cpu1'" "... the FIFOs"
like "$(cat virsh.log)" "target type='virtio' name='trace-pipe-cpu1'" "... and the name of the port"
PATH=$T/bin:$PATH refused 255 'invalid number of cpus for guest other' other
printf '#!/bin/sh\nexec > /dev/null 2>&1\necho $$ > "$VIRSH_LOG"\nexec sleep 1000\n' > bin/virsh
PATH=$T/bin:$PATH refused 255 'virsh does not answer: give it with -c' stuck
! alive "$(cat virsh.log)"
ok $? "... and it is ended" "$(cat virsh.log)"
printf '#!/bin/sh\nexit 1\n' > bin/virsh
PATH=$T/bin:$PATH refused 5 'failed to attach FIFOs to lib' -a -c 1 lib

# --- record

need_tracing
before=$(tracing_state)
host=fifo-$$
run 30 "$TRACE_CMD" setup-guest -c "$cpus" piped
mkdir ports
for ((i = 0; i < cpus; i++)); do
	ln -s "$T/virt/piped/trace-pipe-cpu$i.out" "ports/trace-pipe-cpu$i"
done
start_agent -B "$host-agent" || exit 1
agent=$pid
record() {	# OUTPUT NAME OPTION...
	local output=$1 name=$2
	shift 2
	run 60 "$TRACE_CMD" record -q -o "$output.dat" "$@" -B "$host" -e irq \
		-A "127.0.0.1:$agent_port" --name "$name" -e sched:sched_switch -b 10000 -B "$host" \
		sh -c "for i in \$(seq 200); do echo mark \$i > $TRACING/instances/$host-agent/trace_marker; done
		       ls -l /proc/[0-9]*/fd 2> /dev/null | grep -c '$T/virt/.*\.out' > in-use"
}
whole() {	# FILE
	run 30 "$TRACE_CMD" dump -v "$1"
	is "$out" "File $1 is a valid trace-cmd file" "... the guest's file is valid"
	is "$("$TRACE_CMD" report "$1" | grep -c 'print: .*mark')" 200 "... and has all of its marks"
}
record a piped
is "$rc" 0 "data through FIFOs" "$both"
[ "$(cat in-use)" -ge $((2 * cpus)) ]
ok $? "... which both sides have open" "$(cat in-use)"
whole a-piped.dat
record b piped --nofifos
is "$rc" 0 "--nofifos" "$both"
is "$(cat in-use)" 0 "... uses none"
whole b-piped.dat
# more of them than the guest has CPUs, and fewer
run 30 "$TRACE_CMD" setup-guest -c $((cpus + 40)) piped
record more piped
is "$rc" 0 "more FIFOs than CPUs" "$both"
like "$err" "number of FIFOs \($((cpus + 40))\) for guest piped differs from number of virtual CPUs \($cpus\)" "... which is said"
whole more-piped.dat
for ((i = cpus - 1; i < cpus + 40; i++)); do
	rm "virt/piped/trace-pipe-cpu$i."{in,out}
done
# (the guest has that port all the same, and whatever it sends there is taken)
rm "ports/trace-pipe-cpu$((cpus - 1))"
mkfifo "ports/trace-pipe-cpu$((cpus - 1))"
start lone.log sh -c "exec 3<> ports/trace-pipe-cpu$((cpus - 1)); echo ready; exec cat <&3 > /dev/null"
wait_for 20 grep -q ready lone.log
record fewer piped
like "$err" "number of FIFOs \($((cpus - 1))\) for guest piped" "fewer of them: it is said"
run 30 "$TRACE_CMD" dump -v fewer-piped.dat
is "$out" "File fewer-piped.dat is a valid trace-cmd file" "... and the guest's file is valid"
run 30 "$TRACE_CMD" setup-guest -c "$cpus" piped
ln -sf "$T/virt/piped/trace-pipe-cpu$((cpus - 1)).out" "ports/trace-pipe-cpu$((cpus - 1))"
record c other
is "$rc" 0 "a guest that has none" "$both"
is "$(cat in-use)" 0 "... uses none"
whole c-other.dat

# a FIFO that never ends, as QEMU's: somebody else has it open, too; and what an earlier session has left in it
for ((i = 0; i < cpus; i++)); do
	start "keep-$i.log" sh -c "exec 3<> virt/piped/trace-pipe-cpu$i.out; echo 'half a page of something' >&3; : > kept-$i; exec sleep 300"
	wait_for 20 test -e kept-$i
done
record d piped
is "$rc" 0 "FIFOs without an end, and with something old in them" "$both"
[ "$(cat in-use)" -ge $((2 * cpus)) ]
ok $? "... are used"
whole d-piped.dat
# ports with queues behind them, in which more is left of an earlier session than a FIFO holds, and no whole pages
run 30 "$TRACE_CMD" setup-guest -c "$cpus" queued
for ((i = 0; i < cpus; i++)); do
	rm "ports/trace-pipe-cpu$i"
	mkfifo "ports/trace-pipe-cpu$i"
	start "virtio-$i.log" python3 "$TOP/utest/cli/virtio.py" "ports/trace-pipe-cpu$i" "virt/queued/trace-pipe-cpu$i" 200007
	wait_for 20 grep -q ready "virtio-$i.log" || diag "$(cat "virtio-$i.log")"
done
record f queued
is "$rc" 0 "virtio ports with queues, and with much of an earlier session in them" "$both"
[ "$(cat in-use)" -ge $((2 * cpus)) ]
ok $? "... are used" "$(cat in-use)"
whole f-queued.dat
# and once more
record g queued
whole g-queued.dat
# not all ports
rm ports/trace-pipe-cpu0
record e piped
is "$rc" 0 "an agent that lacks a port" "$both"
whole e-piped.dat

is "$(cat "$T/agent-$agent_port.log")" "" "the agent has nothing to complain about"
wait_for 20 eval "! pgrep -P $agent"
is "$(tracing_state | grep -v ^instances:)" "$(grep -v ^instances: <<< "$before")" "tracing is left as it was found"
done_testing
