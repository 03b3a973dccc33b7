/*
 * claim.c - see claim.h. Layer 5.
 *
 * The lock is one of the instance's directory: it needs no file elsewhere, ends with its owner, and
 * is the same by whatever name the directory is reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "message.h"
#include "session/claim.h"

#define BUSY "another trace-cmd is recording in %s%s: each of them would get only a part of the events"

/* Somebody else has it. */
static int tell_busy(const struct plan *p, const char *name, struct err *err)
{
	bool top = !name || !name[0];
	const char *what = top ? "the top instance" : "the instance ";

	if (p->keep_before) {
		cmd_warn(0, BUSY, what, top ? "" : name);
		return 0;
	}
	return err_set(err, -EBUSY, BUSY "\nUse an instance of your own (-B NAME), or end the other one",
		       what, top ? "" : name);
}

int claim_instance(const struct plan *p, const char *tracing_dir, const char *name, int *ret_fd,
		   struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;

	*ret_fd = -1;
	/* the others read nothing */
	if (p->kind != PLAN_RECORD && p->kind != PLAN_STREAM)
		return 0;
	if (name && name[0])
		buf_printf(&path, "%s/instances/%s", tracing_dir, name);
	else
		buf_printf(&path, "%s", tracing_dir);
	if (path.error)
		return path.error;
	fd = open((char *)path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK &&
	    tell_busy(p, name, err))
		return -EBUSY;
	*ret_fd = take_fd(fd);
	return 0;
}
