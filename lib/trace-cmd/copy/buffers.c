/*
 * buffers.c - whole buffers, as they are. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "copy/copy.h"
#include "in/text.h"

static void data_closep(struct in_data **d)
{
	in_data_close(*d);
}

/* A latency tracer's text as a source. */
struct text_source {
	struct out_source source;
	struct in_text text;
};

static ssize_t text_next(struct out_source *s, void *data, size_t size, struct out_range *range)
{
	ssize_t n = in_text_read(&((struct text_source *)s)->text, data, size);

	/* what is damaged is noted; what is before it is all there is */
	return n < 0 && n != -ENOMEM ? 0 : n;
}

static int text_copy(struct in_file *f, const struct in_buffer *b, struct out_file *o,
		     struct err *err)
{
	struct text_source s = { .source.next = text_next };
	int ret = in_text_open(&s.text, f, b);

	if (ret)
		return err_set(err, ret, "%s: out of memory", f->src.name);
	ret = out_text(o, b->name, b->clock ? b->clock : "local", &s.source, err);
	in_text_close(&s.text);
	return ret;
}

/* The CPUs of a buffer and the pages of each. */
struct cpu_list {
	struct out_cpu *cpus;
	struct copy_pages *pages;
	int count;
};

static void cpu_list_release(struct cpu_list *l)
{
	int i;

	for (i = 0; l->pages && i < l->count; i++)
		copy_pages_release(&l->pages[i]);
	free(l->pages);
	free(l->cpus);
}

static int cpu_list_init(struct cpu_list *l, struct in_data *d, const struct out_file *o,
			 uint32_t page_size)
{
	const struct in_buffer *b = d->buffer;
	unsigned int i;

	l->cpus = calloc((size_t)b->nr_entries + 1, sizeof(*l->cpus));
	l->pages = calloc((size_t)b->nr_entries + 1, sizeof(*l->pages));
	if (!l->cpus || !l->pages)
		return -ENOMEM;
	for (i = 0; i < b->nr_entries; i++) {
		unsigned int cpu = b->cpus[i].cpu;

		copy_pages_init(&l->pages[i], d, cpu, o, page_size, 0, UINT64_MAX);
		l->cpus[i] = (struct out_cpu){
			.cpu = (int)cpu, .fd = -1, .source = &l->pages[i].source,
		};
		l->count++;
	}
	return 0;
}

int copy_buffer(struct in_file *f, const struct in_buffer *b, struct out_file *o,
		copy_done_fn done, void *arg, struct err *err)
{
	_cleanup_(data_closep) struct in_data *d = NULL;
	_cleanup_(cpu_list_release) struct cpu_list list = { 0 };
	struct out_buffer to = {
		.name = b->name, .clock = b->clock ? b->clock : "local",
		.page_size = out_version(o) < 7 ? out_page_size(o) : b->page_size,
	};
	int ret;

	if (b->text) {
		ret = text_copy(f, b, o, err);
	} else {
		if (in_data_open(f, b, &d) || cpu_list_init(&list, d, o, to.page_size))
			return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
		to.cpus = list.cpus;
		to.nr_cpus = list.count;
		ret = out_buffer(o, &to, err);
	}
	if (!ret && done)
		done(arg, &to);
	return ret;
}

/* Tell version 6 of the instances that come; it has the top buffer always. */
static int announce(struct in_file *f, struct out_file *o, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < f->nr_buffers; i++)
		if (f->buffers[i].name[0])
			ret = out_announce_buffer(o, f->buffers[i].name);
	if (ret)
		return err_set(err, ret, "cannot announce the instances of '%s': %s", f->src.name,
			       strerror(-ret));
	return out_options_end(o, err);
}

int copy_buffers(struct in_file *f, struct out_file *o, copy_done_fn done, void *arg,
		 struct err *err)
{
	unsigned int i;
	int ret = announce(f, o, err);

	if (!ret && out_version(o) < 7 && f->nr_buffers && f->buffers[0].name[0]) {
		struct out_buffer empty = {
			.name = "", .clock = f->info.clock ? f->info.clock : "local",
			.page_size = out_page_size(o),
		};

		ret = out_buffer(o, &empty, err);
	}
	for (i = 0; !ret && i < f->nr_buffers; i++)
		ret = copy_buffer(f, &f->buffers[i], o, done, arg, err);
	return ret;
}
