/*
 * record.c - see record.h: the worker. The guardian is in guardian.c. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "message.h"
#include "session/command.h"
#include "session/early.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guardian.h"
#include "session/guests.h"
#include "session/launch.h"
#include "session/limits.h"
#include "session/listener.h"
#include "session/local.h"
#include "session/maps.h"
#include "session/outlet.h"
#include "session/record.h"
#include "session/stop.h"
#include "session/streaming.h"
#include "session/tasks.h"
#include "session/whom.h"

/* A run in progress. */
struct run {
	const struct plan *plan;
	struct note *note;
	struct local local;
	struct guest *guests;
	struct listeners listeners;	/* -N, -V: they get the data */
	struct command_run command;
	struct maps maps;	/* who watches for the ends of processes */
	struct tasks tasks;	/* those of -P, unless the command's end is the end */
	struct live *live;	/* stream: prints the events instead of storing them */
	struct rotate *rotate;	/* NULL: all goes into one file */
	struct limits limits;
	struct early *early;	/* NULL: the metadata is read in the end */
	struct stop stop;	/* the user's signals */
	int child_fd;		/* readable: the command may have ended */
	int status;		/* exit status so far: the first failure's */
};

/* Remember the first failure and tell the user. */
static void run_failed(struct run *r, int code, const struct err *err)
{
	int status = cmd_fail_err(code, err);

	if (!r->status)
		r->status = status;
}

/* --- start ------------------------------------------------------------------- */

static bool any_guest(const struct run *r)
{
	int i;

	for (i = 0; i < r->plan->nr_guests; i++) {
		if (!r->guests[i].lost)
			return true;
	}
	return false;
}

static bool any_local(const struct run *r)
{
	int i;

	for (i = 0; i < r->plan->nr_instances; i++) {
		if (plan_uses(r->plan, i))
			return true;
	}
	return false;
}

/* Guest @g gave @ret. 0: go on, without it if it doesn't keep to the protocol; @ret: the run ends. */
static int without_guest(struct run *r, struct guest *g, int ret, struct err *err)
{
	if (!ret || !g->broke)
		return ret;
	guest_drop(g);
	if (!any_guest(r) && !any_local(r))
		return ret;
	run_failed(r, ret, err);
	cmd_warn(0, "%s %s is left out; %s", guest_kind(g), g->own->name, guest_others(g));
	err_clear(err);
	return 0;
}

/*
 * Connect and negotiate with all guests, then take in their metadata. One that cannot be
 * had ends the run before it began: better now than after an hour without it. But no guest shall
 * be able to keep others from being recorded by what it says.
 */
static int connect_guests(struct run *r, struct err *err)
{
	int n = r->plan->nr_guests, i, ret;
	_cleanup_free_ struct guest_end *ends = calloc(n + 1, sizeof(*ends));

	if (!ends)
		return -ENOMEM;
	r->note->nr_guests = n;
	for (i = 0; i < n; i++) {
		r->guests[i] = (struct guest){
			.plan = r->plan, .conf = &r->plan->guests[i], .local = &r->local,
			.note = r->note, .own = &r->note->guests[i], .index = i,
			.stop = &r->stop,
		};
	}
	ret = guests_connect(r->guests, n, &r->stop, ends, err);
	for (i = 0; i < n && !ret; i++) {
		if (!ends[i].code)
			continue;
		*err = ends[i].err;
		ret = without_guest(r, &r->guests[i], ends[i].code, err);
	}
	if (ret == -ECANCELED) {
		err_clear(err);
		return err_set(err, -EINTR,
			       "interrupted while connecting to the guests: nothing was recorded");
	}
	return ret;
}

