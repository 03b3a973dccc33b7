/*
 * parting.c - see parting.h. Layer 3.
 *
 * The process shares our memory: there is nothing to copy when it is made, and its parent, a thread, is waited for by
 * nobody when the others exit. vfork() is all that is needed, as that thread sleeps meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/parting.h"
#include "setup/tracefile.h"

enum { STAGE_NONE, STAGE_ENTERED, STAGE_FAILED, STAGE_DONE };

/* The process: nothing of it may need the C library's state, which the thread goes on with. */
static void empty(struct parting *p, const char *path)
{
	int fd;

	/* nor does it keep anybody from unmounting what we worked on */
	if (close_range(0, ~0U, 0) || chdir("/"))
		_exit(1);
	atomic_store(&p->pid, getpid());
	atomic_store(&p->stage, STAGE_ENTERED);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	atomic_store(&p->stage, fd < 0 ? STAGE_FAILED : STAGE_DONE);
	_exit(fd < 0);
}

int parting_empty(struct parting *p, const char *path)
{
	int status = 0;
	pid_t pid = vfork();

	if (!pid)
		empty(p, path);
	if (pid < 0)
		return -errno;
	/* killed on its way: from here on its pid may be another's */
	if (atomic_load(&p->stage) != STAGE_DONE)
		atomic_store(&p->stage, STAGE_FAILED);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return atomic_load(&p->stage) == STAGE_DONE ? 0 : -EIO;
}

/* Are numbers of processes in /proc those that we know? They are another container's if it's mounted from there. */
static bool proc_is_ours(void)
{
	char name[32], ours[32];
	ssize_t n = readlink("/proc/self", name, sizeof(name) - 1);

	if (n < 0)
		return false;
	name[n] = '\0';
	snprintf(ours, sizeof(ours), "%d", getpid());
	return !strcmp(name, ours);
}

bool parting_is_left(struct parting *p)
{
	_cleanup_free_ char *where = NULL;
	char path[64];

	if (atomic_load(&p->stage) != STAGE_ENTERED || !proc_is_ours())
		return false;
	snprintf(path, sizeof(path), "/proc/%d/wchan", atomic_load(&p->pid));
	/*
	 * The function that it sleeps in, "__wait_rcu_gp" or the like. Waiting for the lock, or on a kernel that doesn't
	 * tell, it's another one, and then the end is what to wait for.
	 */
	if (tracefile_read(path, &where) || !strstr(where, "rcu"))
		return false;
	/* or the number was that of a process that came later */
	return atomic_load(&p->stage) == STAGE_ENTERED;
}
