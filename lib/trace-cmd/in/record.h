/*
 * record.h - records for users of the library, who keep them as long as they like.
 *
 * Layer 2. A record has a copy of its event, so that held ones cost only their
 * own size; small ones come from a free list of their handle.
 */
#ifndef IN_RECORD_H
#define IN_RECORD_H

#include <string.h>

#include <event-parse.h>

#include "in/event.h"
#include "in/time.h"

#define IN_RECORD_SMALL	256	/* bytes of payload a pooled record has room for, at least */
#define IN_RECORD_SLACK	16	/* zero bytes behind the payload, for fields that lie about its size */

struct in_record_pool;

/* The inside of a record. */
struct in_record {
	struct tep_record rec;		/* first: users have its address */
	struct in_record_pool *pool;
	struct in_record *next;		/* in the free list */
	size_t room;			/* bytes of payload */
	uint8_t data[] __attribute__((aligned(8)));
};

/* A pool of free records. NULL: out of memory. */
struct in_record_pool *in_record_pool_new(void);
/* The owner is done with it; it goes when its last record goes. NULL is fine. */
void in_record_pool_free(struct in_record_pool *pool);

/* A record of @ev, which a stream gave, with one reference. NULL: out of memory. */
struct tep_record *in_record_new(struct in_record_pool *pool, const struct in_event *ev,
				 struct trace_time time, unsigned int cpu);

/* One with room for IN_RECORD_SMALL bytes, to fill; from the free list alone. NULL: out of memory. */
struct tep_record *in_record_get(struct in_record_pool *pool);

/* Drop a reference; NULL is fine. */
void in_record_unref(struct tep_record *rec);

/* Make @r, which has the room, the record of @ev with one reference. */
static inline void in_record_fill(struct in_record *r, const struct in_event *ev,
				  struct trace_time time, unsigned int cpu)
{
	r->rec = (struct tep_record){
		.ts = time.ns, .offset = ev->key, .missed_events = ev->missed,
		.record_size = (int)ev->length, .size = (int)ev->size, .data = r->data,
		.cpu = (int)cpu, .ref_count = 1,
	};
	/*
	 * Copies of known length take a few instructions, and nobody could foresee on which side of a
	 * lower limit a size is. There is room on both sides.
	 */
	_Static_assert(IN_EVENT_SLACK <= IN_RECORD_SMALL, "");
	if (ev->size <= IN_EVENT_SLACK * 2 / 3)
		memcpy(r->data, ev->data, IN_EVENT_SLACK * 2 / 3);
	else if (ev->size <= IN_EVENT_SLACK)
		memcpy(r->data, ev->data, IN_EVENT_SLACK);
	else
		memcpy(r->data, ev->data, ev->size);
	memset(r->data + ev->size, 0, IN_RECORD_SLACK);
}

/*
 * A record of @pool, the one of @rec, to fill with at most IN_RECORD_SMALL bytes: @rec, which may be NULL, if nobody
 * else has kept it; else it loses a reference. NULL: out of memory.
 */
static inline struct tep_record *in_record_empty(struct tep_record *rec, struct in_record_pool *pool)
{
	if (rec && rec->ref_count == 1 && !rec->locked)
		return rec;
	in_record_unref(rec);
	return in_record_get(pool);
}

/*
 * The same as in_record_unref(@rec), then in_record_new(); @rec may be NULL. If nobody
 * else has kept @rec, it is used again.
 */
static inline struct tep_record *in_record_renew(struct tep_record *rec,
						 struct in_record_pool *pool,
						 const struct in_event *ev, struct trace_time time,
						 unsigned int cpu)
{
	struct in_record *r = (struct in_record *)rec;

	if (!r || r->pool != pool || rec->ref_count != 1 || rec->locked || ev->size > r->room) {
		/* so that the caller's event need not be in memory */
		struct in_event copy = {
			.time = ev->time, .data = ev->data, .size = ev->size,
			.length = ev->length, .pos = ev->pos, .missed = ev->missed, .key = ev->key,
		};

		in_record_unref(rec);
		return in_record_new(pool, &copy, time, cpu);
	}
	in_record_fill(r, ev, time, cpu);
	return rec;
}

#endif
