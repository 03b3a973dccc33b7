/*
 * sync-wait.c - see sync-wait.h. Layer 5.
 */
#include <errno.h>

#include "session/sync-wait.h"

#define LOOK_MS		50	/* between looks whether anybody ends it */

int sync_wait_first(struct tsync_session *s, const struct sync_wait *w, struct err *err)
{
	for (;;) {
		struct deadline slice = deadline_in_ms(LOOK_MS);
		int ret;

		err_clear(err);
		ret = tsync_host_wait_first(s, LOOK_MS, err);
		if (w->ends(w->who))
			return -ECANCELED;
		/* back early: that was the peer's timeout, which ended the session */
		if (ret != -ETIMEDOUT || !deadline_passed(slice))
			return ret;
		if (deadline_passed(w->by))
			return -EINPROGRESS;
	}
}

bool sync_wait_end(struct tsync_session *s, const struct sync_wait *w)
{
	do {
		if (tsync_wait_end(s, LOOK_MS) != -ETIMEDOUT)
			return true;
	} while (!w->ends(w->who) && !deadline_passed(w->by));
	return false;
}
