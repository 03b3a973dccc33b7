#!/bin/bash
# tracecmd/trace-cmd.bash, as readline would call it. A made-up tracefs stands in
# for the kernel's, so that neither root nor tracing is needed.
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "needs $TRACE_CMD to be built"
# shellcheck source=/dev/null
. "$TOP/tracecmd/trace-cmd.bash"

mkdir -p "$T/bin" "$T/tracing/instances/mine" "$T/tracing/events/sched" "$T/files/dir"
ln -s "$TRACE_CMD" "$T/bin/trace-cmd"
PATH=$T/bin:$PATH
printf '%s\n' sched:sched_switch sched:sched_waking irq:irq_handler_entry irq:softirq_entry \
	kvm:kvm_exit > "$T/tracing/available_events"
echo '[local] global mono mono_raw x86-tsc' > "$T/tracing/trace_clock"
echo 'function function_graph nop' > "$T/tracing/available_tracers"
printf '%s\n' print-parent nostacktrace > "$T/tracing/trace_options"
touch "$T/files/trace.dat" "$T/files/two words.dat"
cd "$T/files" || exit 1

_trace_cmd_tracing() { echo "$T/tracing"; }

# complete_line TEXT: sets reply to what a TAB at its end offers, sorted, one line.
# Words are split as readline does: at blanks, and at ':' and '=' as words of their own.
complete_line()
{
	local COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD COMP_WORDS=() COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	local rest=$1 word

	while [ -n "$rest" ]; do
		rest=${rest#"${rest%%[! ]*}"}
		case $rest in
		[:=]*) word=${rest%%[!:=]*} ;;
		*) word=${rest%%[ :=]*} ;;
		esac
		COMP_WORDS+=("$word")
		rest=${rest#"$word"}
	done
	case $1 in
	*[:=]) COMP_WORDS+=("") ;;
	esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_trace_cmd
	reply=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort -u | paste -sd' ')
}

# offers LINE WORDS NAME: exactly these
offers() { complete_line "$1"; is "$reply" "$2" "$3"; }

# all of the program's commands, as it lists them itself
commands=$("$TRACE_CMD" --help | sed -n 's/^     \([a-z][^ ]*\) - .*/\1/p' | LC_ALL=C sort)
like "$commands" '^record$' "the help lists commands"
offers "trace-cmd " "$(paste -sd' ' <<< "$commands")" "nothing typed: all commands"
offers "trace-cmd rec" "record" "the beginning of a command"
offers "trace-cmd nothing-like-it" "" "no command begins so"

# options: for each command, all that its help shows
for c in $commands; do
	wanted=$("$TRACE_CMD" "$c" -h | grep -E '^ {10}-' | cut -c 11-31 |
		grep -oE -e '-[-a-zA-Z0-9_]+' | LC_ALL=C sort -u | paste -sd' ')
	offers "trace-cmd $c -" "$wanted" "$c: all options of its help"
done
offers "trace-cmd record --tsync-m" "--tsync-method" "the beginning of a long option"
offers "trace-cmd record -e sched -o x --tsync-st" "--tsync-stamp" "options after options with arguments"

# events
offers "trace-cmd record -e " "all irq kvm sched" "-e: systems"
offers "trace-cmd record -e ir" "irq irq_handler_entry" "-e: systems and events"
offers "trace-cmd record -e sched" "sched sched: sched_switch sched_waking" "-e: a system in full may go on"
offers "trace-cmd record -e sched:" "sched_switch sched_waking" "-e: events of a system, after the colon"
offers "trace-cmd record -e sched:sched_sw" "sched_switch" "-e: the beginning of an event"
offers "trace-cmd record -e nothing:" "" "-e: no such system"
whole=$(
	COMP_LINE="trace-cmd record -e irq:so" COMP_POINT=26 COMP_CWORD=3
	COMP_WORDS=(trace-cmd record -e irq:so) COMP_WORDBREAKS=' '
	_trace_cmd
	echo "${COMPREPLY[*]}")
is "$whole" "irq:softirq_entry" "-e: shells that do not break words at colons get the whole word"

# other arguments
offers "trace-cmd record -C mono" "mono mono_raw" "-C: clocks"
offers "trace-cmd record -C l" "local" "-C: the current clock, without its brackets"
offers "trace-cmd record -p f" "function function_graph" "-p: tracers"
offers "trace-cmd record -O " "noprint-parent nostacktrace print-parent stacktrace" "-O: trace options and their opposites"
offers "trace-cmd record -B " "mine" "-B: instances"
offers "trace-cmd record --compression z" "zlib zstd" "--compression: names"
offers "trace-cmd record --tsync-method=f" "fastest" "a value behind ="
offers "trace-cmd record --verbose=de" "debug" "an optional value behind ="
offers "trace-cmd record -b " "" "-b: a number, nothing to offer"
offers "trace-cmd agent -p " "" "agent -p is a port, not a tracer"

# files
offers "trace-cmd record -o tr" "trace.dat" "-o: files"
offers "trace-cmd report -i " "dir trace.dat two words.dat" "report -i: files"
offers "trace-cmd record --tsync-debug " "dir" "--tsync-debug: directories only"
offers "trace-cmd report tra" "trace.dat" "report: files as plain arguments"

# record's command
complete_line "trace-cmd record -e sched sle"
like "$reply" '(^| )sleep( |$)' "record: commands, after the options"
complete_line "trace-cmd record -e sched sleep --te"
is "$reply" "" "record: what follows the command is not ours"
complete_line "trace-cmd record -e sched cat tr"
is "$reply" "trace.dat" "record: files for the command"

# without tracefs there is nothing to offer, and nothing to see
_trace_cmd_tracing() { return 1; }
noise=$(complete_line "trace-cmd record -e sch" 2>&1)
complete_line "trace-cmd record -e sch"
is "$reply$noise" "" "no tracefs: nothing, silently"
noise=$(complete_line "no-such-program rec" 2>&1; echo "$reply")
is "$noise" "" "no such program: nothing, silently"

# what the file knows of options that take an argument, against the tables of the sources
for c in $commands; do
	table=$(sed -n "/opt_spec ${c}_options\[\]/,/OPT_END/p" "$TOP"/tracecmd/*.c "$TOP"/tracecmd/record/*.c | grep -v ', X },$')
	wrong=
	while read -r letter long arg; do
		for o in ${letter:+"$letter"} ${long:+"$long"}; do
			[ "$o" != - ] || continue
			# a value that may be missing follows a letter without a blank
			[ "$arg" != OPT_OPTIONAL ] || [[ $o == --* ]] || arg=OPT_NONE
			kind=$(_trace_cmd_arg "$c" "$o")
			if [ "$arg" = OPT_NONE ]; then
				[ -z "$kind" ] || wrong+=" $o(none)"
			else
				[ -n "$kind" ] || wrong+=" $o"
			fi
		done
	done < <(tr '\n' ' ' <<< "$table" | grep -oE "\{ ('.'|[A-Z_0-9]+), (\"[^\"]+\"|NULL), OPT_[A-Z]+" |
		sed -E "s/^\{ '(.)',/-\1/; s/^\{ [A-Z_0-9]+,/-/; s/ NULL,/ -/; s/ \"([^\"]+)\",/ --\1/")
	is "$wrong" "" "$c: the arguments of all options are known"
done

done_testing
