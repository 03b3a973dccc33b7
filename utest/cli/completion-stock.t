#!/bin/bash
# The bash completion of other releases reads our help and lists: they keep the shape it expects.
# Debian's script itself is run, too, if it is there.
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "needs $TRACE_CMD to be built"
mkdir -p "$T/bin"
ln -s "$TRACE_CMD" "$T/bin/trace-cmd"
PATH=$T/bin:$PATH

# --- shapes

# commands: in lines with " - ", what is before it
commands=$(trace-cmd --help | sed -n 's/^ *\([^ ]*\) - .*/\1/p')
is "$(trace-cmd --help | grep -c -e ' - ')" "$(grep -c '^[a-z][a-z-]*$' <<< "$commands")" \
	"--help: all lines with ' - ' begin with a command"
for c in $commands; do
	# options: in lines whose first word begins with a dash, that word
	bad=
	for o in $(trace-cmd "$c" -h | sed -n 's/^ *\(-[^ ]*\).*/\1/p'); do
		[[ $o =~ ^(-[a-zA-Z]|--[a-z][a-z_0-9-]*)$ ]] || bad+=" $o"
	done
	is "$bad" "" "$c -h: the first words are options, and nothing else"
	trace-cmd "$c" -h | grep -qE '^ {10}-'
	ok $? "$c -h: there are some" || trace-cmd "$c" -h | sed 's/^/# /'
done
is "$(trace-cmd list -h | sed -n 's/^ \{12\}\(-[^ ]*\).*/\1/p' | sort | paste -sd' ')" "--full --proto -F -R -l" \
	"list -h: what goes with -e or -f stands behind twelve blanks"

is "$(trace-cmd list -c | grep -vc Supported)" "$(trace-cmd list -c | grep -cE $'^\t[a-z]+, [0-9]')" \
	"list -c: a tab, NAME, VERSION"
like "$(trace-cmd list -c)" '^Supported compression algorithms:$' "list -c: its title"
like "$(trace-cmd list -O)" $'^  option:\t[a-z]+$' "list -O: the option, behind a tab"

if [ "$(id -u)" = 0 ] && [ -w "$TRACING/trace_marker" ]; then
	cut_words() { tr ' ' '\n' | sed '/^$/d' | LC_ALL=C sort | paste -sd' '; }
	new_instance
	like "$(trace-cmd list -B)" "^$inst\$" "list -B: names, one a line"
	is "$(unshare -m sh -c 'mount -t tmpfs none "$1" && trace-cmd list -B' - "$TRACING/instances")" \
		"No buffer instances defined" "list -B: and what it says if there are none"
	is "$(trace-cmd list -p | cut_words)" "$(cut_words < "$TRACING/available_tracers")" \
		"list -p: tracers in a line"
	# which options there are depends on the tracer, which others may change
	like "$(trace-cmd list -o)" '^(no)?print-parent$' "list -o: options, some with no"
	is "$(trace-cmd list -e 'sched:sched_switch$')" sched:sched_switch "list -e RE: SYSTEM:EVENT"
	is "$(trace-cmd list -e '^sched:' | grep -c '^sched:')" "$(grep -c '^sched:' "$TRACING/available_events")" \
		"list -e ^SYSTEM:"
	is "$(trace-cmd list -e '^sched:sched_switch$' -F | sed -n 's/^\tfield:\(.*prev_pid\);.*/\1/p')" \
		"pid_t prev_pid" "list -e RE -F: fields, up to the first semicolon"
else
	skip 7 "needs root and tracefs"
fi

# --- Debian's own script, which asks whatever trace-cmd is in the PATH

script=$([ -z "$STOCK" ] || dpkg -L trace-cmd 2> /dev/null | grep -m 1 'bash-completion/completions/trace-cmd')
if [ -z "$script" ]; then
	skip 1 "needs the script of Debian's package"
	done_testing
	exit
fi
# it has that of the package bash-completion, which may be missing here
_get_comp_words_by_ref()
{
	cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=("${COMP_WORDS[@]}")
	cword=$COMP_CWORD
}
compopt() { :; }
# shellcheck source=/dev/null
. "$script"
function=$(complete -p trace-cmd | sed 's/.*-F \([^ ]*\).*/\1/')

# offered WORD...: what it offers for the last one; sets reply, sorted
offered()
{
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
	COMP_POINT=${#COMP_LINE}
	"$function" "$1" "${@: -1}" "${@: -2:1}" 2> /dev/null
	reply=$(printf '%s\n' "${COMPREPLY[@]}" | sed 's/ *$//' | LC_ALL=C sort -u | paste -sd' ')
}

offered trace-cmd ""
is "$reply" "$(LC_ALL=C sort -u <<< "$commands" | paste -sd' ')" "the script: our commands"
for c in $commands; do
	# list asks for more than the first words
	[ "$c" != list ] || continue
	offered trace-cmd "$c" -
	# it takes record's for these
	case $c in
	start | stream | profile) like=record ;;
	*) like=$c ;;
	esac
	wanted=$(trace-cmd "$like" -h | sed -n 's/^ *\(-[^ ]*\).*/\1/p' | LC_ALL=C sort -u | paste -sd' ')
	is "$reply" "$wanted" "the script: options of $c"
done
offered trace-cmd list -
is "$reply" "$(trace-cmd list -h | sed -n 's/^ \{10\}\(-[^ ]*\).*/\1/p' | LC_ALL=C sort | paste -sd' ')" \
	"the script: options of list"
offered trace-cmd convert --compression ""
is "$reply" "$( (printf '%s\n' any none; trace-cmd list -c | sed -n 's/^\t\(.*\),.*/\1/p') |
	LC_ALL=C sort | paste -sd' ')" "the script: compressions"
offered trace-cmd report -O ""
like "$reply" '(^| )parent( |$)' "the script: options of plugins"
if [ "$(id -u)" = 0 ] && [ -w "$TRACING/trace_marker" ]; then
	offered trace-cmd record -p ""
	is "$reply" "$(cut_words < "$TRACING/available_tracers")" "the script: tracers"
	offered trace-cmd record -O print-p
	is "$reply" print-parent "the script: trace options"
	offered trace-cmd record -e sched:sched_switc
	like "$reply" '(^| )sched:sched_switch( |$)|^sched_switch$' "the script: events"
	offered trace-cmd record -B "$inst"
	is "$reply" "$inst" "the script: instances"
else
	skip 4 "needs root and tracefs"
fi
done_testing
