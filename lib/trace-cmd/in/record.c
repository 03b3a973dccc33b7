/*
 * record.c - see record.h. Layer 2.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "in/record.h"

#define POOL_MAX	1024	/* free records kept */

struct in_record_pool {
	struct in_record *free;
	unsigned int nr_free;
	size_t in_use;			/* records out */
	bool closed;
};

struct in_record_pool *in_record_pool_new(void)
{
	return calloc(1, sizeof(struct in_record_pool));
}

static void pool_put(struct in_record_pool *pool)
{
	struct in_record *r;

	if (!pool->closed || pool->in_use)
		return;
	while ((r = pool->free)) {
		pool->free = r->next;
		free(r);
	}
	free(pool);
}

void in_record_pool_free(struct in_record_pool *pool)
{
	if (!pool)
		return;
	pool->closed = true;
	pool_put(pool);
}

static struct in_record *record_get(struct in_record_pool *pool, size_t size)
{
	struct in_record *r = pool->free;
	size_t room = size > IN_RECORD_SMALL ? size : IN_RECORD_SMALL;

	if (r && size <= IN_RECORD_SMALL) {
		pool->free = r->next;
		pool->nr_free--;
		return r;
	}
	/* zeroed, as a malformed event's fields may be looked for behind its end */
	r = calloc(1, sizeof(*r) + room + IN_RECORD_SLACK);
	if (!r)
		return NULL;
	r->pool = pool;
	r->room = room;
	return r;
}

struct tep_record *in_record_get(struct in_record_pool *pool)
{
	struct in_record *r = record_get(pool, IN_RECORD_SMALL);

	if (!r)
		return NULL;
	r->rec.ref_count = 1;
	r->rec.locked = 0;
	pool->in_use++;
	return &r->rec;
}

struct tep_record *in_record_new(struct in_record_pool *pool, const struct in_event *ev,
				 struct trace_time time, unsigned int cpu)
{
	struct in_record *r = record_get(pool, ev->size);

	if (!r)
		return NULL;
	in_record_fill(r, ev, time, cpu);
	pool->in_use++;
	return &r->rec;
}

void in_record_unref(struct tep_record *rec)
{
	struct in_record *r = (struct in_record *)rec;
	struct in_record_pool *pool;

	if (!rec)
		return;
	if (rec->ref_count <= 0) {
		log_debug("a record is freed more often than it was taken");
		return;
	}
	if (--rec->ref_count || rec->locked)
		return;
	pool = r->pool;
	pool->in_use--;
	if (r->room == IN_RECORD_SMALL && pool->nr_free < POOL_MAX && !pool->closed) {
		r->next = pool->free;
		pool->free = r;
		pool->nr_free++;
	} else {
		free(r);
	}
	pool_put(pool);
}
