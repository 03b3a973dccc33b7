#!/usr/bin/env zsh
# What TAB offers in a zsh: complete.zsh DIR-OF-_trace-cmd DIR-FOR-FILES < LINES
#
# A second zsh runs on a terminal of its own (zpty) in the current directory; each line is typed
# into it, with a TAB. Prints for each line a line: what TAB added as candidates, sorted, and
# behind " => " what the line is then.
zmodload zsh/zpty zsh/zselect || exit 1
from=$1 dir=$2
cat > $dir/init.zsh <<END
PS1= fpath=($from \$fpath)
unsetopt beep
autoload -Uz compinit && compinit -u -d $dir/dump
# what is added as candidates; not what completion functions only ask for
compadd() {
	local -a hits
	if (( ! \${argv[(I)-[a-zA-Z]#[OAD]]} )); then
		builtin compadd -O hits "\$@"
		print -rl -- "\$hits[@]" >> $dir/hits
	fi
	builtin compadd "\$@"
}
finish() { print -r -- "=> \$BUFFER" >> $dir/hits; mv $dir/hits $dir/answer; BUFFER= }
zle -N finish
bindkey '^I' complete-word '^X^E' finish
: > $dir/ready
END
setopt extended_glob
sed -i '2i setopt extended_glob' $dir/init.zsh

wait_for() {
	local i
	for ((i = 0; i < 1000 * ${SLOW:-1}; i++)); do
		[[ -e $1 ]] && return
		zselect -t 2
		# what it shows on its terminal must not fill that up
		zpty -rt z > /dev/null 2>&1
	done
	print -u2 "complete.zsh: no answer"
	zpty -d z
	exit 1
}

zpty z zsh -f -i
zpty -w z "source $dir/init.zsh"
wait_for $dir/ready
while IFS= read -r line; do
	: > $dir/hits
	zpty -n -w z "$line"$'\t\x18\x05'
	wait_for $dir/answer
	print -r -- $(grep -v '^=> ' $dir/answer | grep . | LC_ALL=C sort -u) "$(grep '^=> ' $dir/answer)"
	rm $dir/answer
done
zpty -d z
