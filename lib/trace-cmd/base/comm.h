/*
 * comm.h - names of tasks, as events have them, by what /proc tells.
 *
 * Layer 0.
 */
#ifndef BASE_COMM_H
#define BASE_COMM_H

#include <stddef.h>
#include <string.h>

#define COMM_MAX	15	/* bytes of a name */

/*
 * How much of @text, which has @len bytes, is the task's name. /proc shows workers of the kernel with what
 * they work on, "kworker/0:1-events", and other tasks of the kernel with names longer than they have, as
 * those of rescuers may be, "kworker/R-kvm-irqfd-cleanup".
 */
static inline size_t comm_length(const char *text, size_t len)
{
	size_t i;

	if (len > 8 && !memcmp(text, "kworker/", 8) && text[8] != 'R') {
		for (i = 8; i < len; i++) {
			if (text[i] == '-' || text[i] == '+')
				len = i;
		}
	}
	return len < COMM_MAX ? len : COMM_MAX;
}

#endif
