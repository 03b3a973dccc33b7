#!/bin/bash
# tsync: what the files of a host and a guest prove about the guest's clock. The files are made here
# (kvmfiles.py), so that the truth is known.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
export PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$T
make_pair() { /usr/bin/python3 "$TOP/utest/cli/kvmfiles.py" trace.dat trace-box.dat "$@"; }
# a number of the JSON, of the guest: json PATH, in Python's notation behind g
json() { "$TRACE_CMD" tsync --json 2> /dev/null | /usr/bin/python3 -c "import json, sys; g = json.load(sys.stdin)['guests'][0]; print(g$1)"; }
within() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }

# --- true offsets

make_pair packets=60
run 30 "$TRACE_CMD" tsync
is "$rc$err" 0 "a host's file and a guest's next to it are read without being named"
like "$out" '^box: COARSE$' "the guest is named and graded: bounds of 40 us are coarse"
like "$out" '^    method +ptp, 3 rounds, 1017 probes, round trip 9000 ns at least' "... how its clock was compared"
like "$out" '^    offset +5000000 at guest time' "... the offset"
like "$out" '^    bounds +-40\.0 us \.\. \+40\.0 us, limited by ptp$' "... its bounds"
like "$out" '^    worst +40\.0 us, guaranteed$' "... the largest error"
like "$out" '^    causality +0 of [0-9]{4} events violated; could be off by -1[0-9][0-9] ns \.\. \+1[0-9][0-9] ns$' "no event is violated, and how much that says"
like "$out" '^    packets +0 of 120 were received before' "nor is a packet"
is "$(json "['causality']['packets']")" 120 "JSON: packets"
is "$(json "['worst_ns'], g['grade'], g['cpus'][1]['violations'], g['cpus'][1]['offset_ns']")" \
	"40000 COARSE 0 5000000" "JSON: of the guest, and of its CPUs"
is "$(json "['causality']['slack_lo_ns'] < 0 < g['causality']['slack_hi_ns']")" True "JSON: slack on both sides"
is "$(json "['curve'][0][1:]")" "[5000000, $(json "['curve'][0][2]"), $(json "['curve'][0][3]")]" "JSON: a curve with bounds"
run 30 "$TRACE_CMD" tsync --check -i trace.dat -i trace-box.dat
is "$rc" 0 "--check finds nothing"
run 30 "$TRACE_CMD" tsync --check trace.dat trace-box.dat
is "$rc" 0 "... with words instead of options"

# --- the doubt that report tells

# doubts: how many events of trace.dat and trace-box.dat have no order
doubts() { "$TRACE_CMD" report --ts-uncertain trace.dat trace-box.dat 2> /dev/null | grep -c ' ~'; }
make_pair packets=60
top=$(doubts)
ok $((top < 1)) "report --ts-uncertain: some events have no order"
make_pair packets=60 instance=1
is "$(doubts)" "$top" "... as many if the guest has them in an instance, whose clock is the same"

# first FILE: the time of its first event
first() { "$TRACE_CMD" report "$1" 2> /dev/null | grep -o -m 1 ' [0-9]*\.[0-9]*: '; }
for how in "-B inst" "-B inst -t" "--top -B inst"; do
	# shellcheck disable=SC2086	# options are words
	run 30 "$TRACE_CMD" split $how -i trace-box.dat -o part.dat
	unlike "$err" "are the guest's" "split $how keeps the shift to the host's time"
	is "$(first part.dat)" "$(first trace-box.dat)" "... of the instance"
done
rm part.dat
make_pair packets=60 instance=1 stated=0
is "$(doubts)" 0 "... none if the file says nothing of its clock"
make_pair packets=60

# --- refined

