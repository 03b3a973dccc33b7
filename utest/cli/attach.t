#!/bin/bash
# attach: traces of a host and a guest that know nothing of each other become a pair.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
datfile() { python3 "$TOP/utest/cli/datfile.py" "$@"; }
options() { "$TRACE_CMD" dump --options "$1"; }
# the offsets, of each sample a line "CPU OFFSET TIME SCALE FRACTION"
samples() {
	options "$1" | awk '/\[Option/ { on = /TimeShift/ } !on { next } /\[cpu id\]/ { cpu = $1 }
		/\[offset @ time\]/ { print cpu, $1, $2, $6, $7 }'
}
# the time of the top buffer's first event of CPU 0, in ns
first_time() { "$TRACE_CMD" report -t --cpu 0 "$1" | grep -v '^inst:' | sed -n 's/.* 0*\([0-9]*\)\.\([0-9]*\): tick: *value=0$/\1\2/p'; }

for v in "6 none" "7 none" "7 zlib"; do
	for order in little big; do
		for kind in kvm guest; do
			datfile build "$kind-${v// /-}-$order.dat" $v $order $kind
		done
	done
done

# --- a pair, of all kinds

pair() {	# HOST GUEST
	cp "$1" host.dat
	cp "$2" guest.dat
	chmod 640 guest.dat
	first_time guest.dat > before
	run 30 "$TRACE_CMD" attach -s 5000,,,77 -s -300 host.dat guest.dat 4002 4001
	is "$rc$both" "0"$'\n' "$1, $2: attached"
	like "$(options host.dat)" '^0x99AABBCCDDEEFF00 \[trace id\]$' "... the host's file names the guest's trace"
	like "$(options host.dat)" '^guest \[Guest name\]$' "... and its name"
	like "$(options host.dat)" '^  0 4001 \[guest cpu, host pid\]$' "... who ran its CPU 0"
	like "$(options host.dat)" '^  1 4002 \[guest cpu, host pid\]$' "... and its CPU 1"
	like "$(options guest.dat)" "^0x1122334455667788 \[peer's trace id\]$" "the guest's file names the host's trace"
	is "$(samples guest.dat)" $'0 5000 77 1 0\n1 -300 0 1 0' "... and the offsets"
	for f in host.dat guest.dat; do
		run 30 "$TRACE_CMD" dump --validate $f
		is "$out" "File $f is a valid trace-cmd file" "... $f is valid"
	done
	"$TRACE_CMD" report guest.dat | grep -c . > count
	"$TRACE_CMD" report "$2" | grep -c . > count-before
	is "$(cat count)" "$(cat count-before)" "... no event is lost"
	is "$(($(first_time guest.dat) - $(cat before)))" 5000 "... the times are shifted"
	run 30 "$TRACE_CMD" report host.dat guest.dat
	is "$rc" 0 "... both are reported"
	like "$out" '^ *guest.dat: .* value=' "... the guest's events"
	like "$out" '^ *host.dat: .*kvm_entry:' "... the host's"
	t=$(sed -n 's/^.*\] [^ ]* *\([0-9]*\.[0-9]*\): .*/\1/p' <<< "$out")
	sort -c -n <<< "$t"
	ok $? "... in one order of time"
	is "$(stat -c %a guest.dat)" 640 "... who may read them stays"
	is "$(echo *part*)" '*part*' "... nothing is left behind"
	if [ -n "$STOCK" ] && [[ $1$2 != *zlib* ]]; then
		is "$("$STOCK" dump -v guest.dat 2> /dev/null | tail -n 1)" "File guest.dat is a valid trace-cmd file" \
			"... Debian's program finds the guest's file valid"
		is "$("$STOCK" dump -v host.dat 2> /dev/null | tail -n 1)" "File host.dat is a valid trace-cmd file" \
			"... and the host's"
		run 30 "$STOCK" dump --options guest.dat
		like "$out" 'Option TimeShift' "... and the offsets"
	fi
}
pair kvm-7-none-little.dat guest-7-none-little.dat
pair kvm-7-zlib-little.dat guest-7-zlib-big.dat
pair kvm-6-none-little.dat guest-6-none-little.dat
pair kvm-6-none-big.dat guest-7-none-little.dat

