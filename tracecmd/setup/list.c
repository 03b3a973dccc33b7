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
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/list.h"
#include "setup/tracefile.h"

#define BLANKS	" \t\n"
#define LOCK_MS	500	/* writing a list takes some grace periods of the kernel */

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

int list_remove(const char *path, const char *words)
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

		if (is_word(words, at, n))
			found = true;
		else
			buf_printf(&rest, "%s%.*s", rest.len ? "\n" : "", (int)n, at);
		at += n;
	}
	if (rest.error || buf_add(&rest, "", 1))
		return rest.error;
	return found ? tracefile_write(path, (const char *)rest.data, false) : 0;
}
