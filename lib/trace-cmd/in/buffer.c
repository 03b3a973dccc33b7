/*
 * buffer.c - see buffer.h: the tables that say where each CPU's data is. Layer 2.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/parse.h"

#define CPU6_LEN	16	/* u64 offset, u64 size */
#define CLOCK6_MAX	4096	/* bytes of version 6's clock field */

void in_buffer_release(struct in_buffer *b)
{
	free(b->name);
	free(b->clock);
	free(b->cpus);
	*b = (struct in_buffer){ 0 };
}

static int by_cpu(const void *a, const void *b)
{
	const struct in_buffer_cpu *x = a, *y = b;

	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static int by_offset(const void *a, const void *b)
{
	const struct in_buffer_cpu *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return by_cpu(a, b);
}

const struct in_buffer_cpu *in_buffer_cpu(const struct in_buffer *b, unsigned int cpu)
{
	struct in_buffer_cpu key = { .cpu = cpu };
	const struct in_buffer_cpu *found;

	if (!b->nr_entries)
		return NULL;
	found = bsearch(&key, b->cpus, b->nr_entries, sizeof(key), by_cpu);
	return found && found->size && !found->overlaps ? found : NULL;
}

/* Where the data of @c ends, UINT64_MAX if that overflows. */
static uint64_t cpu_end(const struct in_buffer_cpu *c)
{
	return c->size > UINT64_MAX - c->offset ? UINT64_MAX : c->offset + c->size;
}

/*
 * Look for what is beyond the end of the file, and for data that several CPUs
 * claim: else a small file could cost as much to read as a huge one.
 */
static void cpus_check(struct in_file *f, struct in_buffer *b)
{
	uint64_t need = 0, end = 0;
	unsigned int i;

	qsort(b->cpus, b->nr_entries, sizeof(*b->cpus), by_offset);
	for (i = 0; i < b->nr_entries; i++) {
		struct in_buffer_cpu *c = &b->cpus[i];

		if (!c->size)
			continue;
		if (c->offset < end || c->offset < f->head_len) {
			in_file_note(f, -EBADMSG, "the data of CPU %u of buffer '%s' at offset %llu "
				     "overlaps other data", c->cpu, b->name,
				     (unsigned long long)c->offset);
			c->overlaps = true;
			continue;
		}
		end = cpu_end(c);
		if (end > f->src.size && end > need)
			need = end;
	}
	if (need)
		in_file_note_truncated(f, need);
	qsort(b->cpus, b->nr_entries, sizeof(*b->cpus), by_cpu);
	b->nr_cpus = b->nr_entries ? b->cpus[b->nr_entries - 1].cpu + 1 : 0;
}

/* Append an empty buffer; a second top buffer takes the first one's place. NULL: out of memory. */
static struct in_buffer *buffer_add(struct in_file *f, bool top)
{
	struct in_buffer *more;

	if (top && f->nr_buffers && !f->buffers[0].name[0]) {
		in_buffer_release(&f->buffers[0]);
		return &f->buffers[0];
	}
	more = reallocarray(f->buffers, f->nr_buffers + 1, sizeof(*more));
	if (!more)
		return NULL;
	f->buffers = more;
	if (top)
		memmove(more + 1, more, f->nr_buffers * sizeof(*more));
	else
		more += f->nr_buffers;
	f->nr_buffers++;
	*more = (struct in_buffer){ 0 };
	return more;
}

/* Hand @b, which is emptied, over to the file. 0; -ENOMEM. */
static int buffer_keep(struct in_file *f, struct in_buffer *b, struct err *err)
{
	struct in_buffer *to = buffer_add(f, !b->name[0]);

	if (!to)
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	*to = *b;
	*b = (struct in_buffer){ 0 };
	return 0;
}

/* --- version 6 ---------------------------------------------------------- */

/* The clock field behind the table at @pos. */
static int clock_read6(struct in_file *f, struct in_buffer *b, uint64_t pos)
{
	uint8_t word[8];
	struct cursor c = cursor_over(word, sizeof(word), f->head.order);
	_cleanup_free_ char *text = NULL;
	const char *open, *close;
	uint64_t len;

	if (!f->info.has_trace_clock || in_source_read(&f->src, word, sizeof(word), pos))
		return 0;
	len = cursor_u64(&c);
	if (len > CLOCK6_MAX || !in_source_has(&f->src, pos + 8, len)) {
		in_file_note(f, -EBADMSG, "clock of %llu bytes at offset %llu",
			     (unsigned long long)len, (unsigned long long)pos);
		return 0;
	}
	text = calloc(1, len + 1);
	if (!text)
		return -ENOMEM;
	if (in_source_read(&f->src, text, len, pos + 8))
		return 0;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close && close > open + 1)
		b->clock = strndup(open + 1, close - open - 1);
	else
		b->clock = strdup("local");
	if (!b->clock)
		return -ENOMEM;
	if (!b->name[0] && !f->v6.clock_text)
		f->v6.clock_text = take_ptr(text);
	return 0;
}

