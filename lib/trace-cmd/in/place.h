/*
 * place.h - where a record is in its page, and what is between it and the next one.
 *
 * Layer 2. For those who look at the ring buffer rather than at events: each call walks
 * the record's page from its start.
 */
#ifndef IN_PLACE_H
#define IN_PLACE_H

#include "in/handle.h"

/* Where the record with @key is. 0; -ENOENT: there is none; -ENOMEM. */
int in_place_find(struct tracecmd_input *h, uint64_t key, struct tracecmd_place *ret_place);

/* Call @fn for each entry between the record with @key and the next one of the page. The same. */
int in_place_gaps(struct tracecmd_input *h, uint64_t key, tracecmd_gap_fn fn, void *data);

#endif
