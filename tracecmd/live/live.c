/*
 * live.c - see live.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "in/handle.h"
#include "live/live.h"
#include "live/leaf.h"
#include "live/names.h"
#include "live/order.h"
#include "live/output.h"
#include "report/events.h"
#include "report/inputs.h"
#include "report/line.h"
#include "report/profile.h"

#define TEXT_MAX	(256u << 10)	/* bytes of text made before it is written */
#define SLOW_MS		100		/* how often to ask whether to give up on a slow reader */

struct live {
	struct live_conf conf;
	struct tracecmd_input *handle;
	struct report_plan plan;
	struct events *events;
	struct names *names;
	struct in_record_pool *pool;
	struct stream *buffers;
	unsigned int nr_buffers;
	struct profile **profiles;	/* of the buffers, from the first event on */
	struct live_order order;
	struct live_output output;
	struct textout out;
	struct line_printer line;
	struct shown_order shown;
	struct live_leaf leaf;
	int timer_fd;			/* readable: time to look */
	bool lost;
};

/* --- setting up ------------------------------------------------------------- */

static int open_formats(struct live *l, struct err *err)
{
	struct in_open how = { .fd = l->conf.meta_fd };
	struct tep_handle *tep;
	int ret = in_handle_open(&how, &l->handle, err);

	if (ret)
		return ret;
	l->conf.meta_fd = -1;	/* the handle's from now on */
	tep = in_handle_tep(l->handle);
	l->pool = in_record_pool_new();
	if (tep)
		l->events = events_new(tep, l->handle, &l->plan, 0);
	if (tep)
		live_leaf_init(&l->leaf, tep, &l->plan.fgraph, l->pool);
	if (l->events)
		l->names = names_new(tep, l->events, l->conf.tracing);
	return l->names && l->pool ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* Have the timer fire in @us microseconds; 0: never. */
static void timer_set(struct live *l, long us)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 },
	};

	timerfd_settime(l->timer_fd, 0, &at, NULL);
}

int live_new(const struct live_conf *conf, struct live **ret_live, struct err *err)
{
	struct live *l = calloc(1, sizeof(*l));
	int ret;

	if (!l) {
		struct report_plan plan = conf->plan;

		report_plan_release(&plan);
		close(conf->meta_fd);
		return err_set(err, -ENOMEM, "out of memory");
	}
	l->conf = *conf;
	l->plan = conf->plan;
	/* a pause that is a little short shall count, too */
	live_order_init(&l->order, conf->pause_us * 1000LL / 2);
	live_output_init(&l->output, conf->out_fd);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ret = l->timer_fd < 0 ? err_set(err, -errno, "cannot create a timer") :
				open_formats(l, err);
	if (!ret && textout_init(&l->out, conf->out_fd))
		ret = err_set(err, -ENOMEM, "out of memory");
	if (ret) {
		live_free(l);
		return ret;
	}
	l->out.lines = false;
	l->out.write = live_output_add;
	l->out.to = &l->output;
	l->line = (struct line_printer){
		.out = &l->out, .look = &l->plan.line, .labels = conf->labels,
	};
	l->shown.look = &l->plan.line;
	timer_set(l, 1);
	*ret_live = l;
	return 0;
}

int live_add_buffer(struct live *l, const char *name)
{
	struct stream *more = reallocarray(l->buffers, l->nr_buffers + 1, sizeof(*more));
	struct stream *s;
	int width;

	if (!more)
		return -ENOMEM;
	l->buffers = more;
	s = &more[l->nr_buffers];
	*s = (struct stream){
		.handle = l->handle, .tep = in_handle_tep(l->handle), .events = l->events,
		.label = name[0] ? inputs_label(name) : NULL, .instance = name[0],
		.time_in_ns = in_handle_time_is_ns(l->handle),
	};
	if (name[0] && !s->label)
		return -ENOMEM;
	width = s->label ? strlen(s->label) : 0;
	if (width > l->line.label_width)
		l->line.label_width = width;
	l->nr_buffers++;
	return 0;
}