/* The table of CPUs behind the tag at b->offset. 0; -ENOMEM. What is damaged is noted. */
static int table_read6(struct in_file *f, struct in_buffer *b)
{
	uint64_t pos = b->offset + DAT_TAG_LEN;
	uint32_t i, n = f->info.has_cpu_count ? f->info.cpu_count : f->v6.cpus;
	_cleanup_free_ uint8_t *table = NULL;
	struct cursor c;

	if (n > DAT_CPU_LIMIT) {
		in_file_note(f, -EBADMSG, "%u CPUs are too many", n);
		return 0;
	}
	if (!in_source_has(&f->src, pos, (uint64_t)n * CPU6_LEN)) {
		in_file_note_truncated(f, pos + (uint64_t)n * CPU6_LEN);
		return 0;
	}
	table = malloc((size_t)n * CPU6_LEN + 1);
	b->cpus = calloc(n + 1, sizeof(*b->cpus));
	if (!table || !b->cpus)
		return -ENOMEM;
	if (in_source_read(&f->src, table, (size_t)n * CPU6_LEN, pos)) {
		in_file_note(f, -EIO, "cannot read the CPU table at offset %llu",
			     (unsigned long long)pos);
		return 0;
	}
	c = cursor_over(table, (size_t)n * CPU6_LEN, f->head.order);
	for (i = 0; i < n; i++) {
		b->cpus[i].cpu = i;
		b->cpus[i].offset = cursor_u64(&c);
		b->cpus[i].size = cursor_u64(&c);
		if (b->cpus[i].size <= UINT64_MAX - b->size)
			b->size += b->cpus[i].size;
	}
	b->nr_entries = n;
	cpus_check(f, b);
	return clock_read6(f, b, pos + (uint64_t)n * CPU6_LEN);
}

/* The buffer whose tag is at @offset. 0; -ENOMEM; -errno. */
static int buffer_read6(struct in_file *f, const char *name, uint64_t offset, int option,
			struct err *err)
{
	_cleanup_(in_buffer_release) struct in_buffer b = {
		.offset = offset, .option = option, .page_size = f->head.page_size,
	};
	int ret;

	b.name = strdup(name);
	if (!b.name)
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	if (option < 0 && f->v6.latency) {
		b.text = true;
		b.text_offset = offset + DAT_TAG_LEN;
		b.text_size = b.size = f->src.size - b.text_offset;
	} else {
		ret = table_read6(f, &b);
		if (ret)
			return err_set(err, ret, "%s: out of memory", f->src.name);
	}
	return buffer_keep(f, &b, err);
}

/* The instance of BUFFER option @i. */
static int instance_read6(struct in_file *f, unsigned int i, struct err *err)
{
	const struct in_option *o = &f->options[i];
	_cleanup_(opt_buffer_release) struct opt_buffer opt = { 0 };
	char tag[DAT_TAG_LEN];
	int ret = opt_buffer_parse(o->data, o->size, f->head.order, 6, false, &opt);

	if (ret == -ENOMEM)
		return err_set(err, ret, "%s: out of memory", f->src.name);
	if (ret) {
		in_file_note(f, ret, "malformed BUFFER option in those at offset %" PRIu64, o->section);
		return 0;
	}
	if (!opt.offset)
		return 0;	/* was announced, but never written */
	if (!in_source_has(&f->src, opt.offset, DAT_TAG_LEN)) {
		in_file_note_truncated(f, opt.offset > UINT64_MAX - DAT_TAG_LEN ? UINT64_MAX :
				       opt.offset + DAT_TAG_LEN);
		return 0;
	}
	if (in_source_read(&f->src, tag, DAT_TAG_LEN, opt.offset) ||
	    memcmp(tag, DAT_TAG_FLYRECORD, DAT_TAG_LEN) || !opt.name[0]) {
		in_file_note(f, -EBADMSG, "no data of buffer '%s' at offset %llu", opt.name,
			     (unsigned long long)opt.offset);
		return 0;
	}
	return buffer_read6(f, opt.name, opt.offset, i, err);
}

