/*
 * fgraph.c - see fgraph.h. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/args.h"
#include "report/events.h"
#include "report/fgraph.h"
#include "report/pevents.h"

#define DEPTH_MAX	200	/* levels that are indented; the kernel has 50 */

/* Where records of a call have what. */
struct call_event {
	int id;				/* -1: there is none */
	struct pfield func, depth, calltime, rettime, retval, retaddr;
	uint32_t args;			/* where they begin; 0: it has none */
	uint32_t min_size;
};

/* A CPU of a stream. */
struct ahead_cpu {
	struct tep_record *next;	/* of the second handle, behind those that were looked at */
	unsigned long long before_ts;	/* of the one before it, as that handle has times */
	bool any;			/* it was read from */
	bool skip;			/* the record at skip_key was told with its call */
	unsigned long long skip_key;
};

/* A stream: its events, and the second handle. */
struct ahead {
	const struct stream *stream;
	struct call_event entry, from, exit;	/* from: an entry that tells the caller */
	struct args_event function;
	struct pevents reader;		/* only for the byte order */
	struct tracecmd_input *file, *handle;	/* NULL: not opened, or not possible */
	bool tried;
	struct ahead_cpu *cpus;
};

/* The ids of a stream's events, apart from all else: they are looked at with each record. */
struct ahead_ids {
	int entry, from, exit, function;
	bool told;			/* a record's id can be read just so */
};

struct fgraph {
	const struct inputs *in;
	struct ahead *streams;
	struct ahead_ids *ids;		/* of each stream */
	struct buf text;
};

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

struct fgraph *fgraph_new(const struct inputs *in)
{
	struct fgraph *g = calloc(1, sizeof(*g));
	unsigned int i;

	if (!g)
		return NULL;
	g->in = in;
	g->streams = calloc(in->nr_streams + 1, sizeof(*g->streams));
	g->ids = calloc(in->nr_streams + 1, sizeof(*g->ids));
	if (!g->streams || !g->ids)
		goto failed;
	for (i = 0; i < in->nr_streams; i++) {
		struct ahead *a = &g->streams[i];

		a->stream = &in->streams[i];
		a->entry = event_of(a->stream->tep, "funcgraph_entry");
		a->exit = event_of(a->stream->tep, "funcgraph_exit");
		/* 3.1 knew neither */
		a->from = (struct call_event){ .id = -1 };
		a->function = (struct args_event){ .id = -1 };
		if (in->plan->no_args) {
			a->entry.args = 0;
		} else {
			a->from = from_event(a->stream->tep);
			a->function = args_event(a->stream->tep);
		}
		a->reader.swap = tep_is_file_bigendian(a->stream->tep) !=
				 tep_is_local_bigendian(a->stream->tep);
		g->ids[i] = (struct ahead_ids){
			.entry = a->entry.id, .from = a->from.id, .exit = a->exit.id,
			.function = a->function.id, .told = a->stream->events->native,
		};
		a->cpus = calloc(a->stream->nr_cpus + 1, sizeof(*a->cpus));
		if (!a->cpus)
			goto failed;
	}
	return g;
failed:
	fgraph_free(g);
	return NULL;
}

void fgraph_free(struct fgraph *g)
{
	unsigned int i, cpu;

	if (!g)
		return;
	for (i = 0; g->streams && i < g->in->nr_streams; i++) {
		struct ahead *a = &g->streams[i];

		for (cpu = 0; a->cpus && cpu < a->stream->nr_cpus; cpu++)
			tracecmd_free_record(a->cpus[cpu].next);
		if (a->handle && a->handle != a->file)
			tracecmd_close(a->handle);
		tracecmd_close(a->file);
		free(a->cpus);
	}
	free(g->streams);
	free(g->ids);
	buf_release(&g->text);
	free(g);
}

/* --- looking ahead */

/* Open the file of @a again, and the instance in it. */
static void open_ahead(const struct fgraph *g, struct ahead *a)
{
	const char *path = tracecmd_get_file_name(a->stream->handle);
	int i, fd = g->in->input[a->stream->events->number].fd;
	char link[64];

	a->tried = true;
	/* what came from a pipe has no name */
	if (!path && fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		path = link;
	}
	a->file = path ? tracecmd_open(path, TRACECMD_FL_LOAD_NO_PLUGINS | TRACECMD_FL_EVENTS_LATER) : NULL;
	if (!a->file)
		return;
	a->handle = a->file;
	if (!a->stream->instance)
		return;
	a->handle = NULL;
	for (i = 0; !a->handle && i < tracecmd_buffer_instances(a->file); i++) {
		if (!strcmp(tracecmd_buffer_instance_name(a->file, i), a->stream->name))
			a->handle = tracecmd_buffer_instance_handle(a->file, i);
	}
}