# --- what the options say

first=$(first_time guest-7-none-little.dat)

fresh() { cp kvm-7-none-little.dat host.dat; cp guest-7-none-little.dat guest.dat; }
attached() {	# OPTION...: to fresh files
	fresh
	run 30 "$TRACE_CMD" attach "$@" host.dat guest.dat 4001 4002
}
attached -c 4 -s 7
is "$(samples guest.dat)" $'0 7 0 1 0\n1 7 0 1 0\n2 7 0 1 0\n3 7 0 1 0' "-c: more CPUs, the last -s is for all others"
like "$(options host.dat)" '^  3 -1 \[guest cpu, host pid\]$' "... those nobody ran are unknown"
attached -s 1,3,1
is "$(samples guest.dat)" $'0 1 0 3 1\n0 1 1 3 1\n1 1 0 3 1\n1 1 1 3 1' "a scale is twice there: readers do not scale by one sample"
is "$(($(first_time guest.dat) - first))" 500001 "... and applied: 1000000 is 1500001"
attached -s 0x10 -s 0xffffffffffffffff
is "$(samples guest.dat)" $'0 16 0 1 0\n1 -1 0 1 0' "hexadecimal numbers"
attached -c 1 -s 0
like "$err" 'thread 4002 ran CPU 1 of a guest, which has 1' "a thread of a CPU that the guest does not have is told"
fresh
run 30 "$TRACE_CMD" attach -s 0 host.dat guest.dat 4002 17
is "$rc" 0 "a thread that ran nothing is no error"
like "$err" 'thread 17 ran no CPU' "... but told"
like "$(options host.dat)" '^  0 -1 \[guest cpu, host pid\]$' "... CPU 0 is unknown"
cp host.dat once.dat
run 30 "$TRACE_CMD" attach -s 12 host.dat guest.dat 4001 4002
is "$rc" 0 "a second time"
is "$out" 'Guest is already mapped in host (id=0x99aabbccddeeff00) .. skipping ...' "... the host's file knows it"
cmp once.dat host.dat
ok $? "... and stays as it is"
is "$(($(first_time guest.dat) - first))" 12 "... the guest's last offset counts"

# --- refused: nothing has changed

