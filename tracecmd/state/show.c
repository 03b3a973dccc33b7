/*
 * show.c - see show.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/tracefile.h"
#include "state/show.h"

#define COPY_BYTES	(64 << 10)
#define STACK_ENABLED	"/proc/sys/kernel/stack_tracer_enabled"

/* Everything that @path gives, to stdout at once: trace_pipe is live. */
static int copy_out(const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *block = malloc(COPY_BYTES);
	ssize_t n;

	if (!block)
		return err_set(err, -ENOMEM, "out of memory");
	if (fd < 0)
		return err_set(err, -errno, "reading %s", path);
	for (;;) {
		n = read(fd, block, COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -errno, "reading %s", path);
		if (!n)
			return 0;
		if (fwrite(block, 1, n, stdout) != (size_t)n || fflush(stdout))
			return errno == EPIPE ? 0 :
						err_set(err, -errno, "writing to the standard output");
	}
}

int show_buffer(const struct selected *b, const struct show_plan *plan, struct err *err)
{
	_cleanup_free_ char *path = plan->cpu < 0 ?
		tracefile_path(b->dir, "%s", plan->file) :
		tracefile_path(b->dir, "per_cpu/cpu%d/%s", plan->cpu, plan->file);

	if (!path)
		return err_set(err, -ENOMEM, "out of memory");
	if (plan->path)
		printf("%s\n", path);
	return copy_out(path, err);
}

int show_file(const struct selected *b, const char *file, bool path, struct err *err)
{
	_cleanup_free_ char *name = tracefile_path(b->dir, "%s", file);

	if (!name)
		return err_set(err, -ENOMEM, "out of memory");
	if (path)
		printf("%s\n", name);
	return copy_out(name, err);
}

/* The first system below @events with @event, as a heap string. NULL: none. */
static char *system_of(const char *events, const char *event)
{
	char *found = NULL;
	struct dirent **names;
	int i, n = scandir(events, &names, NULL, alphasort);

	for (i = 0; i < n; i++) {
		_cleanup_free_ char *dir = NULL;

		if (!found && names[i]->d_name[0] != '.') {
			dir = tracefile_path(events, "%s/%s", names[i]->d_name, event);
			if (dir && !access(dir, F_OK))
				found = strdup(names[i]->d_name);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

int show_event(const struct selected *b, const char *event, const char *file, struct err *err)
{
	_cleanup_free_ char *events = tracefile_path(b->dir, "events");
	const char *colon = strchr(event, ':');
	_cleanup_free_ char *system = NULL, *path = NULL;

	if (!events)
		return err_set(err, -ENOMEM, "out of memory");
	if (!*event || strchr(event, '/') || *event == '.')
		return err_set(err, -ENOENT, "Could not find %s for %s", file, event);
	system = colon ? strndup(event, colon - event) : system_of(events, event);
	if (system)
		path = tracefile_path(events, "%s/%s/%s", system, colon ? colon + 1 : event, file);
	if (!path || access(path, F_OK))
		return err_set(err, -ENOENT, "Could not find %s for %s", file, event);
	return copy_out(path, err);
}

int show_snapshot_write(const struct selected *b, int cpu, const char *value, struct err *err)
{
	_cleanup_free_ char *path = cpu < 0 ? tracefile_path(b->dir, "snapshot") :
					      tracefile_path(b->dir, "per_cpu/cpu%d/snapshot", cpu);
	int ret = path ? tracefile_write(path, value, false) : -ENOMEM;

	if (ret == -ENOENT)
		return err_set(err, ret, cpu < 0 ? "Snapshot feature is not supported by this kernel" :
						   "there is no snapshot of CPU %d", cpu);
	return ret ? err_set(err, ret, "writing '%s' to %s", value, path) : 0;
}

static int no_stack_tracer(struct err *err)
{
	return err_set(err, -ENOENT, "stack tracer not configured on running kernel");
}

int show_stack_enable(bool on, struct err *err)
{
	int ret;

	if (access(STACK_ENABLED, F_OK))
		return no_stack_tracer(err);
	ret = tracefile_write(STACK_ENABLED, on ? "1" : "0", false);
	return ret ? err_set(err, ret, "writing to %s", STACK_ENABLED) : 0;
}

int show_stack_reset(const char *tracing, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "stack_max_size");
	int ret;

	if (access(STACK_ENABLED, F_OK))
		return no_stack_tracer(err);
	ret = path ? tracefile_write(path, "0", false) : -ENOMEM;
	return ret ? err_set(err, ret, "writing to %s", path ? path : "stack_max_size") : 0;
}

int show_stack(const char *tracing, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "stack_trace");
	_cleanup_free_ char *enabled = NULL, *text = NULL;
	char *rest, *line;
	int ret;

	if (tracefile_read(STACK_ENABLED, &enabled))
		return no_stack_tracer(err);
	printf("(stack tracer %s)\n", enabled[0] == '0' ? "not running" : "running");
	ret = path ? tracefile_read(path, &text) : -ENOMEM;
	if (ret)
		return err_set(err, ret, "reading %s", path ? path : "stack_trace");
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line != '#')
			printf("%s\n", line);
	return 0;
}
