/*
 * plan.c - see plan.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/plan.h"
#include "session/tasks.h"
#include "session/user.h"
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
	strlist_release(&p->profile.hooks);
	free(p->profile.output);
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

/* Is anything asked of it besides events and a tracer? */
static bool asks_anything(const struct setup_conf *c)
{
	return c->clock || c->buffer_kb || c->subbuf_kb || c->cpumask || c->options.nr ||
	       c->functions.nr || c->commands.nr || c->notrace.nr || c->graph.nr ||
	       c->graph_depth || c->func_stack || c->no_functions || c->nr_pids;
}

bool plan_uses(const struct plan *p, int i)
{
	const struct setup_conf *c = &p->instances[i];

	if (c->delete)
		return false;
	if (c->used || c->nr_events || c->tracer || c->proc_map)
		return true;
	/* whatever is asked of the top one is set; a command alone wants it switched on */
	return p->kind == PLAN_SET && (asks_anything(c) || p->only_command ||
				       (p->command && p->nr_instances == 1));
}

/* What a listener cannot be sent, and what is about files that are not here. */
static int check_listener(const struct plan *p, struct err *err)
{
	if (p->nr_guests)
		return err_set(err, -EINVAL,
			       "-A is not possible with -N: what guests send is written here");
	if (p->max_kb || p->rotate.bytes || p->rotate.ms)
		return err_set(err, -EINVAL, "%s is not possible with -N: the files are elsewhere",
			       p->max_kb ? "-m" : "--rotate");
	return 0;
}

/*
 * What has the output's name already must be something with places to go back to: a pipe or /dev/null
 * would fail only in the end.
 */
static int check_replaced(const struct plan *p, struct err *err)
{
	struct stat st;

	/* the names of --rotate are others */
	if (p->rotate.bytes || p->rotate.ms || stat(p->output, &st))
		return 0;
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "'%s' is a directory; name a file in it with -o",
			       p->output);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, -ESPIPE,
			       "'%s' is a device or pipe, where no trace file can be; name another output file with -o",
			       p->output);
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
	return check_replaced(p, err);
}

/* Choices that don't go together. */
static int check_choices(const struct plan *p, struct err *err)
{
	if (p->file_version < 7 && p->packed)
		return err_set(err, -EINVAL, "version 6 has no compression: use --file-version 7 or --compression none");
	if (!p->rotate.bytes && !p->rotate.ms)
		return 0;
	if (p->max_kb)
		return err_set(err, -EINVAL, "-m and --rotate both throw away old data: choose one; --rotate SIZE:KEEP keeps KEEP files");
	if (p->nr_guests)
		return err_set(err, -EINVAL, "--rotate is for this machine alone, not with -A");
	return 0;
}

/* Something to do? Not so for set and extract, for which there is what is there. */
static int check_something(const struct plan *p, struct err *err)
{
	bool something = p->nr_guests > 0 || p->kind == PLAN_SET || p->kind == PLAN_EXTRACT;
	int i;

	for (i = 0; i < p->nr_instances; i++)
		something |= plan_uses(p, i) && (i || p->instances[i].nr_events ||
						 p->instances[i].tracer || p->instances[i].proc_map);
	if (something)
		return 0;
	err_set(err, 0, "no event or plugin was specified... aborting\n"
		"Name events with -e (for instance -e sched) or a tracer with -p");
	return -EINVAL;
}

/* Latency tracers have no events, but a text in the end, with all that means. */
static int check_latency(const struct plan *p, bool agent, struct err *err)
{
	int i, texts = 0, others = 0;

	for (i = 0; i < p->nr_instances; i++) {
		const struct setup_conf *c = &p->instances[i];

		if (!plan_uses(p, i))
			continue;
		if (c->tracer && setup_tracer_is_latency(c->tracer))
			texts++;
		else
			others++;
	}
	if (!texts || p->kind == PLAN_START || p->kind == PLAN_SET || p->kind == PLAN_EXTRACT)
		return 0;
	if (plan_is_live(p))
		err_set(err, 0, "Streaming is not available with latency tracer plugins");
	else if (p->listener.port || agent)
		err_set(err, 0, "Network tracing not available with latency tracer plugins");
	else if (others)
		err_set(err, 0, "Can not record latency tracer and non latency trace together");
	else if (p->file_version < 7 && texts > 1)
		err_set(err, 0, "a file of version 6 holds the text of one latency tracer only: record in version 7");
	else
		return 0;
	return -EINVAL;
}

/* Whom it is about: the user the command runs as, and tasks. */
static int check_whom(const struct plan *p, struct err *err)
{
	int ret = p->command && p->user ? user_check(p->user, err) : 0;

	/* it would trace nobody, and perhaps wait for nobody's end */
	if (!ret && (p->kind == PLAN_RECORD || plan_is_live(p) || p->kind == PLAN_START))
		ret = tasks_check(p, err);
	return ret;
}

int plan_check(const struct plan *p, bool agent, struct err *err)
{
	int i, ret = check_something(p, err);

	if (!ret && p->listener.port)
		ret = check_listener(p, err);
	if (!ret)
		ret = check_latency(p, agent, err);
	if (!ret)
		ret = check_whom(p, err);
	if (ret)
		return ret;
	for (i = 0; i < p->nr_instances; i++) {
		if (!plan_uses(p, i) && !p->instances[i].delete)
			continue;
		ret = setup_check(&p->instances[i], p->ignore_unknown, err);
		if (ret)
			return ret;
	}
	if (p->instances[0].graph.nr && !plan_uses(p, 0))
		return err_set(err, -EINVAL,
			       "-g is for the top instance, where nothing is traced\n"
			       "Give -p function_graph before -B");
	if (p->kind == PLAN_EXTRACT)
		return check_output(p, err);
	ret = setup_try(p->instances, p->nr_instances, err);
	if (!ret)
		ret = check_choices(p, err);
	if (ret)
		return ret;
	return !agent && p->kind == PLAN_RECORD && !p->listener.port ? check_output(p, err) : 0;
}
