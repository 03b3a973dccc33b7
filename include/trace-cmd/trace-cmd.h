/*
 * trace-cmd.h - libtracecmd: reading the files that trace-cmd record writes.
 *
 * One handle (struct tracecmd_input) stands for one trace.dat file, or for one
 * buffer instance in it. Everything is read only.
 *
 * Conventions, unless a function says otherwise:
 *   - Timestamps are unsigned 64-bit nanoseconds after all corrections (guest
 *     time shift, TSC conversion, date and offsets); of files recorded with a
 *     clock that does not count nanoseconds they are that clock's raw counts.
 *   - A CPU is the number it has in the file, 0 to tracecmd_get_cpus() - 1.
 *   - Functions returning int give 0 on success and -1 with errno set.
 *     Functions returning a pointer give NULL on failure.
 *   - Strings and structures returned belong to the handle and live as long as it.
 *   - Handles are not locked: use each one in one thread at a time. Different files
 *     may be read in different threads at once.
 *
 * Users of the functions that take a cpu_set_t define _GNU_SOURCE before
 * including any header.
 */
#ifndef _TRACE_CMD_H
#define _TRACE_CMD_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "event-parse.h"
#include "tracefs.h"
#include "trace-cmd-printer.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct tracecmd_input;		/* one open file, or one buffer instance in it */
struct tracecmd_pins;		/* pages of records that stay in memory */
struct tracecmd_ahead;		/* data that other threads unpack */
struct tracecmd_filter;		/* a set of event filters; belongs to the handle it was added to */
struct tracecmd_cpu_map;	/* a guest's virtual CPU and the host thread that ran it; the handles' */

/* Flags of the opening functions, to be or'ed. */
enum tracecmd_open_flags {
	TRACECMD_FL_LOAD_NO_PLUGINS		= 1 << 0, /* load no libtraceevent plugin */
	TRACECMD_FL_LOAD_NO_SYSTEM_PLUGINS	= 1 << 1, /* only the user's own plugins */
	/* Additions of this library: */
	TRACECMD_FL_RAW_TS			= 1 << 16, /* timestamps as in the ring buffer */
	TRACECMD_FL_NO_DATE			= 1 << 17, /* ignore the stored wall clock offset */
	/*
	 * The parser learns events when they are asked for by tracecmd_printer_event(), or all when
	 * a filter or follower is added. What is wrong with a format is told then.
	 */
	TRACECMD_FL_EVENTS_LATER		= 1 << 18,
	/*
	 * Filters let stack traces pass as those of libtracecmd 1.3 do: all that are behind the first
	 * record that is shown of their CPU; all, if there are negative filters only.
	 */
	TRACECMD_FL_STACKS_STAY			= 1 << 19,
};

enum tracecmd_section_flags {	/* of a section of the file */
	TRACECMD_SEC_FL_COMPRESS	= 1 << 0,
};

/* What a filter says of a record; the values are libtraceevent's. */
enum tracecmd_filters {
	TRACECMD_FILTER_NONE		= TEP_ERRNO__NO_FILTER,
	TRACECMD_FILTER_NOT_FOUND	= TEP_ERRNO__FILTER_NOT_FOUND,
	TRACECMD_FILTER_MISS		= TEP_ERRNO__FILTER_MISS,
	TRACECMD_FILTER_MATCH		= TEP_ERRNO__FILTER_MATCH,
};

/* --- opening and closing ------------------------------------------------- */

/*
 * tracecmd_open - open a trace file, ready to read
 * @file: path
 * @flags: enum tracecmd_open_flags
 *
 * Reads all metadata, loads libtraceevent's plugins unless told not to
 * (honouring options set with tep_plugin_add_option()) and prepares the data.
 *
 * A truncated file opens as long as its metadata is complete: what is there can
 * be read, and tracecmd_get_error() tells what is missing.
 *
 * Returns a handle to close with tracecmd_close(), or NULL with errno: that of
 * open(2); EINVAL not a trace file; ENOTSUP a version or compression this library
 * cannot read; EBADMSG damaged metadata; ENODATA metadata cut off; ENOMEM.
 */
struct tracecmd_input *tracecmd_open(const char *file, int flags);

/*
 * tracecmd_open_fd - the same for an open, seekable descriptor
 * @fd: file descriptor; on success the handle owns it, on failure it stays the caller's
 */
