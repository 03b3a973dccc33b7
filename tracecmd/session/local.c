/*
 * local.c - see local.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "session/claim.h"
#include "session/local.h"
#include "session/putback.h"
#include "session/tidy.h"
#include "setup/leftover.h"
#include "setup/place.h"
#include "setup/tracefile.h"

/* LOCAL_DRAIN_MS when another recorder, which had as much time, has been given up. */
#define DRAIN_AGAIN_MS 500

/* Copy @from, cut to @size. */
static void text_set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* One instance: set it up and note what a guardian would need. */
static int instance_setup(struct local *l, struct local_instance *i, struct err *err)
{
	int ret;

	ret = l->plan->keep_before ? setup_apply_onto(i->conf, l->journal, &i->setup, err) :
				     setup_apply(i->conf, l->journal, &i->setup, err);
	if (ret)
		return ret;
	i->nr_cpus = setup_nr_cpus(i->setup);
	i->sinks = malloc(i->nr_cpus * sizeof(*i->sinks));
	if (!i->sinks)
		return -ENOMEM;
	memset(i->sinks, -1, i->nr_cpus * sizeof(*i->sinks));
	i->recorders = calloc(i->nr_cpus, sizeof(struct recorder *));
	if (!i->recorders)
		return -ENOMEM;
	text_set(i->note->name, sizeof(i->note->name), setup_name(i->setup));
	text_set(i->note->dir, sizeof(i->note->dir), setup_dir(i->setup));
	text_set(i->note->clock, sizeof(i->note->clock), setup_clock(i->setup));
	i->note->page_size = setup_page_size(i->setup);
	i->note->nr_cpus = i->nr_cpus;
	i->note->text = setup_is_latency_tracer(i->setup);
	i->note->used = true;
	i->was_on = l->plan->keep_before && setup_is_on(i->setup);
	return 0;
}

/* Version 6 of the file has one size for the pages of all instances. */
static int check_page_sizes(const struct local *l, struct err *err)
{
	uint32_t size = 0;
	int i;

	for (i = 0; l->plan->file_version < 7 && i < l->nr_instances; i++) {
		if (!l->instances[i].setup)
			continue;
		if (size && setup_page_size(l->instances[i].setup) != size)
			return err_set(err, -EINVAL,
				       "a file of version 6 has sub-buffers of one size only\n"
				       "Give --subbuf-size for all instances, or --file-version 7");
		size = setup_page_size(l->instances[i].setup);
	}
	return 0;
}

static void tell_tracers(const struct plan *p)
{
	int i;

	for (i = 0; i < p->nr_instances; i++) {
		if (p->instances[i].tracer && strcmp(p->instances[i].tracer, "nop"))
			fprintf(stderr, "  plugin '%s'\n", p->instances[i].tracer);
	}
}

/* Nobody else shall record the instances: before anything in them changes. */
static int claim_all(struct local *l, struct err *err)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->nr_instances; i++) {
		if (plan_uses(l->plan, i))
			ret = claim_instance(l->plan, l->tracing_dir, l->plan->instances[i].name,
					     &l->instances[i].claim_fd, err);
	}
	return ret;
}

/*
 * Put back what is left by one who was killed after others looked: what we have claimed was its until then. An instance
 * that it had made goes with that; the new one is claimed when it is there.
 */
static int put_back_claimed(struct local *l, struct err *err)
{
	int i, ret = put_back_leftovers(NULL, err);
	struct stat st;

	for (i = 0; i < l->nr_instances; i++) {
		int *fd = &l->instances[i].claim_fd;

		if (*fd >= 0 && !fstat(*fd, &st) && !st.st_nlink)
			fd_close(fd);
	}
	return ret;
}

/* The instances that take part. 0; -ENOMEM. */
static int own_places(const struct local *l, struct places *p)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->nr_instances; i++) {
		_cleanup_free_ char *path = NULL;
		const char *name = l->plan->instances[i].name;

		if (!plan_uses(l->plan, i))
			continue;
		path = name && name[0] ? tracefile_path(l->tracing_dir, "instances/%s/tracing_on", name) :
					 tracefile_path(l->tracing_dir, "tracing_on");
		ret = path ? places_add(p, path) : -ENOMEM;
	}
	return ret;
}

/* Nobody who shares one of the instances shall change it, or put it back, meanwhile. */
static int begin_turns(struct local *l, struct places *turns, struct err *err)
{
	int ret = own_places(l, turns);

	if (!ret)
		ret = places_lock(turns, err);
	if (!ret)
		journal_begin(l->journal, leftover_latest(l->note->journal_fd));
	return ret;
}