int live_add_cpu(struct live *l, unsigned int cpu, int fd, uint32_t page_size)
{
	struct stream *s = &l->buffers[l->nr_buffers - 1];

	if (cpu >= s->nr_cpus)
		s->nr_cpus = cpu + 1;
	return live_order_add(&l->order, l->nr_buffers - 1, cpu, fd, page_size,
			      &l->handle->timeline);
}

void live_free(struct live *l)
{
	unsigned int i;

	if (!l)
		return;
	for (i = 0; l->profiles && i < l->nr_buffers; i++)
		profile_free(l->profiles[i]);
	free(l->profiles);
	live_order_release(&l->order);
	live_output_release(&l->output);
	textout_release(&l->out);
	live_leaf_release(&l->leaf);
	for (i = 0; i < l->nr_buffers; i++)
		free(l->buffers[i].label);
	free(l->buffers);
	names_free(l->names);
	events_free(l->events);
	in_record_pool_free(l->pool);
	if (l->handle)
		in_handle_unref(l->handle);
	fd_close(&l->conf.meta_fd);
	fd_close(&l->timer_fd);
	if (l->conf.own_out)
		fd_close(&l->conf.out_fd);
	report_plan_release(&l->plan);
	free(l);
}

bool live_has_lost(const struct live *l)
{
	return l->lost;
}

/* --- printing --------------------------------------------------------------- */

/* All buffers are known: they get their profiles. 0; -errno, described. */
static int start_profiles(struct live *l, struct err *err)
{
	unsigned int i;

	if (!l->plan.profile || l->profiles)
		return 0;
	l->profiles = calloc(l->nr_buffers + 1, sizeof(*l->profiles));
	if (!l->profiles)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < l->nr_buffers; i++) {
		l->profiles[i] = profile_new(&l->buffers[i], &l->plan.hooks,
					     l->plan.profile_irqs_global, err);
		if (!l->profiles[i])
			return -EINVAL;
	}
	return 0;
}

static int profile_take(struct profile *p, struct tep_record *record, int64_t missed)
{
	if (missed)
		profile_lost(p, record->cpu);
	return profile_event(p, record);
}

/* The text of all profiles goes to the output. */
static int print_profiles(struct live *l)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < l->nr_buffers; i++) {
		if (l->conf.labels)
			textout_printf(&l->out, "\n%s:\n", l->buffers[i].label ? l->buffers[i].label :
								     "(top)");
		ret = profile_print(l->profiles[i], l->plan.profile_by_comm, &l->out);
	}
	textout_flush(&l->out);
	return ret ? ret : l->out.error;
}

/* Its line. 0; -EAGAIN: not yet; -errno. */
static int print_line(struct live *l, struct live_source *from, struct tep_record *record, int64_t now_ns)
{
	struct stream *s = &l->buffers[from->buffer];
	/* while a CPU is full, waiting would lose its events */
	bool more = (!l->order.ended || !from->drained) && !l->order.full;
	int ret = live_leaf_text(&l->leaf, s, from, record, now_ns, more, &l->shown.text);
	struct shown e;

	if (ret == -EAGAIN)
		return ret;
	l->lost |= from->ev.missed != 0;
	names_record(l->names, record);
	if (ret <= 0)
		return ret;
	ret = shown_prepare(&l->shown, s, record, NULL, &e);
	if (ret)
		return ret;
	if (from->ev.missed)
		shown_extra(&l->shown, &e, NULL)->lost = from->ev.missed;
	line_shown(&l->line, &e);
	return l->out.error;
}

/* 0; -EAGAIN: it has to wait; -errno. */
static int print_event(struct live *l, struct live_source *from, int64_t now_ns)
{
	struct tep_record *record = in_record_new(l->pool, &from->ev, from->time, from->cpu);
	int ret;

	if (!record)
		return -ENOMEM;
	if (l->profiles) {
		l->lost |= from->ev.missed != 0;
		names_record(l->names, record);
		ret = profile_take(l->profiles[from->buffer], record, from->ev.missed);
	} else {
		ret = print_line(l, from, record, now_ns);
	}
	in_record_unref(record);
	return ret;
}