cp trace-box.dat old.dat
chmod 640 trace-box.dat
"$TRACE_CMD" report -t trace.dat old.dat 2> /dev/null | sed 's/^ *[^ ]*: *//; s/[0-9]*\.[0-9]*:/T/' | sort > before
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 0 "the bounds are narrowed by the events"
like "$err" '^trace-box.dat: off by 0\.[0-9]{3} us at worst instead of 40\.000, by [0-9]+ bounds of events$' "... which is told"
within "$(json "['worst_ns']")" 20 400
ok $? "... to less than 400 ns" "$(json "['worst_ns']")"
truth() { [ "$(json "['cpus'][0]['offset_ns'] + g['cpus'][0]['bound_lo_ns'] <= $1 <= g['cpus'][0]['offset_ns'] + g['cpus'][0]['bound_hi_ns']")" = True ]; }
truth 5000000
ok $? "... and the truth is between them"
is "$(json "['grade']")" BOUNDED "... the grade is better"
like "$("$TRACE_CMD" tsync)" 'limited by window' "... what limits them is told"
is "$("$TRACE_CMD" dump --validate trace-box.dat)" "File trace-box.dat is a valid trace-cmd file" "the new file is valid"
is "$(stat -c %a trace-box.dat)" 640 "... may be read by the same people"
is "$(echo *)" "before old.dat trace-box.dat trace-box.dat.marks trace.dat trace.dat.marks" "... and is the only one"
"$TRACE_CMD" report -t trace.dat trace-box.dat 2> /dev/null | sed 's/^ *[^ ]*: *//; s/[0-9]*\.[0-9]*:/T/' | sort > after
[ "$(wc -l < before)" -gt 2000 ] && cmp -s before after
ok $? "... with the same events"
if [ -n "$STOCK" ]; then
	is "$("$STOCK" dump -v trace-box.dat 2> /dev/null | tail -n 1)" "File trace-box.dat is a valid trace-cmd file" "Debian's program reads it"
fi
cp trace-box.dat twice.dat
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 0 "refined again"
cmp -s twice.dat trace-box.dat || truth 5000000
ok $? "... it says nothing wrong"
cp old.dat trace-box.dat
run 30 "$TRACE_CMD" tsync --refine -o new.dat trace.dat trace-box.dat
is "$rc" 0 "refined into another file"
cmp old.dat trace-box.dat
ok $? "... the old one stays as it is"
run 30 "$TRACE_CMD" tsync trace.dat new.dat
like "$out" '^box: BOUNDED$' "... the new one is better"

make_pair version=6
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 0 "a file of version 6 is refined"
like "$err" '^trace-box.dat: off by 0\.[0-9]{3} us at worst instead of 40\.000' "... as much"
is "$(head -c 13 trace-box.dat | tail -c 3 | tr -d '\0')$("$TRACE_CMD" dump --validate trace-box.dat)" \
	"6File trace-box.dat is a valid trace-cmd file" "... and stays one"
make_pair
mv trace-box.dat real.dat
ln -s real.dat trace-box.dat
run 30 "$TRACE_CMD" tsync --refine
is "$rc$(readlink trace-box.dat)" 0real.dat "a link stays a link"
is "$("$TRACE_CMD" tsync trace.dat real.dat | head -n 1)" "box: BOUNDED" "... and the file behind it is refined"
rm trace-box.dat real.dat

# several seeds, and offsets that are off within the bounds
for seed in 2 3 4 5; do
	make_pair seed=$seed mid=$((5000000 + (seed - 3) * 9000)) windows=150
	run 30 "$TRACE_CMD" tsync --refine
	truth 5000000
	ok $? "seed $seed: the truth is between the refined bounds" "$err $(json "['cpus'][0]")"
	within "$(json "['worst_ns']")" 1 1000
	ok $? "... which are narrow" "$(json "['worst_ns']")"
	run 30 "$TRACE_CMD" tsync --check
	is "$rc" 0 "... and no event is violated then" || diag "$out"
done

# --- a TSC that is set anew, and when

moved() { make_pair clock=x86-tsc method=kvm source=4 lo=5000000 hi=5000000 step=500000 "$@"; }
violated() { "$TRACE_CMD" tsync --json 2> /dev/null | grep -o '"violations":[1-9][0-9]*' | head -n 1; }
moved told=1
isnt "$(violated)" "" "where the place of a step is not known, events are violated"
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 0 "the host's events kvm_write_tsc_offset tell it"
like "$err" '^trace-box.dat: its TSC was set anew, 1 time: when is known' "... which is told"
is "$(violated)" "" "... and no event is violated then"
is "$(json "['steps'], g['grade']")" "1 EXACT" "... all is exact"
is "$("$TRACE_CMD" dump --validate trace-box.dat)" "File trace-box.dat is a valid trace-cmd file" "... the new file is valid"
# offsets before and after are all there are
is "$("$TRACE_CMD" dump --options -i trace-box.dat | sed -n 's/^\t*\(-\{0,1\}[0-9]*\) .*\[offset.*/\1/p' | sort -un | tail -n 2 | tr '\n' ' ')" \
	"4500000 5000000 " "... other programs get both offsets, too"
