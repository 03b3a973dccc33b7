# Completion of trace-cmd's command line for bash. The program itself knows what may follow:
# see tracecmd/complete.h.

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

# Candidates: what ends in ':', '=' or ',' goes on.
_trace_cmd_offer()	# CURRENT [LINE...]
{
	local current=$1 line word open=

	shift
	for line; do
		word=${line%%$'\t'*}
		[[ $word == *[:=,] ]] && open=y
		# within quotes they stand as they are
		[[ $current == [\'\"]* || $word != *[!A-Za-z0-9_:=,.@/+-]* ]] || printf -v word %q "$word"
		COMPREPLY+=("$word")
	done
	[[ -n $open && ${#COMPREPLY[@]} == 1 ]] && compopt -o nospace 2> /dev/null
}

# The shell's own names of files; those with blanks stay whole.
_trace_cmd_files()	# -f|-d HEAD CURRENT
{
	local name

	compopt -o filenames 2> /dev/null
	while IFS= read -r name; do
		COMPREPLY+=("$2$name")
	done < <(compgen "$1" -- "${3#"$2"}")
}

# Word N of the line begins one of its own.
_trace_cmd_command()	# N CURRENT
{
	if declare -F _command_offset > /dev/null; then
		_command_offset $((COMP_CWORD - ${#words[@]} + 1 + $1))
	elif (($1 == ${#words[@]} - 1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$2" | sort -u)
	else
		_trace_cmd_files -f '' "$2"
	fi
}

_trace_cmd()
{
	local words answer current prog what

	COMPREPLY=()
	_trace_cmd_words
	prog=${words[0]/#\~/$HOME}
	current=${words[-1]}
	mapfile -t answer < <("$prog" __complete $((${#words[@]} - 1)) "${words[@]}" 2> /dev/null < /dev/null)
	what=${answer[0]-}
	case $what in
	:words)
		_trace_cmd_offer "$current" "${answer[@]:1}" ;;
	:files*)
		what=${what#:files}
		_trace_cmd_files -f "${what# }" "$current" ;;
	:directories*)
		what=${what#:directories}
		_trace_cmd_files -d "${what# }" "$current" ;;
	:command\ *)
		_trace_cmd_command "${what#:command }" "$current"
		return ;;
	esac
	_trace_cmd_trim "$current"
}

complete -F _trace_cmd trace-cmd
