#!/bin/bash
# All that dump and report can show, of every kind of file, beside Debian's program: the same,
# byte for byte, but for what is listed here by name with its reason.
. "$(dirname "$0")/lib.sh"
need_tracing
need_stock
cd "$T" || exit 1
before=$(tracing_state)
new_instance

# (each CPU has events: of one that has none Debian's says less)
load() { sh -c 'taskset -c 0 true; taskset -c 1 true; for i in 1 2 3 4 5; do cat /proc/self/stat; ls /; sleep 0.02; done' > /dev/null; }
export -f load
files=()
# made FILE: one more to look at
made() {
	[ -s "$1" ]
	ok $? "there is $1" "$both" && files+=("$1")
}
ours() {	# FILE OPTION...
	run 60 "$TRACE_CMD" record -q -o "$@" bash -c load
	made "$1"
}
theirs() {
	run 60 unshare -m bash "$(stock_script)" record -o "$@" bash -c load
	made "$1"
}
edited() {	# FILE COMMAND...
	local file=$1; shift
	run 60 "$@"
	made "$file"
}

# --- files

zip=zstd
"$TRACE_CMD" list -c | grep -q zstd || zip=none
# (none has lost any: what filters leave of that differs)
room=(-b 10000)
two=(-B "$inst" "${room[@]}" -e sched -B "$inst-2" "${room[@]}" -e irq -e timer)
ours v6.dat --file-version 6 "${two[@]}"
ours none.dat --compression none "${two[@]}"
ours zip.dat --compression $zip "${two[@]}"
ours three.dat --compression $zip "${room[@]}" -e irq -e sched "${two[@]}"
ours top6.dat --file-version 6 --date "${room[@]}" -e sched -e irq
ours top7.dat --compression $zip "${room[@]}" -e sched -e irq
ours date.dat --compression none --date "${two[@]}"
ours offset.dat --compression none --ts-offset -12345 "${room[@]}" -e sched
ours raw.dat --compression none -B "$inst" -C x86-tsc "${room[@]}" -e sched
for kind in 6 7; do
	start_agent
	run 120 "$TRACE_CMD" record -q -o host$kind.dat --file-version $kind --compression none \
		-B "$inst" -e sched -A "127.0.0.1:$agent_port" --name guest -e timer -e irq sleep 0.3
	stop "$pid"
	made host$kind.dat
	made host$kind-guest.dat
done
theirs stock6.dat --file-version 6 -e sched -B "$inst" -e irq
theirs stock7.dat --compression any -e sched -e irq
theirs stock-date.dat --compression none --date -e sched -e irq
edited split6.dat "$TRACE_CMD" split -i v6.dat -o split6.dat -e 50
edited split7.dat "$TRACE_CMD" split -i zip.dat -o split7.dat -e 50
edited converted6.dat "$TRACE_CMD" convert -i zip.dat --file-version 6 converted6.dat
edited converted7.dat "$TRACE_CMD" convert -i v6.dat --compression $zip converted7.dat
edited stock-split.dat.1 "$STOCK" split -i none.dat -o stock-split.dat -e 50
edited stock-converted6.dat "$STOCK" convert -i stock7.dat --file-version 6 -o stock-converted6.dat
edited stock-converted7.dat "$STOCK" convert -i v6.dat -o stock-converted7.dat

# same NAME COMMAND OPTION... FILE
same() {
	local command=$1 theirs=0; shift

	timeout $((60 * SLOW)) "$STOCK" "$command" "$@" > stock.txt 2> /dev/null || theirs=$?
	run 60 "$TRACE_CMD" "$command" --compat 3.1 "$@"
	[ "$rc" = "$theirs" ] && cmp -s stock.txt "$T/.out"
	ok $? "$command $*: as Debian's" "status $theirs and $rc
$(diff stock.txt "$T/.out" | head -n 10)$err"
}

# --- dump: no exceptions (--compat 3.1 is for TimeShift in --options, whose layout 3.4 changed)

