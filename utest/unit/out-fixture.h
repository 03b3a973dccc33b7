/*
 * out-fixture.h - made-up metadata and pages for tests of the writer.
 */
#ifndef UTEST_OUT_FIXTURE_H
#define UTEST_OUT_FIXTURE_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "out/out.h"

#define PAGE 4096
#define META_CPUS 3	/* of fixture_metadata_file() */

/* Small but complete metadata: two systems, one ftrace format, symbols. */
static inline void fixture_meta(struct meta *m)
{
	*m = (struct meta){ 0 };
	buf_add_cstr(&m->header_info, "header_page");
	put_u64(&m->header_info, ORDER_NATIVE, 4);
	buf_add_str(&m->header_info, "page");
	buf_add_cstr(&m->header_info, "header_event");
	put_u64(&m->header_info, ORDER_NATIVE, 0);
	put_u32(&m->ftrace_events, ORDER_NATIVE, 1);
	put_u64(&m->ftrace_events, ORDER_NATIVE, 5);
	buf_add_str(&m->ftrace_events, "name:");
	put_u32(&m->event_formats, ORDER_NATIVE, 2);
	buf_add_cstr(&m->event_formats, "sched");
	put_u32(&m->event_formats, ORDER_NATIVE, 2);
	put_u64(&m->event_formats, ORDER_NATIVE, 3);
	buf_add_str(&m->event_formats, "one");
	put_u64(&m->event_formats, ORDER_NATIVE, 3);
	buf_add_str(&m->event_formats, "two");
	buf_add_cstr(&m->event_formats, "irq");
	put_u32(&m->event_formats, ORDER_NATIVE, 0);
	put_u32(&m->kallsyms, ORDER_NATIVE, 7);
	buf_add_str(&m->kallsyms, "0 T sym");
	put_u32(&m->printk, ORDER_NATIVE, 0);
	put_u64(&m->cmdlines, ORDER_NATIVE, 5);
	buf_add_str(&m->cmdlines, "1 foo");
}

/* A complete file of our own with such metadata and nothing else. */
static inline int fixture_metadata_file(int version, const struct zip_algo *zip)
{
	struct out_conf conf = {
		.version = version, .zip = zip, .page_size = PAGE, .nr_cpus = META_CPUS};
	int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_file *o;
	struct meta m;

	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	assert_int_equal(out_option(o, 5, "uname", 6), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	meta_release(&m);
	return fd;
}

/* A file of these bytes. */
static inline int fixture_file_of(const void *data, size_t len)
{
	int fd = memfd_create("dat", MFD_CLOEXEC);

	assert_int_equal(write(fd, data, len), len);
	return fd;
}

/* Byte @i of CPU @cpu's data: somewhat compressible, different for each CPU and page. */
static inline uint8_t fixture_byte(unsigned int cpu, uint64_t i)
{
	return i % 8 ? cpu * 31 + i / 64 : (uint8_t)((i * 2654435761u) >> 13);
}

/* A file with @len bytes of such data. */
static inline int fixture_cpu_file(unsigned int cpu, uint64_t len)
{
	_cleanup_free_ uint8_t *data = malloc(len + 1);
	int fd = memfd_create("cpu", MFD_CLOEXEC);
	uint64_t i;

	assert_true(fd >= 0);
	for (i = 0; i < len; i++)
		data[i] = fixture_byte(cpu, i);
	assert_int_equal(write(fd, data, len), len);
	return fd;
}

/* Whether @data is a piece of CPU @cpu's data from its start on. */
static inline void fixture_check(unsigned int cpu, const uint8_t *data, uint64_t len)
{
	uint64_t i;

	for (i = 0; i < len; i++)
		if (data[i] != fixture_byte(cpu, i))
			fail_msg("CPU %u: byte %llu is wrong", cpu, (unsigned long long)i);
}

#endif
