/*
 * insist.c - see insist.h. Layer 5.
 *
 * The thread allocates nothing and takes no lock: its process may fork.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/io.h"
#include "session/insist.h"

/* Looks at which it has done nothing. Not a time, which passes while we are stopped or frozen together. */
#define STUCK_LOOKS	20

int insist_look_ms = 500;

/* A signal handler has no other way to know. */
static int wish_fd = -1;		/* readable: the user has insisted */
static _Atomic int64_t first_ns;	/* CLOCK_MONOTONIC of the first wish; 0: none yet */
static _Atomic pid_t whom;

void insist_wish(void)
{
	int error = errno;
	int64_t now_ns = mono_now_ns(), none = 0;

	if (!atomic_compare_exchange_strong(&first_ns, &none, now_ns) && now_ns - none > STOP_SAME_WISH_NS)
		eventfd_write(wish_fd, 1);
	errno = error;
}

void insist_on(pid_t pid)
{
	atomic_store(&whom, pid);
}

void insist_tell(struct stop *s)
{
	struct pollfd wish = { .fd = wish_fd, .events = POLLIN };

	s->first_ns = atomic_load(&first_ns);
	s->urgent = poll(&wish, 1, 0) == 1;
}

/* --- what a process has done ------------------------------------------------------------ */

/* The text of a file in /proc, "" without one. */
static const char *read_proc(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* All numbers in @text together: each of them only grows. */
static uint64_t sum_numbers(const char *text)
{
	uint64_t sum = 0;

	while (*text) {
		char *end;

		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		sum += strtoull(text, &end, 10);
		text = end;
	}
	return sum;
}

/*
 * Times on the CPU, which are the 14th and 15th word of its status, and bytes read and written. 0: not known, as
 * without /proc, or of a program with capabilities of its own.
 */
static uint64_t done_by(pid_t pid)
{
	char text[1024], io[1024], *at = strrchr(read_proc(pid, "stat", text, sizeof(text)), ')');
	uint64_t sum = 1;
	int i;

	if (!at || !*read_proc(pid, "io", io, sizeof(io)))
		return 0;
	for (i = 2; at && i < 14; i++)
		at = strchr(at + 1, ' ');
	if (at) {
		sum += strtoull(at, &at, 10);
		sum += strtoull(at, NULL, 10);
	}
	return sum + sum_numbers(io);
}

/* The same, with its children, who may work for it. 0: not known. */
static uint64_t done_by_all(pid_t pid)
{
	uint64_t sum = done_by(pid);
	char name[64], text[1024];
	const char *at;
	char *end;

	if (!sum)
		return 0;
	snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	for (at = read_proc(pid, name, text, sizeof(text)); isdigit((unsigned char)*at);
	     at = *end ? end + 1 : end)
		sum += done_by(strtol(at, &end, 10));
	return sum;
}

/* --- the thread ---------------------------------------------------------------------------- */

static void *watch(void *arg)
{
	struct pollfd wish = { .fd = wish_fd, .events = POLLIN };
	uint64_t before = 0;
	int idle = 0;
	pid_t last = 0;

	pthread_setname_np(pthread_self(), "insist");
	while (poll(&wish, 1, -1) != 1)
		;
	for (;; poll(NULL, 0, insist_look_ms)) {
		pid_t pid = atomic_load(&whom);
		uint64_t now = pid > 0 ? done_by_all(pid) : 0;

		/* one of whom nothing is known is let alone */
		idle = now && pid == last && now == before ? idle + 1 : 0;
		last = pid;
		before = now;
		if (idle >= STUCK_LOOKS)
			kill(pid, SIGKILL);
	}
	return arg;
}

int insist_begin(void)
{
	sigset_t all, old;
	pthread_t thread;
	int error;

	wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wish_fd < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, NULL, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!error)
		pthread_detach(thread);
	return -error;
}
