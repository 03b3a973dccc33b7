/*
 * leaf.c - see leaf.h. Layer 5.
 */
#include <errno.h>

#include "live/leaf.h"

void live_leaf_init(struct live_leaf *l, struct tep_handle *tep, const struct plan_fgraph *look,
		    struct in_record_pool *pool)
{
	*l = (struct live_leaf){ .look = *look, .pool = pool };
	calls_init(&l->calls, tep, false);
}

void live_leaf_release(struct live_leaf *l)
{
	buf_release(&l->text);
}

/* Has the call at @from nothing behind it by now, and time to wait? */
static bool must_wait(struct live_leaf *l, const struct live_source *from, int64_t now_ns, bool more)
{
	if (!more)
		return false;
	l->until_ns = from->read_ns + LEAF_WAIT_NS;
	return now_ns < l->until_ns;
}

/* The text of a call, an @e. 1; -EAGAIN; -ENOMEM. */
static int entry_text(struct live_leaf *l, const struct stream *s, const struct call_event *e, struct live_source *from,
		      struct tep_record *record, int64_t now_ns, bool more)
{
	struct tep_record *next = NULL;
	struct in_event ev;
	bool leaf = false;

	if (live_source_behind(from, &ev)) {
		next = in_record_new(l->pool, &ev, in_time_convert(from->timeline, NULL, ev.time), from->cpu);
		if (!next)
			return -ENOMEM;
		leaf = calls_match(&l->calls, s, e, record, next);
	} else if (must_wait(l, from, now_ns, more)) {
		return -EAGAIN;
	}
	calls_add_entry(&l->text, &l->calls, s, e, record, leaf ? next : NULL, record->ts, &l->look);
	in_record_unref(next);
	from->told = leaf;
	return 1;
}

int live_leaf_text(struct live_leaf *l, const struct stream *s, struct live_source *from, struct tep_record *record,
		   int64_t now_ns, bool more, const char **ret_text)
{
	const struct call_event *e;
	int ret = 1;

	if (from->told) {
		from->told = false;
		/* what was lost before it is told before the next */
		from->missed = from->ev.missed;
		return 0;
	}
	*ret_text = NULL;
	buf_reset(&l->text);
	e = calls_entry(&l->calls, s, record);
	if (e)
		ret = entry_text(l, s, e, from, record, now_ns, more);
	else if (!calls_add_other(&l->text, &l->calls, s, record, &l->look))
		return 1;
	if (ret == -EAGAIN)
		return ret;
	if (ret > 0 && !l->text.error)
		*ret_text = (const char *)l->text.data;
	return ret > 0 ? (l->text.error ? -ENOMEM : 1) : ret;
}
