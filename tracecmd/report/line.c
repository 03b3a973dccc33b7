/*
 * line.c - see line.h. Layer 5.
 *
 * Numbers and columns are put together by hand: printf() would take longer than
 * all the rest of a line.
 */
#include <errno.h>
#include <string.h>

#include "report/line.h"

#define LINE_HEAD_MAX	512	/* bytes reserved for what comes before the event's name */
#define LINE_PLAN_MAX	(32u << 10)	/* bytes where a plan puts the text, whose length it does not know before */

#define ROW(t) t "0" t "1" t "2" t "3" t "4" t "5" t "6" t "7" t "8" t "9"
static const char two_digits[200] __attribute__((nonstring)) =
	ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7") ROW("8") ROW("9");

/* Put @v in decimal at @to, at least @width columns filled up with @fill. Returns the end. */
static char *put_number(char *to, unsigned long long v, int width, char fill)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = '0' + v % 10;
		v /= 10;
	} while (v);
	for (; width > n; width--)
		*to++ = fill;
	while (n)
		*to++ = digits[--n];
	return to;
}

/* printf's %-Nd */
static char *put_pid(char *to, int pid, int width)
{
	char *start = to;

	if (pid < 0)
		*to++ = '-';
	to = put_number(to, pid < 0 ? -(long long)pid : pid, 0, ' ');
	while (to - start < width)
		*to++ = ' ';
	return to;
}

/* printf's %N.MAXs */
static char *put_comm(char *to, const char *comm, size_t width, size_t max)
{
	size_t len = strnlen(comm, max);

	for (; width > len; width--)
		*to++ = ' ';
	memcpy(to, comm, len);
	return to + len;
}

/* The times are far from 0 and 2^64, where differences would not tell them from each other. */
static bool can_be_kept(unsigned long long us)
{
	return us >= 100 && us < UINT64_MAX / 1000 - 100;
}

static char *put_usec_new(struct line_time *t, char *to, unsigned long long ts)
{
	/* to the nearest microsecond; ts + 500 could overflow */
	unsigned long long us = ts / 1000 + (ts % 1000 >= 500);
	char *end = put_number(t->text, us / 1000000, 5, ' ');

	*end++ = '.';
	end = put_number(end, us % 1000000 / 100, 4, '0');
	t->len = can_be_kept(us) ? end - t->text : 0;
	t->from_ns = (us - us % 100) * 1000 - 500;
	memcpy(to, t->text, sizeof(t->text));
	to += end - t->text;
	memcpy(to, two_digits + us % 100 * 2, 2);
	return to + 2;
}

static inline char *put_usec(struct line_time *t, char *to, unsigned long long ts)
{
	unsigned long long in = ts - t->from_ns;

	if (in >= 100000 || !t->len)
		return put_usec_new(t, to, ts);
	memcpy(to, t->text, sizeof(t->text));
	memcpy(to + t->len, two_digits + (unsigned int)in / 1000 * 2, 2);
	return to + t->len + 2;
}

static char *put_time(struct line_time *t, char *to, unsigned long long ts, bool in_ns, bool nsec)
{
	if (!in_ns)
		return put_number(to, ts, 12, ' ');
	if (nsec) {
		to = put_number(to, ts / 1000000000, 5, ' ');
		*to++ = '.';
		return put_number(to, ts % 1000000000, 9, '0');
	}
	return put_usec(t, to, ts);
}

void line_time(struct textout *out, unsigned long long ts, bool in_ns, bool nsec)
{
	struct line_time t = { 0 };
	char text[64];

	textout_add(out, text, put_time(&t, text, ts, in_ns, nsec) - text);
}