/* Events that need not wait, until there is text enough. */
static int print_events(struct live *l, int64_t now_ns)
{
	struct live_source *from;
	int ret = 0;

	while (!ret && l->output.text.len < TEXT_MAX && (from = live_order_next(&l->order)))
		ret = print_event(l, from, now_ns);
	if (ret == -EAGAIN) {
		live_order_hold(&l->order);
		ret = 0;
	}
	textout_flush(&l->out);
	return ret ? ret : l->out.error;
}

static int output_failed(int code, struct err *err)
{
	return code == -EPIPE ? code : err_set(err, code, "writing to the standard output");
}

/* Read, print and write, as far as it goes without waiting. 0; -EPIPE; -errno. */
static int work(struct live *l, struct err *err)
{
	int64_t now_ns = mono_now_ns();
	int ret = live_output_push(&l->output);

	if (ret)
		return output_failed(ret, err);
	if (live_output_pending(&l->output))
		return 0;
	ret = start_profiles(l, err);
	if (ret)
		return ret;
	names_tick(l->names, now_ns);
	ret = live_order_look(&l->order, now_ns);
	if (ret)
		return err_set(err, ret, "cannot read the ring buffer");
	ret = print_events(l, now_ns);
	if (ret)
		return err_set(err, ret, "cannot print the events");
	ret = live_output_push(&l->output);
	return ret ? output_failed(ret, err) : 0;
}

/* How long an event that waits for the next one still does so. */
static long held_us(const struct live *l)
{
	int64_t left_ns = l->order.held ? l->leaf.until_ns - mono_now_ns() : INT64_MAX;

	return left_ns < 1000 ? 1 : left_ns / 1000;
}

/* When to look again. */
static void arm(struct live *l)
{
	long us = l->conf.pause_us, held = held_us(l);

	if (live_output_pending(&l->output))
		timer_set(l, 0);	/* when the reader is ready */
	else if (!us || live_order_busy(&l->order))
		timer_set(l, 1);
	else
		timer_set(l, held < us ? held : us);
}

void live_poll_fds(const struct live *l, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = l->timer_fd, .events = POLLIN };
	/* that a reader has gone is told unasked; a file is always ready */
	fds[1] = (struct pollfd){
		.fd = l->output.may_block ? l->output.fd : -1,
		.events = live_output_pending(&l->output) ? POLLOUT : 0,
	};
}

int live_look(struct live *l, struct err *err)
{
	struct pollfd fds[LIVE_POLL_FDS];
	uint64_t times;
	int ret;

	live_poll_fds(l, fds);
	if (poll(fds, LIVE_POLL_FDS, 0) <= 0)
		return 1;
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		return 0;
	(void)!read(l->timer_fd, &times, sizeof(times));
	ret = work(l, err);
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	arm(l);
	return 1;
}

/* Work until nothing is left to do. 0; -EPIPE; -ECANCELED; -errno. */
static int work_off(struct live *l, bool (*give_up)(void *data), void *data, struct err *err)
{
	int ret;

	do {
		ret = work(l, err);
		if (!ret && live_output_pending(&l->output)) {
			if (give_up(data))
				return -ECANCELED;
			io_wait(l->output.fd, POLLOUT, deadline_in_ms(SLOW_MS));
		}
	} while (!ret && (live_order_busy(&l->order) || live_output_pending(&l->output)));
	return ret;
}

int live_finish(struct live *l, bool (*give_up)(void *data), void *data, struct err *err)
{
	int ret;

	live_order_end(&l->order);
	ret = work_off(l, give_up, data, err);
	if (!ret && l->profiles) {
		ret = print_profiles(l);
		if (ret && ret != -EPIPE)
			return err_set(err, ret, "cannot print the profile");
		if (!ret)
			ret = work_off(l, give_up, data, err);
	}
	return ret == -EPIPE ? 0 : ret;
}
