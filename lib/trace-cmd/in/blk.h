/*
 * blk.h - the records of the tracer blk, whose format no kernel tells.
 *
 * Layer 2, pure. They are what blktrace has (include/uapi/linux/blktrace_api.h), behind the common fields. Their id is
 * the one behind that of the last event that the kernel's list of types has before them and tells the format of.
 */
#ifndef IN_BLK_H
#define IN_BLK_H

#include <stdbool.h>
#include <stddef.h>

#include <event-parse.h>

#define IN_BLK_FORMAT_MAX 1024

/*
 * Put the format of blk's records in a file with the events of @tep, its "ftrace" ones, at @text with @size bytes,
 * IN_BLK_FORMAT_MAX or more. False: their id is not known, or another event has it.
 */
bool in_blk_format(struct tep_handle *tep, char *text, size_t size);

#endif
