/*
 * leaf.h - functions that call no other, while they are being recorded: one line for both records of a call.
 *
 * Layer 5. Whether a call is one is known once the next record of its CPU has been read. The latest call of a
 * CPU waits for that, but no longer than LEAF_WAIT_NS after it was read, however many CPUs have such a call: an
 * event is to be shown within a tenth of a second. A return that comes later gets a line of its own, as that of
 * any other call.
 */
#ifndef LIVE_LEAF_H
#define LIVE_LEAF_H

#include "in/record.h"
#include "live/source.h"
#include "report/calls.h"

#define LEAF_WAIT_NS	40000000

struct live_leaf {
	struct calls calls;
	struct plan_fgraph look;
	struct in_record_pool *pool;	/* the caller's */
	struct buf text;
	int64_t until_ns;		/* when -EAGAIN was given: the call waits no longer */
};

void live_leaf_init(struct live_leaf *l, struct tep_handle *tep, const struct plan_fgraph *look,
		    struct in_record_pool *pool);
void live_leaf_release(struct live_leaf *l);

/*
 * How @record, the event ahead of @from, a CPU of @s, is to be shown. @now_ns: CLOCK_MONOTONIC. @more: more is to be read, and can be.
 * 1: with @ret_text, which lives until the next call, or as other events if that is NULL; 0: not at all, the line of its call has told
 * it; -EAGAIN: not yet; -ENOMEM.
 */
int live_leaf_text(struct live_leaf *l, const struct stream *s, struct live_source *from, struct tep_record *record,
		   int64_t now_ns, bool more, const char **ret_text);

#endif
