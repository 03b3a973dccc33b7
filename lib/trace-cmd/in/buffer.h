/*
 * buffer.h - one ring buffer of a file: the top one or an instance's.
 *
 * Layer 2. Where each CPU's data lies in the file, or that the buffer is the
 * text of a latency tracer.
 */
#ifndef IN_BUFFER_H
#define IN_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct in_file;

/* Where the data of one CPU is. Empty CPUs have size 0 and an offset of no meaning. */
struct in_buffer_cpu {
	uint64_t offset;
	uint64_t size;		/* bytes in the file, as stored (compressed or not) */
	uint32_t cpu;
	bool overlaps;		/* another CPU's data, which makes it unusable */
};

struct in_buffer {
	char *name;		/* "" = top */
	char *clock;		/* name as stored with the buffer, NULL if there is none */
	uint32_t page_size;	/* bytes of a sub-buffer */
	bool compressed;
	bool text;		/* a latency tracer's text, not CPU data */
	uint64_t offset;	/* v7: of the section header; v6: of the tag; 0: none */
	uint64_t size;		/* bytes of the section's payload; v6: of its CPU data */
	int option;		/* index in f->options of the BUFFER option, -1 if none (v6 top) */
	uint64_t text_offset;	/* of the text or its chunks */
	uint64_t text_size;	/* bytes in the file */
	unsigned int nr_cpus;	/* the highest CPU number + 1; missing ones are empty */
	struct in_buffer_cpu *cpus;	/* those stored, by number; v6: all of them */
	unsigned int nr_entries;	/* in cpus[] */
};

/* Read the tables of all buffers into f->buffers. 0; -ENOMEM; -errno. */
int in_buffers_read6(struct in_file *f, struct err *err);
int in_buffers_read7(struct in_file *f, struct err *err);
void in_buffer_release(struct in_buffer *b);

/* The entry of @cpu, NULL if it has none or no usable data. */
const struct in_buffer_cpu *in_buffer_cpu(const struct in_buffer *b, unsigned int cpu);

#endif
