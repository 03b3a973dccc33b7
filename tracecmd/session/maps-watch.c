/*
 * maps-watch.c - see maps-watch.h. Layer 5.
 *
 * PTRACE_SEIZE doesn't disturb a process until something happens that we asked for.
 * But each of its signals stops it until we hand it on, and a child of its own is ours
 * from its beginning on where it is followed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "message.h"
#include "session/maps-watch.h"

#define FOLLOW_OPTIONS (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/* The process that the task @tid belongs to; 0: it is gone. */
static pid_t process_of(pid_t tid)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *at;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (io_read_path(path, &b))
		return 0;
	at = strstr((char *)b.data, "\nTgid:");
	return at ? strtol(at + 6, NULL, 10) : 0;
}

static struct watched *find(struct watch *w, pid_t tid)
{
	int i;

	for (i = 0; i < w->nr; i++) {
		if (w->task[i].tid == tid)
			return &w->task[i];
	}
	return NULL;
}

/* A task that became ours by being followed. NULL: no memory; its end is not missed for that. */
static struct watched *add(struct watch *w, pid_t tid)
{
	struct watched *free_one = find(w, 0), *more;

	if (!free_one) {
		more = reallocarray(w->task, w->nr + 1, sizeof(*more));
		if (!more)
			return NULL;
		w->task = more;
		free_one = &more[w->nr++];
	}
	*free_one = (struct watched){ .tid = tid, .follow = true };
	return free_one;
}

static void note_maps(struct watch *w, pid_t pid)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	/* one that is half a text is none: memory is short then */
	if (!maps_text(&b, pid))
		io_write_full(w->out_fd, b.data, b.len, DEADLINE_NEVER);
}

/* Begin to watch task @i's process. */
static void seize(struct watch *w, int i)
{
	pid_t pid = process_of(w->task[i].tid);
	struct watched *before = find(w, pid);
	unsigned long options = PTRACE_O_TRACEEXIT | (w->task[i].follow ? FOLLOW_OPTIONS : 0);

	w->task[i].tid = 0;
	/* ended meanwhile, or watched already */
	if (!pid || (before && before < &w->task[i]))
		return;
	w->task[i].tid = pid;
	if (!ptrace(PTRACE_SEIZE, pid, NULL, (void *)options))
		return;
	/* it stays in the list: perhaps it is still there in the end */
	cmd_warn(errno, "process %d cannot be watched until its end (is it being debugged?): its map is stored only if it outlives the recording",
		 pid);
}

/* One of ours has stopped: let it go on, whatever it was for. */
static void task_stopped(struct watch *w, pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	switch (event) {
	case PTRACE_EVENT_EXIT:
		if (process_of(tid) == tid)
			note_maps(w, tid);
		ptrace(PTRACE_CONT, tid, NULL, NULL);
		break;
	case PTRACE_EVENT_STOP:
		/* stopped by a signal like SIGTSTP: stay so, until SIGCONT */
		if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
			ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		else
			ptrace(PTRACE_CONT, tid, NULL, NULL);
		break;
	case 0:
		ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal);
		break;
	default:
		ptrace(PTRACE_CONT, tid, NULL, NULL);
		break;
	}
}

static void take_events(struct watch *w)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		struct watched *t = find(w, tid);

		if (!WIFSTOPPED(status)) {
			if (t)
				t->tid = 0;
			continue;
		}
		if (!t)
			add(w, tid);
		task_stopped(w, tid, status);
	}
}

/* The recording ends: those that are still there. */
static void note_rest(struct watch *w)
{
	int i;

	for (i = 0; i < w->nr; i++) {
		/* threads are tasks, too, when they were followed */
		if (w->task[i].tid && process_of(w->task[i].tid) == w->task[i].tid)
			note_maps(w, w->task[i].tid);
	}
}

int watch_run(struct watch *w, int ready_fd)
{
	struct pollfd fds[2];
	struct signalfd_siginfo si;
	sigset_t set;
	int i;

	prctl(PR_SET_NAME, "trace-cmd-maps");
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	fds[0] = (struct pollfd){ .fd = w->end_fd, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN,
	};
	if (fds[1].fd < 0)
		return 1;
	for (i = 0; i < w->nr; i++)
		seize(w, i);
	(void)!write(ready_fd, "r", 1);
	close(ready_fd);
	do {
		/* one signal may stand for several */
		take_events(w);
		poll(fds, 2, -1);
		while (read(fds[1].fd, &si, sizeof(si)) > 0)
			;
	} while (!fds[0].revents);
	take_events(w);
	note_rest(w);
	return 0;
}