void line_label(struct line_printer *p, const struct stream *s)
{
	size_t width = p->label_width, len;
	char *to;

	if (!p->labels)
		return;
	if (s->column && s->column_len <= STREAM_COLUMN_ROOM) {
		to = textout_reserve(p->out, STREAM_COLUMN_ROOM);
		memcpy(to, s->column, STREAM_COLUMN_ROOM);
		textout_commit(p->out, s->column_len);
		return;
	}
	len = s->label ? strlen(s->label) : 0;
	to = textout_reserve(p->out, width + 2);
	memset(to, ' ', width + 2);
	if (len) {
		memcpy(to + width - len, s->label, len);
		to[width] = ':';
	}
	textout_commit(p->out, width + 2);
}

void line_lost(struct line_printer *p, const struct stream *s, int cpu, long long count)
{
	line_label(p, s);
	if (count > 0)
		textout_printf(p->out, "CPU:%d [%lld EVENTS DROPPED]\n", cpu, count);
	else
		textout_printf(p->out, "CPU:%d [EVENTS DROPPED]\n", cpu);
}

/* How long after the line before this event was, in nine columns and a blank before. */
static char *put_diff(const struct shown_extra *e, char *to)
{
	char *start;

	*to++ = ' ';
	start = to;
	if (e->has_diff) {
		*to++ = '(';
		*to++ = e->diff < 0 ? '-' : '+';
		to = put_number(to, e->diff < 0 ? -(unsigned long long)e->diff : e->diff, 0, ' ');
		*to++ = ')';
	}
	while (to - start < 8)
		*to++ = ' ';
	return to;
}

/* "comm-pid  cpu" in the layout of latency traces */
static char *put_latency_task(char *to, const struct shown *e)
{
	to = put_comm(to, e->task ? e->task->comm : "<...>", 8, 8);
	*to++ = '-';
	to = put_pid(to, e->pid < 0 ? 0 : e->pid, 5);
	*to++ = ' ';
	return put_number(to, e->cpu, 3, ' ');
}

/* "comm-pid [cpu]" */
static char *put_task(const struct line_printer *p, char *to, const struct shown *e)
{
	if (p->look->latency)
		return put_latency_task(to, e);
	if (!e->task) {
		to = put_comm(to, "<...>", 16, 16);
		*to++ = '-';
		to = put_pid(to, e->pid < 0 ? 0 : e->pid, 5);
		*to++ = ' ';
	} else {
		memcpy(to, e->task->text, EVENT_TASK_ROOM);
		if (e->task->len > EVENT_TASK_ROOM)
			memcpy(to, e->task->text, e->task->len);
		to += e->task->len;
	}
	*to++ = '[';
	if ((unsigned int)e->cpu < 100) {
		*to++ = '0';
		memcpy(to, two_digits + e->cpu * 2, 2);
		to += 2;
	} else {
		to = put_number(to, e->cpu, 3, '0');
	}
	*to++ = ']';
	return to;
}

/* The flags and preemption column. */
static char *put_flags(const struct line_printer *p, char *to, const struct shown *e)
{
	static const char hex[] = "0123456789abcdef";

	if (p->look->raw_fields) {
		unsigned int raw = e->extra ? e->extra->raw_flags : 0;

		if (p->look->old_raw && !p->look->latency)
			return to;
		memcpy(to, "-0x", 3);
		to += 3;
		if (raw & 0xf0)
			*to++ = hex[raw >> 4];
		*to++ = hex[raw & 15];
		return to;
	}
	if (!p->look->flags && !p->look->latency)
		return to;
	if (!p->look->latency)
		*to++ = ' ';
	memcpy(to, e->flags, SHOWN_FLAGS_ROOM);
	if (e->flags_len > SHOWN_FLAGS_ROOM)
		memcpy(to, e->flags, e->flags_len);
	return to + e->flags_len;
}

/* What a record without a text has instead. */
static void print_no_text(struct line_printer *p, const struct shown *e)
{
	if (e->how == SHOWN_UNKNOWN)
		textout_printf(p->out, "[UNKNOWN EVENT %d]", e->extra->id);
	else
		textout_str(p->out, "[RECORD CUT SHORT]");
}

