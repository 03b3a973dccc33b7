/*
 * list.c - see list.h. Layer 3.
 *
 * The kernel can add to a list, but take nothing out of it: it is written anew. Between
 * reading and writing somebody else's words could come and be lost, so sessions take
 * turns by locking the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/list.h"
#include "setup/parting.h"
#include "setup/tracefile.h"

#define BLANKS	" \t\n"
#define ANCESTORS	8	/* of a task, that are looked at */
#define LOCK_MS	5000	/* writing a list takes some grace periods of the kernel, of everybody who is before us */

/* Is the word of @len bytes one of @words? */
static bool is_word(const char *words, const char *word, size_t len)
{
	for (words += strspn(words, BLANKS); *words; words += strspn(words, BLANKS)) {
		size_t n = strcspn(words, BLANKS);

		if (n == len && memcmp(words, word, n) == 0)
			return true;
		words += n;
	}
	return false;
}

/* Lock what @fd is, as long as it is open; a file that can't be locked is used all the same. */
static void lock(int fd)
{
	static const struct timespec pause = { .tv_nsec = 2000000 };
	struct deadline d = deadline_in_ms(LOCK_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) && (errno == EWOULDBLOCK || errno == EINTR) &&
	       !deadline_passed(d))
		nanosleep(&pause, NULL);
}

int list_add(const char *path, const char *words)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lock(fd);
	return tracefile_write(path, words, true);
}

/* The number behind @name in the text of a task's status. */
static int status_number(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? (int)strtol(at + strlen(name), NULL, 10) : 0;
}

/* The process of a thread, or the parent of a process, given in @len digits; -ESRCH: there is no such task. */
static int parent_of(const char *tid, size_t len)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	int process;

	if (len > 10)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%.*s/status", (int)len, tid);
	if (tracefile_read(path, &text))
		return -ESRCH;
	process = status_number(text, "\nTgid:");
	return process != (int)strtol(tid, NULL, 10) ? process : status_number(text, "\nPPid:");
}

/* Is a task gone, or was it forked by one of @words, or by one that was? */
static bool is_child(const char *words, const char *tid, size_t len)
{
	char parent[16];
	int i, pid = parent_of(tid, len);

	for (i = 0; i < ANCESTORS && pid > 1; i++) {
		int n = snprintf(parent, sizeof(parent), "%d", pid);

		if (is_word(words, parent, n))
			return true;
		pid = parent_of(parent, n);
	}
	return i == 0 && pid < 0;
}

/* Take @words out of the list; @children: and tasks that were forked by those; by @p if nothing is left. */
static int remove_words(const char *path, const char *words, bool children, struct parting *p)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf rest = BUF_INIT;
	_cleanup_free_ char *now = NULL;
	bool found = false;
	const char *at;
	int ret;

	if (fd < 0)
		return -errno;
	lock(fd);
	ret = tracefile_read(path, &now);
	if (ret)
		return ret;
	if (strcmp(now, "no pid") == 0)
		return 0;
	for (at = now + strspn(now, BLANKS); *at; at += strspn(at, BLANKS)) {
		size_t n = strcspn(at, BLANKS);

		if (is_word(words, at, n) || (children && is_child(words, at, n)))
			found = true;
		else
			buf_printf(&rest, "%s%.*s", rest.len ? "\n" : "", (int)n, at);
		at += n;
	}
	if (rest.error || buf_add(&rest, "", 1))
		return rest.error;
	if (found && p && !rest.data[0])
		return parting_empty(p, path);
	return found ? tracefile_write(path, (const char *)rest.data, false) : 0;
}

int list_remove(const char *path, const char *words)
{
	return remove_words(path, words, false, NULL);
}

int list_remove_tasks(const char *path, const char *words, struct parting *p)
{
	_cleanup_free_ char *fork_path = NULL, *text = NULL;
	const char *slash = strrchr(path, '/');
	bool children;

	if (!slash || asprintf(&fork_path, "%.*s/options/event-fork", (int)(slash - path), path) < 0)
		return -ENOMEM;
	/* the kernel itself takes out those that end, but only as long as this is on */
	children = !tracefile_read(fork_path, &text) && text[0] == '1';
	return remove_words(path, words, children, p);
}
