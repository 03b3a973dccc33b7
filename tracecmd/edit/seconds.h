/*
 * seconds.h - times as a user writes them.
 *
 * Layer 5, pure.
 */
#ifndef EDIT_SECONDS_H
#define EDIT_SECONDS_H

#include <stdbool.h>
#include <stdint.h>

/* What a time stands for: from its first to its last ns (or count). */
struct seconds_span {
	uint64_t	first;
	uint64_t	last;
};

/*
 * Decimal seconds into ns, exactly; with at most six decimals, all times that report's lines
 * show as these. Of a clock that doesn't count ns (@ns false) a whole number is a count, as
 * report prints it. 0; -EINVAL; -ERANGE.
 */
int seconds_parse(const char *text, bool ns, struct seconds_span *ret);

#endif
