/*
 * filter-try.h - whether libtraceevent survives the text of a filter.
 *
 * Layer 2. Its parser (1.7) writes through null pointers and frees twice for texts that are cut off, as "pid==1 &&",
 * or that reckon in some places, as "(a+1)==2"; and it compares the number of a CPU with a string by reading at
 * address 0.
 */
#ifndef IN_FILTER_TRY_H
#define IN_FILTER_TRY_H

#include <stdbool.h>

#include <event-parse.h>

/*
 * Let libtraceevent parse @text in a process of its own, but for texts of a form that never did harm. 0: here it will
 * do no harm, either; -EINVAL: it refuses the text, or does not survive it.
 */
int filter_try(struct tep_handle *tep, const char *text);

/* Is @text, a filter's, of a form that need not be tried? */
bool filter_is_plain(const char *text);

/* May records be compared with what was parsed? */
bool filter_is_sane(const struct tep_event_filter *filter);

#endif