struct tracecmd_input *tracecmd_open_fd(int fd, int flags);

/*
 * tracecmd_open_head - open a trace file, metadata only
 *
 * tracecmd_get_tep(), the trace id, names of buffers and guest maps work; records
 * can be read only after tracecmd_init_data().
 */
struct tracecmd_input *tracecmd_open_head(const char *file, int flags);

/*
 * tracecmd_init_data - second half of opening, after tracecmd_open_head(); once
 *
 * Returns 0, or -1 with errno: EBUSY done already; EBADMSG damaged; ENOMEM; EINVAL.
 */
int tracecmd_init_data(struct tracecmd_input *handle);

/*
 * tracecmd_close - drop a handle; NULL is fine
 *
 * Handles of instances keep what they share with this one alive: they may be closed
 * in any order. Free all records first.
 */
void tracecmd_close(struct tracecmd_input *handle);

/* One pointer for the user's own use, NULL at first, never touched by the library. */
void tracecmd_set_private(struct tracecmd_input *handle, void *data);
void *tracecmd_get_private(struct tracecmd_input *handle);

/* --- records --------------------------------------------------------------- */

/*
 * tracecmd_read_cpu_first - rewind a CPU and read its first record
 *
 * Returns a record for tracecmd_free_record(); NULL if the CPU has none, does not
 * exist, or could not be read.
 */
struct tep_record *tracecmd_read_cpu_first(struct tracecmd_input *handle, int cpu);

/*
 * tracecmd_read_data - the record at a CPU's position, which then advances
 *
 * Starts with the first record. NULL at the end. Pages that are damaged are skipped; see
 * tracecmd_get_error().
 */
struct tep_record *tracecmd_read_data(struct tracecmd_input *handle, int cpu);

/*
 * tracecmd_read_at - the record whose member offset is @offset
 * @offset: as in a record read before, on any CPU
 * @cpu: if not NULL, gets the record's CPU; untouched on failure
 *
 * Does not change any CPU's position. Returns a new record each time, or NULL.
 */
struct tep_record *tracecmd_read_at(struct tracecmd_input *handle, unsigned long long offset,
				    int *cpu);

/*
 * tracecmd_free_record - drop one reference to a record; NULL is fine
 *
 * Any number of records may be held, of all CPUs, and freed in any order.
 * In a record: ts (see top), offset (key for tracecmd_read_at(), unique in a handle,
 * increasing on a CPU, below 2^63), missed_events (lost just before this one: count, negative
 * if unknown, else 0), record_size (bytes in the ring buffer, header included), data
 * and size (the event in the file's byte order, bytes), cpu.
 */
void tracecmd_free_record(struct tep_record *record);

/*
 * tracecmd_get_tep - the parser with the file's events, symbols, formats and command lines
 *
 * Shared by a file and the handles of its instances; not to be freed. It is made when
 * first asked for, which takes some 10 ms. NULL with errno ENOMEM.
 */
struct tep_handle *tracecmd_get_tep(struct tracecmd_input *handle);

/*
 * tracecmd_get_place - where @record, which @handle gave, is in the ring buffer's pages
 * tracecmd_each_gap - call @callback for what its page has between it and the next record: padding
 *	of @length bytes, or a time extend (which, as that padding's, adds to the time), or a time
 * 0; -1 with errno EINVAL, ENOENT (no such record), ENOMEM.
 */
struct tracecmd_place {
	unsigned long long page_offset;	/* of its page (sub-buffer): as the member offset of records */
	unsigned long long page_ts;	/* of its page, as recorded */
	unsigned int offset;		/* of its header, bytes from the start of the page */
	unsigned int delta;		/* added to the time before it, as recorded */
	bool first;			/* it is the first record of the page */
};
enum tracecmd_gap { TRACECMD_GAP_PADDING, TRACECMD_GAP_EXTEND, TRACECMD_GAP_STAMP };
typedef void (*tracecmd_gap_fn)(enum tracecmd_gap what, unsigned long long value,
				unsigned int length, void *data);
int tracecmd_get_place(struct tracecmd_input *handle, const struct tep_record *record,
		       struct tracecmd_place *place);
int tracecmd_each_gap(struct tracecmd_input *handle, const struct tep_record *record,
		      tracecmd_gap_fn callback, void *data);

/* --- iterating ------------------------------------------------------------- */

