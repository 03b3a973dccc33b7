/*
 * shown.h - an event that is to be shown, with all of its line that depends on what came before.
 *
 * Layer 5. Events are prepared one by one, in their order, by one thread; then each can be
 * printed by any thread, at any time.
 */
#ifndef REPORT_SHOWN_H
#define REPORT_SHOWN_H

#include "report/doubt.h"
#include "report/events.h"
#include "report/inputs.h"

/* Where an event's text comes from. */
enum shown_how {
	SHOWN_PLAN,	/* its printer can make it at any time */
	SHOWN_TEXT,	/* it is made */
	SHOWN_SHORT,	/* the record is too short for it */
	SHOWN_UNKNOWN,	/* the file has no such event */
};

#define SHOWN_FLAGS_ROOM	8	/* bytes that may be copied at once */

/* What few events have. */
struct shown_extra {
	const char *text;		/* SHOWN_TEXT */
	unsigned int text_len;
	int id;				/* SHOWN_UNKNOWN: of the event */
	unsigned char raw_flags;	/* the flags as a number; with -R only */
	bool has_diff;
	long long diff;			/* --ts-diff: since the event before */
	const char *before;		/* lines before it, or NULL */
	const char *more;		/* text for the end of the line, or NULL */
	long long lost;			/* events before it, negative: some */
};

struct shown {
	struct stream *s;
	const struct event *event;	/* NULL: unknown, or too short to tell */
	const struct event_task *task;	/* NULL: it has no name, or none yet */
	unsigned long long ts;
	const void *data;
	unsigned int size;
	int cpu;
	int pid;			/* -1: the record is too short to tell */
	uint8_t how;			/* enum shown_how */
	uint8_t flags_len;
	char mark;			/* for --ts-uncertain, before the time; 0: nothing */
	const char *flags;		/* the column of irq and preemption flags, SHOWN_FLAGS_ROOM or more */
	struct shown_extra *extra;	/* NULL: nothing of it */
};

/*
 * The record again, as far as printing needs it. Member by member, at its place: a struct that is
 * put together and then copied is read before it has reached the cache.
 */
static inline void shown_record(const struct shown *e, struct tep_record *ret)
{
	ret->ts = e->ts;
	ret->offset = 0;
	ret->missed_events = 0;
	ret->record_size = e->size;
	ret->size = e->size;
	ret->data = (void *)e->data;
	ret->cpu = e->cpu;
	ret->ref_count = 1;
	ret->locked = 0;
	ret->priv = NULL;
}

/* Pieces of memory, which stay where they are until all are dropped. All zeros: none. */
struct scraps {
	struct scrap *first;
};

/* @len bytes for anything. NULL: out of memory. */
void *scraps_alloc(struct scraps *s, size_t len);
/* A copy of @len bytes, and a NUL. NULL: out of memory. */
const char *scraps_add(struct scraps *s, const char *text, size_t len);
/* Drop all; most memory is kept, to be used again. */
void scraps_clear(struct scraps *s);
void scraps_release(struct scraps *s);

/* The order of events. */
struct shown_order {
	const struct plan_line *look;
	bool columns;			/* they are for machines */
	unsigned long long last_ts;	/* as in the line before, for --ts-diff */
	bool any;			/* there was one before */
	const char *text;		/* of the record to be prepared now; NULL: its own */
	const char *before;		/* lines before it, or NULL */
	struct doubt doubt;		/* for --ts-uncertain */
	struct shown_extra extra;	/* of the latest, if nothing is kept */
};

/*
 * Prepare @record, which follows those prepared before. What it needs besides its data is
 * put into @keep, or lives until the next call if that is NULL. 0; -ENOMEM.
 */
int shown_prepare(struct shown_order *o, struct stream *s, struct tep_record *record,
		  struct scraps *keep, struct shown *ret);

/* What few events have, of one that was just prepared; NULL: out of memory. */
struct shown_extra *shown_extra(struct shown_order *o, struct shown *e, struct scraps *keep);

/*
 * The event's text, without a trailing newline. It lives until the next call. NULL: there is
 * none. @mine: the caller's printers, NULL for those that events are prepared with.
 */
const char *shown_text(const struct shown *e, struct printers *mine, size_t *ret_len);

#endif
