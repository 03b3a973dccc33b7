/*
 * batch.h - some hundred events that follow each other, and their text.
 *
 * Layer 5. The reader fills a batch in the order of events; any thread can make its text,
 * with tools of its own; then the reader writes it and empties the batch.
 */
#ifndef REPORT_BATCH_H
#define REPORT_BATCH_H

#include "base/buf.h"
#include "report/columns.h"
#include "report/line.h"
#include "report/shown.h"

#define BATCH_EVENTS	1024
#define BATCH_BYTES	(64u << 10)	/* of records, after which it is full */
#define BATCH_PINNED	(8u << 20)	/* of memory that they keep: a record may have a chunk of its own */

struct batch {
	struct shown *event;		/* BATCH_EVENTS of them */
	unsigned int count;
	size_t bytes;			/* of records */
	struct tracecmd_pins *pins;
	unsigned long long pinned;	/* bytes */
	struct scraps scraps;		/* texts that events have already */
	struct textout out;
	struct buf early;		/* text before that in out, if out is too small */
	int error;			/* of making the text */
};

/* What a thread makes texts with. */
struct tools {
	const struct inputs *in;
	struct textout out;		/* the one of the batch at hand */
	struct printers printers;
	struct line_printer line;
	struct columns *columns;	/* NULL: lines */
};

/* 0; -ENOMEM. Release in any case, before the files are closed. */
int batch_init(struct batch *b);
void batch_release(struct batch *b);

static inline bool batch_is_full(const struct batch *b)
{
	return b->count == BATCH_EVENTS || b->bytes >= BATCH_BYTES || b->pinned >= BATCH_PINNED;
}

/*
 * Add an event, in the callback that got its record. @more: text for its end, or NULL;
 * @lost: events before it, negative: some. 0; -ENOMEM.
 */
int batch_add(struct batch *b, struct shown_order *o, struct stream *s, struct tep_record *record,
	      const char *more, long long lost);

/* 0; -ENOMEM. Release in any case. */
int tools_init(struct tools *t, const struct inputs *in);
void tools_release(struct tools *t);

/* Make the text of all events. A failure is remembered in the batch. */
void batch_print(struct batch *b, struct tools *t);

/* Write the text into @out and empty the batch. 0; -errno. */
int batch_write(struct batch *b, struct textout *out);

#endif
