#!/bin/bash
# Completion in real shells: what bash, zsh and fish make of the answers of the engine. Its
# answers themselves are tested by utest/unit/test-complete.c. A made-up tracefs is mounted over
# the kernel's, in a mount namespace: neither root nor tracing is needed.
if [ -z "${UNSHARED-}" ]; then
	flags=-m
	[ "$(id -u)" = 0 ] || flags=-rm
	! unshare $flags true 2> /dev/null || UNSHARED=1 exec unshare $flags bash "$0"
fi
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "needs $TRACE_CMD to be built"
[ -n "${UNSHARED-}" ] || skip_all "needs a mount namespace"
[ -d /sys/kernel/tracing ] || skip_all "needs a kernel with tracefs"
scripts=$TOP/tracecmd/completion
unset UNSHARED

mkdir -p "$T/bin" "$T/tracing/instances/mine" "$T/tracing/events/sched/sched_switch" "$T/files/dir" \
	"$T/home" "$T/zsh"
ln -s "$TRACE_CMD" "$T/bin/trace-cmd"
PATH=$T/bin:$PATH
printf '%s\n' sched:sched_switch sched:sched_waking irq:irq_handler_entry irq:softirq_entry \
	kvm:kvm_exit > "$T/tracing/available_events"
echo '[local] global mono mono_raw x86-tsc' > "$T/tracing/trace_clock"
echo 'function function_graph nop' > "$T/tracing/available_tracers"
printf '%s\n' print-parent nostacktrace > "$T/tracing/trace_options"
printf '\tfield:pid_t %s;\toffset:24;\tsize:4;\tsigned:1;\n' prev_pid next_pid \
	> "$T/tracing/events/sched/sched_switch/format"
touch "$T/files/trace.dat" "$T/files/two words.dat"
cd "$T/files" || exit 1
# a file as large as they are, for the times taken below
if [ -n "$TRACING" ] && [ -w "$TRACING/trace_marker" ]; then
	"$TRACE_CMD" record -o "$T/real.dat" -B "test-$$" -e sched:sched_switch true > /dev/null 2>&1
fi
mount --bind "$T/tracing" /sys/kernel/tracing || skip_all "cannot mount"
at_exit 'umount /sys/kernel/tracing'

# --- bash

# shellcheck source=/dev/null
. "$scripts/trace-cmd.bash"

# what completion asks of readline
compopt() { asked+=" $2"; }

# complete_line TEXT: sets reply to what a TAB at its end offers, sorted, one line; and asked.
# Words are split as readline does: at blanks outside of quotes, and at ':' and '=' as words of
# their own.
complete_line()
{
	local COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD COMP_WORDS=() COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	local rest=$1 word

	while [ -n "$rest" ]; do
		rest=${rest#"${rest%%[! ]*}"}
		case $rest in
		[\'\"]*) word=$rest ;;
		[:=]*) word=${rest%%[!:=]*} ;;
		*) word=${rest%%[ :=]*} ;;
		esac
		COMP_WORDS+=("$word")
		rest=${rest#"$word"}
	done
	case $1 in
	*[:=\ ]) [ -n "${COMP_WORDS[-1]%%[:=]*}" ] && [ "${1: -1}" != ' ' ] || COMP_WORDS+=("") ;;
	esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	asked=
	_trace_cmd
	reply=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort -u | paste -sd' ')
}

# offers LINE WORDS NAME: exactly these
offers() { complete_line "$1"; is "$reply" "$2" "bash: $3"; }

# all of the program's commands, as it lists them itself
commands=$("$TRACE_CMD" --help | sed -n 's/^     \([a-z_][^ ]*\) - .*/\1/p' | LC_ALL=C sort)
like "$commands" '^record$' "the help lists commands"
unlike "$commands" '^__complete$' "and not what only the shells need"
offers "trace-cmd " "$(paste -sd' ' <<< "$commands")" "nothing typed: all commands"
offers "trace-cmd rec" "record" "the beginning of a command"
offers "trace-cmd nothing-like-it" "" "no command begins so"

# options: for each command, all that its help shows
for c in $commands; do
	wanted=$("$TRACE_CMD" "$c" -h | grep -E '^ {10,12}-' | cut -c 11-31 |
		grep -oE -e '-[-a-zA-Z0-9_]+' | LC_ALL=C sort -u | paste -sd' ')
	offers "trace-cmd $c -" "$wanted" "$c: all options of its help"
done
offers "trace-cmd record --tsync-m" "--tsync-method" "the beginning of a long option"
offers "trace-cmd record -e sched -o x --tsync-st" "--tsync-stamp" "options after options with arguments"

