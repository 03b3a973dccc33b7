/*
 * putback.c - see putback.h. Layer 5.
 */
#include <stddef.h>

#include "message.h"
#include "session/putback.h"
#include "setup/leftover.h"
#include "setup/setup.h"

int put_back_leftovers(const char *advice, struct err *err)
{
	const char *dir;
	int pid, ret = setup_find_tracing(&dir, NULL) ? 0 : leftover_restore(&pid, err);

	if (ret > 0)
		cmd_warn(0, "a recording that was killed (process %d) had left tracing set up: that has been put back%s%s",
			 pid, advice ? "\n" : "", advice ? advice : "");
	return ret < 0 ? ret : 0;
}
