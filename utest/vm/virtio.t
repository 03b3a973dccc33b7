#!/bin/bash
# Data of a guest through real virtio ports and QEMU's pipes, into the FIFOs of setup-guest: this machine is the host, an
# emulated one its guest (L1 of README.md, without guests of its own). VM_SLOW=N waits N times longer.
. "$(dirname "$0")/../cli/lib.sh"
need_tracing
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
cd "$T" || exit 1
vm=$TOP/utest/vm slow=${VM_SLOW:-3} host=virtio-$$

succeeds "the images can be made" "$vm/build-images" || {
	done_testing
	exit 1
}
mkdir net bin
for m in failover net_failover virtio_net; do
	# shellcheck disable=SC2154,SC1091	# stage: where the rig has its packages
	file=$(. "$vm/lib.sh" && find "$stage/lib/modules" -name "$m.ko*" | head -n 1)
	case $file in
	*.xz) xz -dc "$file" > "net/$m.ko" ;;
	*) cp "$file" "net/$m.ko" ;;
	esac
done
cp -L "$TRACE_CMD" bin/trace-cmd
export TRACE_CMD_VIRT_DIR=$T/virt
mkdir virt
run 30 "$TRACE_CMD" setup-guest -c 2 l1
is "$rc" 0 "setup-guest makes the FIFOs" "$both"

port=$(free_port) args="-netdev user,id=net,hostfwd=tcp:127.0.0.1:$port-:823 -device virtio-net-pci,netdev=net,romfile="
for cpu in 0 1; do
	args+=" -chardev pipe,id=cpu$cpu,path=$T/virt/l1/trace-pipe-cpu$cpu"
	args+=" -device virtserialport,chardev=cpu$cpu,name=trace-pipe-cpu$cpu,nr=$((cpu + 5))"
done
export RIG_QEMU_ARGS=$args
at_exit 'for d in "$TRACING/instances/$host"; do [ ! -d "$d" ] || rmdir "$d"; done'

# record OUTPUT COMMAND...: (the clock is not compared: the emulator lets only one port in)
record() {
	local output=$1
	shift
	"$TRACE_CMD" record -q -o "$output.dat" -B "$host" -e sched:sched_process_exec -A "127.0.0.1:$port" --name l1 -e sched \
		-B "$host" "$@" < /dev/null > "$output.log" 2>&1
}
# a host that dies leaves data in the FIFOs, in QEMU, and in the guest
die() {
	local recorder
	start b.log "$TRACE_CMD" record -q -o b.dat -B "$host" -e sched:sched_process_exec -A "127.0.0.1:$port" --name l1 \
		-e sched -B "$host" sleep 300
	recorder=$pid
	wait_for 60 test -s b-l1.dat.cpu0
	# shellcheck disable=SC2046	# words
	kill -KILL $(pgrep -P "$recorder") "$recorder"
	wait "$recorder" 2> /dev/null
	sleep 3		# not for luck: for the guest to fill what nobody empties
}
# until NAME: it is recorded, or the machine has ended
until_recorded() { record "$1" sleep 2 && : > "$1.done" || ! alive "$machine"; }

# the emulated processor now and then resets the machine for no reason of ours
for try in 1 2 3; do
	rm -f ./*.done ./*.dat*
	start rig.log "$vm/run-l1" -t $((300 * slow)) -b bin -f net -o out "$vm/virtio"
	machine=$pid
	wait_for $((100 * slow)) until_recorded a
	fifos=$(for p in $(pgrep -f "path=$T/virt/l1/trace-pipe-cpu0"); do ls -l "/proc/$p/fd"; done)
	[ ! -e a.done ] || die
	wait_for $((30 * slow)) until_recorded c
	if alive "$machine"; then
		stop "$machine"
		break
	fi
	diag "try $try: the machine has ended" "$(tail -n 2 rig.log)"
done

whole() {	# NAME TITLE
	test -e "$1.done"
	ok $? "$2" "$(cat "$1.log" rig.log)"
	run 60 "$TRACE_CMD" dump -v "$1-l1.dat"
	is "$out" "File $1-l1.dat is a valid trace-cmd file" "... its file is valid"
	run 60 "$TRACE_CMD" report "$1-l1.dat"
	[ "$(grep -c ' sched_' <<< "$out")" -gt 20 ] && [ "$(grep -o '\[00[01]\]' <<< "$out" | sort -u | wc -l)" = 2 ]
	ok $? "... and has the events of both CPUs" "$(head -n 5 <<< "$out")"
	unlike "$both" 'not complete' "... all of them"
}
whole a "a guest is recorded through virtio ports"
like "$fifos" "$T/virt/l1/trace-pipe-cpu0.out" "... QEMU had the FIFOs"
whole c "after a host that died the next one is served"
done_testing
