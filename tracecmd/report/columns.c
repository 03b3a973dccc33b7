/*
 * columns.c - see columns.h. Layer 5.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/columns.h"
#include "report/fields.h"
#include "report/line.h"
#include "report/value.h"

enum column_id {
	COLUMN_TS, COLUMN_TIME, COLUMN_CPU, COLUMN_PID, COLUMN_COMM, COLUMN_SYSTEM, COLUMN_EVENT,
	COLUMN_FLAGS, COLUMN_FILE, COLUMN_INSTANCE, COLUMN_TEXT, COLUMN_FIELD,
};

static const char *const column_names[] = {
	"ts", "time", "cpu", "pid", "comm", "system", "event", "flags", "file", "instance", "text",
};

/* "fields.NAME" is the event's own where a column has the same name. */
#define FIELD_PREFIX "fields."

struct column {
	enum column_id id;
	const char *name;	/* as the user gave it */
	const char *field;	/* COLUMN_FIELD: the event's */
};

/* An event of a file, as far as one was met. */
struct known {
	const struct event *event;
	struct fields fields;
	const struct field **column;	/* for each column, NULL if it has no such field */
};

struct columns {
	const struct report_plan *plan;
	struct textout *out;
	struct column *column;
	unsigned int nr_columns;
	bool whole;			/* JSON: everything, nested; no columns were named */
	bool texts;			/* there is a column of texts */
	struct known *known;		/* sorted by event's address */
	unsigned int nr_known, alloc_known;
	struct known *last;
	struct printers *printers;
};

/* What is known of the event at hand. */
struct row {
	const struct shown *e;
	struct tep_record record;
	struct known *known;
	const char *text;		/* the event's, NULL: it is cut short */
	size_t text_len;
};

/* --- which columns */

static struct column column_of(const char *name)
{
	struct column c = { .id = COLUMN_FIELD, .name = name, .field = name };
	unsigned int i;

	if (!strncmp(name, FIELD_PREFIX, strlen(FIELD_PREFIX))) {
		c.field = name + strlen(FIELD_PREFIX);
		return c;
	}
	for (i = 0; i < COLUMN_FIELD; i++) {
		if (!strcmp(name, column_names[i]))
			c.id = i;
	}
	return c;
}

struct columns *columns_new(const struct report_plan *plan, struct textout *out,
			    struct printers *printers)
{
	static const enum column_id all[] = {
		COLUMN_TS, COLUMN_CPU, COLUMN_PID, COLUMN_COMM, COLUMN_SYSTEM, COLUMN_EVENT,
		COLUMN_FLAGS, COLUMN_FILE, COLUMN_INSTANCE, COLUMN_TEXT,
	};
	unsigned int i, n = plan->fields.count ? plan->fields.count : sizeof(all) / sizeof(all[0]);
	struct columns *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct columns){ .plan = plan, .out = out, .nr_columns = n, .printers = printers };
	/* all of an event has its fields instead of their text */
	c->whole = plan->format == FORMAT_JSON && !plan->fields.count;
	c->column = calloc(n, sizeof(*c->column));
	if (!c->column) {
		free(c);
		return NULL;
	}
	for (i = 0; i < n; i++)
		c->column[i] = column_of(plan->fields.count ? plan->fields.item[i] :
							      column_names[all[i]]);
	for (i = 0; i < n && !c->whole; i++)
		c->texts |= c->column[i].id == COLUMN_TEXT;
	return c;
}

void columns_free(struct columns *c)
{
	unsigned int i;

	if (!c)
		return;
	for (i = 0; i < c->nr_known; i++) {
		fields_release(&c->known[i].fields);
		free(c->known[i].column);
	}
	free(c->known);
	free(c->column);
	free(c);
}

