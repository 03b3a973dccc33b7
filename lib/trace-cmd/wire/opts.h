/*
 * opts.h - the other options of trace.dat that have a structure.
 *
 * Layer 1, pure.
 */
#ifndef WIRE_OPTS_H
#define WIRE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

/* Option 13: the guests of a host's file. */
struct opt_guest_cpu {
	uint32_t vcpu;
	int32_t host_pid;	/* thread that runs it, -1 unknown */
};

struct opt_guest {
	char *name;		/* may be "" */
	uint64_t trace_id;
	uint32_t nr_cpus;
	struct opt_guest_cpu *cpus;
};

void opt_guest_release(struct opt_guest *g);
int opt_guest_parse(const void *data, size_t len, enum byte_order order, struct opt_guest *ret);
int opt_guest_put(struct buf *b, enum byte_order order, const struct opt_guest *g);

/* Option 14. */
struct opt_tsc2nsec {
	uint32_t mult;
	uint32_t shift;		/* 0..32 */
	uint64_t offset;	/* stored and shown, never applied */
};

int opt_tsc2nsec_parse(const void *data, size_t len, enum byte_order order,
		       struct opt_tsc2nsec *ret);
int opt_tsc2nsec_put(struct buf *b, enum byte_order order, const struct opt_tsc2nsec *t);

/* Option 3, version 7, and option 22 (then without page size and CPUs). */
struct opt_buffer_cpu {
	uint32_t cpu;
	uint64_t offset;	/* of its data, from the start of the file */
	uint64_t size;		/* bytes in the file */
};

struct opt_buffer {
	uint64_t offset;	/* v7: section header; v6: the "flyrecord" tag, 0 = never written */
	char *name;		/* "" = the top instance */
	char *clock;		/* v7 only, else NULL */
	uint32_t page_size;	/* v7 only, else 0 */
	uint32_t nr_cpus;
	struct opt_buffer_cpu *cpus;
};

void opt_buffer_release(struct opt_buffer *b);
/* @version 6 or 7; @text: option 22. 0; -EBADMSG (also: duplicate or huge CPU numbers); -ENOMEM. */
int opt_buffer_parse(const void *data, size_t len, enum byte_order order, int version, bool text,
		     struct opt_buffer *ret);
int opt_buffer_put(struct buf *b, enum byte_order order, int version, bool text,
		   const struct opt_buffer *opt);

#endif