run 30 "$TRACE_CMD" tsync --refine
like "$err" '^trace-box.dat: the events narrow nothing' "refined again: there is nothing left to do"
unlike "$err" 'set anew' "... nor to tell"
moved told=1 source=3 lo=4970000 hi=5030000
run 30 "$TRACE_CMD" tsync --refine
like "$err" 'its TSC was set anew, 1 time: ' "with other bounds, too"
is "$(violated)" "" "... no event is violated then"
for how in "told=2" "told=1 clock=local" "told=1 step=-500000"; do
	# shellcheck disable=SC2086	# options are words
	moved $how
	run 30 "$TRACE_CMD" tsync --refine
	unlike "$err" 'set anew' "not with $how, where they cannot tell it"
done

# --- a step, or another rate

unsure() { make_pair clock=x86-tsc rho=0 step=30000 lo=4995000 hi=5005000 unsure=1 "$@"; }
# told: what it is, how often a clock stepped, and the events that contradict it
told() { json "['step_or_rate'], g['steps'], g['causality']['violations']"; }
unsure
is "$(json "['step_or_rate'], g['steps']")" "True 1" "JSON: two comparisons do not tell a step from a rate"
like "$("$TRACE_CMD" tsync 2> /dev/null)" '^    worst .*guaranteed; a clock stepped, or has another rate$' "... nor do words"
like "$("$TRACE_CMD" dump --options -i trace-box.dat)" '\[guaranteed\] \[a step, or another rate\]$' "... nor does dump"
"$TRACE_CMD" convert -i trace-box.dat -o six.dat --file-version 6 > /dev/null
like "$("$TRACE_CMD" dump --options -i six.dat)" '\[guaranteed\] \[a step, or another rate\]$' "... also of a converted file"
rm six.dat
for how in "step=30000" "step=-30000" "step=500000 seed=2"; do
	# shellcheck disable=SC2086	# options are words
	unsure $how
	run 30 "$TRACE_CMD" tsync --refine
	is "$rc $(told)" "0 False 1 0" "$how: events tell that it was a step" || diag "$err"
	is "$(json "['groups'][0]['segments'][0]['drift_ppb'], g['worst_ns'] < 1000")" "0.0 True" "... of clocks of one rate, narrowly"
	# shellcheck disable=SC2086	# options are words
	unsure slope=1 $how
	run 30 "$TRACE_CMD" tsync --refine
	is "$rc $(told)" "0 False 0 0" "... or that it is a rate" || diag "$err"
	is "$(json "['groups'][0]['segments'][0]['drift_ppb'] != 0, g['worst_ns'] < 1000")" "True True" "... narrowly, too"
done
unsure told=1
run 30 "$TRACE_CMD" tsync --refine
like "$err" 'its TSC was set anew, 1 time: ' "the host's events tell the step"
is "$(json "['step_or_rate'], g['steps'], g['grade']")" "False 1 EXACT" "... exactly"
unsure slope=1 told=1 skew=1000000000
run 30 "$TRACE_CMD" tsync --refine
is "$rc $(told)" "0 False 0 0" "offsets that the bounds exclude are those of a scaled TSC, and tell nothing" || diag "$err"
unsure lo=4980000 hi=5020000
cp trace-box.dat old.dat
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 61 "bounds so wide that they hide what they were to cover are not refined"
like "$err" 'trace-box.dat: its clock made a step, or has another rate, but by so little ' "... which is said"
cmp -s trace-box.dat old.dat
ok $? "... and the file is as it was"

# --- wrong offsets

make_pair mid=5010000 packets=40
run 30 "$TRACE_CMD" tsync --check
is "$rc" 62 "an offset that is 10 us off: events are violated"
like "$out" '^    causality +[0-9]{2,} of [0-9]{4} events violated, by [0-9]{4} ns at most$' "... which are counted"
like "$out" '^    packets +40 of 80 were received before' "... and so are packets"
like "$err" 'events happen while their CPU cannot run' "... which --check says"
run 30 "$TRACE_CMD" tsync
is "$rc" 0 "without --check it is only shown"
make_pair mid=5050000
cp trace-box.dat old.dat
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 34 "bounds that exclude the truth are not refined"
like "$err" 'trace-box.dat: [0-9]+ events cannot be true within the bounds' "... as the events contradict them"
cmp old.dat trace-box.dat
ok $? "... and the file stays"
make_pair step=300000
run 30 "$TRACE_CMD" tsync --check
is "$rc" 62 "a clock that steps in the midst is found"
make_pair packets=40 kvm=0 early=900
run 30 "$TRACE_CMD" tsync --check
is "$rc" 62 "packets alone can contradict an offset"
like "$out" 'causality +cannot be checked: the host has no kvm_entry and kvm_exit events' "... without events of KVM"
like "$out" '^    packets +80 of 80' "... all of them"

# --- nothing to go by

