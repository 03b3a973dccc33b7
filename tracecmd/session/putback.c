/*
 * putback.c - see putback.h. Layer 5.
 */
#include <stddef.h>

#include "message.h"
#include "session/putback.h"
#include "setup/leftover.h"
#include "setup/setup.h"

void put_back_tell(const struct killed *k, const char *advice)
{
	cmd_warn(0, "a recording that was killed (process %d) had left tracing set up: that %s%s%s", k->pid,
		 k->waits ? "will be put back when those have ended that share its instance" : "has been put back",
		 advice ? "\n" : "", advice ? advice : "");
}

int put_back_leftovers(const char *advice, struct err *err)
{
	const char *dir;
	struct killed one;
	int ret = setup_find_tracing(&dir, NULL) ? 0 : leftover_restore(&one, err);

	if (ret > 0)
		put_back_tell(&one, advice);
	return ret < 0 ? ret : 0;
}