# readline has split these
offers "trace-cmd record -e " "all irq kvm sched" "-e: systems"
offers "trace-cmd record -e ir" "irq irq_handler_entry" "-e: systems and events"
offers "trace-cmd record -e sched" "sched sched: sched_switch sched_waking" "-e: a system in full may go on"
offers "trace-cmd record -e sched:" "sched_switch sched_waking" "-e: events of a system, after the colon"
offers "trace-cmd record -e sched:sched_sw" "sched_switch" "-e: the beginning of an event"
offers "trace-cmd record -e nothing:" "" "-e: no such system"
offers "trace-cmd record --tsync-method=f" "fastest" "a value behind ="
offers "trace-cmd record --verbose=" "all crit debug err info none warn" "all values behind ="
offers "trace-cmd show --hist=sched:sched_w" "sched_waking" "= and :"
offers "trace-cmd record -vesched:sched_w" "sched_waking" "a value joined to letters"
offers "trace-cmd record -O " "noprint-parent nostacktrace print-parent stacktrace" "-O: trace options and their opposites"
offers "trace-cmd record -b " "" "-b: a number, nothing to offer"
whole=$(
	COMP_LINE="trace-cmd record -e irq:so" COMP_POINT=26 COMP_CWORD=3
	COMP_WORDS=(trace-cmd record -e irq:so) COMP_WORDBREAKS=' '
	_trace_cmd
	echo "${COMPREPLY[*]}")
is "$whole" "irq:softirq_entry" "bash: -e: the whole word for those who do not break words at colons"
offers "trace-cmd record -R hist" "hist:keys=" "a candidate that goes on"
is "$asked" " nospace" "bash: has no blank behind it"
offers "trace-cmd record -C mono_r" "mono_raw" "one that does not"
is "$asked" "" "bash: has one"
offers "trace-cmd record -e sched:sched_switch -f 'prev_pid < 3 && n" "prev_pid < 3 && next_pid" "within quotes"
point=$(
	COMP_LINE="trace-cmd rec -e x" COMP_POINT=13 COMP_CWORD=1 COMP_WORDS=(trace-cmd rec -e x)
	COMP_WORDBREAKS=' '
	_trace_cmd
	echo "${COMPREPLY[*]}")
is "$point" "record" "bash: the cursor in the middle of the line"

# files
offers "trace-cmd record -o tr" "trace.dat" "-o: files"
is "$asked" " filenames" "bash: it is told that these are files"
offers "trace-cmd record -otr" "-otrace.dat" "a file joined to the letter"
offers "trace-cmd report -i " "dir trace.dat two words.dat" "report -i: files"
offers "trace-cmd record --tsync-debug " "dir" "--tsync-debug: directories only"
offers "trace-cmd record --tsync-debug=" "dir" "--tsync-debug=: directories only"
offers "trace-cmd report tra" "trace.dat" "report: files as plain arguments"

# record's command
complete_line "trace-cmd record -e sched sle"
like "$reply" '(^| )sleep( |$)' "bash: record: commands, after the options"
offers "trace-cmd record -e sched sleep --te" "" "record: what follows the command is not ours"
offers "trace-cmd record -e sched cat tr" "trace.dat" "record: files for the command"
_command_offset() { offset=$1; }
complete_line "trace-cmd record -e sched:sched_switch cat tr"
is "${offset-}" 6 "bash: record: the command's own completion, by bash-completion"
unset -f _command_offset

noise=$(complete_line "no-such-program rec" 2>&1; echo "$reply")
is "$noise" "" "bash: no such program: nothing, silently"
printf '#!/bin/sh\necho usage: words; echo oops >&2; exit 1\n' > "$T/bin/old-trace-cmd"
chmod +x "$T/bin/old-trace-cmd"
noise=$(complete_line "old-trace-cmd rec" 2>&1; echo "$reply")
is "$noise" "" "bash: a program that answers otherwise: nothing, silently"

# --- zsh and fish

# WANTED as the shells' order has it; what follows depends on the shell
cat > "$T/lines" <<'END'
trace-cmd rec|record
trace-cmd record --tsync-m|--tsync-method
trace-cmd record -e ir|irq irq_handler_entry
trace-cmd record -e sched|sched sched: sched_switch sched_waking
trace-cmd record -e sched:sched_|sched:sched_switch sched:sched_waking
trace-cmd record -vesched:sched_w|-vesched:sched_waking
trace-cmd record --compression=zl|--compression=zlib
trace-cmd record -C mono|mono mono_raw
trace-cmd record -R hist|hist:keys=
trace-cmd record -b |
trace-cmd record -e sched_switch -f 'prev_|prev_pid
END
if command -v zsh > /dev/null; then
	succeeds "zsh: the script is one" zsh -n "$scripts/_trace-cmd"
	cat >> "$T/lines" <<-'END'
	trace-cmd report -i t|trace.dat two\ words.dat
	trace-cmd record -otr|trace.dat
	trace-cmd record --tsync-debug=|dir
	trace-cmd record -e sched cat tr|trace.dat
	trace-cmd report tra|trace.dat
	END
	cut -d'|' -f1 "$T/lines" > "$T/typed"
	HOME=$T/home timeout $((60 * SLOW)) zsh -f "$TOP/utest/cli/complete.zsh" "$scripts" "$T/zsh" \
		< "$T/typed" > "$T/zsh.out" 2> "$T/zsh.err"
	is "$(cat "$T/zsh.err")" "" "zsh: no complaints"
	while IFS='|' read -r line wanted <&3 && IFS= read -r got <&4; do
		is "${got%%=> *}" "$wanted${wanted:+ }" "zsh: $line"
		case $line in
		*' rec') is "${got##*=> }" "trace-cmd record " "zsh: the one candidate is typed" ;;
		*hist) is "${got##*=> }" "trace-cmd record -R hist:keys=" "zsh: without a blank if it goes on" ;;
		*-otr) is "${got##*=> }" "trace-cmd record -otrace.dat " "zsh: behind the letter" ;;
		esac
	done 3< "$T/lines" 4< "$T/zsh.out"
	is "$(wc -l < "$T/zsh.out")" "$(wc -l < "$T/lines")" "zsh: all lines were answered"
	sed -i '/tr|trace.dat$/d; /two.* words/d; /=|dir/d; / tra|/d' "$T/lines"
