/*
 * change.c - see change.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"
#include "state/change.h"

/* Write what the command is for. */
static int write_must(const struct selected *b, const char *file, const char *value, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(b->dir, "%s", file);
	int ret = path ? tracefile_write(path, value, false) : -ENOMEM;

	return ret ? err_set(err, ret, "writing '%s' to %s: %s", value, path ? path : file,
			     strerror(-ret)) : 0;
}

/* Write what may be missing or locked. */
static void write_may(const struct selected *b, const char *file, const char *value)
{
	_cleanup_free_ char *path = tracefile_path(b->dir, "%s", file);
	int ret = path ? tracefile_write(path, value, false) : -ENOMEM;

	if (ret)
		log_debug("%s is left as it is: %s", file, strerror(-ret));
}

int change_tracing_on(const struct selected *b, bool on, struct err *err)
{
	return write_must(b, "tracing_on", on ? "1" : "0", err);
}

int change_clear(const struct selected *b, struct err *err)
{
	return write_must(b, "trace", "", err);
}

static void reset_event(const char *dir)
{
	_cleanup_free_ char *filter = tracefile_path(dir, "filter");
	_cleanup_free_ char *trigger = tracefile_path(dir, "trigger");
	_cleanup_free_ char *text = NULL;
	int ret;

	if (filter && !tracefile_read(filter, &text) && strcmp(text, "none"))
		tracefile_write(filter, "0", false);
	if (!trigger || access(trigger, F_OK))
		return;
	ret = triggers_set(trigger, "");
	if (ret)
		log_debug("%s stays: %s", trigger, strerror(-ret));
}

/* Call @fn for each directory below @dir. */
static void each_dir(const char *dir, void (*fn)(const char *path))
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *path = NULL;

		if (e->d_name[0] == '.' || e->d_type != DT_DIR)
			continue;
		path = tracefile_path(dir, "%s", e->d_name);
		if (path)
			fn(path);
	}
	if (d)
		closedir(d);
}

static void reset_system(const char *dir)
{
	each_dir(dir, reset_event);
}

/* One bit for each CPU the kernel knows. */
static void reset_cpumask(const struct selected *b)
{
	long i, cpus = sysconf(_SC_NPROCESSORS_CONF);
	_cleanup_buf_ struct buf mask = BUF_INIT;

	/* groups of 32, the highest first */
	for (i = (cpus - 1) / 32; i >= 0; i--) {
		long left = cpus - 32 * i;

		buf_printf(&mask, "%x%s", left >= 32 ? 0xffffffffu : (1u << left) - 1, i ? "," : "");
	}
	buf_add(&mask, "", 1);
	if (!mask.error)
		write_may(b, "tracing_cpumask", (char *)mask.data);
}

int change_reset(const struct selected *b, int buffer_kb, struct err *err)
{
	static const char *const emptied[] = {
		"set_ftrace_pid", "set_ftrace_notrace_pid", "set_event_pid", "set_event_notrace_pid",
		"trace",
	};
	static const char *const functions[] = {
		"set_ftrace_filter", "set_ftrace_notrace", "set_graph_function", "set_graph_notrace",
	};
	_cleanup_free_ char *events = tracefile_path(b->dir, "events");
	unsigned int i;
	char kb[24];
	int ret;

	ret = write_must(b, "tracing_on", "0", err);
	if (ret)
		return ret;
	write_may(b, "current_tracer", "nop");
	write_may(b, "events/enable", "0");
	for (i = 0; i < sizeof(emptied) / sizeof(emptied[0]); i++)
		write_may(b, emptied[i], "");
	snprintf(kb, sizeof(kb), "%d", buffer_kb);
	ret = buffer_kb ? write_must(b, "buffer_size_kb", kb, err) : 0;
	if (events)
		each_dir(events, reset_system);
	write_may(b, "error_log", "");
	write_may(b, "trace_clock", "local");
	write_may(b, "tracing_max_latency", "0");
	reset_cpumask(b);
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		write_may(b, functions[i], "");
	/* of all instances, in the top one's directory */
	write_may(b, "max_graph_depth", "0");
	write_may(b, "tracing_on", "1");
	return ret;
}

void change_remove_dynamic(unsigned int keep)
{
	static const struct { unsigned int keep; enum tracefs_dynevent_type type; } kinds[] = {
		{ KEEP_EPROBE, TRACEFS_DYNEVENT_EPROBE }, { KEEP_SYNTH, TRACEFS_DYNEVENT_SYNTH },
		{ KEEP_KPROBE, TRACEFS_DYNEVENT_KPROBE }, { KEEP_KRETPROBE, TRACEFS_DYNEVENT_KRETPROBE },
		{ KEEP_UPROBE, TRACEFS_DYNEVENT_UPROBE }, { KEEP_URETPROBE, TRACEFS_DYNEVENT_URETPROBE },
	};
	unsigned int i;

	/* probes of events before what they may be attached to */
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!(keep & kinds[i].keep) && tracefs_dynevent_destroy_all(kinds[i].type, true))
			log_debug("some dynamic events stay: %s", strerror(errno));
}

int change_remove(const struct selected *b, struct err *err)
{
	if (!b->name)
		return err_set(err, -EINVAL, "Can not delete top level buffer");
	if (!rmdir(b->dir))
		return 0;
	return err_set(err, -errno, "the instance %s cannot be deleted%s", b->name,
		       errno == EBUSY ? ": someone is using it" : "");
}
