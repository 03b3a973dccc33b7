/*
 * line.c - see line.h. Layer 5.
 *
 * Numbers and columns are put together by hand: printf() would take longer than
 * all the rest of a line.
 */
#include <string.h>

#include "report/events.h"
#include "report/line.h"

#define LINE_HEAD_MAX	512	/* bytes reserved for what comes before the event's name */
#define LINE_TEXT_MAX	1024	/* bytes of an event's text that are reserved besides */
#define COMM_MAX	128	/* bytes shown of a task's name; the kernel has 16 */

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

/* Put @v, below a million, as six digits. */
static char *put_six(char *to, unsigned int v)
{
	memcpy(to, two_digits + v / 10000 * 2, 2);
	memcpy(to + 2, two_digits + v / 100 % 100 * 2, 2);
	memcpy(to + 4, two_digits + v % 100 * 2, 2);
	return to + 6;
}

static char *put_usec(struct line_second *s, char *to, unsigned long long us)
{
	if (!s->len || us < s->first_us || us - s->first_us >= 1000000) {
		char *end = put_number(s->text, us / 1000000, 5, ' ');

		*end++ = '.';
		s->len = end - s->text;
		s->first_us = us - us % 1000000;
	}
	memcpy(to, s->text, sizeof(s->text));
	return put_six(to + s->len, us - s->first_us);
}

static char *put_time(struct line_second *s, char *to, unsigned long long ts, bool in_ns, bool nsec)
{
	if (!in_ns)
		return put_number(to, ts, 12, ' ');
	if (nsec) {
		to = put_number(to, ts / 1000000000, 5, ' ');
		*to++ = '.';
		return put_number(to, ts % 1000000000, 9, '0');
	}
	/* to the nearest microsecond; ts + 500 could overflow */
	return put_usec(s, to, ts / 1000 + (ts % 1000 >= 500));
}

void line_time(struct textout *out, unsigned long long ts, bool in_ns, bool nsec)
{
	struct line_second s = { 0 };
	char text[64];

	textout_add(out, text, put_time(&s, text, ts, in_ns, nsec) - text);
}

void line_label(struct line_printer *p, const struct stream *s)
{
	size_t width = p->label_width, len = s->label ? strlen(s->label) : 0;
	char *to;

	if (!p->labels)
		return;
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
static char *put_diff(struct line_printer *p, char *to, unsigned long long ts, bool in_ns)
{
	/* 3.1 took all clocks for ns, and 0 for no line before */
	bool old = p->look->old_raw, usec = !p->look->nsec && (old || in_ns);
	unsigned long long now = usec ? ts / 1000 + (ts % 1000 >= 500) : ts;
	long long diff = now - p->last_ts;
	bool any = p->any && !(old && !p->last_ts);
	char *start;

	p->last_ts = now;
	*to++ = ' ';
	start = to;
	if (any) {
		*to++ = '(';
		*to++ = diff < 0 ? '-' : '+';
		to = put_number(to, diff < 0 ? -(unsigned long long)diff : diff, 0, ' ');
		*to++ = ')';
	}
	while (to - start < 8)
		*to++ = ' ';
	return to;
}

/* "comm-pid [cpu]" */
static char *put_task(const struct line_printer *p, char *to, const struct stream *s,
		      struct tep_record *record)
{
	int pid = record->size >= EVENT_COMMON_SIZE ? events_pid(s->events, record) : -1;
	const char *comm;
	size_t len;

	comm = pid < 0 || p->look->latency ? NULL : events_task(s->events, pid, &len);
	if (comm) {
		memcpy(to, comm, EVENT_TASK_ROOM);
		to += len;
		goto cpu;
	}
	comm = pid < 0 ? "<...>" : tep_data_comm_from_pid(s->tep, pid);
	if (p->look->latency)
		to = put_comm(to, comm, 8, 8);
	else
		to = put_comm(to, comm, 16, COMM_MAX);
	*to++ = '-';
	to = put_pid(to, pid < 0 ? 0 : pid, 5);
	*to++ = ' ';
	if (p->look->latency)
		return put_number(to, record->cpu, 3, ' ');
cpu:
	*to++ = '[';
	if ((unsigned int)record->cpu < 100) {
		*to++ = '0';
		memcpy(to, two_digits + record->cpu * 2, 2);
		to += 2;
	} else {
		to = put_number(to, record->cpu, 3, '0');
	}
	*to++ = ']';
	return to;
}

/* The flags and preemption column. */
static char *put_flags(const struct line_printer *p, char *to, struct stream *s,
		       struct tep_record *record)
{
	static const char hex[] = "0123456789abcdef";
	const char *text;
	size_t len;

	if (p->look->raw_fields) {
		unsigned int flags;

		if (p->look->old_raw && !p->look->latency)
			return to;
		flags = record->size >= EVENT_COMMON_SIZE ? tep_data_flags(s->tep, record) : 0;
		memcpy(to, "-0x", 3);
		to += 3;
		if (flags & 0xf0)
			*to++ = hex[flags >> 4 & 15];
		*to++ = hex[flags & 15];
		return to;
	}
	if (!p->look->flags && !p->look->latency)
		return to;
	if (!p->look->latency)
		*to++ = ' ';
	if (record->size < EVENT_COMMON_SIZE)
		return to;
	text = events_flags(s->events, record, &len);
	if (len > 64)
		len = 64;
	memcpy(to, text, len);
	return to + len;
}

void line_print(struct line_printer *p, struct stream *s, struct tep_record *record, bool label,
		const char *more)
{
	const struct event *e = events_find(s->events, record);
	const char *text = NULL;
	char *head, *to;
	size_t len = 0;

	if (label)
		line_label(p, s);
	head = to = textout_reserve(p->out, LINE_HEAD_MAX + EVENT_NAME_ROOM + LINE_TEXT_MAX);
	to = put_task(p, to, s, record);
	/* the text is made after the task's name is known, which it may tell itself */
	text = e ? events_text(s->events, record, &len) : NULL;
	to = text ? put_flags(p, to, s, record) : to;
	if (s->time_in_ns)
		*to++ = ' ';
	to = put_time(&p->second, to, record->ts, s->time_in_ns, p->look->nsec);
	*to++ = ':';
	if (p->look->ts_diff)
		to = put_diff(p, to, record->ts, s->time_in_ns);
	*to++ = ' ';
	if (text && e->name_len <= EVENT_NAME_ROOM) {
		memcpy(to, e->name, EVENT_NAME_ROOM);
		to += e->name_len;
		if (len <= LINE_TEXT_MAX) {
			memcpy(to, text, len);
			to += len;
			len = 0;
		}
		textout_commit(p->out, to - head);
		textout_add(p->out, text, len);
		goto end;
	}
	textout_commit(p->out, to - head);
	if (text) {
		textout_add(p->out, e->name, e->name_len);
		textout_add(p->out, text, len);
	} else if (e || record->size < EVENT_COMMON_SIZE) {
		textout_str(p->out, "[RECORD CUT SHORT]");
	} else {
		textout_printf(p->out, "[UNKNOWN EVENT %d]", tep_data_type(s->tep, record));
	}
end:
	if (more)
		textout_str(p->out, more);
	textout_add(p->out, "\n", 1);
	textout_line_end(p->out);
	p->any = true;
}
