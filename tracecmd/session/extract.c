/*
 * extract.c - see extract.h. Layer 5.
 *
 * The same recorders as those of record move the pages, but are told to end at
 * once, when they have drained what there is; the file is then written as record's is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "rec/recorder.h"
#include "session/claim.h"
#include "session/extract.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guardian.h"
#include "session/outlet.h"
#include "session/stop.h"
#include "setup/existing.h"

/* How long one CPU may give nothing at all before it is given up. */
#define DRAIN_MS 30000

struct extract {
	const struct plan *plan;
	struct note *note;
	struct setup_instance **buffer;	/* [0] the top one, or NULL; as in the note */
	bool *was_on;
	int *claim_fd;			/* keeps others out */
	int nr;
};

/* --- which buffers --------------------------------------------------------------- */

/* Add the buffer @name (NULL: the top one). */
static int add_buffer(struct extract *x, const char *tracing_dir, const char *name, struct err *err)
{
	int i = name ? x->nr : 0, ret;
	struct note_instance *n;

	for (i = 1; name && i < x->nr; i++) {
		if (!strcmp(x->note->instances[i].name, name))
			return 0;
	}
	if (!name)
		i = 0;
	if (i >= PLAN_MAX_INSTANCES)
		return err_set(err, -E2BIG, "more than %d instances", PLAN_MAX_INSTANCES - 1);
	ret = existing_open(name, &x->buffer[i], err);
	if (!ret)
		ret = claim_instance(x->plan, tracing_dir, name, &x->claim_fd[i], err);
	if (ret)
		return ret;
	n = &x->note->instances[i];
	snprintf(n->name, sizeof(n->name), "%s", setup_name(x->buffer[i]));
	snprintf(n->dir, sizeof(n->dir), "%s", setup_dir(x->buffer[i]));
	snprintf(n->clock, sizeof(n->clock), "%s", setup_clock(x->buffer[i]));
	n->page_size = setup_page_size(x->buffer[i]);
	n->nr_cpus = setup_nr_cpus(x->buffer[i]);
	n->text = setup_is_latency_tracer(x->buffer[i]) && !x->plan->snapshot;
	n->used = true;
	x->was_on[i] = setup_is_on(x->buffer[i]);
	if (name)
		x->nr++;
	x->note->nr_instances = x->nr;
	return 0;
}

/*
 * Nothing named: the top one; -B: only those; -a: all, the top one too unless there is a -B; -t
 * adds the top one.
 */
static int choose_buffers(struct extract *x, const char *tracing_dir, struct err *err)
{
	_cleanup_(strlist_release) struct strlist all = { 0 };
	const struct plan *p = x->plan;
	int i, ret = 0;

	x->nr = x->note->nr_instances = 1;
	if (p->top || p->nr_instances == 1)
		ret = add_buffer(x, tracing_dir, NULL, err);
	for (i = 1; !ret && i < p->nr_instances; i++)
		ret = add_buffer(x, tracing_dir, p->instances[i].name, err);
	if (!ret && p->all_instances)
		ret = existing_names(&all);
	for (i = 0; !ret && i < all.nr; i++)
		ret = add_buffer(x, tracing_dir, all.item[i], err);
	return ret;
}

/* --- the data ---------------------------------------------------------------------- */

static int open_data(struct extract *x, int i, int cpu)
{
	return x->plan->snapshot ? existing_open_snapshot(x->buffer[i], cpu) :
				   setup_open_raw(x->buffer[i], cpu);
}

/* Move one CPU's pages to its file. */
static int take_cpu(struct extract *x, int i, int cpu, struct err *err)
{
	struct note_instance *n = &x->note->instances[i];
	struct recorder_conf conf = {
		.cpu = cpu, .page_size = n->page_size, .no_splice = x->plan->no_splice,
	};
	_cleanup_close_ int sink = -1;
	struct recorder *r;
	int ret;

	conf.raw_fd = open_data(x, i, cpu);
	if (conf.raw_fd == -ENODEV || conf.raw_fd == -ENXIO)
		return 0;	/* offline */
	if (conf.raw_fd == -ENOENT && x->plan->snapshot)
		return err_set(err, -ENOENT, "'%s' has no snapshot: this kernel keeps none", n->dir);
	if (conf.raw_fd < 0)
		return err_set(err, conf.raw_fd, "cannot open the ring buffer of CPU %d in '%s'",
			       cpu, n->dir);
	sink = files_cpu_create(x->plan, x->plan->output, n->name, cpu, err);
	if (sink < 0) {
		close(conf.raw_fd);
		return sink;
	}
	n->recorded = true;
	conf.sink_fd = sink;
	ret = recorder_start(&conf, &r, err);
	if (ret)
		return ret;
	recorder_stop(r);
	ret = recorder_join(r, DRAIN_MS, NULL);
	return ret ? err_set(err, ret, "cannot save the events of CPU %d in '%s'", cpu, n->dir) : 0;
}