/* Set up those that take part. */
static int setup_all(struct local *l, struct err *err)
{
	int i, ret;

	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (!plan_uses(l->plan, i))
			continue;
		ret = instance_setup(l, in, err);
		/* one that was not there before */
		if (!ret && in->claim_fd < 0)
			ret = claim_instance(l->plan, l->tracing_dir, in->conf->name,
					     &in->claim_fd, err);
		if (ret)
			return ret;
	}
	return check_page_sizes(l, err);
}

int local_setup(struct local *l, const struct plan *plan, struct note *note, int mirror_fd,
		bool agent, struct err *err)
{
	struct places turns = { 0 };
	int i, ret;

	*l = (struct local){
		.plan = plan, .note = note, .note_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	ret = setup_find_tracing(&l->tracing_dir, err);
	if (!ret)
		ret = plan_check(plan, agent, err);
	if (ret)
		return ret;
	if (!agent && !plan->quiet)
		tell_tracers(plan);
	l->journal = journal_new(mirror_fd);
	l->instances = calloc(plan->nr_instances, sizeof(*l->instances));
	if (!l->journal || !l->instances)
		return -ENOMEM;
	journal_copy_to(l->journal, note->journal_fd);
	l->nr_instances = note->nr_instances = plan->nr_instances;
	for (i = 0; i < l->nr_instances; i++) {
		l->instances[i].conf = &plan->instances[i];
		l->instances[i].note = &note->instances[i];
		l->instances[i].claim_fd = -1;
	}
	ret = claim_all(l, err);
	if (!ret)
		ret = put_back_claimed(l, err);
	if (!ret)
		ret = begin_turns(l, &turns, err);
	if (!ret)
		ret = setup_apply_system(&plan->system, l->journal, err);
	if (!ret)
		ret = setup_all(l, err);
	places_release(&turns);
	return ret;
}

const char *local_clock(const struct local *l)
{
	int i;

	for (i = 0; i < l->nr_instances; i++) {
		if (l->instances[i].setup)
			return setup_clock(l->instances[i].setup);
	}
	/* guests only: what the user asked for, else the kernel's default */
	return l->plan->instances[0].clock ? l->plan->instances[0].clock : "local";
}

int local_switch_clock(struct local *l, const char *clock, struct err *err)
{
	int i, ret = 0;

	pthread_mutex_lock(&l->note_lock);
	for (i = 0; !ret && i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (!in->setup)
			continue;
		ret = setup_switch_clock(in->setup, clock, err);
		text_set(in->note->clock, sizeof(in->note->clock), setup_clock(in->setup));
	}
	pthread_mutex_unlock(&l->note_lock);
	return ret;
}

void local_sync_instance(struct local *l, int id)
{
	_cleanup_free_ char *path = NULL;

	/* gone already when all goes well */
	if (asprintf(&path, "%s/instances/clock_synch-%d", l->tracing_dir, id) < 0)
		return;
	pthread_mutex_lock(&l->note_lock);
	journal_note(l->journal, path, NULL);
	pthread_mutex_unlock(&l->note_lock);
}

int local_record_how(struct local *l, struct local_instance *i, int cpu, int sink_fd,
		     const struct recorder_conf *how, struct err *err)
{
	struct recorder_conf conf = {
		.cpu = cpu, .sink_fd = sink_fd, .page_size = setup_page_size(i->setup),
		.datagrams = i->datagrams,
		.no_splice = l->plan->no_splice, .sleep_us = l->plan->sleep_us < 0 ? 0 : l->plan->sleep_us,
		.fifo_priority = l->plan->fifo_priority, .poll = l->plan->poll,
		.block = l->plan->sleep_us == 0, .budget = l->budget,
		.zip = how->zip, .spare_fd = how->spare_fd, .full_bytes = how->full_bytes,
	};

	i->sinks[cpu] = sink_fd;
	conf.raw_fd = setup_open_raw(i->setup, cpu);
	if (conf.raw_fd == -ENODEV || conf.raw_fd == -ENXIO) {
		log_debug("CPU %d cannot be read: offline", cpu);
		return 0;
	}
	if (conf.raw_fd < 0)
		return err_set(err, conf.raw_fd, "cannot open the ring buffer of CPU %d in '%s'",
			       cpu, setup_dir(i->setup));
	return recorder_start(&conf, &i->recorders[cpu], err);
}

int local_record_cpu(struct local *l, struct local_instance *i, int cpu, int sink_fd,
		     struct err *err)
{
	return local_record_how(l, i, cpu, sink_fd, &(struct recorder_conf){ 0 }, err);
}

/* Are our threads to be left out? They would show up at every page they move. */
static bool hides_us(const struct plan *p)
{
	/* whoever ends soon would leave its pid behind for others */
	if (p->kind == PLAN_START || p->kind == PLAN_SET)
		return false;
	return !p->no_filter && (!p->only_command || p->command);
}

int local_tracing(struct local *l, bool on, struct err *err)
{
	int i, ret, first = 0;

	l->on = on;
	for (i = 0; i < l->nr_instances; i++) {
		struct setup_instance *s = l->instances[i].setup;

		if (!s)
			continue;
		if (on && hides_us(l->plan))
			setup_exclude_pid(s, getpid());
		ret = setup_tracing_on(s, on);
		if (ret && !first)
			first = err_set(err, ret, "cannot switch tracing %s in '%s'",
					on ? "on" : "off", setup_dir(s));
	}
	return first;
}

int local_poll_fds(const struct local *l, struct pollfd *fds, int max)
{
	int i, cpu, n = 0;

	for (i = 0; i < l->nr_instances; i++) {
		const struct local_instance *in = &l->instances[i];

		for (cpu = 0; in->recorders && cpu < in->nr_cpus; cpu++) {
			if (in->recorders[cpu] && n < max)
				fds[n++] = (struct pollfd){
					.fd = recorder_failed_fd(in->recorders[cpu]),
					.events = POLLIN,
				};
		}
	}
	return n;
}

/* Join one instance's recorders. */
static int instance_join(struct local_instance *in, struct err *err)
{
	int cpu, ret, first = 0, patience_ms = LOCAL_DRAIN_MS;

	for (cpu = 0; in->recorders && cpu < in->nr_cpus; cpu++) {
		if (!in->recorders[cpu])
			continue;
		ret = recorder_join(take_ptr(in->recorders[cpu]), patience_ms, NULL);
		if (ret == -ETIMEDOUT)
			patience_ms = DRAIN_AGAIN_MS;
		if (!ret || first)
			continue;
		first = err_set(err, ret, ret == -ENOSPC ?
				"no space left for the data of CPU %d: what came before is kept" :
				"recording of CPU %d ended early: what came before is kept", cpu);
	}
	return first;
}

/* Our data is complete: sessions that have joined us go on with theirs. @was_on: tracing was on until now. */
static void let_others_go_on(struct local *l, bool was_on)
{
	struct places own = { 0 }, shared = { 0 };
	int i;

	/* the journal itself is the tidy thread's */
	if (l->journal && !own_places(l, &own))
		leftover_shared(&own, journal_begun(l->journal), l->note->journal_fd, &shared);
	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (shared.nr && in->setup && (was_on || in->was_on) &&
		    places_name(&shared, setup_dir(in->setup)))
			setup_tracing_on(in->setup, true);
	}
	places_release(&own);
	places_release(&shared);
}

