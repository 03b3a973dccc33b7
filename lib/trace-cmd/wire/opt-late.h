/*
 * opt-late.h - options that a proxy sends when the recording is over, for the file of who asked
 * for it: each u16 id, u32 size, bytes; in the order of the sender's memory.
 *
 * Layer 1, pure.
 */
#ifndef WIRE_OPT_LATE_H
#define WIRE_OPT_LATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What all of them may come to, bytes. */
#define OPT_LATE_MAX	(16 << 20)

/* Append one, or what is wrong with @payload, which is released. 0; -errno. */
int opt_late_put(struct buf *b, unsigned int id, struct buf *payload);

/*
 * The next option of the @len bytes at @data, from *@at on, which moves behind it. 1; 0: that was
 * all; -EBADMSG: it is cut off.
 */
int opt_late_next(const void *data, size_t len, size_t *at, unsigned int *ret_id,
		  const void **ret_payload, size_t *ret_len);

/*
 * Append to @ret those that may go into a file: TIME_SHIFT, TSYNC and TSC2NSEC, each once, sound, and about the
 * trace @peer_id if about any. Others are left out. 0; -EBADMSG: one is cut off,
 * unsound, or comes twice; -ENOMEM.
 */
int opt_late_sift(const void *data, size_t len, uint64_t peer_id, struct buf *ret);

#endif
