/*
 * inputs.c - see inputs.h. Layer 5.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "report/events.h"
#include "report/filter.h"
#include "report/inputs.h"
#include "report/spool.h"

static int open_flags(const struct report_plan *plan, bool all_events)
{
	int flags = all_events ? 0 : TRACECMD_FL_EVENTS_LATER;

	if (plan->no_plugins)
		flags |= TRACECMD_FL_LOAD_NO_PLUGINS;
	if (plan->no_system_plugins)
		flags |= TRACECMD_FL_LOAD_NO_SYSTEM_PLUGINS;
	if (plan->line.raw_ts)
		flags |= TRACECMD_FL_RAW_TS;
	if (plan->no_date)
		flags |= TRACECMD_FL_NO_DATE;
	if (plan->stacks_stay)
		flags |= TRACECMD_FL_STACKS_STAY;
	return flags;
}

/* The message for a file that could not be opened; the words are those scripts may know. */
static int open_failed(const char *path, int code, const char *text, struct err *err)
{
	switch (code) {
	case EINVAL:
	case ENOTSUP:
		err_set(err, 0, "error reading header for %s\n  %s", path, text);
		return -code;
	case EBADMSG:
	case ENODATA:
	case ENOMEM:
		return err_set(err, -code, "cannot read %s\n  %s", path, text);
	default:
		return err_set(err, -code, "opening '%s'", path);
	}
}

/* Open a path, or what comes from a pipe. NULL with errno, and @text or @err. */
static struct tracecmd_input *open_path(const char *path, int flags, int *ret_fd, char *text,
					size_t size, struct err *err)
{
	struct tracecmd_input *handle;
	int fd;

	if (strcmp(path, "-"))
		return tracecmd_open_err(path, flags, text, size);
	fd = spool_stdin(err);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	handle = tracecmd_open_fd_err(fd, flags, text, size);
	if (!handle) {
		int code = errno;

		close(fd);
		errno = code;
	} else {
		*ret_fd = fd;
	}
	return handle;
}

static int input_open(struct input *f, const struct report_plan *plan, bool all_events,
		      struct err *err)
{
	const char *slash = strrchr(f->plan->path, '/');
	unsigned long long hz = f->plan->hz ? f->plan->hz : plan->hz;
	char text[ERR_TEXT_MAX / 2] = "";

	f->name = slash ? slash + 1 : strcmp(f->plan->path, "-") ? f->plan->path : "stdin";
	errno = 0;
	f->handle = open_path(f->plan->path, open_flags(plan, all_events), &f->fd, text, sizeof(text),
			      err);
	if (!f->handle)
		return open_failed(f->plan->path, errno ? errno : EINVAL, text, err);
	/* as libtraceevent says what it does: by stdio, and before it */
	if (plan_is_talkative(plan))
		printf("version = %d\n", tracecmd_get_file_version(f->handle));
	if (plan->kallsyms && tracecmd_set_kallsyms(f->handle, plan->kallsyms))
		return err_set(err, -errno, "--kallsyms: cannot read '%s'", plan->kallsyms);
	f->tep = tracecmd_get_tep(f->handle);
	if (!f->tep)
		return err_set(err, -ENOMEM, "%s: out of memory", f->plan->path);
	if (hz && !plan->line.raw_ts)
		tracecmd_set_ts2secs(f->handle, hz);
	if (f->plan->ts_offset && !plan->line.raw_ts)
		tracecmd_add_ts_offset(f->handle, f->plan->ts_offset);
	return 0;
}

/*
 * How wide the file names of the headers are: as the longest of all files, and
 * the instances of the files before.
 */
static void set_label_widths(struct inputs *in)
{
	int width = 0, len, k;
	unsigned int i;

	for (i = 0; i < in->nr_inputs; i++) {
		len = strlen(in->input[i].name);
		width = len > width ? len : width;
	}
	for (i = 0; i < in->nr_inputs; i++) {
		struct input *f = &in->input[i];

		f->label_width = width;
		for (k = 0; k < tracecmd_buffer_instances(f->handle); k++) {
			const char *name = tracecmd_buffer_instance_name(f->handle, k);

			len = name ? strlen(name) : 0;
			width = len > width ? len : width;
		}
	}
}

int inputs_open(struct inputs *in, const struct report_plan *plan, bool all_events,
		struct err *err)
{
	unsigned int i;

	*in = (struct inputs){ .plan = plan };
	in->input = calloc(plan->nr_inputs, sizeof(*in->input));
	if (!in->input)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < plan->nr_inputs; i++) {
		struct input *f = &in->input[i];
		int ret;

		f->plan = &plan->inputs[i];
		f->fd = -1;
		in->nr_inputs = i + 1;
		ret = input_open(f, plan, all_events, err);
		if (ret)
			return ret;
		if (i && (tracecmd_is_latency(f->handle) ||
			  tracecmd_is_latency(in->input[0].handle)))
			return err_set(err, -EINVAL,
				       "latency traces do not work with multiple inputs");
	}
	set_label_widths(in);
	return 0;
}

