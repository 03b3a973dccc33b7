/*
 * record.c - see record.h: the worker. The guardian is in guardian.c. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/child.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guardian.h"
#include "session/guest.h"
#include "session/local.h"
#include "session/record.h"

/* A run in progress. */
struct run {
	const struct plan *plan;
	struct note *note;
	struct local local;
	struct guest *guests;
	struct child child;
	int signal_fd;
	int status;		/* exit status so far: the first failure's */
};

/* Remember the first failure and tell the user. */
static void run_failed(struct run *r, int code, const struct err *err)
{
	int status = cmd_fail_err(code, err);

	if (!r->status)
		r->status = status;
}

/* SIGINT and its like end the recording; from here on they are read, not delivered. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);	/* the command has ended */
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	/* a full disk or a size limit is an error of write(), not our death */
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- start ------------------------------------------------------------------- */

static bool stop_requested(const struct run *r)
{
	struct signalfd_siginfo si;

	while (read(r->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo != SIGCHLD)
			return true;
	}
	return false;
}

/* Two guests of one name would write one file. */
static int check_guest_name(const struct run *r, int i, struct err *err)
{
	int j;

	for (j = 0; j < i; j++) {
		if (!strcmp(r->note->guests[i].name, r->note->guests[j].name))
			return err_set(err, -EEXIST,
				       "two guests are called '%s'; tell them apart with --name",
				       r->note->guests[i].name);
	}
	return 0;
}

/*
 * Connect and negotiate with all guests, then take in their metadata. One that cannot be
 * had ends the run before it began: better now than after an hour without it.
 */
static int connect_guests(struct run *r, struct err *err)
{
	int i, ret = 0;

	r->note->nr_guests = r->plan->nr_guests;
	for (i = 0; !ret && i < r->plan->nr_guests; i++) {
		r->guests[i] = (struct guest){
			.plan = r->plan, .conf = &r->plan->guests[i], .local = &r->local,
			.note = r->note, .own = &r->note->guests[i], .index = i,
			.stop_fd = r->signal_fd,
		};
		ret = guest_connect(&r->guests[i], err);
		if (!ret)
			ret = check_guest_name(r, i, err);
	}
	for (i = 0; !ret && i < r->plan->nr_guests; i++)
		ret = guest_receive(&r->guests[i], err);
	if (ret == -ECANCELED) {
		err_clear(err);
		return err_set(err, -EINTR,
			       "interrupted while connecting to the guests: nothing was recorded");
	}
	return ret;
}

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

static int run_start(struct run *r, struct err *err)
{
	int ret = connect_guests(r, err);

	if (!ret)
		ret = local_record_files(&r->local, err);
	if (!ret)
		ret = local_tracing(&r->local, true, err);
	return ret;
}

/* --- while recording ----------------------------------------------------------- */

static int run_command(struct run *r, struct err *err)
{
	const char *name = r->plan->command[0];
	int ret = child_go(&r->child);

	if (!ret)
		return 0;
	fprintf(stderr, "\n********************\n Unable to exec %s\n********************\n",
		name);
	return err_set(err, ret, "Failed to exec %s", name);
}

/* A guest's connection has something to say while recording: it can only be its end. */
static void check_guests(struct run *r)
{
	int i;

	for (i = 0; i < r->plan->nr_guests; i++) {
		struct guest *g = &r->guests[i];
		struct err err = { 0 };
		struct msg m;
		int ret;

		if (guest_fd(g) < 0 || io_wait(guest_fd(g), POLLIN, deadline_in_ms(0)))
			continue;
		ret = channel_recv(&g->ctl, &m, deadline_in_ms(0));
		if (ret == -ETIMEDOUT || (!ret && m.cmd == MSG_NOT_SUPP))
			continue;
		g->lost = true;
		err_set(&err, -ECONNRESET,
			"guest %s: its agent %s while recording; the host and other guests go on",
			g->own->name, ret ? "ended" : "broke the protocol");
		run_failed(r, -ECONNRESET, &err);
	}
}

