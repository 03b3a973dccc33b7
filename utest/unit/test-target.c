/*
 * test-target.c - the file that a command makes, where it has a name from the beginning.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "edit/target.h"

static mode_t seen;	/* of the new file, before it is made like the old one */

/* The command's calls come here instead of to libc: on some file systems every file has a name. */
int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return real(path, flags, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	int (*real)(int, uid_t, gid_t) = dlsym(RTLD_NEXT, "fchown");
	struct stat st;

	if (!fstat(fd, &st))
		seen = st.st_mode & 0777;
	return real(fd, uid, gid);
}

static void nobody_opens_it_who_may_not_read_the_old_one(void **state)
{
	char dir[] = "/tmp/test-target.XXXXXX", path[64];
	struct target t;
	struct err err = { 0 };
	struct stat st;
	mode_t mask = umask(0);
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	close(fd);
	seen = 0777;
	assert_int_equal(target_open(&t, path, &err), 0);
	assert_false(t.nameless);
	assert_int_equal(seen, 0600);
	assert_int_equal(write(t.fd, "new", 3), 3);
	assert_int_equal(target_commit(&t, &err), 0);
	target_close(&t);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_size, 3);
	unlink(path);
	/* one that replaces nothing is as the user wants new files to be */
	assert_int_equal(target_open(&t, path, &err), 0);
	assert_int_equal(target_commit(&t, &err), 0);
	target_close(&t);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
	umask(mask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_opens_it_who_may_not_read_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
