/*
 * claim.c - see claim.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/claim.h"
#include "setup/inuse.h"

/* Somebody else, @pid if not 0, has it. */
static int tell_busy(const struct plan *p, const char *name, pid_t pid, struct err *err)
{
	const char *take = p->kind == PLAN_EXTRACT ? "--force takes its events away" :
			   p->kind == PLAN_START ? "--force sets tracing up even so" :
			   "Use an instance of your own (-B NAME), or end the other one";
	const char *why = p->kind == PLAN_EXTRACT || p->kind == PLAN_START ? "" :
			  ": each of them would get only a part of the events";
	bool top = !name || !name[0];
	char who[64], text[ERR_TEXT_MAX];

	if (p->force)
		return 0;
	snprintf(text, sizeof(text), "%s is recording in %s%s%s", inuse_who(pid, who, sizeof(who)),
		 top ? "the top instance" : "the instance ", top ? "" : name, why);
	/*
	 * an agent whose host is this machine, for a try, may well be asked for what that one records itself; but no
	 * guest shall spoil what its host records
	 */
	if (p->keep_before || p->kind == PLAN_AGENT) {
		cmd_warn(0, "%s", text);
		return 0;
	}
	return err_set(err, -EBUSY, "%s\n%s", text, take);
}

/* As inuse_claim(), of an instance by its @name; -ENOMEM. */
static int claim_named(const char *tracing_dir, const char *name, int *ret_fd, pid_t *ret_pid)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (name && name[0])
		buf_printf(&path, "%s/instances/%s", tracing_dir, name);
	else
		buf_printf(&path, "%s", tracing_dir);
	return path.error ? path.error : inuse_claim((char *)path.data, ret_fd, ret_pid);
}

int claim_instance(const struct plan *p, const char *tracing_dir, const char *name, int *ret_fd,
		   struct err *err)
{
	pid_t pid;
	int ret;

	*ret_fd = -1;
	/* it has no beginning and no end, and is for changing what others do, too */
	if (p->kind == PLAN_SET)
		return 0;
	ret = claim_named(tracing_dir, name, ret_fd, &pid);
	if (ret == -EBUSY)
		ret = tell_busy(p, name, pid, err);
	if (ret)
		fd_close(ret_fd);
	return ret;
}

int claim_left_behind(const char *name)
{
	const char *tracing_dir;
	int fd = -1;
	pid_t pid;

	if (setup_find_tracing(&tracing_dir, NULL) || claim_named(tracing_dir, name, &fd, &pid))
		fd_close(&fd);
	return fd;
}

void claim_again(const struct note *n)
{
	int i, fd;
	pid_t pid;

	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].used && inuse_claim(n->instances[i].dir, &fd, &pid))
			log_debug("%s: others have begun to record there", n->instances[i].dir);
	}
}