static int run_start(struct run *r, struct err *err)
{
	int ret = connect_guests(r, err);

	if (!ret && r->rotate)
		ret = rotate_start(r->rotate, r->early);
	if (!ret)
		ret = limits_init(&r->limits, r->plan, &r->local, r->rotate, err);
	if (!ret)
		ret = plan_is_live(r->plan) ? streaming_start(&r->local, &r->stop, &r->live, err) :
		      r->plan->listener.port ? listeners_start(&r->listeners, err) :
		      local_record_files(&r->local, err);
	if (!ret)
		ret = whom_limit(&r->local, r->command.child.pid, err);
	if (!ret && !r->plan->command)
		ret = tasks_open(&r->tasks, r->plan);
	/* -K touches the switch only for a command */
	if (!ret && (!r->plan->keep_before || r->plan->command))
		ret = local_tracing(&r->local, true, err);
	if (!ret)
		limits_begin(&r->limits);
	return ret;
}

/* --- while recording ----------------------------------------------------------- */

/* Guests that have something to say while recording. */
static void check_guests(struct run *r)
{
	int i;

	for (i = 0; i < r->plan->nr_guests; i++) {
		struct err err = { 0 };
		int ret = guest_check(&r->guests[i], &err);

		if (ret)
			run_failed(r, ret, &err);
	}
}

/*
 * What to wait for: the user, the command, tasks, a limit, two of what is to be printed, two for each
 * guest, then failed recorders.
 */
enum {
	WAIT_STOP, WAIT_CHILD, WAIT_TASKS, WAIT_LIMIT, WAIT_LIVE,
	WAIT_GUESTS = WAIT_LIVE + LIVE_POLL_FDS
};

static int wait_fds(struct run *r, struct pollfd *fds, int max)
{
	int i, n = WAIT_GUESTS;

	fds[WAIT_STOP] = (struct pollfd){ .fd = r->stop.fd, .events = POLLIN };
	fds[WAIT_CHILD] = (struct pollfd){ .fd = r->child_fd, .events = POLLIN };
	fds[WAIT_TASKS] = (struct pollfd){ .fd = r->tasks.fd, .events = POLLIN };
	fds[WAIT_LIVE] = fds[WAIT_LIVE + 1] = (struct pollfd){ .fd = -1 };
	if (r->live)
		live_poll_fds(r->live, &fds[WAIT_LIVE]);
	fds[WAIT_LIMIT] = (struct pollfd){ .fd = limits_fd(&r->limits), .events = POLLIN };
	for (i = 0; i < r->plan->nr_guests; i++) {
		fds[n++] = (struct pollfd){ .fd = guest_fd(&r->guests[i]), .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = guest_data_fd(&r->guests[i]), .events = POLLIN };
	}
	n += listeners_poll_fds(&r->listeners, fds + n, max - n);
	return n + local_poll_fds(&r->local, fds + n, max - n);
}

/* Has the command ended? Some other process of ours may have, too. */
static bool command_ended(struct run *r)
{
	struct signalfd_siginfo si;

	while (read(r->child_fd, &si, sizeof(si)) == sizeof(si))
		;
	return r->command.child.pid && child_ended(&r->command.child);
}

/* Print what has happened. False: that's the end. */
static bool run_print(struct run *r)
{
	struct err err = { 0 };
	int ret = r->live ? live_look(r->live, &err) : 1;

	if (ret < 0)
		run_failed(r, ret, &err);
	return ret > 0;
}

/*
 * Until the command or all of -P end, a signal comes, a recorder fails, or all guests are gone and
 * nothing else is traced.
 */
