/*
 * parts.h - the buffers of a file that is being split, and how far each CPU has come.
 *
 * Layer 5, private to edit/.
 */
#ifndef EDIT_PARTS_H
#define EDIT_PARTS_H

#include "copy/slice.h"
#include "edit/split.h"

struct part_cpu {
	unsigned int cpu;
	bool wanted;
	struct slice_edge from, to;	/* of the file that is being made */
	struct slice_edge limit;	/* where all ends */
	struct in_stream stream;
};

struct part {
	const struct in_buffer *buffer;
	const char *name;		/* in the new file */
	struct in_data *data;
	struct in_timeline timeline;
	struct part_cpu *cpus;		/* one for each entry of the buffer */
};

struct parts {
	struct part *part;		/* the top one first */
	unsigned int count;
	bool ended;			/* nothing is behind the @to of all CPUs */
	uint64_t end_ns;		/* no later event is wanted */
};

/*
 * Find what @plan keeps of @f, and begin and end of it. 0; -errno with a message. Release in
 * any case.
 */
int parts_open(struct parts *p, struct in_file *f, const struct split_plan *plan, struct err *err);
void parts_release(struct parts *p);

/* Set the @to of each CPU: where the file that begins at @from ends. 0; -ENOMEM. */
int parts_cut(struct parts *p, const struct split_plan *plan);

/* The next file begins where this one ended. */
void parts_advance(struct parts *p);

#endif
