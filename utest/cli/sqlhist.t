#!/bin/bash
# sqlhist: the commands it prints, what it writes, and mistakes; on a made-up tracing directory, as any user.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# what libtracefs looks at
mkdir -p t/events/sched/{one,two} t/per_cpu/cpu{0..255}
touch t/dynamic_events t/events/enable t/events/sched/{enable,filter} t/events/sched/{one,two}/{trigger,hist}
printf '%s\n' ':onmax(var)' ':onchange(var)' 'trace(<synthetic_event>,param list)' 'snapshot()' > t/README
printf '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n' > t/events/header_page
echo '# compressed entry header' > t/events/header_event
format() {	# NAME ID FIELD
	printf 'name: %s\nID: %d\nformat:\n' "$1" "$2"
	printf '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n'
	printf '\tfield:pid_t %s;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int prio;\toffset:12;\tsize:4;\tsigned:1;\n\nprint fmt: "%%d", REC->%s\n' "$3" "$3"
}
format one 901 pid > t/events/sched/one/format
format two 902 next_pid > t/events/sched/two/format
sql() { run 20 "$TRACE_CMD" sqlhist -t "$T/t" "$@"; }
# names of variables have numbers that differ from run to run
plain() { sed -E 's/__([a-z]+)_[0-9]+_[0-9]+/\1/g'; }
joined='SELECT end.next_pid AS pid, (end.TIMESTAMP_USECS - start.TIMESTAMP_USECS) AS lat FROM one AS start JOIN two AS end ON start.pid = end.next_pid'

sql SELECT pid FROM one WHERE 'prio<100'
is "$rc" 0 "a histogram: status 0"
like "$out" "^echo 'hist:keys=pid if prio < 100' > .*/events/sched/one/trigger\$" "... its command"
unlike "$(cat t/events/sched/one/trigger)" . "... which is not done"
echo 'SELECT pid FROM one' > query
sql -f query
like "$out" "hist:keys=pid' > " "-f FILE"
run 20 bash -c "'$TRACE_CMD' sqlhist -t '$T/t' -f - < query"
like "$out" "hist:keys=pid' > " "-f -"
sql -e SELECT pid FROM one
is "$rc" 0 "-e: status 0"
unlike "$out" . "... prints nothing"
is "$(cat t/events/sched/one/trigger)" 'hist:keys=pid' "... and does it"
: > t/events/sched/one/trigger

sql "$joined"
is "$rc" 0 "a synthetic event: status 0"
like "$out" "^echo 's:Anonymous pid_t pid; u64 lat;' >> .*/dynamic_events\$" "... it is called Anonymous"
like "$(plain <<< "$out")" "^echo 'hist:keys=pid:.*' >> .*/events/sched/one/trigger\$" "... begins with the first event"
like "$(plain <<< "$out")" "onmatch\(sched\.one\).*Anonymous" "... is made by the second"
sql -n waited "$joined"
like "$out" "s:waited pid_t pid" "-n names it"
sql -n waited -m lat "$joined"
like "$(plain <<< "$out")" ":onmax\(.lat\)\.trace\(waited," "-m: the event, at a maximum"
sql -n waited -c lat -s "$joined"
like "$(plain <<< "$out")" ":onchange\(.lat\)\.snapshot\(\)'" "-c -s: a snapshot, at a change"
unlike "$out" 'trace\(waited' "... and no event"
sql -n waited -m lat -T "$joined"
like "$(plain <<< "$out")" ":onmax\(.lat\)\.snapshot\(\):onmax\(.lat\)\.trace\(waited," "-T: both"
sql -n waited -m lat -S next_pid,prio "$joined"
like "$(plain <<< "$out")" ":onmax\(.lat\)\.save\(next_pid,prio\)' >> " "-S: fields are saved"
unlike "$out" 'trace\(waited|snapshot' "... and no event"
is "$(grep -c "^echo '" <<< "$out")" 3 "... by three commands"
sql -n waited -c lat -S prio -T "$joined"
like "$(plain <<< "$out")" ":onchange\(.lat\)\.snapshot\(\):onchange\(.lat\)\.save\(prio\):onchange\(.lat\)\.trace\(waited," \
	"... with -T as well"
sql -n waited -e -m lat -S prio "$joined"
is "$rc$out" 0 "-e does it"
like "$(plain < t/events/sched/two/trigger)" "^hist:.*onmax\(.lat\)\.save\(prio\)$" "... saving"
like "$(cat t/dynamic_events)" "^s:waited .*;$" "... with the event"
like "$(cat t/events/sched/one/trigger)" "^hist:" "... and its beginning"
for f in t/dynamic_events t/events/sched/one/trigger t/events/sched/two/trigger; do : > $f; done
mv t/events/sched/two/trigger there
sql -n waited -e -m lat -S prio "$joined"
isnt "$rc" 0 "where there is no trigger it fails"
like "$(cat t/dynamic_events)" '-:synthetic/waited$' "... and the event is taken back"
like "$(cat t/events/sched/one/trigger)" '!hist:.*' "... as is its beginning"
mv there t/events/sched/two/trigger
for f in t/dynamic_events t/events/sched/one/trigger; do : > $f; done
sql -n waited -e -m lat -s "$joined"
is "$rc" 0 "-e makes it"
like "$(plain < t/events/sched/two/trigger)" "onmax\(.lat\)\.snapshot" "... all of it"
like "$(cat t/dynamic_events)" waited "... with its name"

# libtracefs 1.6.4 loses some bytes of a statement that it refuses
echo leak:libtracefs.so > lost
export LSAN_OPTIONS=suppressions=$T/lost:print_suppressions=0
while IFS='|' read -r status message words; do
	eval "sql $words"
	is "$rc" "$status" "sqlhist $words: status $status"
	like "$out$err" "$message" "... and the message"
done << 'E'
255|Error: -s, -S and -T not supported without -m or -c|-s "$joined"
255|Can not use both -m and -c together|-m lat -c lat "$joined"
255|there is no variable 'none' to watch|-m none "$joined"
255|need two events|-m pid SELECT pid FROM one
255|event not found|SELECT pid FROM three
255|there is no such field|SELECT none FROM one
255|syntax error|SELECT FROM
255|Could not read none|-f none
255|usage:|
255|usage:|-f query SELECT
255|usage:|-x
255|is empty|-f /dev/null
255|Error: -s, -S and -T not supported without -m or -c|-S prio "$joined"
255|the event two has no field 'pid'|-m lat -S prio,pid "$joined"
255|the event two has no field ''|-m lat -S , "$joined"
2|there is no instance none|-B none SELECT pid FROM one
2|cannot read the formats|-t /none SELECT pid FROM one
E
head -c 2000000 /dev/zero | tr '\0' x > long
sql -f long
is "$rc" 255 "a statement of 2 MB: status 255"
printf 'SELECT pid\0 FROM one' > nul
sql -f nul
is "$rc" 255 "... and one with a NUL"
done_testing
