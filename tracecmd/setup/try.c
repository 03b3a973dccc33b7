/*
 * try.c - are filters, triggers and functions to the kernel's liking? See setup.h. Layer 3.
 *
 * Only the kernel can tell, by taking them. What they are meant for may be in use by others,
 * whose trace would be gone when a mistake is found; so then they are written to an instance of
 * our own first. Making one is cheap, but removing it takes the kernel some grace periods (45 to
 * 110 ms): where nothing can get lost they are just set, and the journal takes them back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/functions.h"
#include "setup/tracefile.h"

#define TRIAL_NAME	"trace-cmd-trial"

/* Is something to be tried of @c? */
static bool has_conditions(const struct setup_conf *c)
{
	for (int i = 0; i < c->nr_events; i++)
		if (c->events[i].filter || c->events[i].trigger)
			return true;
	return c->functions.nr || c->notrace.nr || c->graph.nr || c->commands.nr;
}

/* What the file holds is neither empty nor @idle. */
static bool is_set(const char *dir, const char *file, const char *idle)
{
	_cleanup_free_ char *path = tracefile_path(dir, "%s", file);
	_cleanup_free_ char *text = NULL;

	return path && tracefile_read(path, &text) == 0 && text[0] && strcmp(text, idle) != 0;
}

/* Could a recording or its content be disturbed in the instance of @c? */
static bool is_in_use(const struct setup_conf *c)
{
	const char *top = tracefs_tracing_dir();
	struct setup_instance s = { 0 };
	bool used = c->used || c->nr_events || c->tracer;
	_cleanup_free_ char *dir = c->name ? tracefile_path(top, "instances/%s", c->name) :
					     strdup(top);

	s.dir = dir;
	if (!used || !dir || access(dir, F_OK))
		return false;
	return is_set(dir, "set_event", "") || is_set(dir, "current_tracer", "nop") ||
	       !instance_is_empty(&s);
}

/* Filters and triggers of @c, in the instance @trial instead of its own. */
static int try_conditions(const char *trial, const struct setup_conf *c, struct err *err)
{
	struct setup_instance s = { .name = (char *)"", .dir = (char *)trial, .trial = true };
	_cleanup_free_ char *shown = NULL;
	int ret;

	shown = c->name ? tracefile_path(tracefs_tracing_dir(), "instances/%s", c->name) :
			  strdup(tracefs_tracing_dir());
	/* nothing of it is to be put back: the instance goes */
	s.journal = journal_new(-1);
	s.shown_dir = shown;
	ret = shown && s.journal ? apply_conditions(&s, c, err) :
				   err_set(err, -ENOMEM, "no memory");
	journal_free(s.journal);
	return ret;
}

/* Does the kernel know these functions? What can't be written can't be tried. */
static int try_functions(const char *trial, const struct strlist *names, const char *option,
			 struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(trial, "set_ftrace_filter");
	const char *bad = NULL;
	int ret = 0;

	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	if (names->nr)
		ret = functions_write(path, names->item, names->nr, false, &bad);
	if (ret != -EINVAL || !bad)
		return 0;
	return functions_describe(err, ret, path, bad, option);
}

static int try_conf(const char *trial, const struct setup_conf *c, struct err *err)
{
	int ret = c->nr_events ? try_conditions(trial, c, err) : 0;

	if (!ret)
		ret = try_functions(trial, &c->functions, "-l", err);
	if (!ret)
		ret = try_functions(trial, &c->notrace, "-n", err);
	if (!ret)
		ret = try_functions(trial, &c->graph, "-g", err);
	return ret;
}

/*
 * Make the instance and lock it, as others may try at the same time. One that was left by somebody
 * killed is used again. Its lock, or -errno: then nothing can be tried (may be we may not make
 * instances).
 */
static int open_trial(char **ret_dir)
{
	_cleanup_free_ char *dir = tracefile_path(tracefs_tracing_dir(),
						  "instances/" TRIAL_NAME);
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *on = NULL;

	if (!dir)
		return -ENOMEM;
	if (mkdir(dir, 0750) && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return -errno;
	/* its triggers have nobody to disturb, nor to write for */
	on = tracefile_path(dir, "tracing_on");
	if (!on || tracefile_write(on, "0", false))
		return -EIO;
	*ret_dir = take_ptr(dir);
	return take_fd(fd);
}

int setup_try(const struct setup_conf *c, int nr, struct err *err)
{
	_cleanup_free_ char *trial = NULL;
	_cleanup_close_ int lock = -1;
	bool wanted = false, in_use = false;
	int ret = 0;

	for (int i = 0; i < nr; i++)
		wanted |= has_conditions(&c[i]);
	for (int i = 0; i < nr && wanted && !in_use; i++)
		in_use = is_in_use(&c[i]);
	if (!wanted || !in_use)
		return 0;
	lock = open_trial(&trial);
	if (lock < 0) {
		log_debug("nothing is tried out before: %s", strerror(-lock));
		return 0;
	}
	for (int i = 0; i < nr && !ret; i++)
		ret = try_conf(trial, &c[i], err);
	if (rmdir(trial))
		log_debug("%s stays: %s", trial, strerror(errno));
	return ret;
}
