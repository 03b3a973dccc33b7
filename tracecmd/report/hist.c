/*
 * hist.c - see hist.h: counting. Layer 5.
 *
 * Counts are kept as those of a profile are: an entry for each task (or none, if all are taken
 * together), event, and function where a function tracer tells it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/events.h"
#include "report/hist.h"
#include "report/hist-print.h"
#include "report/scan.h"

/* The last event of a CPU, which a stack may follow. */
struct last {
	uint32_t entry;
	int pid;
	bool any;
};

struct of_stream {
	const struct stream *stream;
	struct profile *profile;	/* the file's */
	struct last *last;		/* of each CPU */
};

struct hist {
	bool merge;
	struct hist_file *files;
	unsigned int nr_files;
	struct of_stream *streams;
	unsigned int nr_streams;
};

/* The counts of the file that @s is of. NULL: out of memory. */
static struct profile *file_of(struct hist *h, const struct stream *s)
{
	static const struct hooks no_hooks;
	struct hist_file *more;
	struct err err = { 0 };
	unsigned int i;

	for (i = 0; i < h->nr_files; i++) {
		if (h->files[i].tep == s->tep)
			return h->files[i].profile;
	}
	more = reallocarray(h->files, h->nr_files + 1, sizeof(*more));
	if (!more)
		return NULL;
	h->files = more;
	more[i] = (struct hist_file){ .tep = s->tep, .profile = profile_new(s, &no_hooks, false, &err) };
	if (!more[i].profile)
		return NULL;
	h->nr_files++;
	return more[i].profile;
}

static struct of_stream *stream_of(struct hist *h, const struct stream *s)
{
	struct of_stream *more;
	unsigned int i;

	for (i = 0; i < h->nr_streams; i++) {
		if (h->streams[i].stream == s)
			return &h->streams[i];
	}
	more = reallocarray(h->streams, h->nr_streams + 1, sizeof(*more));
	if (!more)
		return NULL;
	h->streams = more;
	more[i] = (struct of_stream){
		.stream = s, .profile = file_of(h, s), .last = calloc(s->nr_cpus + 1, sizeof(struct last)),
	};
	h->nr_streams++;	/* so that it is released */
	return more[i].profile && more[i].last ? &more[i] : NULL;
}

/* The function that a record of a function tracer tells; 0: it is of another event. */
static uint64_t function_of(struct profile *p, const struct pevent *e,
			    const struct tep_record *record)
{
	uint64_t address, start;

	if (!e->is_function)
		return 0;
	address = pfield_read(&p->events, record->data, e->value);
	start = tep_find_function_address(p->events.tep, address);
	return start ? start : address;
}

static int count(struct hist *h, struct profile *p, const struct pevent *e,
		 const struct tep_record *record, int pid, struct last *last)
{
	uint32_t owner = h->merge ? profile_owner(p, OWNER_GLOBAL, 0) :
				    profile_owner(p, OWNER_TASK, pid);

	if (owner == PTABLE_NONE)
		return -ENOMEM;
	last->entry = profile_entry(p, owner, p->events.nr_pairs + e->id,
				    function_of(p, e, record));
	if (last->entry == PTABLE_NONE)
		return -ENOMEM;
	last->pid = pid;
	last->any = true;
	profile_entry_at(p, last->entry)->count++;
	return 0;
}

static int hist_record(void *data, const struct stream *s, struct tep_record *record)
{
	static const struct pstats once = { .count = 1 };
	struct hist *h = data;
	struct of_stream *of = stream_of(h, s);
	unsigned int cpu = record->cpu;
	const struct pevent *e;
	uint32_t stack;
	struct last *last;
	int pid, ret;

	if (!of)
		return -ENOMEM;
	e = pevents_find(&of->profile->events, record);
	if (!e || !strcmp(e->tep->name, "funcgraph_exit") ||
	    !strcmp(e->tep->name, "user_stack"))
		return 0;
	pid = pevents_pid(&of->profile->events, record);
	last = &of->last[cpu < s->nr_cpus ? cpu : s->nr_cpus];
	if (e->kind != PKIND_STACK)
		return count(h, of->profile, e, record, pid, last);
	if (!last->any || last->pid != pid)
		return 0;
	last->any = false;
	ret = profile_stack(of->profile, e, record, &stack);
	if (ret > 0 && !profile_use(of->profile, last->entry, stack, &once))
		return -ENOMEM;
	return ret < 0 ? ret : 0;
}

static int print(void *data, struct textout *out, struct err *err)
{
	const struct hist *h = data;

	return hist_print(h->files, h->nr_files, out, err);
}

int hist_run(const struct report_plan *plan, bool merge, struct err *err)
{
	struct hist h = { .merge = merge };
	const struct scan scan = {
		.name = "hist", .record = hist_record, .print = print, .data = &h,
	};
	unsigned int i;
	int ret = scan_run(plan, &scan, err);

	for (i = 0; i < h.nr_files; i++)
		profile_free(h.files[i].profile);
	for (i = 0; i < h.nr_streams; i++)
		free(h.streams[i].last);
	free(h.files);
	free(h.streams);
	return ret;
}
