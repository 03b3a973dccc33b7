/*
 * putback.c - see putback.h. Layer 5.
 */
#include <stddef.h>

#include "message.h"
#include "session/putback.h"
#include "setup/leftover.h"
#include "setup/setup.h"

const char *putback_what(const struct killed *k)
{
	return k->waits ? "will be put back when those have ended that share its instance" : "has been put back";
}

int put_back_leftovers(const char *advice, struct err *err)
{
	const char *dir;
	struct killed one;
	int ret = setup_find_tracing(&dir, NULL) ? 0 : leftover_restore(&one, err);

	if (ret > 0)
		cmd_warn(0, "a recording that was killed (process %d) had left tracing set up: that %s%s%s",
			 one.pid, putback_what(&one), advice ? "\n" : "", advice ? advice : "");
	return ret < 0 ? ret : 0;
}
