# Completion of trace-cmd's command line for bash.
#
# Commands and options are read from the program's own help; events, tracers,
# clocks, trace options and instances from tracefs, where that may be read. Only
# what the help does not tell is written down here: which options take an
# argument, and of what kind.

# The mounted tracefs; fails if there is none.
_trace_cmd_tracing()
{
	local dir

	for dir in /sys/kernel/tracing /sys/kernel/debug/tracing; do
		[[ -r $dir/available_events ]] && echo "$dir" && return
	done
	return 1
}

# _trace_cmd_arg COMMAND OPTION: the kind of the option's argument; nothing if it has none
_trace_cmd_arg()
{
	case $1:$2 in
	*:--verbose)				echo level ;;
	record:-e | stream:-e)				echo event ;;
	record:-p | stream:-p)				echo tracer ;;
	record:-C | stream:-C)				echo clock ;;
	record:-O | stream:-O)				echo option ;;
	record:-B | stream:-B)				echo instance ;;
	record:-A | agent:-N)			echo host ;;
	record:--compression | convert:--compression)
						echo any none zlib zstd ;;
	record:--file-version | convert:--file-version)
						echo 6 7 ;;
	*:--tsync-method)			echo fastest histogram ;;
	*:--tsync-stamp)			echo marker mono_raw ;;
	record:--tsync-layout)			echo current fork ;;
	record:--temp | *:--tsync-debug | restore:-t)	echo directory ;;
	record:-o | report:-i | dump:-i | report:--kallsyms | convert:-[io] | split:-[io] | restore:-[iok])
						echo file ;;
	record:-[lng] | stream:-[lng])				echo function ;;
	record:--user | stream:--user)		echo other ;;
	stream:-[RbPMfsr] | stream:--module | stream:--max-graph-depth | stream:--subbuf-size | \
	stream:--cmdlines-size | stream:--duration)
						echo other ;;
	record:-[RbPMmNV] | record:--module | record:--max-graph-depth | record:--subbuf-size | \
	record:--cmdlines-size | record:--limit-size | record:--rotate | record:--duration)
						echo other ;;
	record:-[fbsr] | record:--name | record:--ts-offset | record:--tsync-interval)
						echo other ;;
	agent:-[pP] | agent:--port)		echo other ;;
	stop:-B | restart:-B | clear:-B | reset:-B | show:-B | stat:-B | snapshot:-B)
						echo instance ;;
	reset:-k)				echo kprobe kretprobe uprobe uretprobe eprobe synth all ;;
	show:--hist | show:--trigger)		echo event ;;
	reset:-b | show:-c | snapshot:-c | split:-[smuepCbB])
						echo other ;;
	report:--compat | dump:--compat)	echo 3.1 3.4 ;;
	report:--format)			echo text json csv ;;
	report:--from | report:--to | report:--limit | report:--fields)
						echo other ;;
	report:-[FrnOH] | report:--pid | report:--comm | report:--cpu | report:--ts-offset | \
	report:--ts2secs | report:--event)	echo other ;;
	esac
}

# _trace_cmd_values KIND CURRENT: what an argument may be, a word a line
_trace_cmd_values()
{
	local dir list

	case $1 in
	level)
		printf '%s\n' none crit err warn info debug all
		return ;;
	event | tracer | clock | option | instance)
		dir=$(_trace_cmd_tracing) || return ;;
	*)
		printf '%s\n' $1
		return ;;
	esac
	case $1 in
	event)
		mapfile -t list < "$dir/available_events"
		if [[ $2 == *:* ]]; then
			printf '%s\n' "${list[@]}"
			return
		fi
		printf '%s\n' all "${list[@]%%:*}" | sort -u
		# a whole system's name may go on with an event of it
		[[ -n $2 && -d $dir/events/$2 ]] && echo "$2:"
		[[ -n $2 ]] && printf '%s\n' "${list[@]#*:}" ;;
	tracer)
		tr ' ' '\n' < "$dir/available_tracers" ;;
	clock)
		tr -d '[]' < "$dir/trace_clock" | tr ' ' '\n' ;;
	option)
		sed 's/^no//; h; s/^/no/; x; G' "$dir/trace_options" ;;
	instance)
		ls "$dir/instances" ;;
	esac 2> /dev/null
}

# _trace_cmd_help PROGRAM [COMMAND]: its help, never anything else
_trace_cmd_help()
{
	"$1" ${2:+"$2"} "--help" 2> /dev/null < /dev/null
}

