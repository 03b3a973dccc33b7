/*
 * scan.c - see scan.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/run.h"
#include "report/scan.h"

struct walk {
	const struct scan *scan;
	int error;
};

static int on_record(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	struct walk *w = data;

	w->error = w->scan->record(w->scan->data, tracecmd_get_private(handle), record);
	return w->error;
}

static int on_lost(struct tracecmd_input *handle, struct tep_event *event,
		   struct tep_record *record, int cpu, void *data)
{
	struct walk *w = data;

	if (w->scan->lost)
		w->scan->lost(w->scan->data, tracecmd_get_private(handle), record->cpu);
	return 0;
}

static int walk_all(struct inputs *in, struct walk *w, struct err *err)
{
	_cleanup_free_ struct tracecmd_input **handles = inputs_handles(in);
	unsigned int i;
	int ret;

	if (!handles)
		return -ENOMEM;
	for (i = 0; i < in->nr_streams; i++)
		if (tracecmd_follow_missed_events(handles[i], on_lost, w))
			return -ENOMEM;
	errno = 0;
	ret = tracecmd_iterate_events_multi(handles, in->nr_streams, on_record, w);
	if (w->error || !ret)
		return w->error;
	return err_set(err, errno ? -errno : -EIO, "reading the events of %s failed",
		       in->input[0].plan->path);
}

/* What was found. That there is nothing to print may be for the damage of a file, which counts then. */
static int print_all(struct inputs *in, const struct scan *scan, struct textout *out, struct err *err)
{
	struct err said = { 0 };
	int ret = scan->print(scan->data, out, &said), damage = 0;

	if (ret == -ENODATA)
		damage = inputs_damage(in, err);
	if (damage)
		return damage;
	return said.text[0] ? err_set(err, said.code, "%s", said.text), ret : ret;
}

static int scan_inputs(struct inputs *in, struct textout *out, void *data, struct err *err)
{
	const struct scan *scan = data;
	struct walk w = { .scan = scan };
	int ret = inputs_split(in, err);

	if (ret)
		return ret;
	if (tracecmd_is_latency(in->input[0].handle)) {
		err_set(err, 0, "trace-cmd %s does not work with latency traces", scan->name);
		return -EINVAL;
	}
	ret = walk_all(in, &w, err);
	if (!ret)
		ret = print_all(in, scan, out, err);
	return ret == -ENOMEM ? err_set(err, ret, "out of memory") : ret;
}

int scan_run(const struct report_plan *plan, const struct scan *scan, struct err *err)
{
	return report_do(plan, true, scan_inputs, (void *)scan, err);
}
