/*
 * seek.h - finding a time in the data of a CPU without reading what is before it.
 *
 * Layer 2. The times of pages lead there: some are read, as a bisection needs them. Times
 * are those of a timeline; where they go back, the place is one of several.
 */
#ifndef IN_SEEK_H
#define IN_SEEK_H

#include "in/stream.h"
#include "in/time.h"

/*
 * The last page of @cpu, from page @from on, that begins before @ns; @from if none does.
 * Pages that can't be read are passed over. 0; -ENOMEM.
 */
int in_seek_page(struct in_data *d, unsigned int cpu, const struct in_timeline *timeline,
		 uint64_t from, uint64_t ns, uint64_t *ret_page);

/* Move @s before its first event that isn't earlier than @ns, or to its end. 0; -ENOMEM. */
int in_seek_time(struct in_stream *s, const struct in_timeline *timeline, uint64_t ns);

#endif
