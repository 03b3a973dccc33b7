# Completion of trace-cmd's command line for fish. The program itself knows what may follow:
# see tracecmd/complete.h.

function __trace_cmd_complete
	set -l typed (commandline -opc)
	set -l current (commandline -ct)
	set -l prog (string replace -r '^~/' $HOME/ -- $typed[1])
	set -l answer ($prog __complete (count $typed) $typed $current 2> /dev/null < /dev/null)
	set -l what (string split -m 1 ' ' -- $answer[1])
	set -l head $what[2]

	switch "$what[1]"
		case :words
			printf '%s\n' $answer[2..-1]
		case :files
			set current (string sub -s (math (string length -- "$head") + 1) -- $current)
			string replace -r '^' -- "$head" (__fish_complete_path $current)
		case :directories
			set current (string sub -s (math (string length -- "$head") + 1) -- $current)
			string replace -r '^' -- "$head" (__fish_complete_directories $current '')
		case :command
			set typed $typed[(math $head + 1)..-1]
			complete -C (string join -- ' ' (string escape -- $typed) $current)
	end
end

complete -c trace-cmd -f -a '(__trace_cmd_complete)'
