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

/* Append "or the task is @pid"; events without one of the fields take it as false. */
static void add_pid(struct buf *b, int pid)
{
	buf_printf(b, "%scommon_pid==%d||pid==%d||next_pid==%d", b->len ? "||" : ".*:", pid, pid,
		   pid);
}

/* The pids of all tasks called @comm, the one known last first. 0; -ENOMEM. */
static int add_comm(struct buf *b, struct tep_handle *tep, const char *comm)
{
	_cleanup_buf_ struct buf pids = BUF_INIT;
	struct tep_cmdline *c = NULL;
	size_t n;

	while ((c = tep_data_pid_from_comm(tep, comm, c))) {
		int pid = tep_cmdline_pid(tep, c);

		buf_add(&pids, &pid, sizeof(pid));
	}
	for (n = pids.len / sizeof(int); n; n--) {
		int pid;

		memcpy(&pid, pids.data + (n - 1) * sizeof(pid), sizeof(pid));
		add_pid(b, pid);
	}
	return pids.error;
}

/*
 * The filter that --pid and --comm mean for @f, as text in @b; empty if they
 * leave everything. Warns, if @warn, of names that no task of the file has.
 */
static int task_filter(const struct report_plan *plan, const struct input *f, bool warn,
		       struct buf *b)
{
	unsigned int i;

	for (i = 0; i < plan->comms.count; i++) {
		size_t len = b->len;

		if (add_comm(b, f->tep, plan->comms.item[i]))
			return -ENOMEM;
		if (b->len == len && warn && !plan->quiet)
			cmd_warn(0, "comm: %s not in cmdline list", plan->comms.item[i]);
	}
	for (i = 0; i < plan->nr_pids; i++)
		add_pid(b, plan->pids[i]);
	return b->error;
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
	_cleanup_buf_ struct buf tasks = BUF_INIT;
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
	if (task_filter(in->plan, f, !s->instance, &tasks))
		return err_set(err, -ENOMEM, "out of memory");
	if (tasks.len) {
		if (!tracecmd_filter_add(s->handle, (char *)tasks.data, false))
			return bad_filter(err, (char *)tasks.data);
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

/* Print the filters of the sense @hide that hold for @f. */
static int input_test(const struct report_plan *plan, const struct input *f, bool hide,
		      struct textout *out, struct err *err)
{
	const struct plan_filters *lists[] = { &plan->filters, &f->plan->filters };
	_cleanup_buf_ struct buf tasks = BUF_INIT;
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
	if (task_filter(plan, f, false, &tasks))
		return err_set(err, -ENOMEM, "out of memory");
	return tasks.len ? text_test(f, (char *)tasks.data, out, err) : 0;
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