/*
 * tracecmd_iterate_events - call @callback for records in the order of time
 * @cpus: CPUs wanted, NULL for all
 * @cpu_size: bytes in @cpus, as for CPU_ISSET_S()
 * @callback: gets the record, which is freed after it returns; may be NULL if a
 *	follower is set. Non-zero stops the iteration.
 * @callback_data: for @callback
 *
 * For each record: followers of missed events, then the filters, then followers of
 * its event, then @callback; a non-zero value of any of them stops. Equal times: the lower
 * CPU first. Goes on from the CPUs' positions, so a second call finds nothing until
 * tracecmd_iterate_reset().
 *
 * Returns 0 at the end, the value that stopped it, or -1 with errno EINVAL (neither
 * callback nor follower), ENODATA (tracecmd_init_data() is missing), ENOMEM.
 */
int tracecmd_iterate_events(struct tracecmd_input *handle, cpu_set_t *cpus, int cpu_size,
			    int (*callback)(struct tracecmd_input *handle,
					    struct tep_record *record, int cpu, void *data),
			    void *callback_data);

/*
 * tracecmd_iterate_events_multi - the same over several handles, all their CPUs
 * @handles: the host first if others are its guests; equal times are in this order
 * @nr_handles: their number
 *
 * The callback's @cpu counts on through all handles; record->cpu is the number in
 * its handle.
 */
int tracecmd_iterate_events_multi(struct tracecmd_input **handles, int nr_handles,
				  int (*callback)(struct tracecmd_input *handle,
						  struct tep_record *record, int cpu, void *data),
				  void *callback_data);

/*
 * tracecmd_iterate_events_reverse - from the newest record to the oldest
 * @cont: false starts at the end; true goes back from the CPUs' positions
 *
 * Otherwise as tracecmd_iterate_events().
 */
int tracecmd_iterate_events_reverse(struct tracecmd_input *handle, cpu_set_t *cpus, int cpu_size,
				    int (*callback)(struct tracecmd_input *handle,
						    struct tep_record *record, int cpu, void *data),
				    void *callback_data, bool cont);

/*
 * tracecmd_iterate_in_place - as tracecmd_iterate_events_multi(), without copying records
 *
 * Records and their data are gone when the callback returns: it may not take references. What
 * is to be used later is copied, as a struct tep_record, and its data pinned.
 */
int tracecmd_iterate_in_place(struct tracecmd_input **handles, int nr_handles,
			      int (*callback)(struct tracecmd_input *handle,
					      struct tep_record *record, int cpu, void *data),
			      void *callback_data);

/*
 * Pins keep the data of records of tracecmd_iterate_in_place() where it is, for any
 * thread to read. They are set, cleared and freed in the thread that iterates, and freed
 * before the handles are closed.
 *
 * tracecmd_pins_alloc - NULL with errno ENOMEM
 * tracecmd_pins_add - in the callback, for its record: 0; -1 with errno EINVAL, ENOMEM
 * tracecmd_pins_bytes - memory that is kept, which may be much more than the records are
 * tracecmd_pins_clear - the data of all records is gone
 * tracecmd_pins_free - the same, and the pins; NULL is fine
 */
struct tracecmd_pins *tracecmd_pins_alloc(void);
int tracecmd_pins_add(struct tracecmd_pins *pins, const struct tep_record *record);
unsigned long long tracecmd_pins_bytes(const struct tracecmd_pins *pins);
void tracecmd_pins_clear(struct tracecmd_pins *pins);
void tracecmd_pins_free(struct tracecmd_pins *pins);

/*
 * Compressed data can be unpacked by other threads of the caller before an iteration comes to
 * it, some of it at a time. Records, their order and what is found damaged stay the same.
 *
 * tracecmd_ahead_alloc - for all iterations of @handles until it is freed. @threads: that will
 *	help. @more is called in the thread that iterates, each time there is another piece to be
 *	unpacked; none need to be. NULL with errno ENOMEM, EINVAL
 * tracecmd_ahead_work - in any thread, in many at the same time: unpack a piece. 1; 0 there is none
 * tracecmd_ahead_free - in the thread that iterates, when no other one works any more, and before
 *	the handles are closed; NULL is fine
 */
struct tracecmd_ahead *tracecmd_ahead_alloc(struct tracecmd_input **handles, int nr_handles,
					    int threads, void (*more)(void *data), void *data);
