/*
 * line.h - one line of a report for one event.
 *
 * Layer 5. "task-pid [cpu] flags time: event: text", with the name of the
 * stream in front where there are several.
 */
#ifndef REPORT_LINE_H
#define REPORT_LINE_H

#include "report/shown.h"
#include "report/textout.h"

/* The last 100 us that were shown; lines of the same time copy what does not change. */
struct line_time {
	unsigned long long from_ns;	/* the first time that is rounded into them */
	char text[24];			/* "12345.6789", without the last two digits */
	unsigned char len;		/* 0: none is kept */
};

struct line_printer {
	struct textout *out;
	const struct plan_line *look;
	bool labels;
	int label_width;
	struct printers *printers;	/* of this thread; NULL: those that prepare events */
	struct line_time time;
};

/* The name that lines start with; nothing unless there are several streams. */
void line_label(struct line_printer *p, const struct stream *s);

/* Tell, on a line of its own, that @s lost @count events on @cpu; negative: some. */
void line_lost(struct line_printer *p, const struct stream *s, int cpu, long long count);

/* A timestamp as lines have it, of ten columns or more, without the colon. */
void line_time(struct textout *out, unsigned long long ts, bool in_ns, bool nsec);

/* The line of an event, after one about losses before it. */
void line_shown(struct line_printer *p, const struct shown *e);

#endif