int in_buffers_read6(struct in_file *f, struct err *err)
{
	unsigned int i;
	int ret = 0;

	if (f->v6.data_offset)
		ret = buffer_read6(f, "", f->v6.data_offset, -1, err);
	for (i = 0; !ret && i < f->nr_options; i++)
		if (f->options[i].id == DAT_BUFFER)
			ret = instance_read6(f, i, err);
	return ret;
}

/* --- version 7 ---------------------------------------------------------- */

/*
 * Parse the option and find its section. Stock converters of foreign files write
 * this option in their own byte order, so the other one is tried, too.
 */
static int option_parse7(struct in_file *f, const struct in_option *o, struct opt_buffer *ret_opt,
			 struct in_section *ret_section, struct err *err)
{
	enum byte_order other = f->head.order == ORDER_BIG ? ORDER_LITTLE : ORDER_BIG;
	bool text = o->id == DAT_BUFFER_TEXT;
	int i, ret = 0;

	for (i = 0; i < 2; i++) {
		struct opt_buffer opt = { 0 };
		struct err why = { 0 };

		ret = opt_buffer_parse(o->data, o->size, i ? other : f->head.order, 7, text, &opt);
		if (ret == -ENOMEM)
			return err_set(err, ret, "%s: out of memory", f->src.name);
		if (ret) {
			err_set(err, ret, "%s: malformed BUFFER option in those at offset %" PRIu64,
				f->src.name, o->section);
			continue;
		}
		ret = in_file_section_at(f, opt.offset, ret_section, &why);
		if (!ret && ret_section->head.id != o->id)
			ret = err_set(&why, -EBADMSG, "%s: no data of buffer '%s' at offset %llu",
				      f->src.name, opt.name, (unsigned long long)opt.offset);
		if (!ret) {
			*ret_opt = opt;
			err_clear(err);
			return 0;
		}
		opt_buffer_release(&opt);
		err_set(err, ret, "%s", why.text);
	}
	return err->code;
}

/* Take over what the option says about CPUs. 0; -ENOMEM. */
static int cpus_take7(struct in_file *f, struct in_buffer *b, const struct opt_buffer *opt)
{
	unsigned int i;

	b->cpus = calloc(opt->nr_cpus + 1, sizeof(*b->cpus));
	if (!b->cpus)
		return -ENOMEM;
	b->nr_entries = opt->nr_cpus;
	for (i = 0; i < opt->nr_cpus; i++)
		b->cpus[i] = (struct in_buffer_cpu){
			.offset = opt->cpus[i].offset, .size = opt->cpus[i].size,
			.cpu = opt->cpus[i].cpu,
		};
	cpus_check(f, b);
	return 0;
}

static int buffer_read7(struct in_file *f, unsigned int i, struct err *err)
{
	const struct in_option *o = &f->options[i];
	_cleanup_(opt_buffer_release) struct opt_buffer opt = { 0 };
	_cleanup_(in_buffer_release) struct in_buffer b = { .option = i };
	struct in_section s;
	struct err why = { 0 };
	int ret = option_parse7(f, o, &opt, &s, &why);

	if (ret == -ENOMEM)
		return err_set(err, ret, "%s", why.text);
	if (ret) {
		err_set(&f->damage, ret, "%s", why.text);
		return 0;
	}
	b.offset = opt.offset;
	b.size = s.head.size;
	b.compressed = s.head.flags & DAT_SECTION_COMPRESSED;
	b.text = o->id == DAT_BUFFER_TEXT;
	b.page_size = b.text ? f->head.page_size : opt.page_size;
	b.name = take_ptr(opt.name);
	b.clock = take_ptr(opt.clock);
	if (b.compressed && !f->zip) {
		in_file_note(f, -EBADMSG, "buffer '%s' is compressed, but the file names no compression",
			     b.name);
		return 0;
	}
	if (b.text) {
		b.text_offset = b.offset + DAT_SECTION_HEADER_LEN;
		b.text_size = s.head.size;
	} else if (cpus_take7(f, &b, &opt)) {
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	}
	return buffer_keep(f, &b, err);
}

int in_buffers_read7(struct in_file *f, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < f->nr_options; i++)
		if (f->options[i].id == DAT_BUFFER || f->options[i].id == DAT_BUFFER_TEXT)
			ret = buffer_read7(f, i, err);
	return ret;
}