/* The first of @cpu that is looked at: the one at @key, or of the same time before it. */
static struct tep_record *read_from(struct ahead *a, int cpu, unsigned long long key)
{
	struct tep_record *record = tracecmd_read_at(a->handle, key, NULL);
	int ret = record ? tracecmd_set_cpu_to_timestamp(a->handle, cpu, record->ts) : -1;

	tracecmd_free_record(record);
	return ret ? tracecmd_read_cpu_first(a->handle, cpu) : tracecmd_read_data(a->handle, cpu);
}

/* Go to the record behind the next of @cpu. */
static void go_on(struct ahead *a, int cpu)
{
	struct ahead_cpu *c = &a->cpus[cpu];

	c->before_ts = c->next->ts;
	tracecmd_free_record(c->next);
	c->next = tracecmd_read_data(a->handle, cpu);
}

/* The record behind @record on its CPU; NULL: there is none, or nobody knows. */
static struct tep_record *record_behind(const struct fgraph *g, struct ahead *a,
					const struct tep_record *record)
{
	struct ahead_cpu *c = &a->cpus[record->cpu];
	unsigned long long key = record->offset;

	if (!a->tried)
		open_ahead(g, a);
	if (!a->handle)
		return NULL;
	if (!c->any)
		c->next = read_from(a, record->cpu, key);
	c->any = true;
	while (c->next && c->next->offset <= key)
		go_on(a, record->cpu);
	return c->next;
}

/* Is a record of @cpu at @ts shown before one of @than_cpu at @than_ts? */
static bool is_shown_before(int cpu, uint64_t ts, int than_cpu, uint64_t than_ts)
{
	return ts < than_ts || (ts == than_ts && cpu < than_cpu);
}

/* The record that is shown next behind @record, whose CPU has @own next. */
static struct tep_record *shown_next(struct ahead *a, const struct tep_record *record,
				     struct tep_record *own)
{
	uint64_t begin = a->cpus[record->cpu].before_ts;
	struct tep_record *next = own;
	int cpu;

	for (cpu = 0; cpu < (int)a->stream->nr_cpus; cpu++) {
		struct ahead_cpu *c = &a->cpus[cpu];

		if (cpu == record->cpu)
			continue;
		if (!c->any && !tracecmd_set_cpu_to_timestamp(a->handle, cpu, begin))
			c->next = tracecmd_read_data(a->handle, cpu);
		c->any = true;
		while (c->next && is_shown_before(cpu, c->next->ts, record->cpu, begin))
			go_on(a, cpu);
		if (c->next && (!next || is_shown_before(cpu, c->next->ts, next->cpu, next->ts)))
			next = c->next;
	}
	return next;
}

/* --- the text */

