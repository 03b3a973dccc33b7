/*
 * events.c - see events.h. Layer 5.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/events.h"

#define EVENT_IDS	65536		/* an id has 16 bits */
#define NAME_COLUMNS	20		/* a name, without its colon, is filled up to these */
#define FLAGS_MAX	12		/* length of a cached flags column, NUL included */

struct events {
	struct tep_handle *tep;
	bool raw_fields;
	struct event *list;
	unsigned int count;
	struct event **by_id;		/* EVENT_IDS of them */
	struct trace_seq text;
	struct trace_seq flags;
	/*
	 * Where the two common bytes are that make up the flags column, if they
	 * alone do; cache[] then has the text for each value of both.
	 */
	bool cached;
	int flags_offset, preempt_offset;
	char (*cache)[FLAGS_MAX];
};

/* Do @event's name or system match one of the patterns, as a whole and case-blind? */
static bool event_matches(const struct tep_event *event, const struct strings *patterns)
{
	unsigned int i;
	bool match = false;

	for (i = 0; i < patterns->count && !match; i++) {
		_cleanup_buf_ struct buf whole = BUF_INIT;
		regex_t re;

		if (buf_printf(&whole, "^%s$", patterns->item[i]) ||
		    regcomp(&re, (char *)whole.data, REG_ICASE | REG_NOSUB))
			continue;
		match = !regexec(&re, event->name, 0, NULL, 0) ||
			!regexec(&re, event->system, 0, NULL, 0);
		regfree(&re);
	}
	return match;
}

/* Bytes needed by the plain fields: arrays may be shorter in a record than their format says. */
static int event_min_size(const struct tep_event *event)
{
	const struct tep_format_field *lists[] = { event->format.common_fields,
						   event->format.fields };
	const struct tep_format_field *f;
	int min = EVENT_COMMON_SIZE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (f = lists[i]; f; f = f->next) {
			bool array = f->flags & TEP_FIELD_IS_ARRAY &&
				     !(f->flags & TEP_FIELD_IS_DYNAMIC);
			int end = f->offset + (array || f->size < 0 ? 0 : f->size);

			if (end > min)
				min = end;
		}
	}
	return min;
}

/* The flags column depends on the flags and preemption bytes alone, unless there are others. */
static void flags_prepare(struct events *ev, struct tep_event *event)
{
	const struct tep_format_field *flags = tep_find_common_field(event, "common_flags");
	const struct tep_format_field *count = tep_find_common_field(event, "common_preempt_count");

	if (!flags || !count || flags->size != 1 || count->size != 1 || flags->offset < 0 ||
	    count->offset < 0 || flags->offset >= EVENT_COMMON_SIZE ||
	    count->offset >= EVENT_COMMON_SIZE ||
	    tep_find_common_field(event, "common_lock_depth") ||
	    tep_find_common_field(event, "common_migrate_disable"))
		return;
	ev->flags_offset = flags->offset;
	ev->preempt_offset = count->offset;
	ev->cache = calloc(1 << 16, sizeof(*ev->cache));
	ev->cached = ev->cache;
}

static int event_add(struct events *ev, struct tep_event *tep, const struct report_plan *plan)
{
	struct event *e = &ev->list[ev->count];
	struct buf name = BUF_INIT;

	if (tep->id < 0 || tep->id >= EVENT_IDS)
		return 0;
	/* at least one blank between a long name and the text */
	buf_printf(&name, "%s:", tep->name);
	while (!name.error && name.len < NAME_COLUMNS + 2)
		buf_add(&name, " ", 1);
	if (name.data && name.data[name.len - 1] == ':')
		buf_add(&name, " ", 1);
	if (name.len > UINT16_MAX)
		name.len = UINT16_MAX;
	*e = (struct event){ .tep = tep, .name_len = name.len, .min_size = event_min_size(tep) };
	e->name = buf_take_str(&name);
	if (!e->name)
		return -1;
	if (event_matches(tep, &plan->raw_events))
		tep->flags |= TEP_EVENT_FL_PRINTRAW;
	if (event_matches(tep, &plan->plain_events))
		tep->flags |= TEP_EVENT_FL_NOHANDLE;
	ev->by_id[tep->id] = e;
	ev->count++;
	return 0;
}

struct events *events_new(struct tep_handle *tep, const struct report_plan *plan)
{
	struct events *ev = calloc(1, sizeof(*ev));
	int i, n = tep_get_events_count(tep);

	if (!ev)
		return NULL;
	ev->tep = tep;
	ev->raw_fields = plan->line.raw_fields;
	trace_seq_init(&ev->text);
	trace_seq_init(&ev->flags);
	ev->list = calloc(n + 1, sizeof(*ev->list));
	ev->by_id = calloc(EVENT_IDS, sizeof(*ev->by_id));
	if (!ev->list || !ev->by_id)
		goto failed;
	for (i = 0; i < n; i++) {
		if (event_add(ev, tep_get_event(tep, i), plan))
			goto failed;
	}
	if (n > 0)
		flags_prepare(ev, tep_get_event(tep, 0));
	return ev;
failed:
	events_free(ev);
	return NULL;
}

void events_free(struct events *ev)
{
	unsigned int i;

	if (!ev)
		return;
	for (i = 0; i < ev->count; i++)
		free(ev->list[i].name);
	trace_seq_destroy(&ev->text);
	trace_seq_destroy(&ev->flags);
	free(ev->list);
	free(ev->by_id);
	free(ev->cache);
	free(ev);
}

const struct event *events_find(const struct events *ev, struct tep_record *record)
{
	const struct event *e;
	int id;

	if (record->size < EVENT_COMMON_SIZE)
		return NULL;
	id = tep_data_type(ev->tep, record);
	e = id >= 0 && id < EVENT_IDS ? ev->by_id[id] : NULL;
	return e && record->size >= e->min_size ? e : NULL;
}

/* What libtraceevent prints for @what, into @s. */
static const char *print_part(struct events *ev, struct trace_seq *s, struct tep_record *record,
			      const char *what, size_t *ret_len)
{
	trace_seq_reset(s);
	tep_print_event(ev->tep, s, record, "%s", what);
	trace_seq_terminate(s);
	*ret_len = s->len;
	return s->buffer;
}

const char *events_flags(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	const uint8_t *data = record->data;
	const char *text;
	char *known;

	if (!ev->cached)
		return print_part(ev, &ev->flags, record, TEP_PRINT_LATENCY, ret_len);
	known = ev->cache[data[ev->flags_offset] << 8 | data[ev->preempt_offset]];
	if (!*known) {
		text = print_part(ev, &ev->flags, record, TEP_PRINT_LATENCY, ret_len);
		if (*ret_len >= FLAGS_MAX)
			return text;
		memcpy(known, text, *ret_len + 1);
	}
	*ret_len = strlen(known);
	return known;
}

const char *events_text(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	const char *what = ev->raw_fields ? TEP_PRINT_INFO_RAW : TEP_PRINT_INFO;
	const char *text = print_part(ev, &ev->text, record, what, ret_len);

	if (*ret_len && text[*ret_len - 1] == '\n')
		(*ret_len)--;
	return text;
}
