/*
 * instance.c - one buffer instance: its directory and facts. See setup.h. Layer 3.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/instance.h"
#include "setup/tracefile.h"

#define DEFAULT_PAGE_SIZE 4096

void setup_conf_release(struct setup_conf *c)
{
	for (int i = 0; i < c->nr_events; i++) {
		free(c->events[i].name);
		free(c->events[i].filter);
		free(c->events[i].trigger);
	}
	free(c->events);
	strlist_release(&c->options);
	strlist_release(&c->functions);
	strlist_release(&c->commands);
	strlist_release(&c->notrace);
	strlist_release(&c->graph);
	free(c->pids);
	free(c->cpumask);
	free(c->name);
	free(c->tracer);
	free(c->clock);
	*c = (struct setup_conf){ 0 };
}

void setup_free(struct setup_instance *s)
{
	if (!s)
		return;
	free(s->name);
	free(s->dir);
	free(s->clock);
	free(s->pid_filter);
	free(s);
}

/* --- making it */

static int make_dir(struct setup_instance *s, struct err *err)
{
	int ret = journal_mkdir(s->journal, s->dir);

	s->created = ret == 0;
	if (ret && ret != -EEXIST)
		return err_set(err, ret, "cannot create instance %s: %s", s->name, strerror(-ret));
	return 0;
}

int instance_check_name(const char *name, struct err *err)
{
	if (!tracefs_tracing_dir())
		return err_set(err, -ENODEV, "there is no tracing directory");
	if (!name[0] || name[0] == '.' || strchr(name, '/'))
		return err_set(err, -EINVAL, "'%s' cannot be the name of an instance", name);
	return 0;
}

int instance_open(const char *name, struct journal *j, struct setup_instance **ret,
		  struct err *err)
{
	const char *top = tracefs_tracing_dir();
	struct setup_instance *s;
	int error = instance_check_name(name ? name : "top", err);

	if (error)
		return error;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->journal = j;
	s->name = strdup(name ? name : "");
	s->dir = name ? tracefile_path(top, "instances/%s", name) : strdup(top);
	if (!s->name || !s->dir)
		error = err_set(err, -ENOMEM, "no memory");
	else if (name)
		error = make_dir(s, err);
	if (error) {
		setup_free(s);
		return error;
	}
	*ret = s;
	return 0;
}

/* --- facts */

const char *setup_name(const struct setup_instance *s)
{
	return s->name;
}

const char *setup_clock(const struct setup_instance *s)
{
	return s->clock;
}

uint32_t setup_page_size(const struct setup_instance *s)
{
	return s->page_size;
}

const char *setup_dir(const struct setup_instance *s)
{
	return s->dir;
}

int setup_nr_cpus(const struct setup_instance *s)
{
	return s->nr_cpus;
}

bool setup_was_created(const struct setup_instance *s)
{
	return s->created;
}

bool setup_is_latency_tracer(const struct setup_instance *s)
{
	return s->latency;
}

/* Text of a file in the instance's directory, NULL if unreadable. */
static char *read_in(const struct setup_instance *s, const char *file)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	char *text = NULL;

	return path && tracefile_read(path, &text) == 0 ? text : NULL;
}

char *setup_clock_text(const struct setup_instance *s)
{
	return read_in(s, "trace_clock");
}

char *setup_cpu_stats(const struct setup_instance *s, int cpu)
{
	char file[64];

	snprintf(file, sizeof(file), "per_cpu/cpu%d/stats", cpu);
	return read_in(s, file);
}

/* The word in brackets; "local", the kernel's default, if there is none. */
static char *clock_in_use(const struct setup_instance *s)
{
	_cleanup_free_ char *text = setup_clock_text(s);
	char *from = text ? strchr(text, '[') : NULL;

	return from ? strndup(from + 1, strcspn(from + 1, "]")) : strdup("local");
}

/* "	field: char data;	offset:16;	size:4080;	signed:0;" ends the sub-buffer. */
static uint32_t page_size_of_header(const char *text)
{
	const char *data = strstr(text, "char data;");
	unsigned int offset, size;

	if (data && sscanf(data, "char data; offset:%u; size:%u;", &offset, &size) == 2 &&
	    offset < 64 && size < (1u << 30))
		return offset + size;
	return DEFAULT_PAGE_SIZE;
}

