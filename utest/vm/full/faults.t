#!/bin/bash
# What must hold when something goes wrong while real guests are recorded, and for many of them (see ../README.md):
# a guest, an agent, the recording itself killed; more vCPUs than CPUs, vCPUs that wander, a TSC that is moved, a flood.
#
# SCENARIOS="four flood" takes only some; VM_OUT, VM_SLOW: see record.t.
. "$(dirname "$0")/../../cli/lib.sh"
. "$(dirname "$0")/../boots.sh"

rig=$(dirname "$(dirname "$(readlink -f "$0")")")
slow=${VM_SLOW:-3}
out=${VM_OUT:-$T/out}
read -ra list <<< "${SCENARIOS:-vanish agent recorder wander pinned flood tsc_kvm tsc_exits four many}"
[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machines are for x86-64"
[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
mkdir -p "$T/bin" "$out"
cp -L "$TRACE_CMD" "$T/bin/trace-cmd"
succeeds "the images of host and guest can be made" "$rig/build-images" || {
	done_testing
	exit 1
}
guests=(g1:3:2:256 g2:4:1:192) runs=$rig/full/faults memory=3072
brings=("$rig/record" "$rig/steps.sh" "$rig/full/meanwhile")

# --- the judges

# complete FILE TITLE [MARKS]: nothing is missing in it; all marks of the workload are there
complete() {
	run 120 "$TRACE_CMD" report "$1"
	is "$rc" 0 "$2 is reported" "$err"
	unlike "$err" 'not complete' "$2 is complete"
	[ -z "${3-}" ] || is "$(grep -c 'rig [0-9]* tsc=' <<< "$out")" "$3" "$2 has all marks"
}

# truncated FILE TITLE: it says that something is missing, and has what had come
truncated() {
	run 120 "$TRACE_CMD" report "$1"
	like "$both" 'not complete' "$2 says that it is not complete"
	like "$out" 'sched_switch' "$2 has what had come"
}

judge_four() {
	local g
	complete four.dat "four guests: the host's trace" 100
	for g in g1 g2 g3 g4; do
		judge four $g four-$g.dat "four guests, $g"
		exact "four guests, $g"
		complete four-$g.dat "four guests: $g's trace"
	done
	sound four g1 g2 g3 g4
	is "$(tr '\n' ' ' < four.left)" "1 1 1 1 " "four guests: no process is left but the agents"
}

judge_many() {
	judge many g5 many-g5.dat "four vCPUs on two CPUs"
	is "$(wc -l < many-g5.vcpus)" 4 "four vCPUs on two CPUs: it had as many"
	exact "four vCPUs on two CPUs"
	complete many.dat "four vCPUs on two CPUs: the host's trace" 100
	complete many-g5.dat "four vCPUs on two CPUs: the guest's trace"
	sound many g5
}

# told NAME GUEST: the recording failed in time and says whom it lost
told() {
	local rc=124
	[ ! -e "$1.status" ] || read -r rc _ < "$1.status"
	[ "$rc" != 0 ] && [ "$rc" != 124 ] && [ "$rc" -lt 128 ]
	ok $? "$1: record fails in time" "$(cat "$1.status" "$1.log")"
	like "$(cat "$1.log")" "guest $2[: ].*(lost|ended)" "$1: it says which guest is lost"
	unlike "$(cat "$1.log")" "guest g1[: ].*(lost|ended)" "$1: ... and only that"
}

judge_vanish() {
	told vanish g2
	complete vanish.dat "vanish: the host's trace" 100
	complete vanish-g1.dat "vanish: the other guest's trace"
	truncated vanish-g2.dat "vanish: the lost guest's trace"
	sound vanish g1
	is "$(cat vanish.after)" "$(cat vanish.before)" "vanish: tracing is left as it was found"
	is "$(tr '\n' ' ' < vanish.left)" "1 " "vanish: no process is left but the other guest's agent"
	is "$(echo vanish*.cpu*)" 'vanish*.cpu*' "vanish: no temporary file is left"
}

judge_agent() {
	told agent g2
	complete agent.dat "agent: the host's trace" 100
	complete agent-g1.dat "agent: the other guest's trace"
	truncated agent-g2.dat "agent: the trace of the guest that lost its agent"
	sound agent g1
	is "$(cut -d ' ' -f 1 agent-next.status)" 0 "agent: the next recording is fine" || diag "$(cat agent-next.log)"
	complete agent-next-g2.dat "agent: the same guest's next trace"
	sound agent-next g1 g2
	is "$(cat agent.after)" "$(cat agent.before)" "agent: tracing is left as it was found, in guests, too"
	is "$(tr '\n' ' ' < agent.left)" "1 1 " "agent: no process is left but the agents"
}

judge_recorder() {
	is "$(tr '\n' ' ' < recorder.left)" "1 1 " "recorder: the agents' sessions have ended"
	is "$(sed '1,/^g1:/d' recorder.between)" "$(sed '1,/^g1:/d' recorder.before)" "recorder: they have put back tracing"
	judge recorder-next g1 recorder-next-g1.dat "recorder: the next recording, g1"
	judge recorder-next g2 recorder-next-g2.dat "recorder: the next recording, g2"
	complete recorder-next.dat "recorder: the host's next trace" 100
	sound recorder-next g1 g2
	is "$(cat recorder.after)" "$(cat recorder.before)" "recorder: tracing is left as it was found, in the end"
}

# bounded NAME TITLE: the truth is within the bounds that the file states, at all times
bounded() {
	like "$(value stated)" '^0 of [1-9]' "$2: the truth is within the stated bounds" || diag "$analysis"
	diag "$2: bounds $(value bounds), error $(value truth | cut -d ' ' -f 1)"
}

# where NAME: "THREAD CPU" of all CPUs that vCPUs of g1 ran on
where() {
	"$TRACE_CMD" report "$1.dat" | sed -n 's/.*-\([0-9]*\) *\[\([0-9]*\)\].* kvm_entry: .*/\1 \2/p' | sort -u |
		grep -wFf <(cut -d ' ' -f 2 "$1-g1.vcpus")
}

judge_wander() {
	judge wander g1 wander-g1.dat "wandering vCPUs"
	negotiated wander "wandering vCPUs" vmexit
	bounded wander "wandering vCPUs"
	complete wander.dat "wandering vCPUs: the host's trace" 220
	sound wander g1
	# it means nothing if they stayed where they were
	where wander > wander.where
	[ "$(wc -l < wander.where)" -ge 4 ]
	ok $? "wandering vCPUs: both ran on both CPUs" "$(cat wander.where)"
	is "$(sort wander.affinity | uniq -c | awk '$1 % 2' | wc -l)" 0 \
		"wandering vCPUs: they may run where they could before" || diag "$(cat wander.affinity)"
}

# narrowed NAME TITLE: the bounds of a busy vsock are wide; what events happened when makes them narrow
narrowed() {
	run 120 "$TRACE_CMD" tsync -i "$1.dat" -i "$1-g1.dat" --refine -o "$1-refined.dat"
	is "$rc" 0 "$2: the bounds are narrowed by events" || diag "$both"
	sound "$1" refined
}

judge_pinned() {
	judge pinned g1 pinned-g1.dat "pinned vCPUs"
	negotiated pinned "pinned vCPUs" burst
	bounded pinned "pinned vCPUs"
	is "$(where pinned | cut -d ' ' -f 2 | sort -u)" 001 "pinned vCPUs: they ran nowhere else"
	is "$(sed 's/.*:[[:space:]]*//' pinned.affinity | tr '\n' ' ')" "1 1 1 1 " "pinned vCPUs: and they still may not" ||
		diag "$(cat pinned.affinity)"
	narrowed pinned "pinned vCPUs"
}

judge_flood() {
	judge flood g1 flood-g1.dat "flood"
	negotiated flood "flood" burst
	bounded flood "flood"
	complete flood.dat "flood: the host's trace" 100
	narrowed flood "flood"
	is "$(cat flood.ran)" ran "flood: which ran until the end"
}

# A TSC that has moved: told, and events before and after are where they belong
moved() {	# NAME TITLE
	local offsets far worst ticks=1000000000
	is "$(cut -d ' ' -f 1 "$1.status")" 0 "$2: record succeeds" || diag "$(cat "$1.log")"
	[ -e "$1.moved" ]
	ok $? "$2: the TSC has moved"
	complete "$1.dat" "$2: the host's trace" 100
	like "$(cat "$1.log")" 'Clock of guest g1: .* a clock stepped 1 time' "$2: the file knows that a clock stepped"
	# where both offsets are possible, the bounds have both
	run 120 "$TRACE_CMD" tsync --json -i "$1.dat" -i "$1-g1.dat"
	worst=$(widest <<< "$out")
	[ "${worst:-0}" -ge $((ticks / 100 * 99)) ]
	ok $? "$2: it does not claim to know when" "$out"
	# (dump calls another number so, too, which is small)
	offsets=$(offsets "$1-g1.dat" | awk '$1 > 1e9' | sort -n)
	far=$(($(tail -n 1 <<< "$offsets") - $(head -n 1 <<< "$offsets")))
	[ $far -gt $((ticks / 100 * 99)) ] && [ $far -lt $((ticks / 100 * 101)) ]
	ok $? "$2: the offsets before and after differ by what it moved" "$offsets"
	# until the host's events are looked at, which tell the moment
	"$TRACE_CMD" report -i "$1.dat" | grep kvm_write_tsc_offset > "$1.writes"
	run 120 "$TRACE_CMD" tsync -i "$1.dat" -i "$1-g1.dat" --refine -o "$1-refined.dat"
	like "$err" 'its TSC was set anew, 1 time:' "$2: the host's events tell when" || diag "$both" "$(cat "$1.writes")"
	sound "$1" refined
}
# of tsync --json: the widest bounds at any time
widest() {
	/usr/bin/python3 -c 'import json, sys
print(max(p[3] - p[2] for p in json.load(sys.stdin)["guests"][0]["curve"] if len(p) == 4))'
}

judge_tsc_kvm() {
	moved tsc-kvm "moved TSC, kvm"
	like "$(cat tsc-kvm.log)" 'guest g1: the TSC of its CPU [01] was set anew' "moved TSC, kvm: record says so"
}

judge_tsc_exits() {
	moved tsc-exits "moved TSC, vmexit"
}

all_scenarios "${list[@]}"
done_testing