int columns_head(const struct report_plan *plan, struct textout *out)
{
	struct columns *c;
	unsigned int i;

	if (plan->format != FORMAT_CSV)
		return 0;
	c = columns_new(plan, out, NULL);
	if (!c)
		return -ENOMEM;
	for (i = 0; i < c->nr_columns; i++) {
		if (i)
			textout_add(out, ",", 1);
		value_text(out, FORMAT_CSV, c->column[i].name, strlen(c->column[i].name));
	}
	textout_add(out, "\n", 1);
	columns_free(c);
	return 0;
}

/* --- what is known of events */

/* Compile @event and put it at index @at of c->known. NULL: out of memory. */
static struct known *known_add(struct columns *c, const struct event *event, unsigned int at)
{
	struct known k = { .event = event };
	unsigned int i;

	if (c->nr_known == c->alloc_known) {
		unsigned int alloc = c->alloc_known ? 2 * c->alloc_known : 64;
		struct known *more = reallocarray(c->known, alloc, sizeof(*more));

		if (!more)
			return NULL;
		c->known = more;
		c->alloc_known = alloc;
	}
	k.column = calloc(c->nr_columns, sizeof(struct field *));
	if (!k.column || fields_compile(event->tep, &k.fields)) {
		free(k.column);
		return NULL;
	}
	for (i = 0; i < c->nr_columns; i++) {
		if (c->column[i].id == COLUMN_FIELD)
			k.column[i] = fields_find(&k.fields, c->column[i].field);
	}
	memmove(c->known + at + 1, c->known + at, (c->nr_known - at) * sizeof(k));
	c->known[at] = k;
	c->nr_known++;
	return &c->known[at];
}

/* NULL: out of memory. */
static struct known *known_find(struct columns *c, const struct event *event)
{
	unsigned int low = 0, high = c->nr_known;

	if (c->last && c->last->event == event)
		return c->last;
	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if ((uintptr_t)c->known[middle].event < (uintptr_t)event)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < c->nr_known && c->known[low].event == event)
		c->last = &c->known[low];
	else
		c->last = known_add(c, event, low);
	return c->last;
}

/* --- rows */

static void put_string(struct columns *c, const char *text)
{
	if (text)
		value_text(c->out, c->plan->format, text, strlen(text));
	else
		value_none(c->out, c->plan->format);
}

/* Seconds with all their digits, or the clock's counts. */
static void put_time(struct columns *c, const struct row *r)
{
	unsigned long long ts = r->e->ts, fraction = ts % 1000000000;
	char digits[10] = ".";
	int i;

	if (!r->e->s->time_in_ns) {
		value_unsigned(c->out, ts);
		return;
	}
	value_unsigned(c->out, ts / 1000000000);
	for (i = 9; i; i--, fraction /= 10)
		digits[i] = '0' + fraction % 10;
	textout_add(c->out, digits, sizeof(digits));
}

static void put_flags(struct columns *c, const struct row *r)
{
	if (r->e->pid < 0)
		value_none(c->out, c->plan->format);
	else
		value_text(c->out, c->plan->format, r->e->flags, r->e->flags_len);
}

static void put_column(struct columns *c, const struct row *r, unsigned int i)
{
	enum report_format format = c->plan->format;
	const struct field *f;

	switch (c->column[i].id) {
	case COLUMN_TS:
		value_unsigned(c->out, r->e->ts);
		break;
	case COLUMN_TIME:
		put_time(c, r);
		break;
	case COLUMN_CPU:
		value_signed(c->out, r->e->cpu);
		break;
	case COLUMN_PID:
		if (r->e->pid < 0)
			value_none(c->out, format);
		else
			value_signed(c->out, r->e->pid);
		break;
	case COLUMN_COMM:
		put_string(c, r->e->task ? r->e->task->comm : NULL);
		break;
	case COLUMN_SYSTEM:
		put_string(c, r->e->event ? r->e->event->tep->system : NULL);
		break;
	case COLUMN_EVENT:
		put_string(c, r->e->event ? r->e->event->tep->name : NULL);
		break;
	case COLUMN_FLAGS:
		put_flags(c, r);
		break;
	case COLUMN_FILE:
		put_string(c, r->e->s->file);
		break;
	case COLUMN_INSTANCE:
		put_string(c, r->e->s->instance ? r->e->s->name : NULL);
		break;
	case COLUMN_TEXT:
		if (r->text)
			value_text(c->out, format, r->text, r->text_len);
		else
			value_none(c->out, format);
		break;
	default:
		f = r->known ? r->known->column[i] : NULL;
		if (f)
			value_field(c->out, format, f, r->e->s->tep, &r->record);
		else
			value_none(c->out, format);
	}
}

