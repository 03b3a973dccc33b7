/*
 * report.c - see report.h: files in, one merged sequence of lines out. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "message.h"
#include "report/columns.h"
#include "report/crew.h"
#include "report/fgraph.h"
#include "report/filter.h"
#include "report/info.h"
#include "report/inputs.h"
#include "report/kvm.h"
#include "report/marks.h"
#include "report/profiles.h"
#include "report/range.h"
#include "report/report.h"
#include "report/run.h"
#include "report/summary.h"
#include "report/wakeup.h"

/* What the callbacks of the iteration share. */
struct walk {
	const struct report_plan *plan;
	struct textout *out;
	struct crew *crew;		/* makes the text */
	struct batch *batch;		/* its, at hand; NULL: to be asked for */
	struct shown_order order;
	struct wakeup *wakeup;		/* NULL unless -w */
	struct summary *summary;	/* NULL unless they are only counted */
	struct fgraph *fgraph;		/* NULL if calls are shown as other events */
	struct marks marks;		/* of sub-buffers, if they are wanted */
	struct profiles *profiles;	/* NULL unless their times are gathered */
	unsigned long long shown;
	unsigned long long lost;	/* events, as far as it is known how many */
	bool one_range;			/* times of all streams are of one kind */
	bool all;			/* and all events are shown, just so */
	bool lost_some;			/* and others */
	bool done;			/* all that was wanted has been shown */
	int error;
};

static struct stream_cpu *stream_cpu(struct stream *s, const struct tep_record *record)
{
	return record->cpu >= 0 && (unsigned int)record->cpu < s->nr_cpus ?
	       &s->cpus[record->cpu] : &s->cpus[s->nr_cpus];
}

/* Remember losses, also those before records that the filters take away. */
static int on_lost(struct tracecmd_input *handle, struct tep_event *event,
		   struct tep_record *record, int cpu, void *data)
{
	struct stream *s = tracecmd_get_private(handle);
	struct stream_cpu *c = stream_cpu(s, record);
	struct walk *w = data;

	if (range_excludes(&s->range, record->ts))
		return 0;
	if (record->missed_events < 0)
		w->lost_some = true;
	else
		w->lost += record->missed_events;
	if (w->profiles)
		profiles_lost(w->profiles, s, record->cpu);
	if (w->summary)
		return summary_lost(w->summary, s, record->cpu, record->missed_events);
	if (record->missed_events < 0 || c->lost < 0)
		c->lost = -1;
	else
		c->lost += record->missed_events;
	return 0;
}

static void check_order(struct stream_cpu *c, const struct tep_record *record)
{
	if (c->seen && record->ts < c->last_ts)
		cmd_warn(0, "WARNING: Record on cpu %d went backwards: %lld to %lld delta: -%lld",
			 record->cpu, (long long)c->last_ts, (long long)record->ts,
			 (long long)(c->last_ts - record->ts));
	c->last_ts = record->ts;
	c->seen = true;
}

/* Count an event that is to be shown, or have it and losses before it printed. 0; -errno. */
static int show(struct walk *w, struct stream *s, struct stream_cpu *c, struct tep_record *record,
		const char *more)
{
	long long lost = w->plan->hides_losses ? record->missed_events : c->lost;
	bool skip;
	int ret;

	w->order.text = NULL;
	if (w->fgraph && !fgraph_is_other(w->fgraph, s, record)) {
		w->order.text = fgraph_text(w->fgraph, s, record, &skip);
		if (skip)
			return 0;
	}
	c->lost = 0;
	w->shown++;
	if (w->profiles)
		return profiles_event(w->profiles, s, record);
	if (w->summary)
		return summary_event(w->summary, s, record);
	if (w->plan->boundary) {
		ret = marks_make(&w->marks, w->plan->debug, s, record, &more);
		if (ret)
			return ret;
		w->order.before = w->marks.before;
	}
	if (!w->batch)
		w->batch = crew_batch(w->crew);
	ret = batch_add(w->batch, &w->order, s, record, more, lost);
	if (ret || !batch_is_full(w->batch))
		return ret;
	w->batch = NULL;
	return crew_next(w->crew);
}

