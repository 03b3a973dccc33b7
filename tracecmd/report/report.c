/*
 * report.c - see report.h: files in, one merged sequence of lines out. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "report/events.h"
#include "report/filter.h"
#include "report/info.h"
#include "report/inputs.h"
#include "report/kvm.h"
#include "report/line.h"
#include "report/report.h"
#include "report/textout.h"
#include "report/wakeup.h"

/* What the callbacks of the iteration share. */
struct walk {
	const struct report_plan *plan;
	struct line_printer line;
	struct wakeup *wakeup;		/* NULL unless -w */
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
	struct stream_cpu *c = stream_cpu(tracecmd_get_private(handle), record);

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

static int on_record(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	struct walk *w = data;
	struct stream *s = tracecmd_get_private(handle);
	struct stream_cpu *c = stream_cpu(s, record);
	const char *more = w->wakeup ? wakeup_record(w->wakeup, record) : NULL;
	long long lost = c->lost;

	if (!filter_passes(w->plan, s, record))
		return 0;
	if (w->plan->ts_check)
		check_order(c, record);
	if (lost) {
		line_lost(&w->line, s, record->cpu, lost);
		c->lost = 0;
	}
	line_print(&w->line, s, record, !lost, more);
	return w->line.out->error;
}

/* Print all events of all streams by time. 0; -errno. */
static int print_events(struct inputs *in, struct walk *w, struct err *err)
{
	_cleanup_free_ struct tracecmd_input **handles = NULL;
	unsigned int i;
	int ret;

	handles = calloc(in->nr_streams + 1, sizeof(*handles));
	if (!handles)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < in->nr_streams; i++) {
		handles[i] = in->streams[i].handle;
		if (tracecmd_follow_missed_events(handles[i], on_lost, NULL))
			return err_set(err, -ENOMEM, "out of memory");
	}
	if (in->nr_inputs > 1 && tracecmd_map_vcpus(handles, in->nr_streams) > 0)
		kvm_resolve(handles[0]);
	w->line.labels = in->labels;
	w->line.label_width = in->label_width;
	errno = 0;
	ret = tracecmd_iterate_events_multi(handles, in->nr_streams, on_record, w);
	kvm_resolve(NULL);
	if (ret && !w->line.out->error)
		return err_set(err, errno ? -errno : -EIO, "reading the events of %s failed",
			       in->input[0].plan->path);
	if (w->wakeup)
		wakeup_print(w->wakeup, w->line.out);
	return 0;
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
		.line = { .out = out, .look = &in->plan->line },
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
	for (i = 0; i < in->nr_inputs; i++)
		info_header(in, &in->input[i], out);
	if (tracecmd_is_latency(in->input[0].handle))
		return print_latency(in, out, err);
	inputs_check_peers(in);
	if (in->plan->wakeup) {
		w.wakeup = wakeup_new(in->input[0].tep);
		if (!w.wakeup)
			return err_set(err, -ENOMEM, "out of memory");
	}
	ret = print_events(in, &w, err);
	wakeup_free(w.wakeup);
	return ret;
}

int report_run(const struct report_plan *plan, struct err *err)
{
	_cleanup_(inputs_release) struct inputs in = { 0 };
	_cleanup_(textout_release) struct textout out = { .fd = -1 };
	int ret;

	if (textout_init(&out, STDOUT_FILENO))
		return err_set(err, -ENOMEM, "out of memory");
	ret = inputs_open(&in, plan, err);
	if (ret)
		return ret;
	if (plan->modes & ~REPORT_FILTER_TEST)
		ret = info_print(&in, &out, err);
	else
		ret = print_all(&in, &out, err);
	textout_flush(&out);
	if (out.error == -EPIPE)
		return 0;	/* the reader has seen enough */
	if (out.error && !ret)
		return err_set(err, out.error, "writing to the standard output");
	return ret ? ret : inputs_damage(&in, err);
}
