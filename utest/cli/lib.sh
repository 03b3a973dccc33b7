# Helpers of the TAP scripts under utest/: sourced by bash, never run.
#
#	. "$(dirname "$0")/lib.sh"	# $0 may be a link of another build's tests
#	need_tracing			# or the whole script is skipped, saying why
#	run 30 "$TRACE_CMD" record -o "$T/a.dat" -e sched true
#	is "$rc" 0 "record ends well"
#	like "$out" 'CPU0 data recorded' "... and tells what it recorded"
#	done_testing
#
# Set here:	TRACE_CMD	the program under test, with its absolute path
#		STOCK		Debian's trace-cmd, or empty
#		TOP		the top of the source tree
#		BUILD		the directory of the build under test, absolute
#		T		a directory of this script's own, removed at its end
#		TRACING		the tracefs mount point, or empty
# The program under test comes from $TRACE_CMD, or from the build that
# scripts/run-tests chose. Nothing here sleeps for luck: see wait_for.

set -u
export LC_ALL=C
# The script may be a link in another build's directory: links are followed.
TOP=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
TOP=${TOP%/utest/*}
BUILD=$(cd "$TOP" && readlink -m "${BUILD:-build}")
if [ "$BUILD" = "$TOP/build" ]; then
	TRACE_CMD=${TRACE_CMD:-$TOP/tracecmd/trace-cmd}
else
	TRACE_CMD=${TRACE_CMD:-$BUILD/trace-cmd}
fi
STOCK=${STOCK-$(PATH=/usr/bin:/bin command -v trace-cmd || true)}
TRACING=
for _dir in /sys/kernel/tracing /sys/kernel/debug/tracing; do
	[ ! -e $_dir/trace_marker ] || { TRACING=$_dir; break; }
done
# Anything a test waits for may take this many times longer than a test says, for the sake of machines that
# are slow or busy: what hangs is found all the same.
export SLOW=${SLOW:-3}
# Leaks of libraries, which are not ours.
export LSAN_OPTIONS=${LSAN_OPTIONS-suppressions=$TOP/utest/lsan.supp:print_suppressions=0}

T=$(mktemp -d "${TMPDIR:-/tmp}/trace-test.XXXXXX")
_count=0 _failed=0 _planned=
_exits=() _pids=()

_at_end() {
	local status=$? i pid

	trap '' INT TERM
	for ((i = ${#_exits[@]} - 1; i >= 0; i--)); do
		eval "${_exits[i]}"
	done
	for pid in "${_pids[@]}"; do
		stop "$pid" KILL
	done
	clean_leftovers
	rm -rf "$T"
	if [ -z "$_planned" ]; then
		echo "# the script ended before done_testing"
		[ $status != 0 ] || status=1
	elif [ $_failed != 0 ]; then
		status=1
	fi
	exit $status
}
trap _at_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# at_exit COMMAND: evaluated when the script ends, whatever happens; last first
at_exit() { _exits+=("$1"); }

# --- verdicts

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# ok STATUS NAME [TEXT]: passes if STATUS is 0; else TEXT is shown, on stderr, which prove shows, too
ok() {
	_count=$((_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $_count - $2"
		return 0
	fi
	echo "not ok $_count - $2"
	_failed=$((_failed + 1))
	diag "failed: $_count - $2${3:+
$3}" >&2
	return 1
}

# is GOT WANTED NAME
is() {
	[ "$1" = "$2" ]
	ok $? "$3" "got:    $1
wanted: $2"
}

isnt() {
	[ "$1" != "$2" ]
	ok $? "$3" "got: $1, just what it must not be"
}

# like TEXT EXTENDED-REGEX NAME: one of the lines must match
like() {
	grep -Eq -e "$2" <<< "$1"
	ok $? "$3" "wanted: $2
in: $(head -c 3000 <<< "$1")"
}

unlike() {
	! grep -Eq -e "$2" <<< "$1"
	ok $? "$3" "not wanted: $2
in: $(head -c 3000 <<< "$1")"
}

# succeeds NAME COMMAND...: its output is shown when it fails
succeeds() {
	local name=$1 text rc=0; shift
	text=$("$@" 2>&1) || rc=$?
	ok $rc "$name" "$* ended with $rc: $(head -c 3000 <<< "$text")"
}

fails() {
	local name=$1 text rc=0; shift
	text=$("$@" 2>&1) || rc=$?
	[ $rc != 0 ]
	ok $? "$name" "$* succeeded: $(head -c 3000 <<< "$text")"
}

# skip COUNT REASON: that many tests are not run
skip() {
	local i
	for ((i = 0; i < $1; i++)); do
		_count=$((_count + 1))
		echo "ok $_count # SKIP $2"
	done
}

skip_all() {
	echo "1..0 # SKIP $*"
	_planned=0
	exit 0
}

done_testing() {
	_planned=$_count
	echo "1..$_count"
	[ $_count != 0 ] || exit 1
}

# --- what a script needs

need_root() { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

need_tracing() {
	need_root
	[ -n "$TRACING" ] || skip_all "needs tracefs"
	[ -w "$TRACING/trace_marker" ] || skip_all "needs a writable tracefs"
	clean_leftovers
}

# Put back what recordings that were killed with their guardians have left, if any: else the next
# command that sets tracing up does it, and says so where a test does not expect it.
clean_leftovers() {
	! ls /run/trace-cmd/*.journal > /dev/null 2>&1 || "$TRACE_CMD" set -v -B "none-$$" > /dev/null 2>&1 || true
}

need_stock() { [ -n "$STOCK" ] || skip_all "needs Debian's trace-cmd package"; }

# with_stock || return: the same for one test
with_stock() {
	[ -z "$STOCK" ] || return 0
	skip 1 "needs Debian's trace-cmd package"
	return 1
}

# --- running things

# report_as_stock NAME FILE OPTION...: what Debian's report of it says, warnings included, ours does
report_as_stock() {
	local name=$1 file=$2; shift 2
	with_stock || return 0
	is "$("$TRACE_CMD" report --compat 3.1 "$@" "$file" 2>&1)" "$("$STOCK" report "$@" -i "$file" 2>&1)" "$name"
}

# run SECONDS COMMAND...: sets rc, out (stdout), err (stderr), both (out, then err)
# shellcheck disable=SC2034	# for the caller
run() {
	local limit=$(($1 * SLOW)); shift
	rc=0
	timeout -k 5 "$limit" "$@" < /dev/null > "$T/.out" 2> "$T/.err" || rc=$?
	out=$(tr -d '\000' < "$T/.out") err=$(tr -d '\000' < "$T/.err")
	both=$out$'\n'$err
	[ $rc != 124 ] || diag "not done after $limit s: $*"
	return 0
}

# wait_for SECONDS COMMAND...: until it succeeds; 1 if it does not in time
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * SLOW * 1000000)); shift
	until "$@" > /dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt $end ] || return 1
		sleep 0.02
	done
}

# start LOG COMMAND...: in the background with its output in LOG; sets pid.
# It is ended with the script at the latest.
start() {
	local log=$1; shift
	# what an earlier one wrote there must not be taken for this one's words
	: > "$log"
	"$@" < /dev/null > "$log" 2>&1 &
	pid=$!
	_pids+=("$pid")
}

alive() { kill -0 "$1" 2> /dev/null; }

# stop PID [SIGNAL]: ask it to end, insist after ten seconds; sets rc
stop() {
	local p=$1
	if alive "$p"; then
		kill -"${2:-TERM}" "$p" 2> /dev/null
		wait_for 10 eval "! kill -0 $p" || kill -KILL "$p" 2> /dev/null
	fi
	rc=0
	wait "$p" 2> /dev/null || rc=$?
}

# free_port: one where nobody listens on loopback now, and that nobody else of this script has got
free_port() {
	local port
	mkdir -p "$T/.ports"
	while :; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		mkdir "$T/.ports/$port" 2> /dev/null || continue
		# shellcheck disable=SC2188	# only to see whether it connects
		(exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
	done
	echo "$port"
}

# listens PORT: does anybody, on TCP? (without connecting: an agent would take it for a client)
listens() {
	local hex
	hex=$(printf ':%04X' "$1")
	awk -v p="$hex\$" '$4 == "0A" && $2 ~ p { found = 1 } END { exit !found }' \
		/proc/net/tcp /proc/net/tcp6 2> /dev/null
}

# start_agent [AGENT_OPTION...]: of $AGENT (the program under test) on loopback;
# sets agent_port and pid
start_agent() {
	agent_port=$(free_port)
	start "$T/agent-$agent_port.log" "${AGENT:-$TRACE_CMD}" agent -N 127.0.0.1 -p "$agent_port" "$@"
	wait_for 20 listens "$agent_port" || {
		diag "the agent does not listen:" "$(cat "$T/agent-$agent_port.log")"
		return 1
	}
}

# --- tracefs

# new_instance: sets inst to its name and adds its directory to what is removed
new_instance() {
	inst=test-$$-$((_count + RANDOM))
	mkdir "$TRACING/instances/$inst" || return 1
	at_exit "rmdir '$TRACING/instances/$inst' 2> /dev/null"
}

# tracing_state [INSTANCE]: what record must leave as it found it, as text
tracing_state() {
	local dir=$TRACING${1:+/instances/$1} f
	for f in tracing_on current_tracer trace_clock set_event set_event_pid \
		 set_event_notrace_pid buffer_size_kb tracing_cpumask trace_options; do
		echo "$f: $(tr '\n' ' ' < "$dir/$f" 2> /dev/null)"
	done
	[ -n "${1-}" ] || echo "instances: $(cd "$TRACING/instances" && echo *)"
}

# remove_new_instances STATE: those for probes that were not there when tracing_state printed STATE. Agents put back
# the rest when their hosts have gone: that is waited for.
remove_new_instances() { wait_for 10 _as_before "$1" || true; }
_as_before() {
	local dir old

	old=" $(sed -n 's/^instances: //p' <<< "$1") "
	for dir in "$TRACING"/instances/clock_synch-*; do
		[ ! -d "$dir" ] || [[ $old == *" ${dir##*/} "* ]] || rmdir "$dir"
	done
	[ "$(tracing_state "")" = "$1" ]
}

# stock_script: a script to run by "unshare -m bash", with Debian's program and its arguments.
# Under lockdown that gives up where it cannot write function-tracing files it has no
# use for: it gets plain files instead of them, in a mount namespace of its own.
stock_script() {
	cat > "$T/stock.sh" <<-E2
		cover() { [ -e "\$1" ] && echo 1 > "$T/cover-\$2" && mount --bind "$T/cover-\$2" "\$1"; }
		cover /proc/sys/kernel/ftrace_enabled enabled
		n=0
		for d in $TRACING $TRACING/instances/${inst:-none}; do
			for f in set_ftrace_pid set_ftrace_filter set_ftrace_notrace set_ftrace_notrace_pid; do
				n=\$((n + 1))
				cover \$d/\$f \$n && : > "$T/cover-\$n"
			done
		done
		exec "$STOCK" "\$@"
	E2
	echo "$T/stock.sh"
}
