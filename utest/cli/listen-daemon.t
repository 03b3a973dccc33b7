#!/bin/bash
# listen -D: in the background, and named in the pid file as soon as who called it goes on.
. "$(dirname "$0")/lib.sh"
need_root
cd "$T" || exit 1

file=/var/run/trace-cmd-net.pid
if [ -e $file ] && alive "$(cat $file)"; then
	skip_all "another listener is in the background"
fi
at_exit "rm -f $file"
# daemon NAME: sets pid to that of a new one
daemon() {
	port=$(free_port)
	run 20 "$TRACE_CMD" listen -D -p "$port" -l "$1.log"
	pid=$(cat $file 2> /dev/null || echo none)
	at_exit "[ -d /proc/$pid ] && kill -KILL $pid"
}
ended() { ! alive "$1"; }

daemon one
one=$pid
is "$rc" 0 "listen -D: the caller goes on"
alive "$one"
ok $? "... when the pid file names who listens" "$one"
listens "$port"
ok $? "... on the port"
is "$(readlink "/proc/$one/fd/0") $(ps -o sid= -p "$one" | tr -d ' ')" "/dev/null $one" "... without a terminal"
run 20 "$TRACE_CMD" listen -D -p "$port" -l second.log
isnt "$rc" 0 "one that cannot have its port fails in sight of who called it"
is "$(cat $file)" "$one" "... and does not take the place of the other one"
daemon two
two=$pid
isnt "$two" "$one" "the latest is named"
like "$(cat two.log)" "named the listener $one, which goes on" "... which says whose place it took"
kill "$one"
wait_for 10 ended "$one"
is "$(cat $file)" "$two" "the end of the one before leaves it"
kill "$two"
wait_for 10 ended "$two"
[ ! -e $file ]
ok $? "its own end does not"
done_testing
