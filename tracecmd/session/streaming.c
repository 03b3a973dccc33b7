/*
 * streaming.c - see streaming.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/finish.h"
#include "session/streaming.h"

/* Two of them, and an event is printed: well below a tenth of a second. */
#define PAUSE_US	25000
#define PAUSE_MIN_US	1000

#define LOOK_MS	50	/* between looks whether a FIFO has a reader */

/* The formats of the events: a file of this machine without data. Its descriptor; -errno. */
static int make_formats(const struct local *l, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("trace-cmd", MFD_CLOEXEC);
	struct plan plan = *l->plan;
	int ret;

	if (fd < 0)
		return err_set(err, -errno, "cannot create a file in memory");
	/* it is read at once */
	plan.zip = NULL;
	ret = finish_agent_meta(&plan, l->note, NULL, fd, err);
	return ret ? ret : take_fd(fd);
}

static int add_instance(struct live *live, const struct local_instance *in, struct err *err)
{
	int cpu, fd, ret;

	ret = live_add_buffer(live, setup_name(in->setup));
	if (ret)
		return err_set(err, ret, "out of memory");
	for (cpu = 0; cpu < in->nr_cpus; cpu++) {
		fd = setup_open_raw(in->setup, cpu);
		if (fd == -ENODEV || fd == -ENXIO) {
			log_debug("CPU %d cannot be read: offline", cpu);
			continue;
		}
		if (fd < 0)
			return err_set(err, fd, "cannot open the ring buffer of CPU %d in '%s'", cpu,
				       setup_dir(in->setup));
		ret = live_add_cpu(live, cpu, fd, setup_page_size(in->setup));
		if (ret)
			return err_set(err, ret, "out of memory");
	}
	return 0;
}

/* In the order in which a file has them: the top one, then the instance named last. */
static int add_instances(struct live *live, const struct local *l, struct err *err)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->nr_instances; i++) {
		const struct local_instance *in = &l->instances[i ? l->nr_instances - i : 0];

		if (in->setup)
			ret = add_instance(live, in, err);
	}
	return ret;
}

static int check(const struct local *l, struct err *err)
{
	int i;

	for (i = 0; i < l->nr_instances; i++) {
		if (l->instances[i].setup && setup_is_latency_tracer(l->instances[i].setup)) {
			err_set(err, 0, "Streaming is not available with latency tracer plugins");
			return -EINVAL;
		}
	}
	return 0;
}

static int pause_us(const struct plan *p)
{
	if (p->poll)
		return 0;
	if (p->sleep_us < 0)
		return PAUSE_US;
	return p->sleep_us < PAUSE_MIN_US ? PAUSE_MIN_US : p->sleep_us;
}

/* The file for the profile. A FIFO has to have a reader first, and may never get one. A descriptor; -errno. */
static int open_output(const char *path, struct stop *stop, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK;
	struct pollfd wish = { .fd = stop->fd, .events = POLLIN };
	struct stat st;
	int fd;

	while ((fd = open(path, flags, 0666)) < 0) {
		if (errno != ENXIO || stat(path, &st) || !S_ISFIFO(st.st_mode))
			return err_set(err, -errno, "cannot write %s", path);
		if (stop_wanted(stop))
			return err_set(err, -EINTR, "ended by a signal: nobody reads %s", path);
		poll(&wish, 1, LOOK_MS);
	}
	fcntl(fd, F_SETFL, O_WRONLY);
	return fd;
}

/* The profile that is to be printed, as report would have it, and where to. 0; -errno. */
static int profile_plan(const struct plan *p, struct live_conf *conf, struct stop *stop, struct err *err)
{
	int i, ret = 0;

	conf->plan.profile = true;
	conf->plan.profile_irqs_global = p->profile.irqs_global;
	conf->plan.profile_by_comm = p->profile.by_comm;
	for (i = 0; !ret && i < p->profile.hooks.nr; i++)
		ret = hooks_add(&conf->plan.hooks, p->profile.hooks.item[i], err);
	if (ret || !p->profile.output)
		return ret;
	conf->out_fd = open_output(p->profile.output, stop, err);
	if (conf->out_fd < 0)
		return conf->out_fd;
	conf->own_out = true;
	return 0;
}

int streaming_start(const struct local *l, struct stop *stop, struct live **ret_live, struct err *err)
{
	struct sched_param sched = { .sched_priority = l->plan->fifo_priority };
	struct live_conf conf = {
		.out_fd = STDOUT_FILENO, .tracing = l->tracing_dir, .pause_us = pause_us(l->plan),
		.labels = l->nr_instances > 1,
	};
	int ret = check(l, err);

	if (ret)
		return ret;
	/* a reader that goes ends the run in good order */
	signal(SIGPIPE, SIG_IGN);
	report_plan_init(&conf.plan);
	if (l->plan->kind == PLAN_PROFILE)
		ret = profile_plan(l->plan, &conf, stop, err);
	if (!ret) {
		conf.meta_fd = make_formats(l, err);
		ret = conf.meta_fd < 0 ? conf.meta_fd : 0;
	}
	if (ret) {
		report_plan_release(&conf.plan);
		if (conf.own_out)
			close(conf.out_fd);
		return ret;
	}
	ret = live_new(&conf, ret_live, err);
	if (!ret)
		ret = add_instances(*ret_live, l, err);
	if (!ret && sched.sched_priority && sched_setscheduler(0, SCHED_FIFO, &sched))
		cmd_warn(errno, "failed to set priority");
	return ret;
}

static bool urged(void *stop)
{
	return stop_urgent(stop);
}

int streaming_finish(const struct plan *p, struct live *live, struct stop *stop, struct err *err)
{
	int ret = live_finish(live, urged, stop, err);

	if (ret && ret != -ECANCELED)
		return ret;
	if (p->fail_on_lost && live_has_lost(live))
		return err_set(err, -ENODATA, "events were lost");
	return 0;
}