/* Fill in what to wait for. Returns the number; [0] is the signals. */
static int wait_fds(struct run *r, struct pollfd *fds, int max)
{
	int i, n = 0;

	fds[n++] = (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
	for (i = 0; i < r->plan->nr_guests; i++)
		fds[n++] = (struct pollfd){ .fd = guest_fd(&r->guests[i]), .events = POLLIN };
	return n + local_poll_fds(&r->local, fds + n, max - n);
}

/* Until the command ends, a signal comes, a recorder fails, or all guests are gone and nothing else is traced. */
static int run_wait(struct run *r)
{
	int max = 1 + r->plan->nr_guests, i, n;
	_cleanup_free_ struct pollfd *fds = NULL;

	for (i = 0; i < r->local.nr_instances; i++)
		max += r->local.instances[i].nr_cpus;
	fds = calloc(max, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (;;) {
		n = wait_fds(r, fds, max);
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents && stop_requested(r))
			return 0;
		if (r->child.pid && child_ended(&r->child))
			return 0;
		for (i = 1 + r->plan->nr_guests; i < n; i++) {
			if (fds[i].revents)
				return 0;	/* local_stop() tells why */
		}
		check_guests(r);
		if (r->plan->nr_guests && !any_guest(r) && !any_local(r))
			return 0;
	}
}

/* The command's fate, if it ended; if we were interrupted it gets a moment to end, too. */
static void reap_command(struct run *r)
{
	int status;

	if (!r->child.pid)
		return;
	if (!child_ends_within(&r->child, 500)) {
		child_release(&r->child);
		return;
	}
	child_wait(&r->child, &status);
}

/* --- the end ----------------------------------------------------------------------- */

static void run_stop(struct run *r)
{
	struct err err = { 0 };
	int i, ret;

	for (i = 0; i < r->plan->nr_guests; i++)
		guest_ask_close(&r->guests[i]);
	ret = local_stop(&r->local, &err);
	if (ret)
		run_failed(r, ret, &err);
	for (i = 0; i < r->plan->nr_guests; i++) {
		bool known = r->guests[i].lost;

		err_clear(&err);
		ret = r->guests[i].connected ? guest_wait_close(&r->guests[i], &err) : 0;
		if (ret && !known)
			run_failed(r, ret, &err);
	}
}

static void run_write(struct run *r)
{
	struct err err = { 0 };
	int i, ret;

	for (i = 0; i < r->plan->nr_guests; i++) {
		err_clear(&err);
		ret = guest_write(&r->guests[i], &err);
		if (ret)
			run_failed(r, ret, &err);
	}
	err_clear(&err);
	ret = finish_host(r->plan, r->note, &err);
	if (ret)
		run_failed(r, ret, &err);
}

/* Undo what a run that never began to trace has left. */
static void run_abandon(struct run *r)
{
	int i;

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

static int run_session(struct run *r, struct err *err)
{
	int fd, ret;

	fd = files_output_create(r->plan->output, false, finish_reserve(r->plan), err);
	if (fd < 0)
		return fd;
	close(fd);
	ret = run_start(r, err);
	if (!ret && r->plan->command)
		ret = run_command(r, err);
	if (ret) {
		local_stop(&r->local, NULL);
		run_abandon(r);
		return ret;
	}
	if (!r->plan->command) {
		printf("Hit Ctrl^C to stop recording\n");
		fflush(stdout);
	}
	ret = run_wait(r);
	/* the command first, so that its end is in the trace */
	reap_command(r);
	run_stop(r);
	run_write(r);
	return ret;
}

/* The worker process. Returns the exit status. */
static int worker(const struct plan *p, struct note *note, int mirror_fd)
{
	struct run r = { .plan = p, .note = note, .child = CHILD_NONE };
	struct err err = { 0 };
	int i, ret = 0;

	r.signal_fd = take_signals();
	r.guests = calloc(p->nr_guests + 1, sizeof(*r.guests));
	if (r.signal_fd < 0)
		ret = r.signal_fd;
	else if (!r.guests)
		ret = -ENOMEM;
	if (!ret && p->command)
		ret = child_start(p->command, &r.child);
	if (!ret)
		ret = local_setup(&r.local, p, note, mirror_fd, false, &err);
	if (!ret)
		ret = run_session(&r, &err);
	if (ret && (err.text[0] || !r.status))
		run_failed(&r, ret, &err);
	child_release(&r.child);
	for (i = 0; r.guests && i < p->nr_guests; i++) {
		if (r.guests[i].own)
			guest_release(&r.guests[i]);
	}
	if (r.local.plan)
		local_release(&r.local);
	free(r.guests);
	fd_close(&r.signal_fd);
	return r.status;
}

int session_record(const struct plan *p)
{
	return guardian_run(p, worker);
}
