/*
 * filter.c - see filter.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "message.h"
#include "report/events.h"
#include "report/filter.h"

static int bad_filter(struct err *err, const char *text)
{
	err_set(err, 0, "Failed to create event filter: %s", text);
	return -EINVAL;
}

/* Append the pids of all tasks called @comm, the one known last first. */
static void add_comm(struct buf *pids, struct tep_handle *tep, const char *comm)
{
	size_t from = pids->len / sizeof(int), to;
	struct tep_cmdline *c = NULL;
	int *pid;

	while ((c = tep_data_pid_from_comm(tep, comm, c)))
		buf_add(pids, &(int){ tep_cmdline_pid(tep, c) }, sizeof(int));
	pid = (int *)pids->data;
	for (to = pids->len / sizeof(int); from + 1 < to; from++) {
		int last = pid[--to];

		pid[to] = pid[from];
		pid[from] = last;
	}
}

/*
 * The pids, as ints, that --pid and --comm mean for @f; none if they leave
 * everything. Warns, if @warn, of names that no task of the file has.
 */
static int wanted_tasks(const struct report_plan *plan, const struct input *f, bool warn,
			struct buf *pids)
{
	unsigned int i;

	for (i = 0; i < plan->comms.count; i++) {
		size_t len = pids->len;

		add_comm(pids, f->tep, plan->comms.item[i]);
		if (pids->len == len && warn && !plan->quiet)
			cmd_warn(0, "comm: %s not in cmdline list", plan->comms.item[i]);
	}
	buf_add(pids, plan->pids, plan->nr_pids * sizeof(plan->pids[0]));
	return pids->error;
}

static const struct input *stream_input(const struct inputs *in, const struct stream *s)
{
	unsigned int i;

	for (i = 0; i < in->nr_inputs && in->input[i].events != s->events; i++)
		;
	return &in->input[i];
}

/* Add one stream's filters, and note in @fits which of those for all files fit. */
static int stream_filters(struct inputs *in, struct stream *s, bool *fits, struct err *err)
{
	const struct input *f = stream_input(in, s);
	const struct plan_filters *all = &in->plan->filters, *own = &f->plan->filters;
	_cleanup_buf_ struct buf pids = BUF_INIT;
	unsigned int i, wanted = 0, added = 0;

	for (i = 0; i < all->count; i++) {
		bool ok = tracecmd_filter_add(s->handle, all->item[i].text, all->item[i].hide);

		fits[i] |= ok;
		wanted += !all->item[i].hide;
		added += ok && !all->item[i].hide;
	}
	for (i = 0; i < own->count; i++) {
		if (!tracecmd_filter_add(s->handle, own->item[i].text, own->item[i].hide))
			return bad_filter(err, own->item[i].text);
		wanted += !own->item[i].hide;
		added += !own->item[i].hide;
	}
	if (wanted_tasks(in->plan, f, !s->instance, &pids))
		return err_set(err, -ENOMEM, "out of memory");
	if (pids.len) {
		if (!tracecmd_filter_add_tasks(s->handle, (const int *)pids.data, pids.len / sizeof(int), false))
			return err_set(err, -errno, "tasks can't be filtered: %s", strerror(errno));
		added++;
	}
	s->mute = wanted && !added;
	return 0;
}

int filter_streams(struct inputs *in, struct err *err)
{
	unsigned int i, n = in->plan->filters.count;
	_cleanup_free_ bool *fits = calloc(n + 1, sizeof(*fits));
	int ret;

	if (!fits)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < in->nr_streams; i++) {
		ret = stream_filters(in, &in->streams[i], fits, err);
		if (ret)
			return ret;
	}
	for (i = 0; i < n; i++) {
		if (!fits[i])
			return bad_filter(err, in->plan->filters.item[i].text);
	}
	return 0;
}

/* Print the filters of @filter, one line for each event that has one, the highest id first. */
static void filter_print(struct tep_event_filter *filter, struct tep_handle *tep,
			 struct textout *out)
{
	int i;

	for (i = tep_get_events_count(tep) - 1; i >= 0; i--) {
		struct tep_event *event = tep_get_event(tep, i);
		char *text;

		if (!tep_event_filtered(filter, event->id))
			continue;
		text = tep_filter_make_string(filter, event->id);
		if (text)
			textout_printf(out, " '%s: %s'\n", event->name, text);
		free(text);
	}
}

/* Print what one filter means for the events of @f. */
static int text_test(const struct input *f, const char *text, struct textout *out, struct err *err)
{
	struct tep_event_filter *filter = tep_filter_alloc(f->tep);
	int ret = 0;

	if (!filter)
		return err_set(err, -ENOMEM, "out of memory");
	if (tep_filter_add_filter_str(filter, text) < 0)
		ret = bad_filter(err, text);
	else
		filter_print(filter, f->tep, out);
	tep_filter_free(filter);
	return ret;
}

/* Print what a filter for @pids means. */
static int tasks_test(const struct input *f, const struct buf *pids, struct textout *out, struct err *err)
{
	const int *pid = (const int *)pids->data;
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t i;

	/* an event without one of the fields takes it as false */
	for (i = 0; i < pids->len / sizeof(*pid); i++)
		buf_printf(&text, "%scommon_pid==%d||pid==%d||next_pid==%d", i ? "||" : ".*:", pid[i], pid[i],
			   pid[i]);
	if (text.error)
		return err_set(err, -ENOMEM, "out of memory");
	return text.len ? text_test(f, (char *)text.data, out, err) : 0;
}

/* Print the filters of the sense @hide that hold for @f. */
static int input_test(const struct report_plan *plan, const struct input *f, bool hide,
		      struct textout *out, struct err *err)
{
	const struct plan_filters *lists[] = { &plan->filters, &f->plan->filters };
	_cleanup_buf_ struct buf pids = BUF_INIT;
	unsigned int i, k;
	int ret = 0;

	for (k = 0; !ret && k < ARRAY_SIZE(lists); k++) {
		for (i = 0; !ret && i < lists[k]->count; i++) {
			if (lists[k]->item[i].hide == hide)
				ret = text_test(f, lists[k]->item[i].text, out, err);
		}
	}
	if (ret || hide)
		return ret;
	if (wanted_tasks(plan, f, false, &pids))
		return err_set(err, -ENOMEM, "out of memory");
	return tasks_test(f, &pids, out, err);
}

int filter_test(struct inputs *in, struct textout *out, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < in->nr_inputs; i++) {
		ret = input_test(in->plan, &in->input[i], false, out, err);
		if (!ret)
			ret = input_test(in->plan, &in->input[i], true, out, err);
	}
	return ret;
}

bool filter_passes(const struct report_plan *plan, const struct stream *s,
		   struct tep_record *record)
{
	unsigned int unwanted = (plan->hide_hardirq ? TRACE_FLAG_HARDIRQ : 0) |
				(plan->hide_softirq ? TRACE_FLAG_SOFTIRQ : 0);

	if (s->mute)
		return false;
	if (plan->cpus && !CPU_ISSET_S(record->cpu, plan->cpus_size, plan->cpus))
		return false;
	if (unwanted && record->size >= EVENT_COMMON_SIZE &&
	    tep_data_flags(s->tep, record) & unwanted)
		return false;
	return true;
}
