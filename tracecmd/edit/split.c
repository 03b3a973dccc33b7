/*
 * split.c - see split.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "edit/parts.h"
#include "edit/split.h"
#include "edit/target.h"
#include "edit/tell.h"

struct split {
	const struct split_plan *plan;
	struct in_file *file;
	struct parts parts;
};

static const char *clock_of(const struct in_buffer *b)
{
	return b->clock ? b->clock : "local";
}

/* Whether the shift to the host's time is about the buffer in the file that is read. */
static bool was_shifted(const struct split *s, const struct part *part)
{
	return in_info_shifts(&s->file->info, part->buffer->name, part->buffer->clock);
}

/* ... and by its new name, if the shift is kept. */
static bool may_be_shifted(const struct split *s, const struct part *part)
{
	return in_info_shifts(&s->file->info, part->name, clock_of(part->buffer));
}

/* The shift is kept if it is about one of the buffers; and none must get it that had none. */
static bool keeps_shift(const struct split *s)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < s->parts.count; i++) {
		const struct part *part = &s->parts.part[i];

		if (!may_be_shifted(s, part))
			continue;
		if (!was_shifted(s, part))
			return false;
		any = true;
	}
	return any;
}

static int keep_option(void *arg, struct out_file *o, const struct in_option *opt)
{
	const struct split *s = arg;

	switch (opt->id) {
	case DAT_CPUSTAT:	/* of the whole trace */
		return 0;
	case DAT_TIME_SHIFT:
	case DAT_TSYNC:
		return keeps_shift(s);
	default:
		return 1;
	}
}

/* --- one file -------------------------------------------------------------- */

/* The CPUs of a buffer and the run of each. */
struct run {
	struct out_cpu *cpus;
	struct copy_slice *slices;
	unsigned int count;
};

static void run_release(struct run *r)
{
	while (r->slices && r->count)
		copy_slice_release(&r->slices[--r->count]);
	free(r->slices);
	free(r->cpus);
}

static int put_buffer(struct out_file *o, const struct part *part, struct err *err)
{
	const struct in_buffer *b = part->buffer;
	_cleanup_(run_release) struct run r = {
		.cpus = calloc((size_t)b->nr_entries + 1, sizeof(*r.cpus)),
		.slices = calloc((size_t)b->nr_entries + 1, sizeof(*r.slices)),
	};
	struct out_buffer to = {
		.name = part->name, .clock = clock_of(b),
		.page_size = b->page_size, .cpus = r.cpus, .nr_cpus = (int)b->nr_entries,
	};
	int ret;

	if (!r.cpus || !r.slices)
		return err_set(err, -ENOMEM, "out of memory");
	for (; r.count < b->nr_entries; r.count++) {
		const struct part_cpu *c = &part->cpus[r.count];
		struct copy_slice *slice = &r.slices[r.count];

		copy_slice_init(slice, part->data, c->cpu, o, b->page_size, c->from, c->to);
		r.cpus[r.count] = (struct out_cpu){
			.cpu = (int)c->cpu, .fd = -1, .source = &slice->source,
		};
	}
	ret = out_buffer(o, &to, err);
	if (!ret)
		tell_buffer(o, &to);
	return ret;
}

/* Version 6 always has a top buffer. */
static int put_empty_top(struct out_file *o, const struct part *first, struct err *err)
{
	struct out_buffer empty = {
		.name = "", .clock = clock_of(first->buffer),
		.page_size = out_page_size(o),
	};

	return out_version(o) < 7 && first->name[0] ? out_buffer(o, &empty, err) : 0;
}

static int put_buffers(struct split *s, struct out_file *o, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < s->parts.count; i++)
		if (s->parts.part[i].name[0])
			ret = out_announce_buffer(o, s->parts.part[i].name);
	if (ret)
		return err_set(err, ret, "cannot announce an instance: %s", strerror(-ret));
	ret = out_options_end(o, err);
	if (!ret)
		ret = put_empty_top(o, &s->parts.part[0], err);
	for (i = 0; !ret && i < s->parts.count; i++)
		ret = put_buffer(o, &s->parts.part[i], err);
	return ret;
}

static int put_all(struct split *s, int fd, struct err *err)
{
	struct copy_conf conf = {
		.version = (int)s->file->head.version, .zip = s->file->zip,
		.option = keep_option, .arg = s,
	};
	_cleanup_(out_freep) struct out_file *o = NULL;
	int ret;

	if (conf.version >= 7)
		conf.page_size = s->parts.part[0].buffer->page_size;
	ret = copy_begin(fd, s->file, &conf, &o, err);
	if (!ret)
		ret = put_buffers(s, o, err);
	return ret ? ret : out_finish(o, err);
}

static int put_file(struct split *s, const char *path, struct err *err)
{
	_cleanup_(target_close) struct target to = TARGET_NONE;
	int ret = target_open(&to, path, err);

	if (ret)
		return ret;
	ret = put_all(s, to.fd, err);
	if (ret)
		return err_prefix(err, ret, "error writing %s", path);
	return target_commit(&to, err);
}

/* An instance's times are shifted only where the file names its clock. */
static void warn_shift(const struct split *s)
{
	bool keeps = s->file->info.has_timeshift && keeps_shift(s);
	unsigned int i;

	for (i = 0; s->file->info.has_timeshift && i < s->parts.count; i++) {
		const struct part *part = &s->parts.part[i];

		if (was_shifted(s, part) && !(keeps && may_be_shifted(s, part)))
			cmd_warn(0, "times of '%s' are the guest's: only a top buffer's are "
				 "shifted to those of a host", part->name[0] ? part->name : "top");
	}
}

/* --- all of them ------------------------------------------------------------ */

/* The name of file @number, which counts from 1. */
static char *file_name(const struct split_plan *plan, unsigned int number)
{
	struct buf b = BUF_INIT;

	if (plan->repeat)
		buf_printf(&b, "%s.%04u", plan->output ? plan->output : plan->input, number);
	else if (plan->output)
		buf_printf(&b, "%s", plan->output);
	else
		buf_printf(&b, "%s.1", plan->input);
	return buf_take_str(&b);
}

static int put_files(struct split *s, struct err *err)
{
	unsigned int number = 1;
	int ret;

	do {
		_cleanup_free_ char *path = file_name(s->plan, number++);

		ret = path ? parts_cut(&s->parts, s->plan) : -ENOMEM;
		if (ret)
			return err_set(err, ret, "%s: out of memory", s->plan->input);
		ret = put_file(s, path, err);
		parts_advance(&s->parts);
	} while (!ret && s->plan->repeat && !s->parts.ended);
	return ret;
}

int split_run(const struct split_plan *plan, struct err *err)
{
	_cleanup_(in_file_unrefp) struct in_file *f = NULL;
	struct split s = { .plan = plan };
	int ret;

	ret = in_file_open(plan->input, &f, err);
	if (ret)
		return err_prefix(err, ret, "error reading %s", plan->input);
	s.file = f;
	ret = parts_open(&s.parts, f, plan, err);
	if (!ret) {
		warn_shift(&s);
		ret = put_files(&s, err);
	}
	parts_release(&s.parts);
	if (!ret && in_file_damage(f))
		ret = err_set(err, f->damage.code, "error reading %s: %s\nAll the rest was written",
			      plan->input, f->damage.text);
	return ret;
}
