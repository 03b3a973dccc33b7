#!/bin/bash
# Program, manual and public header agree: every command has a page, every option and
# function is in both, and what the pages claim of their own (examples) holds.
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "needs $TRACE_CMD to be built"
man1=$TOP/Documentation/trace-cmd
man3=$TOP/Documentation/libtracecmd
headers=$TOP/include/trace-cmd

# prints the words of $1 that are not among those of $2; words are lines
missing() { LC_ALL=C comm -23 <(sort -u <<< "$1") <(sort -u <<< "$2") | paste -sd' '; }

# the options that the command's help shows
help_options() {
	"$TRACE_CMD" "$1" -h | grep -E '^ {10,12}-' | cut -c 11-31 | grep -oE -e '(^|[ ,])--?[a-zA-Z][-a-zA-Z0-9_]*' |
		tr -d ' ,'
}

# the options that the page explains: terms of definition lists, examples apart
page_options() {
	awk '/^----$/ { code = !code } !code && /^[*_`+]*-.*::+[ \t]*$/' "$1" |
		tr -d '*`+' | grep -oE -e '(^|[ ,])--?[a-zA-Z][-a-zA-Z0-9_]*' | tr -d ' ,'
}

# the options of the command that its page uses in the examples: '# trace-cmd COMMAND ...'
used_options() {
	sed -e ':a' -e '/\\$/ { N; s/\\\n//; ba' -e '}' "$1" | sed -n "s/^# trace-cmd $2 //p" |
		sed "s/'[^']*'//g; s/[|&].*//" | grep -oE -e ' --?[a-zA-Z][-a-zA-Z0-9_]*' | tr -d ' '
}

commands=$("$TRACE_CMD" --help | sed -n 's/^     \([a-z][^ ]*\) - .*/\1/p')
like "$commands" '^record$' "the help lists commands"
for c in $commands; do
	page=$man1/trace-cmd-$c.1.txt
	[ -s "$page" ]
	ok $? "$c has a page" || continue
	is "$(head -n 1 "$page" | tr -d '= ')" "trace-cmd-$c(1)" "$c: the page's title"
	shown=$(help_options "$c") told=$(page_options "$page")
	is "$(missing "$shown" "$told")" "" "$c: the page explains all options of the help"
	is "$(missing "$told" "$shown")" "" "$c: the help shows all options of the page"
	is "$(missing "$(used_options "$page" "$c")" "$shown")" "" "$c: the examples use no other options"
	grep -q "trace-cmd-$c\*(1)" "$man1/trace-cmd.1.txt"
	ok $? "$c: trace-cmd(1) refers to its page"
	grep -q "^\*$c\*::" "$man1/trace-cmd.1.txt"
	ok $? "$c: trace-cmd(1) lists it"
done
pages=$(cd "$man1" && printf '%s\n' trace-cmd-*.1.txt | sed 's/^trace-cmd-\(.*\)\.1\.txt$/\1/')
is "$(missing "$pages" "$commands")" "" "every page is of a command"

declared=$(grep -ohE '\btracecmd_[a-z0-9_]+\(' "$headers"/*.h | tr -d '(')
told=$(cat "$man3"/*.3.txt | grep -oE '\*tracecmd_[a-z0-9_]+\*\(\)' | tr -d '*()')
is "$(missing "$declared" "$told")" "" "libtracecmd(3) tells of all functions of the header"
is "$(missing "$told" "$declared")" "" "libtracecmd(3) tells of no others"
sed '1,/^== EXAMPLE/d' "$man3/libtracecmd.3.txt" | sed '1,/^----$/d; /^----$/,$d' > "$T/example.c"
like "$(cat "$T/example.c")" '^int main' "libtracecmd(3) has an example"
# shellcheck disable=SC2046
succeeds "libtracecmd(3): the example compiles" gcc -Wall -Werror -fsyntax-only \
	-I"$TOP/include/trace-cmd" $(pkg-config --cflags libtracefs libtraceevent) "$T/example.c"

if command -v asciidoctor > /dev/null; then
	for page in "$man1"/*.1.txt "$man3"/*.3.txt; do
		succeeds "${page##*/}: asciidoctor has no complaint" \
			asciidoctor -b manpage -o "$T/page" --failure-level WARN "$page"
	done
else
	skip 1 "needs asciidoctor"
fi

# names of files and folders that the documents for developers mention
for doc in "$TOP"/Documentation/*.md "$TOP"/Documentation/formats/*.md; do
	gone=
	for name in $(grep -oE '`[a-zA-Z0-9_./-]+(/|\.(c|h|py|md|bash|mk))`' "$doc" | tr -d '`' | sort -u); do
		# placeholders, and what only a build makes
		case $name in
		*NAME* | *MODULE* | noun.* | build*) continue ;;
		esac
		[ -e "$TOP/$name" ] || [ -e "$TOP/lib/trace-cmd/$name" ] ||
			[ -e "$TOP/tracecmd/$name" ] || [ -e "$TOP/Documentation/$name" ] ||
			gone+=" $name"
	done
	is "$gone" "" "${doc##*/}: the files it names are there"
done

done_testing
