/*
 * record.h - records for users of the library, who keep them as long as they like.
 *
 * Layer 2. A record has a copy of its event, so that held ones cost only their
 * own size; small ones come from a free list of their handle.
 */
#ifndef IN_RECORD_H
#define IN_RECORD_H

#include <event-parse.h>

#include "in/event.h"
#include "in/time.h"

struct in_record_pool;

/* A pool of free records. NULL: out of memory. */
struct in_record_pool *in_record_pool_new(void);
/* The owner is done with it; it goes when its last record goes. NULL is fine. */
void in_record_pool_free(struct in_record_pool *pool);

/* A record of @ev with one reference. NULL: out of memory. */
struct tep_record *in_record_new(struct in_record_pool *pool, const struct in_event *ev,
				 struct trace_time time, unsigned int cpu);

/* Drop a reference; NULL is fine. */
void in_record_unref(struct tep_record *rec);

#endif
