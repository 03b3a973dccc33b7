/*
 * apply-size.c - CPUs to trace, sizes of buffers and sub-buffers. See apply.h. Layer 3.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "setup/apply.h"
#include "setup/cpumask.h"
#include "setup/tracefile.h"

int apply_cpumask(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_free_ char *mask = NULL;
	int ret;

	if (!c->cpumask)
		return 0;
	ret = cpumask_text(c->cpumask, instance_count_cpus(s->dir), &mask, err);
	if (ret)
		return ret;
	return apply_asked(s, "tracing_cpumask", mask, "The CPUs to trace cannot be set", NULL,
			   err);
}

/* CPUs may have buffers of different sizes ("X"): remember each. */
static int remember_sizes(struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "buffer_size_kb");
	_cleanup_free_ char *text = NULL;
	int ret;

	if (!path)
		return -ENOMEM;
	/* it goes in the end */
	if (s->created)
		return 0;
	ret = tracefile_read(path, &text);
	if (ret || text[0] != 'X')
		return ret ? ret : journal_remember(s->journal, path);
	ret = instance_learn(s);
	for (int cpu = 0; cpu < s->nr_cpus && !ret; cpu++) {
		_cleanup_free_ char *of_cpu = tracefile_path(s->dir,
							     "per_cpu/cpu%d/buffer_size_kb", cpu);

		ret = of_cpu ? journal_remember(s->journal, of_cpu) : -ENOMEM;
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int apply_buffer_size(struct setup_instance *s, const struct setup_conf *c,
			     struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "buffer_size_kb");
	_cleanup_free_ char *now = NULL;
	_cleanup_buf_ struct buf kb = BUF_INIT;
	int ret;

	if (c->buffer_kb <= 0)
		return 0;
	if (!path || buf_printf(&kb, "%d", c->buffer_kb))
		return err_set(err, -ENOMEM, "no memory");
	if (tracefile_read(path, &now) == 0 && strcmp(now, (char *)kb.data) == 0)
		return 0;
	ret = remember_sizes(s);
	if (!ret)
		ret = tracefile_write(path, (char *)kb.data, false);
	if (ret)
		return err_set(err, ret, "cannot set the buffer to %d KB per CPU: %s\n%s",
			       c->buffer_kb, strerror(-ret), path);
	return 0;
}

/* The kernel rounds up to what it can do. */
static int apply_subbuf_size(struct setup_instance *s, const struct setup_conf *c,
			     struct err *err)
{
	char kb[16];
	int ret;

	if (c->subbuf_kb <= 0)
		return 0;
	/* noted first, so put back last: it depends on the sub-buffers */
	ret = remember_sizes(s);
	if (ret)
		return err_set(err, ret, "cannot read the size of the buffers: %s",
			       strerror(-ret));
	snprintf(kb, sizeof(kb), "%d", c->subbuf_kb);
	return apply_asked(s, "buffer_subbuf_size_kb", kb,
			   "The size of the sub-buffers cannot be set",
			   "it can be changed since Linux 6.8, to 1, 2, 4, ... pages, while nobody "
			   "reads or maps the buffer", err);
}

int apply_sizes(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	int ret = apply_subbuf_size(s, c, err);

	return ret ? ret : apply_buffer_size(s, c, err);
}
