/*
 * native.h - what libtraceevent's plugins print, done here.
 *
 * Layer 2. A plugin's handler replaces an event's print format, or stands in front of
 * it. Those of scheduler and allocator are in most traces; others stay with
 * libtraceevent.
 */
#ifndef FMT_NATIVE_H
#define FMT_NATIVE_H

#include "fmt/plan.h"
#include "fmt/value.h"

enum native_kind {
	NATIVE_NONE,		/* no handler of a plugin: the print format alone */
	NATIVE_UNKNOWN,		/* a handler that only the plugin can do */
	NATIVE_SWITCH,		/* sched_switch */
	NATIVE_WAKEUP,		/* sched_wakeup, sched_wakeup_new */
	NATIVE_CALL_SITE,	/* kmem: the caller in front of the print format */
	NATIVE_STACK,		/* kernel_stack: functions, one a line */
	NATIVE_FUNCTION,	/* function: as deep as its caller tells; not native_run()'s but nested.c's */
};

#define NATIVE_STATES		32
#define NATIVE_STATE_LEN	15

/* Fields by their place in the record. */
struct native_field {
	uint16_t offset, size;
};

struct native {
	enum native_kind kind;
	bool swap;
	uint8_t long_size;	/* bytes, of the machine that recorded */
	uint32_t min_size;
	struct native_field comm, pid, prio, state;	/* of who leaves or wakes up */
	struct native_field next_comm, next_pid, next_prio, cpu;
	struct native_field caller;	/* of a function, which is pid */
	/* How libtraceevent writes task states: learned from it. */
	struct native_state {
		uint64_t value;
		char text[NATIVE_STATE_LEN];
		uint8_t len;		/* 0: not used */
	} states[NATIVE_STATES];
	unsigned int nr_states;		/* grows while other threads read */
};

/* What @event's handler is. Never fails: what isn't known is NATIVE_UNKNOWN. */
void native_compile(struct native *n, struct tep_event *event);

/* Does a record tell names of tasks? Others can always be said. */
static inline bool native_has_tasks(const struct native *n)
{
	return n->kind == NATIVE_SWITCH || n->kind == NATIVE_WAKEUP;
}

/* The number in field @f of a record of at least n->min_size bytes. */
static inline uint64_t native_read(const struct native *n, const struct fmt_record *r,
				   const struct native_field *f)
{
	const uint8_t *end = r->data + f->offset + f->size;
	uint64_t v;

	/* the common fields are before it: eight bytes that end with it are the record's */
	if (n->swap || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || f->offset < sizeof(v))
		return value_read(r->data + f->offset, f->size, n->swap);
	memcpy(&v, end - sizeof(v), sizeof(v));
	return v >> (64 - 8 * f->size);
}

/* For a function of a stack. */
static inline size_t native_room_frame(void)
{
	return SYMBOL_FRAME_MAX;
}

/* The most bytes that native_run() puts. */
static inline size_t native_room(const struct native *n, const struct fmt_record *r)
{
	size_t frames = n->kind == NATIVE_STACK ? r->size / n->long_size : 1;

	return n->kind == NATIVE_NONE ? 0 : 2 * 256 + 128 + frames * native_room_frame();
}

/*
 * Put the text of a record of at least n->min_size bytes, where native_room() are free. Returns the end; NULL: it can't
 * be said (native_learn() may change that).
 */
char *native_run(const struct native *n, struct symbols *symbols, struct fmt_record *r, char *to);

/* False if native_run() can't say a record of at least n->min_size bytes, as far as that is known. */
bool native_can(const struct native *n, const struct fmt_record *r);

/* Learn from the text that libtraceevent has made of a record. */
void native_learn(struct native *n, struct fmt_record *r, const char *text, size_t len);

/*
 * The tasks whose names a record tells: up to two pids, at @pids, and where their names
 * are at @comms. Returns how many.
 */
unsigned int native_tasks(const struct native *n, const struct fmt_record *r, int pids[2],
			  const struct native_field *comms[2]);

#endif