else
	skip 1 "needs zsh"
fi
if command -v fish > /dev/null; then
	succeeds "fish: the script is one" fish --no-config -n "$scripts/trace-cmd.fish"
	cat >> "$T/lines" <<-'END'
	trace-cmd report -i t|trace.dat two words.dat
	trace-cmd record -otr|-otrace.dat
	trace-cmd record --tsync-debug=|--tsync-debug=dir/
	trace-cmd record -e sched cat tr|trace.dat
	trace-cmd record -e sched known o|one
	trace-cmd report tra|trace.dat
	END
	cut -d'|' -f1 "$T/lines" > "$T/typed"
	cat > "$T/run.fish" <<-END
	source $scripts/trace-cmd.fish
	complete -c known -f -a 'one two'
	while read -l line
		complete -C \$line | string replace -r '\t.*' '' | string join ' '
		# joined to nothing it prints nothing
		test \$pipestatus[1] = 0; and count (complete -C \$line) > /dev/null; or echo
	end
	END
	HOME=$T/home XDG_CONFIG_HOME=$T/home timeout $((60 * SLOW)) fish --no-config "$T/run.fish" \
		< "$T/typed" > "$T/fish.out" 2> "$T/fish.err"
	is "$(cat "$T/fish.err")" "" "fish: no complaints"
	while IFS='|' read -r line wanted <&3 && IFS= read -r got <&4; do
		is "$got" "$wanted" "fish: $line"
	done 3< "$T/lines" 4< "$T/fish.out"
	is "$(wc -l < "$T/fish.out")" "$(wc -l < "$T/lines")" "fish: all lines were answered"
else
	skip 1 "needs fish"
fi

# --- how long somebody waits, with lists as long as they get

for ((i = 0; i < 2500; i++)); do
	printf 'system%d:event_%d\n' $((i / 20)) $i
done > "$T/tracing/available_events"
seq -f 'some_function_of_the_kernel_%.0f [module]' 70000 > "$T/tracing/available_filter_functions"
[ ! -e "$T/real.dat" ] || mv "$T/real.dat" trace.dat
limit=100
! nm -D "$TRACE_CMD" 2> /dev/null | grep -q __asan_init || limit=1000
slowest=0
for line in "rec" "record -" "record -e " "record -e system" "record -e system1:" "record -l some" \
	    "record -l some_function_of_the_kernel_69" "record -l none" "record -g x" "record -P " \
	    "record -A " "record --user " "record --module " "record -e event_2400 -f x" \
	    "report -F " "report -F tick:" "report --pid " "report --comm " "report -r " "report --fields n"; do
	read -ra words <<< "$line"
	[[ $line != *' ' ]] || words+=("")
	ms=1000000
	# the best of three: others are running, too
	for i in 1 2 3; do
		TIMEFORMAT='%3U %3S'
		took=$({ time "$TRACE_CMD" __complete ${#words[@]} trace-cmd "${words[@]}" > "$T/out" 2>&1; } 2>&1)
		took=$(awk '{ print int(($1 + $2) * 1000) }' <<< "$took")
		((took >= ms)) || ms=$took
	done
	[ "$ms" -lt $limit ]
	ok $? "less than $limit ms of CPU: $line" "$ms ms"
	((ms <= slowest)) || slowest=$ms slow=$line
done
diag "the slowest: ${slow-} $slowest ms"

# --- nothing to read

mount -t tmpfs none /sys/kernel/tracing
at_exit 'umount /sys/kernel/tracing'
[ ! -d /sys/kernel/debug ] || mount -t tmpfs none /sys/kernel/debug
run 20 "$TRACE_CMD" __complete 3 trace-cmd record -e sch
is "$rc $out $err" "0 :words " "no tracefs: nothing, silently"
for words in "" "x" "-1" "99999999999999999999" "1" "5 trace-cmd" "0 trace-cmd"; do
	# shellcheck disable=SC2086	# words
	run 20 "$TRACE_CMD" __complete $words
	is "$rc $out $err" "0 :none " "no word to complete: '$words'"
done
run 20 "$TRACE_CMD" __complete 4 trace-cmd report --comm a
is "$rc $err" "0 " "no trace file: silently"
"$TRACE_CMD" __complete 1 trace-cmd rec > /dev/full
ok $? "nobody reads the answer: no failure"

done_testing
