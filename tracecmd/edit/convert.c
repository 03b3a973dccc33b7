/*
 * convert.c - see convert.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "copy/copy.h"
#include "edit/convert.h"
#include "edit/target.h"
#include "edit/tell.h"

static int copy_all(struct in_file *f, int fd, const struct convert_plan *plan, struct err *err)
{
	struct copy_conf conf = { .version = plan->version, .zip = plan->zip };
	_cleanup_(out_freep) struct out_file *o = NULL;
	int ret;

	ret = copy_begin(fd, f, &conf, &o, err);
	if (!ret)
		ret = copy_buffers(f, o, tell_buffer, o, err);
	return ret ? ret : out_finish(o, err);
}

int convert_run(const struct convert_plan *plan, struct err *err)
{
	_cleanup_(in_file_unrefp) struct in_file *f = NULL;
	_cleanup_(target_close) struct target to = TARGET_NONE;
	int ret;

	ret = in_file_open(plan->input, &f, err);
	if (ret)
		return err_prefix(err, ret, "error reading %s", plan->input);
	if (copy_loses(f, plan->version))
		cmd_warn(0, "%s has metadata that version %d has no place for: it is left out",
			 plan->input, plan->version);
	ret = target_open(&to, plan->output, err);
	if (ret)
		return ret;
	ret = copy_all(f, to.fd, plan, err);
	if (ret)
		return err_prefix(err, ret, "error writing %s", plan->output);
	ret = target_commit(&to, err);
	if (!ret && in_file_damage(f))
		ret = err_set(err, f->damage.code, "error reading %s: %s\n'%s' has all the rest",
			      plan->input, f->damage.text, plan->output);
	return ret;
}
