/*
 * fgraph.c - see fgraph.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/calls.h"
#include "report/events.h"
#include "report/fgraph.h"

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
	struct calls calls;
	struct tracecmd_input *file, *handle;	/* NULL: not opened, or not possible */
	bool tried;
	struct ahead_cpu *cpus;
};

static void set_ids(struct fgraph_ids *ids, const struct ahead *a)
{
	const struct calls *c = &a->calls;
	int all[] = { c->entry.id, c->from.id, c->exit.id, c->function.id };
	unsigned int i;

	*ids = (struct fgraph_ids){
		.entry = all[0], .from = all[1], .exit = all[2], .function = all[3], .last = -1,
	};
	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] > ids->last)
			ids->last = all[i];
	if (ids->last >= 0 && !a->stream->events->native)
		ids->last = INT_MAX;
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
		calls_init(&a->calls, a->stream->tep, in->plan->no_args);
		set_ids(&g->ids[i], a);
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

/* The return of the call @entry, an @e, if that is the next record of its CPU, or that is shown; else NULL. */
static struct tep_record *leaf_exit(const struct fgraph *g, struct ahead *a, const struct call_event *e,
				    struct tep_record *entry)
{
	struct tep_record *next = record_behind(g, a, entry);

	if (g->in->plan->calls_parted && a->handle)
		next = shown_next(a, entry, next);
	return next && calls_match(&a->calls, a->stream, e, entry, next) ? next : NULL;
}

/* A call, an @e. */
static void entry_text(struct fgraph *g, struct ahead *a, const struct call_event *e,
		       struct tep_record *record)
{
	struct tep_record *exit = leaf_exit(g, a, e, record);

	calls_add_entry(&g->text, &a->calls, a->stream, e, record, exit, a->cpus[record->cpu].before_ts,
			&g->in->plan->fgraph);
	if (exit) {
		a->cpus[exit->cpu].skip = true;
		a->cpus[exit->cpu].skip_key = exit->offset;
	}
}

const char *fgraph_text(struct fgraph *g, const struct stream *s, struct tep_record *record,
			bool *ret_skip)
{
	size_t number = s - g->in->streams;
	struct ahead *a = &g->streams[number];
	const struct call_event *e;
	struct ahead_cpu *c;

	*ret_skip = false;
	if (record->cpu < 0 || (unsigned int)record->cpu >= s->nr_cpus)
		return NULL;
	c = &a->cpus[record->cpu];
	if (c->skip && record->offset == c->skip_key) {
		c->skip = false;
		*ret_skip = true;
		return NULL;
	}
	buf_reset(&g->text);
	e = calls_entry(&a->calls, s, record);
	if (e)
		entry_text(g, a, e, record);
	else if (!calls_add_other(&g->text, &a->calls, s, record, &g->in->plan->fgraph))
		return NULL;
	return g->text.error ? NULL : (const char *)g->text.data;
}
