/*
 * apply-pids.c - tracing only some tasks. See apply.h, setup.h. Layer 3.
 *
 * The kernel has a list of pids for events and one for functions; its older versions (before
 * 4.4) none for events: there the filters of all events say it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/tracefile.h"

int apply_pids_reset(struct setup_instance *s, const struct setup_conf *c)
{
	int ret;

	/* those asked for replace what is there: that saves a grace period */
	if (c->nr_pids)
		return 0;
	ret = apply_optional(s, "set_ftrace_pid", "");
	return ret ? ret : apply_optional(s, "set_event_pid", "");
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* "(common_pid==1||common_pid>=4&&common_pid<=7)", pids in a row as a range. NULL: no memory. */
static char *filter_of_pids(const int *pids, int nr)
{
	_cleanup_free_ int *sorted = calloc(nr, sizeof(*sorted));
	_cleanup_buf_ struct buf b = BUF_INIT;
	int next;

	if (!sorted)
		return NULL;
	memcpy(sorted, pids, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), compare);
	for (int i = 0; i < nr; i = next) {
		for (next = i + 1; next < nr && sorted[next] - sorted[next - 1] <= 1;)
			next++;
		buf_add_str(&b, i ? "||" : "");
		if (sorted[next - 1] == sorted[i])
			buf_printf(&b, "(common_pid==%d)", sorted[i]);
		else
			buf_printf(&b, "(common_pid>=%d&&common_pid<=%d)", sorted[i],
				   sorted[next - 1]);
	}
	return b.error ? NULL : buf_take_str(&b);
}

/* Write @text to the list @file, or add it. */
static int write_pids(struct setup_instance *s, const char *file, const char *text, bool add,
		      struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	const char *advice;
	int ret;

	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_remember(s->journal, path);
	if (!ret)
		ret = tracefile_write(path, text, add);
	advice = functions_advice(ret);
	return ret ? err_set(err, ret, "tracing cannot be limited to tasks\n%s: %s%s%s", path,
			     strerror(-ret), advice ? "\n" : "", advice ? advice : "") : 0;
}

/* The children of these tasks: all of theirs, or none, whatever others have set. */
static int set_follow(struct setup_instance *s, bool follow, struct err *err)
{
	static const char what[] = "children of traced tasks cannot be traced";
	int ret;

	if (follow) {
		ret = apply_asked(s, "options/event-fork", "1", what,
				  "kernels can do that since Linux 4.7", err);
		if (!ret && s->functions)
			ret = apply_asked(s, "options/function-fork", "1", what,
					  "kernels can do that for functions since Linux 4.12",
					  err);
		return ret;
	}
	ret = apply_optional(s, "options/event-fork", "0");
	if (!ret && s->functions)
		ret = apply_optional(s, "options/function-fork", "0");
	return ret ? err_set(err, ret, "no memory") : 0;
}

static int limit(struct setup_instance *s, const int *pids, int nr, bool follow, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool add = s->limited;
	int ret;

	for (int i = 0; i < nr; i++)
		buf_printf(&text, "%d ", pids[i]);
	if (buf_add(&text, "", 1))
		return err_set(err, -ENOMEM, "no memory");
	ret = set_follow(s, follow, err);
	if (!ret && s->functions)
		ret = write_pids(s, "set_ftrace_pid", (char *)text.data, add, err);
	else if (!ret && !add && apply_optional(s, "set_ftrace_pid", ""))
		ret = err_set(err, -ENOMEM, "no memory");
	if (!ret)
		ret = write_pids(s, "set_event_pid", (char *)text.data, add, err);
	s->limited = s->limited || !ret;
	return ret;
}

/* Does the kernel have a list of pids for events? */
static bool has_event_pids(const struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "set_event_pid");

	return !path || access(path, F_OK) == 0;
}

int apply_pids(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	if (!c->nr_pids)
		return 0;
	if (has_event_pids(s))
		return limit(s, c->pids, c->nr_pids, c->follow, err);
	if (c->follow)
		return err_set(err, -EOPNOTSUPP, "children of traced tasks cannot be traced\n"
			       "kernels can do that since Linux 4.7");
	s->pid_filter = filter_of_pids(c->pids, c->nr_pids);
	return s->pid_filter ? 0 : err_set(err, -ENOMEM, "no memory");
}

int setup_only_pids(struct setup_instance *s, const int *pids, int nr, bool follow,
		    struct err *err)
{
	if (!has_event_pids(s))
		return err_set(err, -EOPNOTSUPP, "tracing cannot be limited to a task\n"
			       "kernels can do that since Linux 4.4: "
			       "filter with -f common_pid==PID instead");
	return limit(s, pids, nr, follow, err);
}