_trace_cmd_commands()
{
	_trace_cmd_help "$1" | sed -n 's/^     \([^ ]*\) - .*/\1/p'
}

# Lines of ten blanks and an option, perhaps followed by its long name.
_trace_cmd_options()
{
	_trace_cmd_help "$1" "$2" |
		sed -n 's/^          \(-[^ ,=[]*\)\(, \(--[^ =[]*\)\)\{0,1\}.*/\1\n\3/p' | sed '/^$/d'
}

# Add the lines of stdin that begin with CURRENT to COMPREPLY, each behind PREFIX.
_trace_cmd_reply()	# CURRENT [PREFIX]
{
	local word

	while read -r word; do
		[[ -n $word && $word == "$1"* ]] && COMPREPLY+=("${2-}$word")
	done
}

# Files or directories; names with blanks stay whole.
_trace_cmd_files()	# file|directory CURRENT [PREFIX]
{
	local flag=-f

	[[ $1 == directory ]] && flag=-d
	compopt -o filenames 2> /dev/null
	_trace_cmd_reply "" "${3-}" < <(compgen $flag -- "$2")
}

# The line's words up to the cursor, in $words: readline also splits at ':' and
# '=', here only blanks separate.
_trace_cmd_words()
{
	local rest=${COMP_LINE:0:COMP_POINT} i word blanks

	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blanks=${rest%%[![:blank:]]*}
		rest=${rest#"$blanks"}
		word=${COMP_WORDS[i]}
		# readline may see more of the last one, behind the cursor
		((i < COMP_CWORD)) || word=$rest
		rest=${rest#"$word"}
		if ((i == 0)) || [[ -n $blanks ]]; then
			words+=("$word")
		else
			words[-1]+=$word
		fi
	done
}

# What readline took off in front of the last ':' or '=' must not come back.
_trace_cmd_trim()	# WORD
{
	local c head='' cut

	for c in : =; do
		[[ $COMP_WORDBREAKS == *$c* && $1 == *$c* ]] || continue
		cut=${1%"$c"*}$c
		((${#cut} > ${#head})) && head=$cut
	done
	[[ -n $head ]] && COMPREPLY=("${COMPREPLY[@]#"$head"}")
}

# Index in $words of record's COMMAND; fails if the line has not come to it yet.
_trace_cmd_program()
{
	local i

	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		[[ ${words[i]} == -- ]] && echo $((i + 1)) && return
		if [[ ${words[i]} != -?* ]]; then
			echo $i
			return
		fi
		[[ ${words[i]} == --verbose || -z $(_trace_cmd_arg record "${words[i]}") ]] || ((i++))
	done
	return 1
}

_trace_cmd_argument()	# KIND CURRENT [PREFIX]
{
	case $1 in
	other)
		;;
	file | directory)
		_trace_cmd_files "$1" "$2" "${3-}" ;;
	host)
		_trace_cmd_reply "" "${3-}" < <(compgen -A hostname -- "$2") ;;
	*)
		_trace_cmd_reply "$2" "${3-}" < <(_trace_cmd_values "$1" "$2") ;;
	esac
}

_trace_cmd()
{
	local words prog command current previous kind at

	COMPREPLY=()
	_trace_cmd_words
	prog=${words[0]/#\~/$HOME}
	command=${words[1]-}
	current=${words[-1]}
	if ((${#words[@]} <= 2)); then
		_trace_cmd_reply "$current" < <(_trace_cmd_commands "$prog")
		return
	fi
	if [[ $command == record ]] && at=$(_trace_cmd_program); then
		if declare -F _command_offset > /dev/null; then
			_command_offset $((COMP_CWORD - ${#words[@]} + 1 + at))
		else
			_trace_cmd_files file "$current"
		fi
		return
	fi
	previous=${words[-2]}
	if [[ $current == --*=* ]]; then
		kind=$(_trace_cmd_arg "$command" "${current%%=*}")
		_trace_cmd_argument "${kind:-other}" "${current#*=}" "${current%%=*}="
	elif [[ $previous != --verbose ]] && kind=$(_trace_cmd_arg "$command" "$previous") &&
	     [[ -n $kind ]]; then
		_trace_cmd_argument "$kind" "$current"
	elif [[ $current == -* ]]; then
		_trace_cmd_reply "$current" < <(_trace_cmd_options "$prog" "$command")
	elif [[ $command == record ]]; then
		_trace_cmd_reply "" < <(compgen -c -- "$current" | sort -u)
	else
		_trace_cmd_files file "$current"
	fi
	_trace_cmd_trim "$current"
}

complete -F _trace_cmd trace-cmd