static int take_all(struct extract *x, struct err *err)
{
	int i, cpu, ret = 0;

	/* first of all, so that no buffer goes on while another is read */
	for (i = 0; i < x->nr; i++) {
		if (x->buffer[i])
			setup_tracing_on(x->buffer[i], false);
	}
	for (i = 0; i < x->nr; i++) {
		if (x->buffer[i] && x->note->instances[i].text) {
			x->note->instances[i].recorded = true;
			continue;
		}
		for (cpu = 0; !ret && x->buffer[i] && cpu < x->note->instances[i].nr_cpus; cpu++)
			ret = take_cpu(x, i, cpu, err);
	}
	return ret;
}

/* --- all of it ------------------------------------------------------------------------ */

/* Switch everything off, or, with -k, back on. */
static void end_tracing(struct extract *x, bool keep)
{
	int i;

	for (i = 0; i < x->nr; i++) {
		if (!x->buffer[i])
			continue;
		if (!keep)
			existing_quiet(x->buffer[i]);
		else if (x->was_on[i])
			setup_tracing_on(x->buffer[i], true);
	}
}

static bool any_recorded(const struct note *n)
{
	int i;

	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].recorded)
			return true;
	}
	return false;
}

static int extract(struct extract *x, struct err *err)
{
	struct err later = { 0 };
	const char *dir;
	int fd, ret, end;

	ret = setup_find_tracing(&dir, err);
	if (!ret)
		ret = plan_check(x->plan, false, err);
	if (!ret)
		ret = choose_buffers(x, dir, err);
	if (ret)
		return ret;
	fd = files_output_create(x->plan->output, false, finish_reserve(x->plan), err);
	if (fd < 0)
		return fd;
	close(fd);
	ret = take_all(x, err);
	if (ret && !any_recorded(x->note)) {
		files_output_abandon(x->plan->output);
		end_tracing(x, true);
		return ret;
	}
	/* events that were read are in no buffer any more: save those at least */
	end = finish_host(x->plan, x->note, NULL, ret ? &later : err);
	if (!end)
		finish_host_end(x->plan, x->note, 0);
	if (ret && end)
		cmd_fail_err(end, &later);
	end_tracing(x, x->plan->keep);
	return ret ? ret : end;
}

static int worker(const struct plan *p, struct note *note, int mirror_fd)
{
	struct extract x = { .plan = p, .note = note };
	struct stop stop = STOP_NONE;
	struct err err = { 0 };
	int i, ret, status = 0;

	/* it takes no time worth interrupting, but must not be cut in half */
	ret = stop_open(&stop);
	outlet_open(&stop);
	x.buffer = calloc(PLAN_MAX_INSTANCES, sizeof(struct setup_instance *));
	x.was_on = calloc(PLAN_MAX_INSTANCES, sizeof(*x.was_on));
	x.claim_fd = malloc(PLAN_MAX_INSTANCES * sizeof(*x.claim_fd));
	if (!x.buffer || !x.was_on || !x.claim_fd)
		ret = -ENOMEM;
	for (i = 0; x.claim_fd && i < PLAN_MAX_INSTANCES; i++)
		x.claim_fd[i] = -1;
	if (!ret)
		ret = extract(&x, &err);
	if (ret)
		status = cmd_fail_err(ret, &err);
	for (i = 0; x.buffer && i < x.nr; i++)
		setup_free(x.buffer[i]);
	free(x.buffer);
	free(x.was_on);
	for (i = 0; x.claim_fd && i < PLAN_MAX_INSTANCES; i++)
		fd_close(&x.claim_fd[i]);
	free(x.claim_fd);
	outlet_close();
	stop_close(&stop);
	return status;
}

int session_extract(const struct plan *p)
{
	struct plan all = *p;	/* its strings and arrays stay @p's */

	/* nobody knows which events have been recorded */
	all.all_formats = true;
	return guardian_run(&all, worker);
}
