/*
 * calls.c - see calls.h. Layer 5.
 */
#include <inttypes.h>
#include <stdio.h>

#include "report/calls.h"
#include "report/events.h"

#define DEPTH_MAX	200	/* levels that are indented; the kernel has 50 */

static void field_of(struct tep_event *event, const char *name, struct call_event *e,
		     struct pfield *ret)
{
	const struct tep_format_field *f = tep_find_field(event, name);

	if (!f || f->offset < 0 || f->offset > 4096 ||
	    (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return;
	*ret = (struct pfield){ .offset = f->offset, .size = f->size };
	if (e->min_size < (uint32_t)f->offset + f->size)
		e->min_size = f->offset + f->size;
}

static struct call_event event_of(struct tep_handle *tep, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(tep, "ftrace", name);
	struct call_event e = { .id = -1 };

	if (!event)
		return e;
	field_of(event, "func", &e, &e.func);
	field_of(event, "depth", &e, &e.depth);
	field_of(event, "calltime", &e, &e.calltime);
	field_of(event, "rettime", &e, &e.rettime);
	field_of(event, "retval", &e, &e.retval);
	field_of(event, "retaddr", &e, &e.retaddr);
	e.args = args_offset(event);
	if (e.func.size && e.depth.size)
		e.id = event->id;
	return e;
}

/* Calls that tell from where, which is an option. The event's name has changed once. */
static struct call_event from_event(struct tep_handle *tep)
{
	struct call_event e = event_of(tep, "fgraph_retaddr_entry");

	return e.id < 0 ? event_of(tep, "funcgraph_retaddr_entry") : e;
}

void calls_init(struct calls *c, struct tep_handle *tep, bool no_args)
{
	*c = (struct calls){
		.entry = event_of(tep, "funcgraph_entry"),
		.exit = event_of(tep, "funcgraph_exit"),
		/* 3.1 knew neither */
		.from = { .id = -1 },
		.function = { .id = -1 },
		.reader.swap = tep_is_file_bigendian(tep) != tep_is_local_bigendian(tep),
	};
	if (no_args) {
		c->entry.args = 0;
		return;
	}
	c->from = from_event(tep);
	c->function = args_event(tep);
}

static uint64_t value(const struct calls *c, const struct tep_record *record, struct pfield f)
{
	return pfield_read(&c->reader, record->data, f);
}

/* Is the record, of @event, one of @e? */
static bool is_of(const struct event *event, const struct tep_record *record, const struct call_event *e)
{
	return event && event->tep->id == e->id && (uint32_t)record->size >= e->min_size;
}

/* ... and not wanted in another way? That is known when an event is met. */
static bool is_shown_as(const struct event *event, const struct tep_record *record, const struct call_event *e)
{
	return is_of(event, record, e) && !(event->tep->flags & (TEP_EVENT_FL_PRINTRAW | TEP_EVENT_FL_NOHANDLE));
}

const struct call_event *calls_entry(const struct calls *c, const struct stream *s, struct tep_record *record)
{
	const struct event *event = events_find(s->events, record);

	if (is_shown_as(event, record, &c->entry))
		return &c->entry;
	return is_shown_as(event, record, &c->from) ? &c->from : NULL;
}

/* How @exit is wanted does not matter, as it gets no line. */
bool calls_match(const struct calls *c, const struct stream *s, const struct call_event *e,
		 struct tep_record *entry, struct tep_record *exit)
{
	return is_of(events_find(s->events, exit), exit, &c->exit) &&
	       value(c, exit, c->exit.func) == value(c, entry, e->func) &&
	       tep_data_pid(s->tep, exit) == tep_data_pid(s->tep, entry);
}

/* Two columns that tell long times from short ones, and microseconds. */
static void add_duration(struct buf *b, uint64_t ns)
{
	uint64_t us = ns / 1000;
	const char *mark = ns > 1000000000 ? "$ " : ns > 1000000 ? "# " : ns > 100000 ? "! " :
			   ns > 10000 ? "+ " : "  ";
	char text[32];
	int length;

	/* what takes seconds needs no nanoseconds */
	if (us < 1000000)
		length = snprintf(text, sizeof(text), "%" PRIu64 ".%03u", us, (unsigned int)(ns % 1000));
	else
		length = snprintf(text, sizeof(text), "%" PRIu64, us);
	buf_printf(b, "%s%s us %*s|  ", mark, text, length < 7 ? 7 - length : 0, "");
}

static void add_depth(struct buf *b, uint64_t depth)
{
	buf_printf(b, "%*s", 2 * (int)(depth < DEPTH_MAX ? depth : DEPTH_MAX), "");
}

static void add_function(struct buf *b, const struct stream *s, uint64_t address)
{
	const char *name;

	events_lock(s->events);
	name = tep_find_function(s->tep, address);
	events_unlock(s->events);
	if (name)
		buf_add_str(b, name);
	else
		buf_printf(b, "%" PRIx64, address);
}

/* What the function has returned, where the kernel tells. */
static void add_retval(struct buf *b, const struct calls *c, const struct tep_record *exit,
		       const struct plan_fgraph *look)
{
	uint64_t v;

	if (!c->exit.retval.size || look->no_retval)
		return;
	v = value(c, exit, c->exit.retval);
	if (c->exit.retval.size == 4)
		v = (uint64_t)(int32_t)v;
	/* small negative numbers are errors */
	if (look->retval_dec || (!look->retval_hex && (int64_t)v < 0 && (int64_t)v >= -4095))
		buf_printf(b, " (ret=%" PRId64 ")", (int64_t)v);
	else
		buf_printf(b, " (ret=0x%" PRIx64 ")", v);
}

static uint64_t duration(const struct calls *c, const struct tep_record *exit, uint64_t begin_ts)
{
	if (c->exit.calltime.size && c->exit.rettime.size)
		return value(c, exit, c->exit.rettime) - value(c, exit, c->exit.calltime);
	return exit->ts > begin_ts ? exit->ts - begin_ts : 0;
}

void calls_add_entry(struct buf *b, const struct calls *c, const struct stream *s, const struct call_event *e,
		     const struct tep_record *record, const struct tep_record *exit, uint64_t begin_ts,
		     const struct plan_fgraph *look)
{
	uint64_t depth = value(c, record, e->depth), func = value(c, record, e->func);

	if (exit)
		add_duration(b, duration(c, exit, begin_ts));
	else
		buf_printf(b, "%13s|  ", "");
	add_depth(b, depth);
	add_function(b, s, func);
	buf_add(b, "(", 1);
	args_add(b, s, record, e->args, func);
	buf_add_str(b, exit ? ");" : ") {");
	if (e->retaddr.size) {
		buf_add_str(b, " /* <-");
		add_function(b, s, value(c, record, e->retaddr));
		buf_add_str(b, " */");
	}
	if (exit)
		add_retval(b, c, exit, look);
	if (look->depth)
		buf_printf(b, " (%" PRIu64 ")", depth);
}

static void add_exit(struct buf *b, const struct calls *c, const struct stream *s,
		     const struct tep_record *record, const struct plan_fgraph *look)
{
	uint64_t depth = value(c, record, c->exit.depth);

	add_duration(b, duration(c, record, record->ts));
	add_depth(b, depth);
	buf_add_str(b, "}");
	if (look->tailprint) {
		buf_add_str(b, " /* ");
		add_function(b, s, value(c, record, c->exit.func));
		buf_add_str(b, " */");
	}
	add_retval(b, c, record, look);
	if (look->depth)
		buf_printf(b, " (%" PRIu64 ")", depth);
}

bool calls_add_other(struct buf *b, const struct calls *c, const struct stream *s, struct tep_record *record,
		     const struct plan_fgraph *look)
{
	if (!is_shown_as(events_find(s->events, record), record, &c->exit))
		return args_function(b, s, &c->function, record);
	add_exit(b, c, s, record, look);
	return true;
}