/* The same as put_head(), of what nearly all lines are. NULL: this one isn't. */
static inline char *put_head_common(struct line_printer *p, char *to, const struct shown *e)
{
	static const struct plan_line common = { .flags = true };

	if (memcmp(p->look, &common, sizeof(common)) || !e->task || !e->s->time_in_ns || e->mark ||
	    e->task->len > EVENT_TASK_ROOM || (unsigned int)e->cpu >= 100 ||
	    e->flags_len > SHOWN_FLAGS_ROOM)
		return NULL;
	memcpy(to, e->task->text, EVENT_TASK_ROOM);
	to += e->task->len;
	memcpy(to, "[0", 2);
	memcpy(to + 2, two_digits + e->cpu * 2, 2);
	memcpy(to + 4, "] ", 2);
	to += 6;
	memcpy(to, e->flags, SHOWN_FLAGS_ROOM);
	to += e->flags_len;
	*to = ' ';
	to = put_usec(&p->time, to + 1, e->ts);
	memcpy(to, ": ", 2);
	return to + 2;
}

/* All of a line before the event's name; @text: there is one. Returns the end. */
static char *put_head(struct line_printer *p, char *to, const struct shown *e, bool text)
{
	bool in_ns = e->s->time_in_ns;

	to = put_task(p, to, e);
	to = text ? put_flags(p, to, e) : to;
	if (in_ns)
		*to++ = ' ';
	if (e->mark)
		*to++ = e->mark;
	to = put_time(&p->time, to, e->ts, in_ns, p->look->nsec);
	*to++ = ':';
	if (p->look->ts_diff)
		to = put_diff(e->extra, to);
	*to++ = ' ';
	return to;
}

/* By the event's plan. False: nothing was printed. */
static bool print_planned(struct line_printer *p, const struct shown *e)
{
	size_t room = LINE_HEAD_MAX + EVENT_NAME_ROOM + LINE_PLAN_MAX;
	char *head = textout_reserve(p->out, room), *to;
	struct tep_record record;
	ssize_t len;

	if (e->event->name_len > EVENT_NAME_ROOM)
		return false;
	to = put_head_common(p, head, e);
	if (!to)
		to = put_head(p, head, e, true);
	memcpy(to, e->event->name, EVENT_NAME_ROOM);
	to += e->event->name_len;
	shown_record(e, &record);
	len = events_put(e->s->events, p->printers, &record, to, LINE_PLAN_MAX);
	if (len < 0)
		return false;
	textout_commit(p->out, to + len - head);
	return true;
}

/* With a text that is longer, or was made before; or without. */
static void print_other(struct line_printer *p, const struct shown *e)
{
	const char *text;
	char *head, *to;
	size_t len = 0;

	errno = 0;
	text = shown_text(e, p->printers, &len);
	head = textout_reserve(p->out, LINE_HEAD_MAX);
	to = put_head(p, head, e, text);
	textout_commit(p->out, to - head);
	if (text) {
		textout_add(p->out, e->event->name, e->event->name_len);
		textout_add(p->out, text, len);
		return;
	}
	print_no_text(p, e);
	if (e->how == SHOWN_PLAN && errno == ENOMEM && !p->out->error)
		p->out->error = -ENOMEM;
}

void line_shown(struct line_printer *p, const struct shown *e)
{
	if (e->extra && e->extra->lost)
		line_lost(p, e->s, e->cpu, e->extra->lost);
	else if (p->labels)
		line_label(p, e->s);
	if (e->extra && e->extra->before)
		textout_str(p->out, e->extra->before);
	if (e->how != SHOWN_PLAN || !print_planned(p, e))
		print_other(p, e);
	if (e->extra && e->extra->more)
		textout_str(p->out, e->extra->more);
	textout_add(p->out, "\n", 1);
	textout_line_end(p->out);
}