/* "NAME": */
static void put_key(struct columns *c, const char *name)
{
	value_text(c->out, FORMAT_JSON, name, strlen(name));
	textout_add(c->out, ":", 1);
}

static void put_columns(struct columns *c, const struct row *r)
{
	enum report_format format = c->plan->format;
	const char *divider = format == FORMAT_TEXT ? "\t" : ",";
	unsigned int i;

	for (i = 0; i < c->nr_columns; i++) {
		if (i)
			textout_add(c->out, divider, 1);
		if (format == FORMAT_JSON)
			put_key(c, c->column[i].name);
		put_column(c, r, i);
	}
}

/* All of an event: what columns_new() has as columns but for the text, then the event's fields. */
static void put_whole(struct columns *c, const struct row *r)
{
	unsigned int i;

	for (i = 0; i < c->nr_columns; i++) {
		const struct column *col = &c->column[i];

		if (col->id == COLUMN_TEXT || (col->id == COLUMN_INSTANCE && !r->e->s->instance))
			continue;
		if (i)
			textout_add(c->out, ",", 1);
		put_key(c, col->id != COLUMN_TS ? col->name : r->e->s->time_in_ns ? "ts_ns" : "ts_raw");
		put_column(c, r, i);
	}
	textout_str(c->out, ",\"fields\":{");
	for (i = 0; r->known && i < r->known->fields.count; i++) {
		const struct field *f = &r->known->fields.item[i];

		if (i)
			textout_add(c->out, ",", 1);
		put_key(c, f->name);
		value_field(c->out, FORMAT_JSON, f, r->e->s->tep, &r->record);
	}
	textout_add(c->out, "}", 1);
}

/* Tell that @s lost @count events on @cpu (negative: some) before the event that follows. */
static void put_lost(struct columns *c, const struct stream *s, int cpu, long long count)
{
	struct textout *out = c->out;

	/* CSV has rows of events only, the summary tells of losses */
	if (c->plan->format != FORMAT_JSON)
		return;
	textout_str(out, "{\"lost\":");
	if (count > 0)
		value_signed(out, count);
	else
		value_none(out, FORMAT_JSON);
	textout_str(out, ",\"cpu\":");
	value_signed(out, cpu);
	textout_str(out, ",\"file\":");
	put_string(c, s->file);
	if (s->instance) {
		textout_str(out, ",\"instance\":");
		put_string(c, s->name);
	}
	textout_str(out, "}\n");
}

int columns_shown(struct columns *c, const struct shown *e)
{
	struct row r = { .e = e };

	shown_record(e, &r.record);
	if (e->extra && e->extra->lost)
		put_lost(c, e->s, e->cpu, e->extra->lost);
	if (e->event) {
		r.known = known_find(c, e->event);
		if (!r.known)
			return -ENOMEM;
		if (c->texts)
			r.text = shown_text(e, c->printers, &r.text_len);
	}
	if (c->plan->format == FORMAT_JSON)
		textout_add(c->out, "{", 1);
	if (c->whole)
		put_whole(c, &r);
	else
		put_columns(c, &r);
	if (c->plan->format == FORMAT_JSON)
		textout_add(c->out, "}", 1);
	textout_add(c->out, "\n", 1);
	textout_line_end(c->out);
	return 0;
}
