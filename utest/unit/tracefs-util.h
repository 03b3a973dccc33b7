/*
 * tracefs-util.h - small helpers for tests on files and on the real tracefs.
 *
 * Include it behind cmocka.h. need_tracefs() is the loud skip of everything that needs root and
 * a kernel with tracefs; the tests then work in an instance of their own.
 */
#ifndef UTEST_TRACEFS_UTIL_H
#define UTEST_TRACEFS_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define TRACEFS "/sys/kernel/tracing"

/* A path, valid until the scope ends. */
struct path {
	char s[512];
};

static inline struct path path_of(const char *dir, const char *file)
{
	struct path p;

	snprintf(p.s, sizeof(p.s), "%s/%s", dir, file);
	return p;
}

/* Content of a file as a heap string; NULL if it can't be read. */
static inline char *text_of(const char *path)
{
	struct buf b = BUF_INIT;

	if (io_read_path(path, &b) || buf_add(&b, "", 0)) {
		buf_release(&b);
		return NULL;
	}
	return b.data ? buf_take_str(&b) : strdup("");
}

/* As the shell's "echo TEXT > PATH", in one write. 0; -errno. */
static inline int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (text[0] && write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static inline int put_in(const char *dir, const char *file, const char *text)
{
	return put_text(path_of(dir, file).s, text);
}

/* The content of @file must be @want. */
static inline void check_text(const char *dir, const char *file, const char *want)
{
	char *text = text_of(path_of(dir, file).s);

	if (!text)
		fail_msg("%s/%s cannot be read", dir, file);
	if (strcmp(text, want))
		fail_msg("%s/%s is '%s', not '%s'", dir, file, text, want);
	free(text);
}

/* A directory and all in it; what isn't there is none the worse. */
static inline void remove_tree(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			remove_tree(path_of(path, e->d_name).s);
	if (d)
		closedir(d);
	remove(path);
}

/* Skip the running test unless this is root with a tracefs that lets it make instances. */
#define need_tracefs() do { \
	if (access(TRACEFS "/instances", R_OK | W_OK) || geteuid()) { \
		print_message("SKIPPED %s: needs root and tracefs at " TRACEFS "\n", __func__); \
		skip(); \
	} \
} while (0)

#endif
