/*
 * sample.h - a small trace that most tests of the reader share: two CPUs in the top
 * buffer, one in the instance "inst", and the options a recorder writes.
 *
 * Events of CPU c: tick and tock in turn, value 1000 * c + n at time
 * SAMPLE_START + 20 * n + 10 * c; the 6th comes 2^30 later to need a time extend.
 */
#ifndef GEN_SAMPLE_H
#define GEN_SAMPLE_H

#include "gen/file.h"

#define SAMPLE_START	1000000000000ull
#define SAMPLE_EVENTS	12	/* of each CPU */
#define SAMPLE_PER_PAGE	5
#define SAMPLE_ID	0x1122334455667788ull

struct sample {
	struct gen_file g;
	struct buf data[3];	/* pages: top CPU 0, CPU 1, instance CPU 1 */
	uint8_t id[8], count[4];
	struct buf file;
};

static inline uint64_t sample_ts(unsigned int cpu, unsigned int n)
{
	return SAMPLE_START + 20 * n + 10 * cpu + (n >= 5 ? 1ull << 30 : 0);
}

/* Events of CPU @cpu as pages. */
static inline void sample_pages(struct sample *s, struct buf *out, unsigned int cpu)
{
	struct gen_page p = { .order = s->g.order, .long_size = s->g.long_size,
			      .page_size = s->g.page_size, .out = out };
	struct gen_event ev[SAMPLE_EVENTS];
	unsigned int i;

	for (i = 0; i < SAMPLE_EVENTS; i++)
		ev[i] = (struct gen_event){
			.ts = sample_ts(cpu, i), .id = i & 1 ? GEN_TOCK : GEN_TICK,
			.pid = 42, .value = (int32_t)(1000 * cpu + i),
		};
	gen_pages(&p, ev, SAMPLE_EVENTS, SAMPLE_PER_PAGE);
}

/* Everything but the file itself, for a test to change before sample_write(). */
static inline void sample_init(struct sample *s, int version, enum byte_order order,
			       unsigned int long_size, const char *compression)
{
	unsigned int i;

	*s = (struct sample){ .g = {
		.version = version, .order = order, .long_size = long_size, .page_size = 512,
		.compression = compression, .chunk_pages = 2, .nr_buffers = 2,
	} };
	for (i = 0; i < 3; i++)
		sample_pages(s, &s->data[i], i ? 1 : 0);
	s->g.buffers[0] = (struct gen_buffer){
		.name = "", .clock = "local", .nr_cpus = 2,
		.cpus = { { 0, s->data[0].data, s->data[0].len },
			  { 1, s->data[1].data, s->data[1].len } },
	};
	s->g.buffers[1] = (struct gen_buffer){
		.name = "inst", .clock = "local", .nr_cpus = 1,
		.cpus = { { 1, s->data[2].data, s->data[2].len } },
	};
	store_u64(s->id, order, SAMPLE_ID);
	store_u32(s->count, order, 2);
	gen_text_option(&s->g, DAT_TRACECLOCK, "[local] global counter\n");
	gen_text_option(&s->g, DAT_UNAME, "Linux host 6.1 x86_64");
	gen_text_option(&s->g, DAT_VERSION, "4.0 test");
	gen_text_option(&s->g, DAT_CPUSTAT, "CPU: 0\nentries: 0\n");
	gen_option_add(&s->g, DAT_TRACEID, s->id, 8);
	if (version == 7)
		gen_option_add(&s->g, DAT_CPUCOUNT, s->count, 4);
}

static inline void sample_write(struct sample *s)
{
	gen_write(&s->g, &s->file);
}

static inline void sample_release(struct sample *s)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		buf_release(&s->data[i]);
	buf_release(&s->file);
}

/* All shapes a file may have. */
struct sample_shape {
	int version;
	enum byte_order order;
	unsigned int long_size;
	const char *compression;
};

static const struct sample_shape sample_shapes[] = {
	{ 6, ORDER_LITTLE, 8, NULL }, { 6, ORDER_LITTLE, 4, NULL },
	{ 6, ORDER_BIG, 8, NULL }, { 6, ORDER_BIG, 4, NULL },
	{ 7, ORDER_LITTLE, 8, NULL }, { 7, ORDER_LITTLE, 4, NULL },
	{ 7, ORDER_BIG, 8, NULL }, { 7, ORDER_BIG, 4, NULL },
	{ 7, ORDER_LITTLE, 8, "zlib" }, { 7, ORDER_LITTLE, 4, "zlib" },
	{ 7, ORDER_BIG, 8, "zlib" }, { 7, ORDER_BIG, 4, "zlib" },
	{ 7, ORDER_LITTLE, 8, "zstd" }, { 7, ORDER_LITTLE, 4, "zstd" },
	{ 7, ORDER_BIG, 8, "zstd" }, { 7, ORDER_BIG, 4, "zstd" },
};
#define SAMPLE_SHAPES (sizeof(sample_shapes) / sizeof(sample_shapes[0]))

/* False for a compression that isn't built in. */
static inline bool sample_shape_ok(unsigned int i)
{
	return !sample_shapes[i].compression || zip_find(sample_shapes[i].compression);
}

static inline void sample_of_shape(struct sample *s, unsigned int i)
{
	const struct sample_shape *shape = &sample_shapes[i];

	sample_init(s, shape->version, shape->order, shape->long_size, shape->compression);
}

#endif
