/*
 * report-run.h - for tests: sample files on disk, and what a report of them prints.
 */
#ifndef REPORT_RUN_H
#define REPORT_RUN_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "gen/sample.h"
#include "report/report.h"

/* A file of its own for @content; the name is "/tmp/report-test.XXXXXX", to be unlinked. */
static inline void put_file(char path[32], const struct buf *content)
{
	int fd;

	snprintf(path, 32, "/tmp/report-test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, content->data, content->len, DEADLINE_NEVER), 0);
	close(fd);
}

/* Run @plan; its standard output is appended to @out. Returns what report_run() did. */
static inline int run_report(const struct report_plan *plan, struct buf *out, struct err *err)
{
	int fd = memfd_create("report", 0), saved, ret;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_true(fd >= 0 && saved >= 0);
	dup2(fd, STDOUT_FILENO);
	ret = report_run(plan, err);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(io_read_rest(fd, out), 0);
	close(fd);
	return ret;
}

/* The text of the lines @from to @to, counted from 1. */
static inline void lines_of(const struct buf *out, unsigned int from, unsigned int to, struct buf *ret)
{
	const char *p = (const char *)out->data, *end;
	unsigned int n;

	for (n = 1; p && *p; n++) {
		end = strchr(p, '\n');
		if (n >= from && n <= to)
			buf_add(ret, p, end ? (size_t)(end - p + 1) : strlen(p));
		p = end ? end + 1 : NULL;
	}
}

#endif
