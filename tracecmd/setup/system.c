/*
 * system.c - what is the whole system's, and removing instances. See setup.h. Layer 3.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/tracefile.h"

#define FTRACE_ENABLED	"/proc/sys/kernel/ftrace_enabled"

/* More or fewer names of tasks: nothing to fail for. */
static int set_cmdlines(int size, struct journal *j)
{
	_cleanup_free_ char *path = tracefile_path(tracefs_tracing_dir(), "saved_cmdlines_size");
	char text[16];
	int ret;

	if (!path)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%d", size);
	ret = journal_write(j, path, text, NULL);
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		log_warn("Couldn't set saved_cmdlines_size: %s", strerror(-ret));
	return 0;
}

/* Where the kernel traces no functions nobody does. */
static int forbid_functions(struct journal *j, struct err *err)
{
	const char *advice;
	int ret = journal_write(j, FTRACE_ENABLED, "0", NULL);

	if (!ret || ret == -ENOENT)
		return 0;
	advice = ret == -EACCES ? "only root may do that" : functions_advice(ret);
	return err_set(err, ret, "-D: function tracing cannot be switched off\n%s: %s%s%s",
		       FTRACE_ENABLED, strerror(-ret), advice ? "\n" : "", advice ? advice : "");
}

int setup_apply_system(const struct setup_system *sys, struct journal *j, struct err *err)
{
	if (sys->cmdlines_size && set_cmdlines(sys->cmdlines_size, j))
		return err_set(err, -ENOMEM, "no memory");
	return sys->no_ftrace ? forbid_functions(j, err) : 0;
}

int setup_delete(const char *name, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	int ret = instance_check_name(name, err);

	if (ret)
		return ret;
	dir = tracefile_path(tracefs_tracing_dir(), "instances/%s", name);
	if (!dir)
		return err_set(err, -ENOMEM, "no memory");
	if (rmdir(dir) == 0)
		return 0;
	ret = -errno;
	return err_set(err, ret, "cannot remove the instance %s: %s%s", name, strerror(-ret),
		       ret == -EBUSY ? "\nsomebody reads its trace or its ring buffer" : "");
}