int local_stop(struct local *l, struct err *err)
{
	int i, cpu, ret, first;
	bool was_on = l->on;

	first = local_tracing(l, false, err);
	/* where that fails, or with -k, it's done later */
	if (!l->tidy && !l->plan->keep)
		/* a guest's agent may be on this machine, for a try: it puts back our events, so we have to be later */
		l->tidy = tidy_start(l->journal, l->note->journal_fd, l->early,
				     !l->plan->nr_guests, l->may_part);
	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		for (cpu = 0; in->recorders && cpu < in->nr_cpus; cpu++) {
			if (in->recorders[cpu])
				recorder_stop(in->recorders[cpu]);
		}
	}
	for (i = 0; i < l->nr_instances; i++) {
		ret = instance_join(&l->instances[i], err);
		if (ret && !first)
			first = ret;
	}
	let_others_go_on(l, was_on);
	return first;
}

void local_keep(struct local *l)
{
	int i;

	l->note->kept = true;
	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (in->setup && in->was_on)
			setup_tracing_on(in->setup, true);
		/* from here on it is nobody's */
		fd_close(&in->claim_fd);
	}
	if (l->journal)
		journal_forget(l->journal);
	/* what others have left for when we have ended */
	put_back_leftovers(NULL, NULL);
}

void local_release(struct local *l)
{
	int i, cpu;

	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		for (cpu = 0; in->sinks && cpu < in->nr_cpus; cpu++) {
			if (in->recorders && in->recorders[cpu])
				recorder_join(in->recorders[cpu], 0, NULL);
			fd_close(&in->sinks[cpu]);
		}
		free(in->sinks);
		free(in->recorders);
	}
	tidy_end(l->tidy);
	if (l->journal)
		leftover_settle(l->journal, l->note->journal_fd);
	for (i = 0; i < l->nr_instances; i++) {
		setup_free(l->instances[i].setup);
		fd_close(&l->instances[i].claim_fd);
	}
	journal_free(l->journal);
	free(l->instances);
	*l = (struct local){ 0 };
}