make_pair stated=0
run 30 "$TRACE_CMD" tsync
like "$out" 'method +not told by the file: offsets without bounds' "another program's file: no bounds, which is told"
like "$out" 'causality +0 of [0-9]{4} events violated; could be off by -1[0-9][0-9] ns' "... but checked"
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 61 "... and not refined"
like "$err" 'trace-box.dat: the file states no bounds to begin with' "... for want of bounds"
make_pair kvm=0
run 30 "$TRACE_CMD" tsync --refine
is "$rc" 61 "without events of KVM nothing is refined"
like "$err" 'record it with -e kvm_entry -e kvm_exit' "... and what to do is told"
make_pair host_id=5
run 30 "$TRACE_CMD" tsync
is "$rc" 22 "another host's guest is refused"
like "$err" "'trace-box.dat' was recorded with another host than that of 'trace.dat'" "... by both names"
mv trace-box.dat elsewhere.dat
run 30 "$TRACE_CMD" tsync
is "$rc" 2 "the guest's file is not there"
like "$err" 'the files of its 1 guests are not next to trace.dat' "... which is told"
run 30 "$TRACE_CMD" tsync -i none.dat
is "$rc" 2 "no host's file"
like "$err" "cannot read 'none.dat'" "... which is told"
make_pair
run 30 "$TRACE_CMD" tsync trace-box.dat trace.dat
is "$rc" 2 "the wrong way round"
like "$err" "the host's file knows no guest" "... is told"
run 30 "$TRACE_CMD" tsync -o x.dat
is "$rc" 255 "-o without --refine is refused"
for cut in 60000 100000; do
	make_pair
	head -c $cut trace-box.dat > cut.dat
	run 30 "$TRACE_CMD" tsync trace.dat cut.dat
	[ "$rc" = 61 ] || [ "$rc" = 74 ]
	ok $? "a file that is cut off after $cut bytes ends with an error" "$rc $both"
	like "$err" 'cut.dat' "... that names it"
	cp cut.dat cut2.dat
	run 30 "$TRACE_CMD" tsync --refine trace.dat cut.dat
	[ "$rc" != 0 ] && cmp cut.dat cut2.dat
	ok $? "... and is not refined"
done
make_pair
run 30 "$TRACE_CMD" tsync --json > /dev/full
run 30 sh -c '"$1" tsync > /dev/full' sh "$TRACE_CMD"
[ "$rc" != 0 ]
ok $? "a full disk is an error"

# --- what files may say

make_pair method=kvm source=4 lo=5000000 hi=5000000
is "$(json "['grade']")" EXACT "KVM's own numbers are exact"
make_pair method=kvm source=1 lo=4999000 hi=5001000
is "$(json "['grade']")" BOUNDED "... but not what kvm measures where these are wrong"
make_pair lo=-0x2000000000000000 hi=0x2000000000000000 first_offset=-0x7fffffffffffffff
is "$(json "['groups'][0]['segments'][0]['bound_hi_first_ns'], g['name']")" "9223372036854775807 box" \
	"JSON: differences that no number has are the largest there are"
run 30 "$TRACE_CMD" tsync
like "$out" '^    bounds +\+[0-9.]+ ms \.\. \+9223372036854\.8 ms' "... and so in words"
make_pair
mv trace-box.dat $'g\xc3\xa4st "\x01\xff.dat'
run 30 "$TRACE_CMD" tsync --json trace.dat g*
is "$(/usr/bin/python3 -c 'import json, sys; print(ascii(json.loads(sys.argv[1])["guests"][0]["file"]))' "$out")" \
	"'g\xe4st \"\x01\xff.dat'" "JSON: names as they are, also where they are no UTF-8"
make_pair

# --- pictures

run 30 "$TRACE_CMD" tsync --plot picture.pdf
is "$rc" 22 "only PNG and SVG are drawn"
if /usr/bin/python3 -c 'import matplotlib' 2> /dev/null; then
	run 60 "$TRACE_CMD" tsync --plot picture.png
	is "$rc" 0 "a picture is drawn" || diag "$both"
	is "$(head -c 8 picture.png | od -An -tx1 | tr -d ' \n')" 89504e470d0a1a0a "... as PNG"
	run 60 "$TRACE_CMD" tsync --plot picture.svg
	is "$rc" 0 "another one"
	like "$(head -c 400 picture.svg)" '<svg|<!DOCTYPE svg' "... as SVG"
	run 60 "$TRACE_CMD" tsync --plot none/picture.svg
	[ "$rc" != 0 ]
	ok $? "no picture, no success"
else
	skip 5 "needs python3-matplotlib"
fi
done_testing