int tracecmd_ahead_work(struct tracecmd_ahead *ahead);
void tracecmd_ahead_free(struct tracecmd_ahead *ahead);

/* Rewind all CPUs to their first record. 0; -1. */
int tracecmd_iterate_reset(struct tracecmd_input *handle);

/*
 * tracecmd_follow_event - call @callback for each record of an event
 * @system: of the event, NULL for any
 * @event_name: of the event
 * @callback: runs before the iterator's own; non-zero stops the iteration
 *
 * Several may be set; they last until the handle is closed. 0, or -1 with errno
 * ENOENT (no such event in the file), EINVAL, ENOMEM.
 */
int tracecmd_follow_event(struct tracecmd_input *handle, const char *system,
			  const char *event_name,
			  int (*callback)(struct tracecmd_input *handle, struct tep_event *event,
					  struct tep_record *record, int cpu, void *data),
			  void *callback_data);

/*
 * tracecmd_follow_missed_events - call @callback for records after lost events
 *
 * Runs before everything else and whatever the filters say; record->missed_events is
 * the count, negative if unknown. 0; -1 with errno EINVAL, ENOMEM.
 */
int tracecmd_follow_missed_events(struct tracecmd_input *handle,
				  int (*callback)(struct tracecmd_input *handle,
						  struct tep_event *event,
						  struct tep_record *record, int cpu, void *data),
				  void *callback_data);

/*
 * tracecmd_filter_add - show or hide records by a filter
 * @filter_str: libtraceevent's syntax, "system/event: expression" or lists with commas
 * @neg: hide what matches, instead of showing only what matches
 *
 * A record is shown if no negative filter matches it and, if there are positive
 * ones, one of them matches. A stack trace that no filter matches follows the record it belongs
 * to, the one before on its CPU. Applies to event followers and callbacks of iterators.
 *
 * NULL with errno EINVAL (syntax; unknown event), ENOMEM.
 */
struct tracecmd_filter *tracecmd_filter_add(struct tracecmd_input *handle,
					    const char *filter_str, bool neg);

/*
 * tracecmd_filter_add_tasks - show or hide records by the tasks that they are of or about
 * @pids: @nr_pids numbers of tasks
 * @neg: hide what matches, instead of showing only what matches
 *
 * As tracecmd_filter_add() does with "common_pid == PID || pid == PID || next_pid == PID" for all PIDs and events, but
 * made for thousands of them.
 *
 * NULL with errno EINVAL (no tasks), ENOMEM.
 */
struct tracecmd_filter *tracecmd_filter_add_tasks(struct tracecmd_input *handle, const int *pids,
						  unsigned int nr_pids, bool neg);

/* --- instances ------------------------------------------------------------- */

/* Buffers besides the top one. */
int tracecmd_buffer_instances(struct tracecmd_input *handle);

/* Name of the @indx-th instance in the file's order; NULL out of range. */
const char *tracecmd_buffer_instance_name(struct tracecmd_input *handle, int indx);

/*
 * tracecmd_buffer_instance_handle - a handle for an instance, ready to read
 *
 * Shares the parser; starts with the parent's offset of timestamps and private
 * pointer; has followers and filters of its own. NULL with errno EINVAL, ENOMEM.
 */
struct tracecmd_input *tracecmd_buffer_instance_handle(struct tracecmd_input *handle, int indx);

/* --- time ------------------------------------------------------------------- */

/* The earliest of the CPUs' first timestamps; 0 if there is no record. */
unsigned long long tracecmd_get_first_ts(struct tracecmd_input *handle);

/* Add @offset ns to the timestamps read from now on; accumulates. */
void tracecmd_add_ts_offset(struct tracecmd_input *handle, long long offset);

/*
 * tracecmd_get_tsc2nsec - how the file converts TSC counts
 * @mult, @shift: ns = (tsc * mult) >> shift
 * @offset: stored beside them, not used
 *
 * The pointers may be NULL. 0 if the buffer's clock is x86-tsc or tsc2nsec; otherwise -1,
 * with the values filled in all the same.
 */
int tracecmd_get_tsc2nsec(struct tracecmd_input *handle, int *mult, int *shift,
			  unsigned long long *offset);

/* --- hosts and guests ------------------------------------------------------- */