refused() {	# STATUS WHY WORDS...
	local status=$1 why=$2

	shift 2
	sha1sum ./*.dat > sums
	run 30 "$TRACE_CMD" attach "$@"
	is "$rc" "$status" "attach $*: fails"
	like "$both" "$why" "... and says why"
	sha1sum --quiet -c sums > changes 2>&1
	ok $? "... all files are as they were" "$(cat changes)"
}
fresh
refused 255 '^usage:' -s 0 host.dat guest.dat
refused 255 'No samples given' host.dat guest.dat 4001
refused 255 'Bad offset value' -s x host.dat guest.dat 4001
refused 255 'Bad scaling value' -s 1,2x host.dat guest.dat 4001
refused 255 'Bad scaling value' -s 1,0 host.dat guest.dat 4001
refused 255 'Bad fraction value' -s 1,2,64 host.dat guest.dat 4001
refused 255 'Bad timestamp value' -s 1,2,3,-4 host.dat guest.dat 4001
refused 255 'has more than offset' -s 1,2,3,4,5 host.dat guest.dat 4001
refused 255 "'0' is no pid" -s 1 host.dat guest.dat 0
refused 255 'no number of CPUs' -c 0 -s 1 host.dat guest.dat 1
refused 2 'Could not read nothing.dat' -s 1 nothing.dat guest.dat 1
refused 2 'Could not read nothing.dat' -s 1 host.dat nothing.dat 1
refused 22 'are one file' -s 1 host.dat ./host.dat 1
refused 255 'Host needs kvm_exit or kvm_entry events to attach' -s 1 guest.dat host.dat 4001
refused 255 'Host needs kvm_exit or kvm_entry events to attach' -s 1 host.dat guest.dat 42
cp kvm-7-none-little.dat.marks host.dat.marks
datfile damage host.dat no-id.dat opt.traceid+-6 u16:79
refused 255 'Guest data file does not contain traceid' -s 1 host.dat no-id.dat 4001
refused 255 'Host data file does not contain traceid' -s 1 no-id.dat guest.dat 4001
cp guest-7-none-little.dat.marks guest.dat.marks
datfile cut guest.dat cut.dat inst.data1+9
refused 61 'cut.dat: .*truncated' -s 1 host.dat cut.dat 4001
like "$both" 'convert' "... and what to do"
echo 'some text' > text.dat
refused 22 'Could not read text.dat' -s 1 host.dat text.dat 4001
datfile damage guest.dat tsc.dat opt.clock text:'[x86-tsc] global clock'
python3 - tsc.dat <<'E2'
import sys
data = open(sys.argv[1], 'rb').read()
# no buffer has a clock of its own then
open(sys.argv[1], 'wb').write(data.replace(b'\0local\0', b'\0\0ocal\0'))
E2
refused 255 'Host does not have tsc2nsec info' -s 1 host.dat tsc.dat 4001

# --- two at once, a full disk, death

fresh
cp guest.dat other.dat
python3 - other.dat <<'E2'
import struct
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.index(struct.pack('<Q', 0x99aabbccddeeff00))
data[at:at + 8] = struct.pack('<Q', 0x42)
open(sys.argv[1], 'wb').write(data)
E2
pids=()
for i in 1 2 3 4; do
	cp other.dat g$i.dat
	python3 - g$i.dat $i <<-'E2'
		import struct
		import sys
		data = open(sys.argv[1], 'rb').read()
		open(sys.argv[1], 'wb').write(data.replace(struct.pack('<Q', 0x42), struct.pack('<Q', 0x4200 + int(sys.argv[2]))))
	E2
	"$TRACE_CMD" attach -s $i host.dat g$i.dat 4001 4002 > log.$i 2>&1 &
	pids+=($!)
done
for p in "${pids[@]}"; do
	wait "$p"
	is $? 0 "one of four at once ends well" "$(cat log.?)"
done
is "$(options host.dat | grep -c 'Guest name')" 4 "... all four are in the host's file"
run 30 "$TRACE_CMD" dump --validate host.dat
is "$out" "File host.dat is a valid trace-cmd file" "... which is valid"

fresh
start log flock --no-fork host.dat sleep 1000
wait_for 10 eval '! flock -n host.dat true'
run 30 "$TRACE_CMD" attach -s 1 host.dat guest.dat 4001
is "$rc" 16 "a file that another one changes for long is left alone"
stop "$pid" KILL

if [ "$(id -u)" = 0 ] && mkdir -p small && unshare -m true 2> /dev/null; then
	cat > full.sh <<-'E2'
		mount -t tmpfs -o size=512k none small || exit 77
		cp "$2" small/host.dat
		cp "$3" small/guest.dat
		# whole pages: what is appended needs another one
		for f in host guest; do
			truncate -s %4096 small/$f.dat
		done
		cat small/host.dat small/guest.dat | sha1sum > before
		dd if=/dev/zero of=small/fill bs=4k 2> /dev/null
		"$1" attach -s 5 small/host.dat small/guest.dat 4001 4002
		echo "status $?"
		cat small/host.dat small/guest.dat | sha1sum | cmp - before && echo same
		ls small | xargs
	E2
	for v in 7-none 6-none; do
		run 30 unshare -m bash full.sh "$TRACE_CMD" kvm-$v-little.dat guest-$v-little.dat
		if [ "$rc" = 77 ]; then
			skip 4 "no tmpfs"
			continue
		fi
		like "$out" '^status 28$' "version $v: a full disk is an error" "$both"
		like "$err" 'error writing small/' "... that says so"
		like "$out" '^same$' "... both files are as they were"
		like "$out" '^fill guest.dat host.dat$' "... nothing is left behind"
	done
else
	skip 8 "needs root for a full disk"
fi
done_testing
