/*
 * guardian.c - see guardian.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/claim.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guardian.h"
#include "session/insist.h"
#include "session/launch.h"
#include "session/outlet.h"
#include "session/putback.h"
#include "session/rotate.h"
#include "session/stop.h"
#include "setup/journal.h"
#include "setup/leftover.h"

/* The signal handler has no other way to know whom to tell. */
static volatile sig_atomic_t guardian_worker;

/* A terminal sends Ctrl-C to both of us; what somebody sent to us alone is handed on. */
static void hand_on(int sig, siginfo_t *info, void *context)
{
	if (info->si_code != SI_KERNEL && guardian_worker > 0)
		kill(guardian_worker, sig);
	insist_wish();
}

/*
 * Signals will be handed on, but are blocked yet: @ret_old is the mask to set when
 * there is somebody to get them.
 */
static void install_signals(sigset_t *ret_old)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_sigaction = hand_on, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t set;
	unsigned int i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], &sa, NULL);
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

/* The worker reads its signals from a descriptor: they stay blocked. */
static void worker_main(const struct plan *p, struct note *note, int mirror_fd, pid_t guardian,
			const char *journal_path,
			int (*worker)(const struct plan *, struct note *, int))
{
	int status;

	/* without a guardian: stop in good order */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != guardian)
		_exit(128 + SIGTERM);
	status = worker(p, note, mirror_fd);
	fflush(stdout);
	/* the guardian would have done that */
	if (getppid() != guardian) {
		leftover_end(note->journal_fd, journal_path);
		launch_end(p, guardian);
	}
	_exit(status);
}

/* Tracing off at once, so that the buffers stop filling, but where others have joined in. */
static void stop_tracing(const struct note *n, const struct journal *j)
{
	struct places own = { 0 }, shared = { 0 };
	int i;

	if (j && !journal_places(j, &own))
		leftover_shared(&own, journal_begun(j), n->journal_fd, &shared);
	for (i = 0; i < n->nr_instances; i++) {
		char path[PATH_MAX + 16];
		int fd;

		if (!n->instances[i].used || places_name(&shared, n->instances[i].dir))
			continue;
		snprintf(path, sizeof(path), "%s/tracing_on", n->instances[i].dir);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!write(fd, "0", 1);
			close(fd);
		}
	}
	places_release(&own);
	places_release(&shared);
}

/* Does the plan make a file? */
static bool has_output(const struct plan *p)
{
	return p->kind == PLAN_RECORD || p->kind == PLAN_EXTRACT;
}

/* Write what the killed worker had recorded. */
static void finish_files(const struct plan *p, struct note *n)
{
	bool recorded = false;
	struct err err = { 0 };
	int i, ret;

	for (i = 0; i < n->nr_instances; i++)
		recorded |= n->instances[i].recorded;
	for (i = 0; i < n->nr_guests; i++) {
		if (!n->guests[i].complete_meta) {
			if (n->guests[i].file[0])
				files_output_abandon(n->guests[i].file);
			continue;
		}
		recorded = true;
		if (n->guests[i].written) {
			finish_guest_end(p, &n->guests[i]);
			continue;
		}
		note_incomplete(&n->guests[i], "the recording process was killed");
		err_clear(&err);
		ret = finish_guest(p, &n->guests[i], NULL, NULL, &err);
		if (ret)
			cmd_fail_err(ret, &err);
	}
	if (!recorded) {
		_cleanup_free_ char *first = n->last_file ? rotate_name(p->output, 1) : NULL;

		/* sent to a listener it is not our file to touch */
		if (!p->listener.port)
			files_output_abandon(first ? first : p->output);
		return;
	}
	err_clear(&err);
	ret = n->last_file ? rotate_rescue(p, n, &err) : n->written ? 0 : finish_host(p, n, NULL, &err);
	if (!ret && !n->last_file)
		finish_host_end(p, n, 0);
	if (ret)
		cmd_fail_err(ret, &err);
	else
		fprintf(stderr, "  What it had recorded until then is in '%s%s'\n", p->output,
			n->last_file ? ".*" : "");
}

