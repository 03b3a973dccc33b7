/*
 * sandbox.h - a process that can do nothing but reckon, for bytes that somebody hostile has written.
 *
 * Layer 0. The process has a copy of our memory, no descriptors, no privileges and no system
 * calls but the one to end; what it finds out lies in memory that it shares with us. Should the
 * bytes take it over, it can say what is wrong, and no more: what it says is to be checked.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Fills in @result, of which it knows the size, from @arg. It must not allocate, lock or print. */
typedef void (*sandbox_fn)(const void *arg, void *result);

/*
 * Run @fn(@arg, @result) there and wait, half a minute at most. @result is @size bytes, all zero at first; what it holds is
 * only good if 0 is returned. -ECHILD: the process was ended, by what it tried to do or by the system;
 * -ETIMEDOUT; -errno; described in @err.
 */
int sandbox_run(sandbox_fn fn, const void *arg, void *result, size_t size, struct err *err);

/* False where the kernel cannot keep a process from making system calls: all else still holds. */
bool sandbox_is_tight(void);

#endif
