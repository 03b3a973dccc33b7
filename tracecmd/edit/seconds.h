/*
 * seconds.h - times as a user writes them.
 *
 * Layer 5, pure.
 */
#ifndef EDIT_SECONDS_H
#define EDIT_SECONDS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Decimal seconds into ns, exactly; of a clock that doesn't count ns (@ns false) a whole
 * number is a count, as report prints it. 0; -EINVAL; -ERANGE.
 */
int seconds_parse(const char *text, bool ns, uint64_t *ret);

#endif
