/*
 * stat.h - the state of buffers, in words.
 *
 * Layer 5.
 */
#ifndef STATE_STAT_H
#define STATE_STAT_H

#include "state/selection.h"

/* Print all that differs from a fresh buffer, and with @options all trace options. */
void stat_buffer(const struct selected *b, bool options);

/* Print whether the stack tracer runs; nothing if the kernel has none. */
void stat_stack_tracer(void);

#endif