/* The sub-buffer's size: kernels that can change it have a file for it (6.8). */
static uint32_t read_page_size(const struct setup_instance *s)
{
	_cleanup_free_ char *kb = read_in(s, "buffer_subbuf_size_kb");
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *header = NULL;
	unsigned long n = kb ? strtoul(kb, NULL, 10) : 0;

	if (n > 0 && n < 1024 * 1024)
		return n * 1024;
	path = tracefile_path(tracefs_tracing_dir(), "events/header_page");
	if (!path || tracefile_read(path, &header))
		return DEFAULT_PAGE_SIZE;
	return page_size_of_header(header);
}

int instance_count_cpus(const char *tracefs_dir)
{
	_cleanup_free_ char *path = tracefile_path(tracefs_dir, "per_cpu");
	_cleanup_closedir_ DIR *dir = path ? opendir(path) : NULL;
	struct dirent *d;
	int count = 0;

	while (dir && (d = readdir(dir))) {
		int cpu, end = 0;

		if (sscanf(d->d_name, "cpu%d%n", &cpu, &end) == 1 && !d->d_name[end] &&
		    cpu >= count && cpu < 65536)
			count = cpu + 1;
	}
	return count;
}

int instance_learn(struct setup_instance *s)
{
	free(s->clock);
	s->clock = clock_in_use(s);
	s->page_size = read_page_size(s);
	s->nr_cpus = instance_count_cpus(s->dir);
	return s->clock ? 0 : -ENOMEM;
}

/* The number behind "NAME: " at the start of one of the text's lines, 0 if there is none. */
static unsigned long long stat_of(const char *stats, const char *name)
{
	size_t len = strlen(name);

	while (stats) {
		if (strncmp(stats, name, len) == 0 && stats[len] == ':')
			return strtoull(stats + len + 1, NULL, 10);
		stats = strchr(stats, '\n');
		stats = stats ? stats + 1 : NULL;
	}
	return 0;
}

bool instance_is_empty(const struct setup_instance *s)
{
	static const char *const counts[] = {
		"entries", "overrun", "commit overrun", "dropped events",
	};
	int nr_cpus = instance_count_cpus(s->dir);

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		_cleanup_free_ char *stats = setup_cpu_stats(s, cpu);

		if (!stats)
			return false;
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
			if (stat_of(stats, counts[i]))
				return false;
	}
	return true;
}

/* --- while it is in use */

int setup_tracing_on(struct setup_instance *s, bool on)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "tracing_on");

	return path ? tracefile_write(path, on ? "1" : "0", false) : -ENOMEM;
}

bool setup_is_on(const struct setup_instance *s)
{
	_cleanup_free_ char *text = read_in(s, "tracing_on");

	return text && text[0] == '1';
}

int setup_open_raw(const struct setup_instance *s, int cpu)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "per_cpu/cpu%d/trace_pipe_raw", cpu);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Is @tid one of the lines of @list? */
static bool is_listed(const char *list, const char *tid)
{
	size_t len = strlen(tid);

	while (list) {
		if (strncmp(list, tid, len) == 0 && (list[len] == '\n' || !list[len]))
			return true;
		list = strchr(list, '\n');
		list = list ? list + 1 : NULL;
	}
	return false;
}

/* "TID TID ..." of those of a process that are not in @list. 0; -errno. */
static int new_threads(int pid, const char *list, struct buf *b)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *d;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]) && !is_listed(list, d->d_name))
			buf_printf(b, "%s ", d->d_name);
	return b->error;
}

int setup_exclude_pid(struct setup_instance *s, int pid)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "set_event_notrace_pid");
	_cleanup_buf_ struct buf tids = BUF_INIT;
	_cleanup_free_ char *now = NULL;
	int ret;

	if (!path)
		return -ENOMEM;
	if (access(path, W_OK) || tracefile_read(path, &now))
		return 0;
	ret = new_threads(pid, now, &tids);
	if (ret || !tids.len)
		return ret;
	ret = journal_append(s->journal, path, (const char *)tids.data, NULL);
	if (ret)
		log_debug("%s: %s", path, strerror(-ret));
	return 0;
}
