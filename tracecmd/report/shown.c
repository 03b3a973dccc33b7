/*
 * shown.c - see shown.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/shown.h"

#define SCRAP_SIZE	(16u << 10)
#define SCRAP_ALIGN	16ul		/* and SHOWN_FLAGS_ROOM bytes may be read of any */
#define FLAGS_MAX	64		/* bytes shown of the flags column; it has about 6 */

/* --- scraps ------------------------------------------------------------------- */

struct scrap {
	struct scrap *next;
	size_t used, size;
	_Alignas(SCRAP_ALIGN) char data[];
};

void *scraps_alloc(struct scraps *s, size_t len)
{
	struct scrap *b = s->first;
	void *ret;

	len = (len + SCRAP_ALIGN - 1) & ~(SCRAP_ALIGN - 1);
	if (!b || b->size - b->used < len) {
		size_t size = len < SCRAP_SIZE ? SCRAP_SIZE : len;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct scrap){ .next = s->first, .size = size };
		s->first = b;
	}
	ret = b->data + b->used;
	b->used += len;
	return ret;
}

const char *scraps_add(struct scraps *s, const char *text, size_t len)
{
	char *copy = scraps_alloc(s, len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void scraps_clear(struct scraps *s)
{
	while (s->first && (s->first->next || s->first->size > SCRAP_SIZE)) {
		struct scrap *next = s->first->next;

		free(s->first);
		s->first = next;
	}
	if (s->first)
		s->first->used = 0;
}

void scraps_release(struct scraps *s)
{
	scraps_clear(s);
	free(s->first);
	s->first = NULL;
}

/* --- preparing ------------------------------------------------------------------ */

struct shown_extra *shown_extra(struct shown_order *o, struct shown *e, struct scraps *keep)
{
	if (e->extra)
		return e->extra;
	e->extra = keep ? scraps_alloc(keep, sizeof(*e->extra)) : &o->extra;
	if (e->extra)
		*e->extra = (struct shown_extra){ .text = NULL };
	return e->extra;
}

/* How long after the event before. */
static int prepare_diff(struct shown_order *o, struct shown *e, struct scraps *keep)
{
	/* 3.1 took all clocks for ns, and 0 for no line before */
	bool old = o->look->old_raw, usec = !o->look->nsec && (old || e->s->time_in_ns);
	unsigned long long now = usec ? e->ts / 1000 + (e->ts % 1000 >= 500) : e->ts;
	struct shown_extra *x = shown_extra(o, e, keep);

	if (!x)
		return -ENOMEM;
	x->has_diff = o->any && !(old && !o->last_ts);
	x->diff = now - o->last_ts;
	o->last_ts = now;
	return 0;
}

/* An event whose text can't be made later. */
static int prepare_text(struct shown_order *o, struct shown *e, struct tep_record *record,
			struct scraps *keep)
{
	struct shown_extra *x = shown_extra(o, e, keep);
	const char *text;
	size_t len;

	if (!x)
		return -ENOMEM;
	e->how = SHOWN_SHORT;
	if (!e->event) {
		e->how = e->pid < 0 ? SHOWN_SHORT : SHOWN_UNKNOWN;
		x->id = e->pid < 0 ? -1 : tep_data_type(e->s->tep, record);
		return 0;
	}
	text = events_text(e->s->events, NULL, record, &len);
	if (!text)
		return errno == ENOMEM ? -ENOMEM : 0;
	e->how = SHOWN_TEXT;
	x->text_len = len;
	x->text = keep ? scraps_add(keep, text, len) : text;
	return x->text ? 0 : -ENOMEM;
}

/* The text that somebody else has made. */
static int give_text(struct shown_order *o, struct shown *e, struct scraps *keep)
{
	struct shown_extra *x = shown_extra(o, e, keep);

	if (!x)
		return -ENOMEM;
	e->how = SHOWN_TEXT;
	x->text_len = strlen(o->text);
	x->text = keep ? scraps_add(keep, o->text, x->text_len) : o->text;
	return x->text ? 0 : -ENOMEM;
}

/* The flags as -R has them. */
static int prepare_raw(struct shown_order *o, struct shown *e, struct tep_record *record,
		       struct scraps *keep)
{
	struct shown_extra *x = shown_extra(o, e, keep);

	if (!x)
		return -ENOMEM;
	x->raw_flags = tep_data_flags(e->s->tep, record);
	return 0;
}

static inline int prepare_flags(struct shown *e, struct tep_record *record, struct scraps *keep)
{
	bool stays;
	size_t len;

	e->flags = events_flags(e->s->events, record, &len, &stays);
	e->flags_len = len < FLAGS_MAX ? len : FLAGS_MAX;
	if (!stays && keep)
		e->flags = scraps_add(keep, e->flags, e->flags_len);
	return e->flags ? 0 : -ENOMEM;
}

int shown_prepare(struct shown_order *o, struct stream *s, struct tep_record *record,
		  struct scraps *keep, struct shown *e)
{
	bool known = record->size >= EVENT_COMMON_SIZE;
	struct events *events = s->events;
	int ret = 0;

	*e = (struct shown){
		.s = s, .event = events_find(events, record), .ts = record->ts,
		.data = record->data, .size = record->size, .cpu = record->cpu,
		.pid = known ? events_pid(events, record) : -1, .how = SHOWN_PLAN,
		.flags = "        ",
	};
	/* an event may tell its task's name: a line has what was known before */
	if (e->pid >= 0 && !o->columns)
		ret = events_task(events, e->pid, &e->task);
	if (!ret && o->text && e->event)
		ret = give_text(o, e, keep);
	else if (!ret && (!e->event || !events_ready(events, record)))
		ret = prepare_text(o, e, record, keep);
	if (!ret && e->pid >= 0 && o->columns)
		ret = events_task(events, e->pid, &e->task);
	if (!ret && known)
		ret = prepare_flags(e, record, keep);
	if (!ret && known && o->look->raw_fields)
		ret = prepare_raw(o, e, record, keep);
	if (!ret && o->look->ts_diff)
		ret = prepare_diff(o, e, keep);
	if (o->look->ts_uncertain)
		e->mark = doubt_event(&o->doubt, e->s, record) ? '~' : ' ';
	o->any = true;
	return ret;
}

const char *shown_text(const struct shown *e, struct printers *mine, size_t *ret_len)
{
	struct tep_record record;

	if (e->how == SHOWN_PLAN) {
		shown_record(e, &record);
		return events_text(e->s->events, mine, &record, ret_len);
	}
	*ret_len = e->extra->text_len;
	return e->how == SHOWN_TEXT ? e->extra->text : NULL;
}