/* The file's id in its session, 0 if it has none. */
unsigned long long tracecmd_get_traceid(struct tracecmd_input *handle);

/*
 * tracecmd_get_guest_cpumap - what a host's file knows of a guest
 * @trace_id: the guest's
 * @name: its name, may be ""
 * @vcpu_count: number of its CPUs
 * @cpu_pid: for each of them the host's thread id, -1 unknown
 *
 * The pointers may be NULL. 0; -1 with errno ENOENT.
 */
int tracecmd_get_guest_cpumap(struct tracecmd_input *handle, unsigned long long trace_id,
			      const char **name, int *vcpu_count, const int **cpu_pid);

/*
 * tracecmd_map_vcpus - link a host's handle with those of its guests
 * @handles: the host first
 *
 * Returns how many guests were linked, 0 included; -1 with errno EINVAL, ENOMEM.
 */
int tracecmd_map_vcpus(struct tracecmd_input **handles, int nr_handles);

/* The map of a guest handle's CPU; NULL if there is none. */
struct tracecmd_cpu_map *tracecmd_get_cpu_map(struct tracecmd_input *handle, int cpu);

/* By the host's thread, from the host's handle or that of any guest linked with it. */
struct tracecmd_cpu_map *tracecmd_map_find_by_host_pid(struct tracecmd_input *handle, int host_pid);

struct tracecmd_input *tracecmd_map_get_guest(struct tracecmd_cpu_map *map);
int tracecmd_map_get_host_pid(struct tracecmd_cpu_map *map);
void tracecmd_map_set_private(struct tracecmd_cpu_map *map, void *priv);
void *tracecmd_map_get_private(struct tracecmd_cpu_map *map);

/* --- messages --------------------------------------------------------------- */

/* Show messages up to @level on stderr, of libtracefs and libtraceevent too. */
void tracecmd_set_loglevel(enum tep_loglevel level);

/* --- additions of this library ---------------------------------------------- */

/*
 * As the functions without _err; on failure they also describe it.
 * @errbuf: gets a text without newline, cut to @errsize bytes; may be NULL
 */
struct tracecmd_input *tracecmd_open_err(const char *file, int flags, char *errbuf, size_t errsize);
struct tracecmd_input *tracecmd_open_fd_err(int fd, int flags, char *errbuf, size_t errsize);
struct tracecmd_input *tracecmd_open_head_err(const char *file, int flags, char *errbuf,
					      size_t errsize);

/*
 * tracecmd_get_error - what of the file could not be read so far
 * @buf: gets the message, cut to @size bytes, "" if there was no error; may be NULL
 *
 * 0, or the errno of the first failure: ENODATA the file is truncated, EBADMSG it is
 * damaged, others. Ask after opening for what is missing at the end, and again after
 * reading. Shared by a file and the handles of its instances.
 */
int tracecmd_get_error(struct tracecmd_input *handle, char *buf, size_t size);

/*
 * tracecmd_set_kallsyms - take the names of functions from @file instead of the trace
 * @file: as /proc/kallsyms is
 *
 * Before the parser is asked for (tracecmd_get_tep(), filters). 0; -1 with errno: that of open(2); EBUSY too late; EFBIG
 * more than 256 MB; ENOMEM; EINVAL.
 */
int tracecmd_set_kallsyms(struct tracecmd_input *handle, const char *file);

/*
 * tracecmd_each_function - call @callback for each function that addresses can be in
 * @callback: gets its name, module (NULL: the kernel itself) and start; non-zero ends it
 *
 * By address. Functions are looked up when they are printed and not kept in the tep handle,
 * so that tep_print_funcs() knows none. Returns 0, what ended it, or -1 with errno EINVAL, ENOMEM.
 */
int tracecmd_each_function(struct tracecmd_input *handle,
			   int (*callback)(const char *name, const char *module,
					   unsigned long long start, void *data),
			   void *callback_data);

/*
 * tracecmd_print_args - what a function was called with
 * @s: gets "file=0xffff888004a2c500, count=512", as the kernel's types in the file tell (BTF); the bare
 *	numbers if they don't know the function, or there are none
 * @func: its name; NULL if nobody knows it
 * @args: of the event, as it is in its record: @size bytes of longs
 *
 * 0; -1 with errno EINVAL, ENOMEM.
 */
int tracecmd_print_args(struct tracecmd_input *handle, struct trace_seq *s, const char *func,
			const void *args, size_t size);

