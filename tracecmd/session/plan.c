/*
 * plan.c - see plan.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "session/plan.h"
#include "trace-tsync.h"

int plan_init(struct plan *p)
{
	*p = (struct plan){
		.file_version = 7, .zip = zip_best(), .sleep_us = -1,
	};
	trace_tsync_defaults(&p->tsync);
	p->output = strdup("trace.dat");
	if (!p->output || !plan_add_instance(p, NULL))
		return -ENOMEM;
	return 0;
}

void plan_release(struct plan *p)
{
	int i;

	for (i = 0; i < p->nr_instances; i++)
		setup_conf_release(&p->instances[i]);
	free(p->instances);
	for (i = 0; i < p->nr_guests; i++) {
		free(p->guests[i].where);
		free(p->guests[i].name);
		strlist_release(&p->guests[i].args);
	}
	free(p->guests);
	free(p->command);	/* its words belong to main's argv */
	free(p->output);
	free(p->temp_dir);
	free(p->ts_offset);
	free(p->user);
	free(p->listener.host);
	free(p->tsync.debug_dir);
	*p = (struct plan){ 0 };
}

struct setup_conf *plan_add_instance(struct plan *p, const char *name)
{
	struct setup_conf *more, *c;

	if (p->nr_instances == PLAN_MAX_INSTANCES)
		return NULL;
	more = reallocarray(p->instances, p->nr_instances + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->instances = more;
	c = &more[p->nr_instances];
	*c = (struct setup_conf){ .used = name };
	if (name) {
		c->name = strdup(name);
		if (!c->name)
			return NULL;
	}
	p->nr_instances++;
	return c;
}

struct plan_guest *plan_add_guest(struct plan *p, const char *where)
{
	struct plan_guest *more, *g;

	if (p->nr_guests == PLAN_MAX_GUESTS)
		return NULL;
	more = reallocarray(p->guests, p->nr_guests + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->guests = more;
	g = &more[p->nr_guests];
	*g = (struct plan_guest){ .where = strdup(where) };
	if (!g->where)
		return NULL;
	p->nr_guests++;
	return g;
}

bool plan_uses(const struct plan *p, int i)
{
	const struct setup_conf *c = &p->instances[i];

	return c->used || c->nr_events || c->tracer;
}

/* Tracers whose result is the text of the longest latency, not a stream of events. */
static bool is_latency_tracer(const char *name)
{
	static const char *const names[] = {
		"irqsoff", "preemptoff", "preemptirqsoff", "wakeup", "wakeup_rt", "wakeup_dl",
	};
	unsigned int i;

	for (i = 0; name && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* What a listener cannot be sent, and what is about files that are not here. */
static int check_listener(const struct plan *p, struct err *err)
{
	int i;

	for (i = 0; i < p->nr_instances; i++) {
		if (is_latency_tracer(p->instances[i].tracer))
			return err_set(err, -EINVAL,
				       "Network tracing not available with latency tracer plugins");
	}
	if (p->nr_guests)
		return err_set(err, -EINVAL,
			       "-A is not possible with -N: what guests send is written here");
	if (p->max_kb || p->rotate.bytes || p->rotate.ms)
		return err_set(err, -EINVAL, "%s is not possible with -N: the files are elsewhere",
			       p->max_kb ? "-m" : "--rotate");
	return 0;
}

/* The directory the output goes to must exist and let us write. */
static int check_output(const struct plan *p, struct err *err)
{
	_cleanup_free_ char *dir = strdup(p->output);
	char *slash;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	if (access(slash ? dir : ".", W_OK))
		return err_set(err, -errno,
			       "cannot create '%s' there; name another output file with -o",
			       p->output);
	if (p->temp_dir && access(p->temp_dir, W_OK))
		return err_set(err, -errno, "cannot write to the directory '%s' of --temp",
			       p->temp_dir);
	if (p->tsync.debug_dir && access(p->tsync.debug_dir, W_OK))
		return err_set(err, -errno, "cannot write to the directory '%s' of --tsync-debug",
			       p->tsync.debug_dir);
	return 0;
}

/* Limits that don't go together. */
static int check_limits(const struct plan *p, struct err *err)
{
	if (!p->rotate.bytes && !p->rotate.ms)
		return 0;
	if (p->max_kb)
		return err_set(err, -EINVAL, "-m and --rotate both throw away old data: choose one; --rotate SIZE:KEEP keeps KEEP files");
	if (p->nr_guests)
		return err_set(err, -EINVAL, "--rotate is for this machine alone, not with -A");
	return 0;
}

int plan_check(const struct plan *p, bool agent, struct err *err)
{
	bool something = p->nr_guests > 0;
	int i, ret;

	for (i = 0; i < p->nr_instances; i++)
		something |= plan_uses(p, i) && (i || p->instances[i].nr_events ||
						 p->instances[i].tracer);
	if (!something) {
		err_set(err, 0, "no event or plugin was specified... aborting\n"
			"Name events with -e (for instance -e sched) or a tracer with -p");
		return -EINVAL;
	}
	if (p->listener.port) {
		ret = check_listener(p, err);
		if (ret)
			return ret;
	}
	for (i = 0; i < p->nr_instances; i++) {
		if (!plan_uses(p, i))
			continue;
		ret = setup_check(&p->instances[i], p->ignore_unknown, err);
		if (ret)
			return ret;
	}
	if (p->instances[0].graph.nr && !plan_uses(p, 0))
		return err_set(err, -EINVAL,
			       "-g is for the top instance, where nothing is traced\n"
			       "Give -p function_graph before -B");
	ret = setup_try(p->instances, p->nr_instances, err);
	if (!ret)
		ret = check_limits(p, err);
	if (ret)
		return ret;
	if (agent || p->kind == PLAN_STREAM || p->listener.port)
		return 0;
	return check_output(p, err);
}