/* Is the record to be shown? @ret_more: with that at the end of its line. Sets w->done. */
static bool is_shown(struct walk *w, struct stream *s, struct stream_cpu *c,
		     struct tep_record *record, const char **ret_more)
{
	*ret_more = w->wakeup ? wakeup_record(w->wakeup, s->events, record) : NULL;
	if (range_excludes(&s->range, record->ts)) {
		/* times of the others may be of another kind */
		w->done = w->one_range && record->ts > s->range.to;
		return false;
	}
	if (!filter_passes(w->plan, s, record))
		return false;
	if (w->plan->ts_check)
		check_order(c, record);
	return true;
}

static int on_record(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	struct walk *w = data;
	struct stream *s = tracecmd_get_private(handle);
	struct stream_cpu *c = stream_cpu(s, record);
	const char *more = NULL;
	int ret;

	if (!w->all && !is_shown(w, s, c, record, &more))
		return w->done;
	ret = show(w, s, c, record, more);
	if (!ret && (!w->plan->limit || w->shown != w->plan->limit))
		return 0;
	w->error = ret;
	w->done = !ret;
	return 1;
}

/* Print all events of all streams by time. 0; -errno. */
static int print_events(struct inputs *in, struct walk *w, struct err *err)
{
	_cleanup_free_ struct tracecmd_input **handles = NULL;
	unsigned int i;
	int ret;

	handles = inputs_handles(in);
	if (!handles)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < in->nr_streams; i++) {
		w->one_range &= in->streams[i].time_in_ns == in->streams[0].time_in_ns;
		if (tracecmd_follow_missed_events(handles[i], on_lost, w))
			return err_set(err, -ENOMEM, "out of memory");
	}
	if (crew_unpack(w->crew, handles, in->nr_streams))
		return err_set(err, -ENOMEM, "out of memory");
	if (in->nr_inputs > 1 && tracecmd_map_vcpus(handles, in->nr_streams) > 0) {
		kvm_resolve(handles[0]);
		/* the host's events then ask the guests' parsers */
		crew_alone(w->crew);
	}
	errno = 0;
	ret = tracecmd_iterate_in_place(handles, in->nr_streams, on_record, w);
	if (ret && !w->done && !w->error)
		w->error = errno ? -errno : -EIO;
	if (!w->error)
		w->error = crew_finish(w->crew);
	kvm_resolve(NULL);
	if (w->error == -ENOMEM)
		return err_set(err, -ENOMEM, "out of memory");
	if (w->error && !w->out->error)
		return err_set(err, w->error, "reading the events of %s failed",
			       in->input[0].plan->path);
	if (w->wakeup)
		wakeup_print(w->wakeup, w->out);
	if (w->profiles && profiles_print(w->profiles, w->out))
		return err_set(err, -ENOMEM, "out of memory");
	if (w->summary && summary_print(w->summary, w->out) == -ENOMEM)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* --fail-on-lost */
static int check_lost(const struct walk *w, struct err *err)
{
	if (!w->plan->fail_on_lost || (!w->lost && !w->lost_some))
		return 0;
	if (w->lost_some)
		return err_set(err, -ENODATA, "events were lost, %llu of them and some more", w->lost);
	return err_set(err, -ENODATA, "%llu events were lost", w->lost);
}