/* CPUs the buffer has, from 0 on, those without data included. */
int tracecmd_get_cpus(struct tracecmd_input *handle);

/* The recording machine, "sysname nodename release machine"; NULL if not stored. */
const char *tracecmd_get_uname(struct tracecmd_input *handle);

/* Version of the recording program; NULL if not stored. */
const char *tracecmd_get_version(struct tracecmd_input *handle);

/*
 * The @indx-th pair of events that profiles measure, as it was given to record -H; NULL
 * if there are not so many.
 */
const char *tracecmd_get_hook(struct tracecmd_input *handle, int indx);

/* Name of the buffer's trace clock, e.g. "local"; NULL if not stored. */
const char *tracecmd_get_trace_clock(struct tracecmd_input *handle);

/* The statistics of all CPUs and instances, as text of many lines; NULL if not stored. */
const char *tracecmd_get_cpustats(struct tracecmd_input *handle);

/* Path the file was opened by; NULL for descriptors. */
const char *tracecmd_get_file_name(struct tracecmd_input *handle);

/* Version of the file format, 6 or 7. */
int tracecmd_get_file_version(struct tracecmd_input *handle);

/* True if the file holds the text of a latency tracer, and no records. */
bool tracecmd_is_latency(struct tracecmd_input *handle);

/*
 * tracecmd_read_latency - read on in that text
 * @buf: for at most @size bytes; no NUL is added
 *
 * Returns the number of bytes, 0 at the end, -1 with errno.
 */
ssize_t tracecmd_read_latency(struct tracecmd_input *handle, void *buf, size_t size);

/* True if timestamps count nanoseconds (after corrections), so that seconds can be shown. */
bool tracecmd_time_in_ns(struct tracecmd_input *handle);

/*
 * tracecmd_set_ts2secs - convert timestamps by the clock's frequency
 * @hz: counts a second; 0 goes back to the file's own conversion
 *
 * Holds for records read from now on, and not for handles of instances opened before.
 */
void tracecmd_set_ts2secs(struct tracecmd_input *handle, unsigned long long hz);

/* True if timestamps are shifted from a guest's clock to its host's. */
bool tracecmd_has_timeshift(struct tracecmd_input *handle);

/* Trace id of the host in the file's TimeShift; 0 if it has none. */
unsigned long long tracecmd_get_peer_traceid(struct tracecmd_input *handle);

/*
 * tracecmd_get_tsync_bounds - how far a guest's timestamps may be from the host's time
 * @handle: a buffer of a guest's file
 * @cpu: the guest's CPU
 * @ts: a timestamp of a record of that CPU
 * @lo: set to how much earlier (negative) or later than @ts it was at the earliest; may be NULL
 * @hi: set to how much later it was at the latest; may be NULL
 *
 * On the host's clock the event happened in [ts + lo, ts + hi], in the unit of @ts. That is
 * certain as far as the file's clocks run at a constant rate between steps; what the file says of
 * that is in tracecmd_get_tsync_summary(). 0; -1 with errno: ENODATA if the file does not
 * say, or times are not shifted to a host's; EINVAL.
 */
int tracecmd_get_tsync_bounds(struct tracecmd_input *handle, int cpu, unsigned long long ts,
			      long long *lo, long long *hi);

/*
 * tracecmd_get_tsync_summary - how well the clock of a guest's file is known, in a line of words
 *
 * Without a newline; free() it. NULL with errno: ENODATA if the file does not say; ENOMEM; EINVAL.
 */
char *tracecmd_get_tsync_summary(struct tracecmd_input *handle);

/*
 * tracecmd_set_cpu_to_timestamp - go to a time without reading what is before it
 * @ts: as in records, after all corrections
 *
 * The CPU's next record is the first one that isn't earlier than @ts, if there is one. 0;
 * -1 with errno EINVAL (no such CPU), ENOMEM.
 */
int tracecmd_set_cpu_to_timestamp(struct tracecmd_input *handle, int cpu, unsigned long long ts);

/* The same for all CPUs of the handle. */
int tracecmd_set_all_cpus_to_timestamp(struct tracecmd_input *handle, unsigned long long ts);

/* Move a CPU behind its last record and return that; NULL if it has none. */
struct tep_record *tracecmd_read_cpu_last(struct tracecmd_input *handle, int cpu);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