for f in "${files[@]}"; do
	same dump "$f"
	for o in --summary --all --head-page --head-event --ftrace-events --systems --events --kallsyms \
		 --printk --cmd-lines --options --flyrecord --clock --strings --sections -v; do
		same dump $o "$f"
	done
	same dump --summary --options --flyrecord "$f"
	same dump --systems --validate --clock "$f"
	same dump --strings --sections --printk "$f"
	same dump --head-page --head-event --cmd-lines --kallsyms "$f"
done

# --- report (--compat 3.1: without the column of flags)

# Exceptions, with the reason: what is the same all the same is told below.
#   filters in files with instances: Debian's program ends by SIGSEGV (-F, --pid, --comm)
#   --cpu in files with instances: Debian's leaves instances out
#   --align-ts in files with instances: Debian's aligns the top buffer alone
#   --stat: Debian's adds where each CPU's data is in the file; 3.4 does not
#   --events, --event of version 7: Debian's prints nothing
#   --ts-offset behind the first file: Debian's ignores it, so that it is given to a second one
#   --profile: what has the same times is in another order (see profile.t)
everywhere=("" -l -t -R "-r sched_switch" "-n sched_switch" -N -L -w --ts-diff "-t --ts-diff" "-l -t"
	"-R --ts-diff -t" "--ts2secs 1000000000" --raw-ts "--raw-ts --ts-diff" --nodate --first-event
	--last-event "--first-event --last-event -t" --uname --version --cpus -e -f -P -p -E
	--check-events --boundary --debug "--debug -w -t" "--boundary -R" -I -S --ts-check "-O parent" "-T -F sched_switch:next_pid==0")
top_only=("--cpu 0" "--cpu 1 -t" "--cpu 0-1" "-F sched_switch:next_pid!=0" "-F sched/.*"
	"-v -F sched_waking" "-F irq.* -v -F irq_handler_exit" "--pid 0" "--comm bash")
v6_only=(--events "--event sched:" "--event :sched_switch" "--event sched_switch" "--event sched:.*waking")

set -f
# shellcheck disable=SC2086	# options are words
for f in zip.dat top6.dat stock-date.dat host7-guest.dat; do
	for o in "${everywhere[@]}"; do same report $o -i $f; done
	case $f in
	top6.dat | stock-date.dat)
		for o in "${top_only[@]}"; do same report $o -i $f; done
	esac
	[[ $f != *6.dat ]] || for o in "${v6_only[@]}"; do same report $o -i $f; done
done
set +f
for f in "${files[@]}"; do
	same report -i "$f"
	same report -t -R -i "$f"
	same report -i top7.dat -i "$f" --ts-offset -500
done
# (not of a recording: in one, a CPU's first page may hold nothing but discarded events, and Debian's begins at its time)
mktrace() { python3 "$TOP/utest/cli/mktrace.py" "$@"; }
aligned='format test ev 200 int:value ; "%d", REC->value
0 1000000 ev 1 1
1 1000500 ev 2 2
0 5001000600 ev 1 3'
mktrace aligned.dat <<< "$aligned"
for o in --align-ts "--align-ts -t"; do
	# shellcheck disable=SC2086	# options are words
	same report $o -i aligned.dat
done
# (a CPU's first page without events, from 1 us before the first event of all)
sed '/^0 1000000/i padding 1 100 999000' <<< "$aligned" | mktrace page.dat
run 10 "$TRACE_CMD" report --compat 3.1 --align-ts -t page.dat
like "$(sed -n 2p <<< "$out")" ' 0\.000000000: ev: +1$' "--align-ts: a page without events is not what comes first"
same report -i host7.dat -i host7-guest.dat
same report --debug -i three.dat
# events of the same times: all top buffers come before all instances
run 60 "$TRACE_CMD" split -i zip.dat -B "$inst" -t -o inst-top.dat
same report -t -i zip.dat -i inst-top.dat
same report -t -i inst-top.dat -i zip.dat -i none.dat
same report -t -i zip.dat -i zip.dat
"$STOCK" report --stat -i top7.dat | sed '/^CPU[0-9]* data recorded/,$d' | sed '$d' > stock.txt
"$TRACE_CMD" report --stat -i top7.dat > ours.txt
succeeds "--stat: the same but for where the data is" diff stock.txt ours.txt

remove_new_instances "$before"
is "$(tracing_state)" "$before" "tracing is left as it was found"
done_testing
