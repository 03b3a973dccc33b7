/*
 * split.h - parts of a trace file as files of their own.
 *
 * Layer 5.
 */
#ifndef EDIT_SPLIT_H
#define EDIT_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What ends a file. */
enum split_unit {
	SPLIT_END,		/* only the end that is wanted, or that of the trace */
	SPLIT_TIME,		/* so many ns after its first event */
	SPLIT_EVENTS,
	SPLIT_PAGES,		/* of each CPU */
};

/* A buffer that is kept. */
struct split_keep {
	const char *name;	/* "" = top */
	const char *as;		/* its new name; "" = it becomes the top one */
};

struct split_plan {
	const char *input;
	const char *output;		/* NULL: made from the input's */
	const char *start, *end;	/* seconds, as report shows them; NULL: all */
	enum split_unit unit;
	uint64_t count;			/* of units */
	bool per_cpu;			/* events are counted on each CPU by itself */
	bool repeat;			/* another file where one ends, up to the end */
	int cpu;			/* only this one, -1: all */
	struct split_keep *keep;	/* at most one becomes the top one */
	unsigned int nr_keep;		/* 0: all as they are */
};

/*
 * Write the file or files, telling on stderr where the data of each CPU is. 0; -errno with
 * a message; -EINVAL without a code if it is about words.
 */
int split_run(const struct split_plan *plan, struct err *err);

#endif
