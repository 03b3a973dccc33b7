/*
 * reap.c - see reap.h. Layer 0.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/io.h"
#include "base/reap.h"

#define LOOK_MIN_US	50	/* between looks whether it has ended; they get rarer */
#define LOOK_MAX_US	5000

int reap_within(pid_t pid, int *ret_status, int ms)
{
	struct deadline d = deadline_in_ms(ms);
	long us = LOOK_MIN_US;

	for (;;) {
		struct timespec nap = { .tv_nsec = us * 1000 };
		bool last = deadline_passed(d);
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (last)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
		us = us * 2 < LOOK_MAX_US ? us * 2 : LOOK_MAX_US;
	}
}

int reap_killed(pid_t pid, int *ret_status)
{
	kill(pid, SIGKILL);
	return reap_within(pid, ret_status, REAP_KILLED_MS);
}