static uint64_t value(const struct ahead *a, const struct tep_record *record, struct pfield f)
{
	return pfield_read(&a->reader, record->data, f);
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

/*
 * The return of the call @entry, an @e, if that is the next record of its CPU, or that is shown; else NULL.
 * How others of its kind are wanted does not matter, as this one gets no line.
 */
static struct tep_record *leaf_exit(const struct fgraph *g, struct ahead *a, const struct call_event *e,
				    struct tep_record *entry)
{
	struct tep_record *next = record_behind(g, a, entry);

	if (g->in->plan->calls_parted && a->handle)
		next = shown_next(a, entry, next);
	if (!next || !is_of(events_find(a->stream->events, next), next, &a->exit) ||
	    value(a, next, a->exit.func) != value(a, entry, e->func) ||
	    tep_data_pid(a->stream->tep, next) != tep_data_pid(a->stream->tep, entry))
		return NULL;
	return next;
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

static void add_function(struct buf *b, const struct ahead *a, uint64_t address)
{
	const char *name;

	events_lock(a->stream->events);
	name = tep_find_function(a->stream->tep, address);
	events_unlock(a->stream->events);
	if (name)
		buf_add_str(b, name);
	else
		buf_printf(b, "%" PRIx64, address);
}

/* What the function has returned, where the kernel tells. */
static void add_retval(struct buf *b, const struct ahead *a, const struct tep_record *exit,
		       const struct plan_fgraph *look)
{
	uint64_t v;

	if (!a->exit.retval.size || look->no_retval)
		return;
	v = value(a, exit, a->exit.retval);
	if (a->exit.retval.size == 4)
		v = (uint64_t)(int32_t)v;
	/* small negative numbers are errors */
	if (look->retval_dec || (!look->retval_hex && (int64_t)v < 0 && (int64_t)v >= -4095))
		buf_printf(b, " (ret=%" PRId64 ")", (int64_t)v);
	else
		buf_printf(b, " (ret=0x%" PRIx64 ")", v);
}

static uint64_t duration(const struct ahead *a, const struct tep_record *exit, uint64_t begin_ts)
{
	if (a->exit.calltime.size && a->exit.rettime.size)
		return value(a, exit, a->exit.rettime) - value(a, exit, a->exit.calltime);
	return exit->ts > begin_ts ? exit->ts - begin_ts : 0;
}

/* A call, an @e. */
static void entry_text(struct fgraph *g, struct ahead *a, const struct call_event *e,
		       struct tep_record *record)
{
	const struct plan_fgraph *look = &g->in->plan->fgraph;
	struct tep_record *exit = leaf_exit(g, a, e, record);
	uint64_t depth = value(a, record, e->depth), func = value(a, record, e->func);
	struct buf *b = &g->text;

	if (exit)
		add_duration(b, duration(a, exit, a->cpus[record->cpu].before_ts));
	else
		buf_printf(b, "%13s|  ", "");
	add_depth(b, depth);
	add_function(b, a, func);
	buf_add(b, "(", 1);
	args_add(b, a->stream, record, e->args, func);
	buf_add_str(b, exit ? ");" : ") {");
	if (e->retaddr.size) {
		buf_add_str(b, " /* <-");
		add_function(b, a, value(a, record, e->retaddr));
		buf_add_str(b, " */");
	}
	if (exit)
		add_retval(b, a, exit, look);
	if (look->depth)
		buf_printf(b, " (%" PRIu64 ")", depth);
	if (exit) {
		a->cpus[exit->cpu].skip = true;
		a->cpus[exit->cpu].skip_key = exit->offset;
	}
}

static void exit_text(struct fgraph *g, struct ahead *a, struct tep_record *record)
{
	const struct plan_fgraph *look = &g->in->plan->fgraph;
	uint64_t depth = value(a, record, a->exit.depth);
	struct buf *b = &g->text;

	add_duration(b, duration(a, record, record->ts));
	add_depth(b, depth);
	buf_add_str(b, "}");
	if (look->tailprint) {
		buf_add_str(b, " /* ");
		add_function(b, a, value(a, record, a->exit.func));
		buf_add_str(b, " */");
	}
	add_retval(b, a, record, look);
	if (look->depth)
		buf_printf(b, " (%" PRIu64 ")", depth);
}

/* Can the record be nothing of a call? That is so for nearly all. */
static inline bool is_other(const struct ahead_ids *ids, const struct tep_record *record)
{
	uint16_t id;

	if (ids->entry < 0 && ids->exit < 0 && ids->from < 0 && ids->function < 0)
		return true;
	if (!ids->told || record->size < (int)sizeof(id))
		return false;
	memcpy(&id, record->data, sizeof(id));
	return id != ids->entry && id != ids->exit && id != ids->from && id != ids->function;
}

const char *fgraph_text(struct fgraph *g, const struct stream *s, struct tep_record *record,
			bool *ret_skip)
{
	size_t number = s - g->in->streams;
	struct ahead *a = &g->streams[number];
	const struct event *event;
	struct ahead_cpu *c;

	*ret_skip = false;
	if (is_other(&g->ids[number], record) || record->cpu < 0 ||
	    (unsigned int)record->cpu >= s->nr_cpus)
		return NULL;
	c = &a->cpus[record->cpu];
	if (c->skip && record->offset == c->skip_key) {
		c->skip = false;
		*ret_skip = true;
		return NULL;
	}
	event = events_find(s->events, record);
	buf_reset(&g->text);
	if (is_shown_as(event, record, &a->entry))
		entry_text(g, a, &a->entry, record);
	else if (is_shown_as(event, record, &a->exit))
		exit_text(g, a, record);
	else if (is_shown_as(event, record, &a->from))
		entry_text(g, a, &a->from, record);
	else if (!args_function(&g->text, s, &a->function, record))
		return NULL;
	return g->text.error ? NULL : (const char *)g->text.data;
}
