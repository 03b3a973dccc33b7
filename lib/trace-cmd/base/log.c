/*
 * log.c - see log.h. Layer 0. The level is one of the two allowed globals.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"

static atomic_int log_level = LOG_WARN;

void log_set_level(enum log_level level)
{
	atomic_store(&log_level, level);
}

enum log_level log_get_level(void)
{
	return atomic_load(&log_level);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int n;

	if ((int)level > atomic_load(&log_level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	/* one call, so that lines of several threads don't mix */
	fprintf(stderr, "%s\n", line);
}