/*
 * A file for the journal, -1 without one, in @ret_fd. Before that, what others have left is put back, or we would
 * put back to that in the end. Not so for extract, which changes nothing and may be about just that.
 * 0; -ETIMEDOUT described in @err.
 */
static int begin_journal(const struct plan *p, int *ret_fd, char **ret_path, struct err *err)
{
	int fd, ret;

	*ret_fd = -1;
	if (p->kind == PLAN_EXTRACT)
		return 0;
	ret = put_back_leftovers("What it had recorded is in its .cpu files; see trace-cmd restore", err);
	if (ret)
		return ret;
	fd = leftover_begin(ret_path);
	if (fd < 0)
		log_debug("there is no file for the journal: %s", strerror(-fd));
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

/* Wait for the end of @pid, which may be stuck: then it is killed when the user insists. Its status. */
static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	insist_on(0);
	guardian_worker = 0;
	return status;
}

/* What takes as long as files, and those who read what is said, let it: in a process, as it may get stuck, too. */
static void finish_aside(const struct plan *p, struct note *note, int signal)
{
	struct stop stop = STOP_NONE;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid > 0) {
		guardian_worker = pid;
		insist_on(pid);
		wait_for(pid);
		return;
	}
	/* messages that nobody reads shall not keep the files from being written */
	if (!pid && !stop_open(&stop)) {
		insist_tell(&stop);
		outlet_open(&stop);
	}
	cmd_warn(0, "the recording process was ended by signal %d (%s)", signal, strsignal(signal));
	if (has_output(p))
		finish_files(p, note);
	fflush(stdout);
	if (!pid)
		_exit(0);
}

/* The worker was killed: end in its place what it had begun. Returns the exit status. */
static int take_over(const struct plan *p, struct note *note, struct journal *journal,
		     int signal)
{
	claim_again(note);
	if (!note->kept && p->kind != PLAN_SET)
		stop_tracing(note, journal);
	finish_aside(p, note, signal);
	if (journal && !note->kept)
		leftover_settle(journal, note->journal_fd);
	return 128 + signal;
}

int guardian_run(const struct plan *p,
		 int (*worker)(const struct plan *p, struct note *note, int mirror_fd))
{
	_cleanup_free_ char *journal_path = NULL;
	struct journal *journal = NULL;
	struct note *note = note_new();
	pid_t pid, guardian;
	int mirror[2], status;
	bool finished = false;
	struct err err = { 0 };
	sigset_t old;

	status = note ? launch_begin(p, note) : -1;
	if (status >= 0) {
		note_free(note);
		return status;
	}
	guardian = getpid();
	if (note)
		note->guardian = guardian;
	status = note ? begin_journal(p, &note->journal_fd, &journal_path, &err) : 0;
	if (status) {
		launch_end(p, guardian);
		note_free(note);
		return cmd_fail_err(status, &err);
	}
	if (!note || pipe2(mirror, O_CLOEXEC))
		return cmd_fail(-ENOMEM, "cannot start recording");
	fflush(stdout);
	install_signals(&old);
	pid = fork();
	if (pid < 0)
		return cmd_fail(-errno, "cannot start the recording process");
	if (!pid) {
		close(mirror[0]);
		worker_main(p, note, mirror[1], guardian, journal_path, worker);
	}
	guardian_worker = pid;
	insist_on(pid);
	if (insist_begin())
		log_debug("nobody ends the recording process if it gets stuck");
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(mirror[1]);
	/* the pipe's end is the worker's */
	journal_receive(mirror[0], &journal, &finished);
	close(mirror[0]);
	status = wait_for(pid);
	if (WIFEXITED(status))
		status = WEXITSTATUS(status);
	else
		status = take_over(p, note, journal, WTERMSIG(status));
	leftover_end(note->journal_fd, journal_path);
	note->journal_fd = -1;
	launch_end(p, guardian);
	journal_free(journal);
	note_free(note);
	return status;
}