static int run_wait(struct run *r, struct err *err)
{
	int max = WAIT_GUESTS + 2 * r->plan->nr_guests + r->listeners.nr, i, n, ret;
	_cleanup_free_ struct pollfd *fds = NULL;

	for (i = 0; i < r->local.nr_instances; i++)
		max += r->local.instances[i].nr_cpus;
	fds = calloc(max, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	/* the signal may have been read already, by who started all this or looked after the guests */
	while (!stop_wanted(&r->stop)) {
		n = wait_fds(r, fds, max);
		if (poll(fds, n, limits_wait_ms(&r->limits)) < 0 && errno != EINTR)
			return -errno;
		if (command_ended(r) || tasks_ended(&r->tasks) || !run_print(r))
			return 0;
		for (i = WAIT_GUESTS + 2 * r->plan->nr_guests; i < n; i++) {
			if (fds[i].revents)
				return 0;	/* run_stop() tells why */
		}
		ret = limits_check(&r->limits, err);
		if (ret)
			return ret < 0 ? ret : 0;
		check_guests(r);
		if (r->plan->nr_guests && !any_guest(r) && !any_local(r))
			return 0;
	}
	return 0;
}

/* --- the end ----------------------------------------------------------------------- */

/* The last that guests send. */
static void close_guests(struct run *r)
{
	int i, n = r->plan->nr_guests;
	_cleanup_free_ struct guest_end *ends = calloc(n + 1, sizeof(*ends));
	_cleanup_free_ bool *known = calloc(n + 1, sizeof(*known));

	if (!ends || !known)
		return;
	for (i = 0; i < n; i++)
		known[i] = r->guests[i].lost;
	guests_wait_close(r->guests, n, &r->stop, ends);
	for (i = 0; i < n; i++) {
		if (ends[i].code && !known[i])
			run_failed(r, ends[i].code, &ends[i].err);
	}
}

static void run_stop(struct run *r)
{
	struct err err = { 0 };
	int i, ret;

	for (i = 0; i < r->plan->nr_guests; i++)
		guest_ask_close(&r->guests[i]);
	ret = listeners_check(&r->listeners, &err);
	if (ret)
		run_failed(r, ret, &err);
	err_clear(&err);
	ret = local_stop(&r->local, &err);
	/* a recorder that lost its listener is no news */
	if (ret && !(r->listeners.nr && r->status))
		run_failed(r, ret, &err);
	err_clear(&err);
	ret = listeners_finish(&r->listeners, &err);
	if (ret)
		run_failed(r, ret, &err);
	err_clear(&err);
	ret = r->live ? streaming_finish(r->plan, r->live, &r->stop, &err) : 0;
	if (ret)
		run_failed(r, ret, &err);
	close_guests(r);
}

/* This machine's file. */
static void write_host(struct run *r)
{
	struct err err = { 0 };
	int ret = r->rotate ? rotate_wait(r->rotate, &err) : 0;

	if (ret)
		run_failed(r, ret, &err);
	err_clear(&err);
	ret = finish_host(r->plan, r->note, r->early, &err);
	if (ret) {
		run_failed(r, ret, &err);
		return;
	}
	finish_host_end(r->plan, r->note, r->note->last_file);
	rotate_prune(r->rotate);
}

static void run_write(struct run *r)
{
	struct err err = { 0 };
	int i, ret;

	if (r->live)
		return;
	for (i = 0; i < r->plan->nr_guests; i++) {
		err_clear(&err);
		ret = guest_write(&r->guests[i], &err);
		if (ret)
			run_failed(r, ret, &err);
	}
	if (r->plan->listener.port)
		finish_tell_lost(r->plan, r->note);
	else
		write_host(r);
	err_clear(&err);
	if (r->plan->fail_on_lost && r->note->lost_events)
		run_failed(r, -ENODATA, (err_set(&err, -ENODATA, "%llu events were lost",
						 (unsigned long long)r->note->lost_events), &err));
}

/* Undo what a run that never began to trace has left. */
static void run_abandon(struct run *r)
{
	int i;

	if (plan_is_live(r->plan) || r->plan->listener.port)
		return;
	files_output_abandon(r->plan->output);
	for (i = 0; i < r->note->nr_instances; i++) {
		if (r->note->instances[i].recorded)
			files_cpu_remove(r->plan, r->plan->output, r->note->instances[i].name,
					 r->note->instances[i].nr_cpus);
		r->note->instances[i].recorded = false;
	}
	for (i = 0; i < r->plan->nr_guests; i++) {
		struct guest *g = &r->guests[i];

		if (!g->own)
			continue;
		g->own->complete_meta = false;
		guest_write(g, NULL);
	}
}

/* Where the file will be, if there is one: space for it is set aside now. */
static int create_output(const struct plan *p, struct err *err)
{
	int fd;

	if (plan_is_live(p) || p->listener.port)
		return 0;
	fd = files_output_create(p->output, false, finish_reserve(p), err);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int run_session(struct run *r, struct err *err)
{
	int command, ret = create_output(r->plan, err);

	if (!ret)
		ret = run_start(r, err);
	if (!ret && r->plan->command)
		ret = command_go(&r->command, r->plan, err);
	if (ret) {
		maps_stop(&r->maps);
		local_stop(&r->local, NULL);
		run_abandon(r);
		return ret;
	}
	launch_begun(r->plan, r->note);
	ret = run_wait(r, err);
	limits_end(&r->limits);
	/* the command first, so that its end is in the trace */
	command = command_reap(&r->command, r->plan, stop_wanted(&r->stop) || r->limits.reached,
			       r->limits.reached ? 0 : 500);
	run_stop(r);
	maps_stop(&r->maps);
	run_write(r);
	if (r->plan->keep)
		local_keep(&r->local);
	if (!r->status && r->plan->exit_status)
		r->status = command;
	return ret;
}

/* The worker process. Returns the exit status. */
static int worker(const struct plan *p, struct note *note, int mirror_fd)
{
	struct run r = {
		.plan = p, .note = note, .command.child = CHILD_NONE, .maps = MAPS_NONE,
		.tasks = TASKS_NONE, .child_fd = -1,
	};
	struct err err = { 0 };
	int i, ret = stop_open_children(&r.stop, &r.child_fd);

	outlet_open(&r.stop);
	r.listeners = (struct listeners){
		.plan = p, .local = &r.local, .note = note, .stop = &r.stop,
	};
	if (p->nr_guests && !sandbox_is_tight())
		cmd_warn(0, SANDBOX_LOOSE, "guests");
	r.guests = calloc(p->nr_guests + 1, sizeof(*r.guests));
	if (!ret && !r.guests)
		ret = -ENOMEM;
	if (!ret)
		ret = command_start(&r.command, p, note);
	if (!ret)
		ret = maps_start(&r.maps, p, note, r.command.child.pid);
	io_allow_descriptors();
	if (!ret && (p->rotate.bytes || p->rotate.ms)) {
		ret = rotate_new(p, note, &r.rotate);
		r.plan = p = ret ? p : rotate_plan(r.rotate);
	}
	if (!ret && p->kind == PLAN_RECORD && !p->listener.port && early_start(p, NULL, &r.early))
		log_debug("the metadata is read in the end");
	if (!ret)
		ret = local_setup(&r.local, p, note, mirror_fd, false, &err);
	r.local.early = r.early;
	r.local.may_part = true;
	if (!ret)
		early_go_on(r.early, r.local.tracing_dir);
	if (!ret)
		ret = run_session(&r, &err);
	if (ret && (err.text[0] || !r.status))
		run_failed(&r, ret, &err);
	rotate_end(r.rotate);
	child_release(&r.command.child);
	maps_stop(&r.maps);
	tasks_close(&r.tasks);
	for (i = 0; r.guests && i < p->nr_guests; i++) {
		if (r.guests[i].own)
			guest_release(&r.guests[i]);
	}
	/* it has files of the instances open */
	live_free(r.live);
	if (r.local.plan)
		local_release(&r.local);
	early_free(r.early);
	limits_release(&r.limits);
	listeners_release(&r.listeners);
	free(r.guests);
	outlet_close();
	stop_close(&r.stop);
	fd_close(&r.child_fd);
	/* all others have read its plan */
	rotate_free(r.rotate);
	return r.status;
}

int session_record(const struct plan *p)
{
	return guardian_run(p, worker);
}
