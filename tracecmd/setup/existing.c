/*
 * existing.c - see existing.h. Layer 3.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "setup/existing.h"
#include "setup/instance.h"
#include "setup/tracefile.h"

int existing_open(const char *name, struct setup_instance **ret, struct err *err)
{
	const char *top = tracefs_tracing_dir();
	struct setup_instance *s = calloc(1, sizeof(*s));
	_cleanup_free_ char *tracer = NULL;
	_cleanup_free_ char *path = NULL;
	int error = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->name = strdup(name ? name : "");
	s->dir = name ? tracefile_path(top, "instances/%s", name) : strdup(top);
	if (s->name && s->dir && access(s->dir, F_OK))
		error = err_set(err, -errno,
				"there is no instance '%s': 'trace-cmd list -B' shows them", name);
	else if (s->name && s->dir)
		error = instance_learn(s);
	if (error) {
		setup_free(s);
		return error;
	}
	path = tracefile_path(s->dir, "current_tracer");
	if (path && !tracefile_read(path, &tracer))
		s->latency = setup_tracer_is_latency(tracer);
	*ret = s;
	return 0;
}

int existing_names(struct strlist *ret)
{
	_cleanup_free_ char *path = tracefile_path(tracefs_tracing_dir(), "instances");
	_cleanup_closedir_ DIR *dir = path ? opendir(path) : NULL;
	struct dirent *d;
	int error = 0;

	if (!dir)
		return path ? -errno : -ENOMEM;
	while (!error && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			error = strlist_add(ret, d->d_name);
	}
	return error;
}

int existing_open_snapshot(const struct setup_instance *s, int cpu)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "per_cpu/cpu%d/snapshot_raw", cpu);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int existing_quiet(struct setup_instance *s)
{
	static const struct { const char *file, *value; } off[] = {
		{ "options/func_stack_trace", "0" }, { "current_tracer", "nop" },
		{ "events/enable", "0" }, { "set_event_pid", "" }, { "set_ftrace_pid", "" },
	};
	int ret = setup_tracing_on(s, false);

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "%s", off[i].file);
		int error = path ? tracefile_write(path, off[i].value, false) : -ENOMEM;

		if (error)
			log_debug("%s/%s stays: %s", s->dir, off[i].file, strerror(-error));
	}
	return ret;
}