char *inputs_label(const char *name)
{
	char *label = strndup(name, LABEL_MAX), *p;

	for (p = label; p && *p; p++) {
		if (iscntrl((unsigned char)*p))
			*p = '?';
	}
	return label;
}

/* Append a stream; the handle is owned from now on unless it is the file's own. */
static int stream_add(struct inputs *in, struct input *f, struct tracecmd_input *handle,
		      const char *label, bool instance)
{
	int cpus = tracecmd_get_cpus(handle);
	struct stream *s, *more;

	more = reallocarray(in->streams, in->nr_streams + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	in->streams = more;
	s = &more[in->nr_streams];
	*s = (struct stream){
		.handle = handle, .tep = f->tep, .events = f->events,
		.label = label ? inputs_label(label) : NULL, .instance = instance,
		.file = f->name, .name = instance ? label : NULL, .range = { 0, UINT64_MAX },
		.nr_cpus = cpus > 0 ? cpus : 0,
		.time_in_ns = tracecmd_time_in_ns(handle) && !in->plan->line.raw_ts,
	};
	s->cpus = calloc(s->nr_cpus + 1, sizeof(*s->cpus));
	if (!s->cpus || (label && !s->label)) {
		free(s->cpus);
		free(s->label);
		return -ENOMEM;
	}
	in->nr_streams++;
	return 0;
}

static int instance_add(struct inputs *in, struct input *f, int i, struct err *err)
{
	const char *name = tracecmd_buffer_instance_name(f->handle, i);
	struct tracecmd_input *handle = tracecmd_buffer_instance_handle(f->handle, i);

	if (!handle)
		return err_set(err, errno ? -errno : -EIO,
			       "%s: cannot read the buffer of instance %s", f->plan->path,
			       name ? name : "?");
	if (stream_add(in, f, handle, name ? name : "?", true)) {
		tracecmd_close(handle);
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* Files of one machine, or of guests that run the same kernel, need to know their events only once. */
static void join_events(struct inputs *in, struct input *f)
{
	struct input *other;

	for (other = in->input; other < f; other++)
		if (!other->events->like && events_join(f->events, other->events))
			break;
}

/* Make the streams of one file: its top buffer first, then the instances as stored. */
static int input_split(struct inputs *in, struct input *f, struct err *err)
{
	const char *label = in->nr_inputs > 1 ? f->name : NULL;
	int i, n = tracecmd_buffer_instances(f->handle);

	f->events = events_new(f->tep, f->handle, in->plan, f - in->input);
	if (!f->events || stream_add(in, f, f->handle, label, false))
		return err_set(err, -ENOMEM, "out of memory");
	join_events(in, f);
	for (i = 0; i < n; i++) {
		int ret = instance_add(in, f, i, err);

		if (ret)
			return ret;
	}
	return 0;
}

/* Make the earliest record of all streams time 0. */
static void streams_align(struct inputs *in)
{
	unsigned long long first = 0;
	bool any = false;
	unsigned int i;

	for (i = 0; i < in->nr_streams; i++) {
		unsigned long long ts = tracecmd_get_first_ts(in->streams[i].handle);

		/* 0 is what an empty buffer says */
		if (ts && (!any || ts < first)) {
			first = ts;
			any = true;
		}
	}
	for (i = 0; i < in->nr_streams; i++)
		tracecmd_add_ts_offset(in->streams[i].handle, -(long long)first);
}

/* What lines of the stream begin with; the label is right-aligned. 0; -ENOMEM. */
static int set_column(struct stream *s, int label_width)
{
	size_t width = label_width, len = s->label ? strlen(s->label) : 0;

	s->column = malloc(width + 2 + STREAM_COLUMN_ROOM);
	if (!s->column)
		return -ENOMEM;
	s->column_len = width + 2;
	memset(s->column, ' ', width + 2 + STREAM_COLUMN_ROOM);
	if (len) {
		memcpy(s->column + width - len, s->label, len);
		s->column[width] = ':';
	}
	return 0;
}

int inputs_split(struct inputs *in, struct err *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < in->nr_inputs; i++) {
		ret = input_split(in, &in->input[i], err);
		if (ret)
			return ret;
	}
	in->labels = in->nr_inputs > 1 || in->nr_streams > 1;
	for (i = 0; i < in->nr_streams; i++) {
		const struct stream *s = &in->streams[i];
		int width = s->label ? strlen(s->label) : 0;

		if (width > in->label_width)
			in->label_width = width;
	}
	for (i = 0; in->labels && i < in->nr_streams; i++) {
		if (set_column(&in->streams[i], in->label_width))
			return err_set(err, -ENOMEM, "out of memory");
	}
	/* the array moves while it grows, so the handles learn of their streams last */
	for (i = 0; i < in->nr_streams; i++)
		tracecmd_set_private(in->streams[i].handle, &in->streams[i]);
	if (in->plan->align_ts)
		streams_align(in);
	return filter_streams(in, err);
}

struct tracecmd_input **inputs_handles(const struct inputs *in)
{
	struct tracecmd_input **handles = calloc(in->nr_streams + 1, sizeof(*handles));
	unsigned int i, n = 0;
	int instance;

	for (instance = 0; handles && instance < 2; instance++)
		for (i = 0; i < in->nr_streams; i++)
			if (in->streams[i].instance == instance)
				handles[n++] = in->streams[i].handle;
	return handles;
}

/*
 * One that had its host recorded, too (--proxy), has that one's times, but its own guests have the times that it had
 * itself.
 */
static void check_middle(const struct input *middle, const struct input *guest)
{
	unsigned long long id = tracecmd_get_traceid(middle->handle);

	if (id && tracecmd_get_peer_traceid(middle->handle) &&
	    tracecmd_get_peer_traceid(guest->handle) == id)
		cmd_warn(0, "%s has the times of the host that it was recorded with, but %s those that %s had itself:\n"
			 "  they do not match", middle->plan->path, guest->plan->path, middle->plan->path);
}

void inputs_check_peers(const struct inputs *in)
{
	unsigned long long host;
	unsigned int i, k;

	if (in->nr_inputs < 2)
		return;
	for (i = 0; !in->plan->quiet && i < in->nr_inputs; i++)
		for (k = 0; k < in->nr_inputs; k++)
			if (k != i)
				check_middle(&in->input[i], &in->input[k]);
	host = tracecmd_get_traceid(in->input[0].handle);
	for (i = 1; host && i < in->nr_inputs; i++) {
		const struct input *f = &in->input[i];
		unsigned long long peer = tracecmd_get_peer_traceid(f->handle);

		if (!peer || peer == host || in->plan->quiet)
			continue;
		cmd_warn(0, "%s was synchronised with the host trace 0x%llX, but %s is 0x%llX:\n"
			 "  their times may not match (the host's file of one session comes first)",
			 f->plan->path, peer, in->input[0].plan->path, host);
	}
}

void inputs_check_complete(const struct inputs *in)
{
	unsigned int i;

	for (i = 0; !in->plan->quiet && i < in->nr_inputs; i++) {
		const char *text = tracecmd_get_cpustats(in->input[i].handle);
		const char *at = text ? strstr(text, TRACE_INCOMPLETE) : NULL;
		char why[100];
		size_t n;

		if (!at || (at > text && at[-1] != '\n'))
			continue;
		/* the file's own words: none that a terminal would obey */
		for (at += strlen(TRACE_INCOMPLETE), n = 0; n < sizeof(why) - 1; n++, at++) {
			if (*at < ' ' || *at > '~')
				break;
			why[n] = *at;
		}
		why[n] = 0;
		cmd_warn(0, "%s is not complete: %s", in->input[i].plan->path, why);
	}
}

void inputs_tell_clocks(const struct inputs *in)
{
	unsigned int i;

	for (i = 0; i < in->nr_inputs; i++) {
		const struct input *f = &in->input[i];
		char *text, *label;

		if (in->plan->quiet || in->plan->line.raw_ts || !plan_is_for_people(in->plan) ||
		    !tracecmd_has_timeshift(f->handle))
			continue;
		text = tracecmd_get_tsync_summary(f->handle);
		label = inputs_label(text ? text : "");
		if (text && label)
			fprintf(stderr, "%s: clock by %s\n", f->plan->path, label);
		free(text);
		free(label);
	}
}

int inputs_damage(const struct inputs *in, struct err *err)
{
	char text[ERR_TEXT_MAX / 2];
	unsigned int i;

	for (i = 0; i < in->nr_inputs; i++) {
		int code = tracecmd_get_error(in->input[i].handle, text, sizeof(text));

		if (code)
			return err_set(err, -code, "%s could not be read completely\n  %s",
				       in->input[i].plan->path, text);
	}
	return 0;
}

void inputs_release(struct inputs *in)
{
	unsigned int i;

	for (i = 0; i < in->nr_streams; i++) {
		free(in->streams[i].cpus);
		free(in->streams[i].label);
		free(in->streams[i].column);
		if (in->streams[i].instance)
			tracecmd_close(in->streams[i].handle);
	}
	for (i = 0; i < in->nr_inputs; i++) {
		events_free(in->input[i].events);
		tracecmd_close(in->input[i].handle);
	}
	free(in->streams);
	free(in->input);
	*in = (struct inputs){ 0 };
}
