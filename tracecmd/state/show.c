/*
 * show.c - see show.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "setup/tracefile.h"
#include "state/show.h"

#define COPY_BYTES	(64 << 10)
#define LIVE_MS		20		/* how often to look at an empty trace_pipe */
#define TAIL_MS		2000		/* how long to print the rest at the end */
#define STACK_ENABLED	"/proc/sys/kernel/stack_tracer_enabled"

/* Everything that @path gives, to stdout. */
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

/* --- trace_pipe ------------------------------------------------------------- */

/* Block SIGINT and SIGTERM, and have them in a descriptor. -errno. */
static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool tracing_is_off(const struct selected *b)
{
	_cleanup_free_ char *path = tracefile_path(b->dir, "tracing_on");
	_cleanup_free_ char *text = NULL;

	return path && !tracefile_read(path, &text) && text[0] == '0';
}

/* trace_pipe, while it is followed. */
struct follow {
	int fd, signals;
	char *block;
	const char *path;
	struct deadline end;	/* of printing; never, until the user wants to end */
};

/* The user wants to end: what was traced until then is still printed, if it doesn't take long. */
static void begin_end(struct follow *f)
{
	f->end = deadline_in_ms(TAIL_MS);
	fd_close(&f->signals);
}

/* To the standard output, as fast as it is read there. 0; -ETIMEDOUT: it isn't, and the user wants to end; -errno. */
static int put(struct follow *f, const char *text, size_t len)
{
	while (len) {
		struct pollfd fds[] = {
			{ .fd = STDOUT_FILENO, .events = POLLOUT }, { .fd = f->signals, .events = POLLIN },
		};
		/* a pipe that poll() calls writable takes this much without blocking */
		size_t step = len < PIPE_BUF ? len : PIPE_BUF;
		ssize_t n = 0;

		if (poll(fds, ARRAY_SIZE(fds), deadline_left_ms(f->end)) < 0)
			fds[0].revents = fds[1].revents = 0;
		if (fds[0].revents)
			n = write(STDOUT_FILENO, text, step);
		else if (fds[1].revents)
			begin_end(f);
		else if (deadline_passed(f->end))
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return 0;
}

/* Print what there is. 1: something; 0: nothing; -EPIPE; -errno, described. */
static int pipe_read(struct follow *f, struct err *err)
{
	ssize_t n = read(f->fd, f->block, COPY_BYTES);
	int ret;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_set(err, -errno, "reading %s", f->path);
	ret = put(f, f->block, n);
	if (ret && ret != -EPIPE)
		err_set(err, ret, "writing to the standard output");
	return ret ? ret : n > 0;
}

static int pipe_rest(struct follow *f, struct err *err)
{
	int ret = 1;

	while (ret > 0 && !deadline_passed(f->end))
		ret = pipe_read(f, err);
	return ret < 0 ? ret : 0;
}

/*
 * Until the user or the reader of stdout has had enough, or tracing is off and all was shown. poll() is of no use for
 * trace_pipe: the kernel calls the file readable when its buffer is filled to some degree, and reading would take a
 * signal's turn.
 */
static int follow_until_end(struct follow *f, const struct selected *b, struct err *err)
{
	bool any = false;

	for (;;) {
		int ret = pipe_read(f, err);
		struct pollfd fds[] = {
			{ .fd = f->signals, .events = POLLIN }, { .fd = STDOUT_FILENO },
		};

		if (ret < 0)
			return ret;
		any |= ret > 0;
		if (f->signals < 0)
			return pipe_rest(f, err);
		if (poll(fds, ARRAY_SIZE(fds), ret ? 0 : LIVE_MS) <= 0) {
			/* as the kernel ends those who wait there */
			if (ret || !any || !tracing_is_off(b))
				continue;
			return pipe_rest(f, err);
		}
		if (fds[1].revents & (POLLERR | POLLHUP))
			return 0;
		if (fds[0].revents)
			begin_end(f);
	}
}

/* Print trace_pipe while it fills up. */
static int follow_pipe(const struct selected *b, const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *block = malloc(COPY_BYTES);
	struct follow f = { .fd = fd, .block = block, .path = path, .end = DEADLINE_NEVER };
	int ret;

	if (!block)
		return err_set(err, -ENOMEM, "out of memory");
	if (fd < 0)
		return err_set(err, -errno, "reading %s", path);
	f.signals = signals_open();
	ret = f.signals < 0 ? err_set(err, f.signals, "cannot take signals") : follow_until_end(&f, b, err);
	fd_close(&f.signals);
	return ret == -EPIPE ? 0 : ret;
}

/* --- the files -------------------------------------------------------------- */

int show_buffer(const struct selected *b, const struct show_plan *plan, struct err *err)
{
	_cleanup_free_ char *path = plan->cpu < 0 ?
		tracefile_path(b->dir, "%s", plan->file) :
		tracefile_path(b->dir, "per_cpu/cpu%d/%s", plan->cpu, plan->file);

	if (!path)
		return err_set(err, -ENOMEM, "out of memory");
	if (plan->path) {
		printf("%s\n", path);
		fflush(stdout);
	}
	return strcmp(plan->file, "trace_pipe") ? copy_out(path, err) : follow_pipe(b, path, err);
}

int show_file(const struct selected *b, const char *file, struct err *err)
{
	_cleanup_free_ char *name = tracefile_path(b->dir, "%s", file);

	return name ? copy_out(name, err) : err_set(err, -ENOMEM, "out of memory");
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
		return err_set(err, ret, "there is no snapshot of CPU %d", cpu);
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
