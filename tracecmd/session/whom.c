/*
 * whom.c - see whom.h. Layer 5.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "session/whom.h"

/* Our own threads: a heap array. */
static int own_threads(int **ret, int *ret_nr)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/task");
	_cleanup_free_ int *pids = NULL;
	struct dirent *d;
	int nr = 0;

	while (dir && (d = readdir(dir))) {
		int *more;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		more = reallocarray(pids, nr + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		pids = more;
		pids[nr++] = strtol(d->d_name, NULL, 10);
	}
	if (!nr)
		return -ENOENT;
	*ret = take_ptr(pids);
	*ret_nr = nr;
	return 0;
}

int whom_limit(struct local *l, pid_t command, struct err *err)
{
	_cleanup_free_ int *pids = NULL;
	int i, ret, nr = 1;

	if (!l->plan->only_command)
		return 0;
	if (command) {
		pids = malloc(sizeof(*pids));
		ret = pids ? 0 : -ENOMEM;
		if (pids)
			pids[0] = command;
	} else {
		ret = own_threads(&pids, &nr);
	}
	if (ret)
		return err_set(err, ret, "-F: it cannot be said whom to trace");
	for (i = 0; !ret && i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (in->setup)
			ret = setup_only_pids(in->setup, pids, nr, in->conf->follow, err);
	}
	return ret;
}
