/*
 * live-fixture.h - for tests: what stream reads, made up: a file of formats, and pages of ring buffers.
 */
#ifndef UTEST_LIVE_FIXTURE_H
#define UTEST_LIVE_FIXTURE_H

#include "base/io.h"
#include "live/live.h"
#include "unit/out-fixture.h"
#include "wire/dat.h"

#define FIXTURE_COMMON \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define FIXTURE_PAGE \
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n" \
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n" \
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n" \
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n"

/* What a file knows. */
struct fixture_file {
	const char *const *formats;	/* of the system ftrace; NULL ends them */
	const char *symbols;
	const struct buf *types;	/* NULL: none */
	struct out_cpu *cpus;		/* with data; NULL: none has */
	int nr_cpus;
};

static inline void fixture_live_meta(struct meta *m, const struct fixture_file *f)
{
	unsigned int i, count = 0;

	*m = (struct meta){ 0 };
	buf_add_cstr(&m->header_info, "header_page");
	put_u64(&m->header_info, ORDER_NATIVE, strlen(FIXTURE_PAGE));
	buf_add_str(&m->header_info, FIXTURE_PAGE);
	buf_add_cstr(&m->header_info, "header_event");
	put_u64(&m->header_info, ORDER_NATIVE, 0);
	while (f->formats[count])
		count++;
	put_u32(&m->ftrace_events, ORDER_NATIVE, count);
	for (i = 0; i < count; i++) {
		put_u64(&m->ftrace_events, ORDER_NATIVE, strlen(f->formats[i]));
		buf_add_str(&m->ftrace_events, f->formats[i]);
	}
	put_u32(&m->event_formats, ORDER_NATIVE, 0);
	put_u32(&m->kallsyms, ORDER_NATIVE, strlen(f->symbols));
	buf_add_str(&m->kallsyms, f->symbols);
	put_u32(&m->printk, ORDER_NATIVE, 0);
	put_u64(&m->cmdlines, ORDER_NATIVE, 0);
}

/* Such a file; without data it is as stream makes one. Its descriptor. */
static inline int fixture_live_file(const struct fixture_file *f)
{
	struct out_conf conf = { .version = 7, .page_size = PAGE, .nr_cpus = f->nr_cpus };
	struct out_buffer top = {
		.name = "", .clock = "local", .page_size = PAGE, .cpus = f->cpus, .nr_cpus = f->nr_cpus,
	};
	struct out_file *o = NULL;
	struct meta m;
	int fd = memfd_create("meta", MFD_CLOEXEC);

	fixture_live_meta(&m, f);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	if (f->types)
		assert_int_equal(out_part(o, DAT_BTF_FILE, f->types, false, NULL), 0);
	if (f->cpus)
		assert_int_equal(out_option_cpus(o), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	if (f->cpus)
		assert_int_equal(out_buffer(o, &top, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	meta_release(&m);
	return fd;
}

/* A page that is being filled. */
struct fixture_page {
	uint8_t data[PAGE];
	uint64_t commit;		/* bytes of events, and flags */
	uint64_t time;			/* of the latest event */
};

/* The next record, of @len bytes, a multiple of 4 and 112 at most. */
static inline void fixture_page_add(struct fixture_page *p, uint64_t time, const void *record, uint32_t len)
{
	uint64_t first = p->commit & (PAGE - 1) ? 0 : time;
	uint32_t head;

	if (first) {
		memcpy(p->data, &first, 8);
		p->time = time;
	}
	head = len / 4 | (uint32_t)(time - p->time) << 5;
	p->time = time;
	memcpy(p->data + 16 + (p->commit & (PAGE - 1)), &head, 4);
	memcpy(p->data + 20 + (p->commit & (PAGE - 1)), record, len);
	p->commit += 4 + len;
	memcpy(p->data + 8, &p->commit, 8);
}

/* What fd @fd has, from its start on. */
static inline void fixture_text(int fd, struct buf *ret)
{
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(io_read_rest(fd, ret), 0);
	buf_add(ret, "", 1);
	assert_int_equal(ret->error, 0);
	ret->len--;
}

#endif
