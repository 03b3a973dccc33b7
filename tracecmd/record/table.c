/*
 * table.c - the options of record, start, set, stream and extract. See options.h. Layer 6.
 */
#include "commands.h"
#include "record/parse.h"

#define R	FOR_RECORD
#define S	FOR_START
#define T	FOR_SET
#define L	FOR_STREAM
#define P	FOR_PROFILE
#define M	(L | P)
#define X	FOR_EXTRACT
#define A	FOR_AGENT
#define Y	FOR_PROXY
#define TRACE	(R | S | T | M | A)	/* those that set tracing up */

const struct opt_spec record_options[] = {
	/* what to trace */
	{ 'e', NULL, OPT_REQUIRED, "enable EVENT: SYSTEM:EVENT, SYSTEM, EVENT, all; globs are allowed",
	  "event", TRACE | Y },
	{ 'f', NULL, OPT_REQUIRED, "kernel filter for the events of the -e before it", "field",
	  TRACE | Y },
	{ 'R', NULL, OPT_REQUIRED, "trigger for the events of the -e before it",
	  "disable_event: enable_event: hist:keys= snapshot stacktrace traceoff traceon", TRACE },
	{ 'v', NULL, OPT_NONE, "disable the events of the -e options that follow", NULL, TRACE | Y },
	{ 'i', NULL, OPT_NONE, "unknown events are no error", NULL, TRACE | Y },
	{ 'a', NULL, OPT_NONE, "store the formats of all events", NULL, R | S | M | A | Y },
	{ 'a', NULL, OPT_NONE, "take all existing instances, too", NULL, X },
	{ 'p', NULL, OPT_REQUIRED, "tracer", "tracer", TRACE | Y },
	{ 'l', NULL, OPT_REQUIRED, "trace only the function FUNC (globs), or FUNC:COMMAND",
	  "function-command", TRACE | Y },
	{ 'n', NULL, OPT_REQUIRED, "don't trace the function FUNC (globs)", "function", TRACE | Y },
	{ 'g', NULL, OPT_REQUIRED, "graph only the function FUNC (globs)", "function", TRACE | Y },
	{ OPT_MODULE, "module", OPT_REQUIRED, "functions of the module only", "module", TRACE | Y },
	{ OPT_FUNC_STACK, "func-stack", OPT_NONE, "store a stack trace with each function", NULL,
	  TRACE },
	{ OPT_MAX_GRAPH_DEPTH, "max-graph-depth", OPT_REQUIRED, "levels of functions to graph",
	  "number", TRACE | Y },
	{ 'C', NULL, OPT_REQUIRED, "trace clock", "clock", TRACE | Y },
	{ OPT_TSC2NSEC, "tsc2nsec", OPT_NONE, "store how to turn cycles of the TSC into nanoseconds",
	  NULL, R | A | Y },
	{ 'O', NULL, OPT_REQUIRED, "set a trace option (or clear it: noOPTION)", "option", TRACE },
	{ 'T', NULL, OPT_NONE, "store a stack trace with each event", NULL, TRACE | Y },
	{ 'd', NULL, OPT_NONE, "tracers other than those of functions trace none", NULL, TRACE | Y },
	{ 'D', NULL, OPT_NONE, "the same, and nobody else does", NULL, R | S | T | M },
	{ 'b', NULL, OPT_REQUIRED, "size of the ring buffer of each CPU, in KB", "number", TRACE | Y },
	{ OPT_SUBBUF_SIZE, "subbuf-size", OPT_REQUIRED, "size of its sub-buffers, in KB", "number",
	  TRACE | Y },
	{ OPT_CMDLINES_SIZE, "cmdlines-size", OPT_REQUIRED, "how many names of tasks are remembered",
	  "number", TRACE },
	{ 'M', NULL, OPT_REQUIRED, "mask of the CPUs to trace, hexadecimal; -1: all", "number",
	  TRACE | Y },
	{ 'B', NULL, OPT_REQUIRED, "trace in the instance NAME; the options after it are its own",
	  "instance", R | S | T | M },
	{ 'B', NULL, OPT_REQUIRED, "take the instance NAME", "instance", X },
	/* whom */
	{ 'F', NULL, OPT_NONE, "trace only the command", NULL, R | S | T | M },
	{ 'P', NULL, OPT_REQUIRED, "trace only these tasks: PID[,PID...]", "pid", TRACE },
	{ 'c', NULL, OPT_NONE, "and their children; with -F or -P", NULL, TRACE },
	{ OPT_NO_FILTER, "no-filter", OPT_NONE, "trace our own threads, too", NULL, TRACE },
	{ OPT_USER, "user", OPT_REQUIRED, "run the command as that user", "user", R | S | T | M },
	{ OPT_PROC_MAP, "proc-map", OPT_NONE, "store the address maps of the tasks traced", NULL, R },
	/* the file */
	{ 'o', NULL, OPT_REQUIRED, "output file (trace.dat)", "file", R | X },
	{ OPT_TEMP, "temp", OPT_REQUIRED, "directory for the data of each CPU while recording",
	  "directory", R },
	{ OPT_FILE_VERSION, "file-version", OPT_REQUIRED, "version of the file to write: 6 or 7", "6 7",
	  R | X | A | Y },
	{ OPT_COMPRESSION, "compression", OPT_REQUIRED, "none, zlib, zstd, or any",
	  "compression", R | X | A | Y },
	{ OPT_DATE, "date", OPT_NONE, "store how to turn timestamps into the time of day", NULL,
	  R | X | A | Y },
	{ OPT_TS_OFFSET, "ts-offset", OPT_REQUIRED, "store an offset for all timestamps", "number",
	  R | X | A | Y },
	{ 'm', NULL, OPT_REQUIRED, "keep only the latest KB of each CPU", "number", R },
	{ OPT_LIMIT_SIZE, "limit-size", OPT_REQUIRED, "end when there is as much data: 500K, 100M, 2G",
	  "number", R },
	{ OPT_ROTATE, "rotate", OPT_REQUIRED,
	  "begin a new file when there is as much data, or after that\n"
	  "time: SIZE or TIME, [:KEEP] of them are kept", "number", R },
	{ 'o', NULL, OPT_REQUIRED, "file for the profile, instead of the standard output", "file", P },
	/* profiles */
	{ OPT_PROFILE, "profile", OPT_NONE,
	  "record what report --profile needs: the scheduler with\n"
	  "stacks, page faults, interrupts, system calls, functions", NULL, R },
	{ 'S', NULL, OPT_NONE, "for a profile, record only what is named", NULL, R | P },
	{ 'H', NULL, OPT_REQUIRED, "measure the time between two events:\n"
	  "[SYS:]EVENT,MATCH[,PID]/[SYS:]EVENT,MATCH[,FLAGS]", "text", R | P },
	{ 'G', NULL, OPT_NONE, "interrupts are their CPUs', not the tasks'", NULL, R | P },
	{ OPT_BY_COMM, "by-comm", OPT_NONE, "tasks of a name together", NULL, R | P },
	/* the run */
	{ OPT_DURATION, "duration", OPT_REQUIRED, "end after that time: 10s, 500ms, 5m, 2h",
	  "number", R | M },
	{ 's', NULL, OPT_REQUIRED, "longest sleep of a recorder, in microseconds", "number", R | A | Y },
	{ 's', NULL, OPT_REQUIRED, "pause between two looks at the ring buffers, in microseconds",
	  "number", M },
	{ 's', NULL, OPT_NONE, "take what the snapshot holds", NULL, X },
	{ 'r', NULL, OPT_REQUIRED, "real-time priority of the recorders", "number", R | M },
	{ OPT_NOSPLICE, "nosplice", OPT_NONE, "read the ring buffer instead of splicing it", NULL,
	  R | M | A | Y },
	{ OPT_POLL, "poll", OPT_NONE, "read without ever sleeping", NULL, R | M | A },
	{ 'k', NULL, OPT_NONE, "leave tracing set up at the end", NULL, R | S | T | M | X },
	{ 'K', NULL, OPT_NONE, "reset nothing before, and leave it set up", NULL, R | S | T | M },
	{ OPT_EXIT_STATUS, "exit-status", OPT_NONE, "end with the command's exit status", NULL,
	  R | S | M },
	{ OPT_FAIL_ON_LOST, "fail-on-lost", OPT_NONE, "lost events are an error", NULL, R | M },
	{ 'q', "quiet", OPT_NONE, "print no sizes, losses, and progress", NULL, R | S | T | M | X | A | Y },
	{ OPT_STDERR, "stderr", OPT_NONE, "what is said goes to stderr; stdout is the command's", NULL,
	  R | S | T | M | X },
	{ OPT_DAEMONIZE, "daemonize", OPT_NONE, "go on in the background once recording has begun",
	  NULL, R },
	{ OPT_FORK, "fork", OPT_NONE, "don't wait for the command", NULL, S },
	{ OPT_FORCE, "force", OPT_NONE, "even if another trace-cmd is recording there", NULL, S | X },
	{ OPT_DEBUG, "debug", OPT_NONE, "tell what is being done", NULL, R | S | T | M | X },
	{ OPT_NOTIMEOUT, "notimeout", OPT_NONE, "wait for peers as long as it takes", NULL, R },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all", R | S | T | M | X | A },
	/* other machines */
	{ 'N', NULL, OPT_REQUIRED, "send the data to a listener: [HOST:]PORT", "host", R },
	{ 'V', NULL, OPT_REQUIRED, "send the data to a listener: vsock CID:PORT", "text", R },
	{ 't', NULL, OPT_NONE, "with -N: send the data over TCP, not UDP", NULL, R },
	{ 't', NULL, OPT_NONE, "take the top instance, too", NULL, X },
	{ 'A', NULL, OPT_REQUIRED, "record the guest with that agent, too: HOST:PORT, CID[:PORT],\n"
	  "NAME[@CID][:PORT], [NAME@]unix:PATH[:PORT]; the options\n"
	  "after it are the guest's", "guest", R },
	{ OPT_PROXY, "proxy", OPT_REQUIRED, "we are a guest: record our host, by its agent -P, too: CID[:PORT]\n"
	  "(2 is the host); the options after it are the host's", "own-host", R },
	{ OPT_NAME, "name", OPT_REQUIRED, "name of the guest of the -A before it, or of the host of --proxy", "text", R },
	{ OPT_NOFIFOS, "nofifos", OPT_NONE, "data of guests never comes through FIFOs", NULL, R },
	{ OPT_GUEST_SIZE, "guest-size", OPT_REQUIRED,
	  "store at most as much data of each guest: 500M, 2G", "text", R },
	{ OPT_AUTH, "auth", OPT_REQUIRED, "-A, -N, -V: encrypt, and trust who knows the key in this file",
	  "file", R },
	{ OPT_TSYNC_INTERVAL, "tsync-interval", OPT_REQUIRED,
	  "compare clocks every MS milliseconds; 0: at start and end, -1: never", "number", R | A },
	{ OPT_TSYNC_PER_CPU, "tsync-per-cpu", OPT_NONE, "compare clocks for each CPU", NULL, R | A | Y },
	{ OPT_NO_TSYNC_PER_CPU, "no-tsync-per-cpu", OPT_NONE, "compare clocks once for all CPUs", NULL,
	  R | A | Y },
	{ OPT_TSYNC_PROTO, "tsync-proto", OPT_REQUIRED,
	  "compare clocks by this protocol; auto: by the best that works", "auto kvm vmexit burst ptp", R | A | Y },
	{ OPT_TSYNC_METHOD, "tsync-method", OPT_REQUIRED,
	  "offset from the bounds of all probes (bounds), the fastest response (fastest) or the\n"
	  "histogram of all (histogram)", "bounds fastest histogram", R | A | Y },
	{ OPT_TSYNC_RAW, "tsync-raw", OPT_NONE, "keep all that was measured of the clocks in the file",
	  NULL, R | A | Y },
	{ OPT_TSYNC_STAMP, "tsync-stamp", OPT_REQUIRED,
	  "stamp probes by ftrace marker (marker) or by clock (mono_raw; needs -C mono_raw)",
	  "marker mono_raw", R | A | Y },
	{ OPT_TSYNC_DEBUG, "tsync-debug", OPT_REQUIRED, "directory for files with all probes",
	  "directory", R },
	{ OPT_TSYNC_LAYOUT, "tsync-layout", OPT_REQUIRED,
	  "layout of TimeShift in the file: current or fork", "current fork", R | A | Y },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