/* What prints or counts the events. 0; -errno, described in @err. */
static int walk_init(struct walk *w, const struct inputs *in, struct err *err)
{
	const struct report_plan *plan = in->plan;
	unsigned int i;

	w->one_range = true;
	if (plan_is_for_people(plan) && !plan->profile && !plan->no_plugins && !plan->no_system_plugins) {
		w->fgraph = fgraph_new(in);
		if (!w->fgraph)
			return -ENOMEM;
	}
	w->all = !plan->wakeup && !plan->from.given && !plan->to.given && !plan->ts_check &&
		 !plan->limit && !plan->cpus && !plan->hide_hardirq && !plan->hide_softirq;
	for (i = 0; i < in->nr_streams; i++)
		w->all &= !in->streams[i].mute;
	if (plan->profile) {
		w->profiles = profiles_new(in, err);
		return w->profiles ? crew_start(in, NULL, &w->crew, err) : -EINVAL;
	}
	w->order.columns = !plan_is_for_people(plan);
	if (plan->summary) {
		w->summary = summary_new(in);
		if (!w->summary)
			return err_set(err, -ENOMEM, "out of memory");
		return crew_start(in, NULL, &w->crew, err);
	}
	if (w->order.columns && columns_head(plan, w->out))
		return err_set(err, -ENOMEM, "out of memory");
	if (plan->wakeup) {
		w->wakeup = wakeup_new(in->input[0].tep);
		if (!w->wakeup)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return crew_start(in, w->out, &w->crew, err);
}

static void walk_release(struct walk *w)
{
	crew_free(w->crew);
	wakeup_free(w->wakeup);
	summary_free(w->summary);
	profiles_free(w->profiles);
	fgraph_free(w->fgraph);
	marks_release(&w->marks);
}

static int print_latency(struct inputs *in, struct textout *out, struct err *err)
{
	char text[16384];
	ssize_t n;

	while ((n = tracecmd_read_latency(in->input[0].handle, text, sizeof(text))) > 0)
		textout_add(out, text, n);
	if (n < 0)
		return err_set(err, errno ? -errno : -EIO, "%s: cannot read the text of the trace",
			       in->input[0].plan->path);
	return 0;
}

static int print_all(struct inputs *in, struct textout *out, struct err *err)
{
	struct walk w = {
		.plan = in->plan,
		.out = out,
		.order = { .look = &in->plan->line },
	};
	unsigned int i;
	int ret;

	if (in->plan->wakeup && in->nr_inputs > 1) {
		err_set(err, 0, "Wakeup tracing can only be done on a single input file");
		return -EINVAL;
	}
	ret = inputs_split(in, err);
	if (ret)
		return ret;
	if (in->plan->modes & REPORT_FILTER_TEST)
		return filter_test(in, out, err);
	if (in->plan->profile)
		profiles_hooks(in, out);
	for (i = 0; plan_is_for_people(in->plan) && i < in->nr_inputs; i++)
		info_header(in, &in->input[i], out);
	if (tracecmd_is_latency(in->input[0].handle)) {
		if (plan_is_for_people(in->plan))
			return print_latency(in, out, err);
		return err_set(err, -EINVAL, "%s holds the text of a latency tracer, and no events",
			       in->input[0].plan->path);
	}
	inputs_check_peers(in);
	inputs_check_complete(in);
	inputs_tell_clocks(in);
	ret = range_seek(in, err);
	if (!ret)
		ret = walk_init(&w, in, err);
	if (!ret)
		ret = print_events(in, &w, err);
	if (!ret)
		ret = check_lost(&w, err);
	walk_release(&w);
	return ret;
}

/* Must events be known by name before records of theirs are met? */
static bool needs_all_events(const struct report_plan *plan)
{
	return plan->modes || plan_is_talkative(plan) || plan->wakeup || plan->summary || plan->profile;
}

static int report_work_on(struct inputs *in, struct textout *out, void *data, struct err *err)
{
	if (in->plan->modes & ~REPORT_FILTER_TEST)
		return info_print(in, out, err);
	return print_all(in, out, err);
}

int report_run(const struct report_plan *plan, struct err *err)
{
	return report_do(plan, needs_all_events(plan), report_work_on, NULL, err);
}
