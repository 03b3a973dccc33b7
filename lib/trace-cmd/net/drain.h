/*
 * drain.h - one thread that moves what arrives on many sockets into files.
 *
 * Layer 3. The controller's side of a guest's data connections: one socket and
 * one file for each of the guest's CPUs. Bytes are not looked at; what a
 * peer may send is bounded by a quota for all its connections together, and by
 * what shall stay free of the disk: all connections end when it gets short. One
 * that ends or fails otherwise leaves the others alone. What came stays in
 * its file; cutting a partial last page off is the caller's part.
 *
 * Datagrams, too, for a listener: each is a page, of the first sender on the right host
 * that a socket hears of. They have no end: drain_finish() is it.
 */
#ifndef NET_DRAIN_H
#define NET_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addr.h"

struct drain;

struct drain_conf {
	unsigned int n;		/* connections, at least 1 */
	const int *sockets;	/* connected stream sockets, or pipes; the drain's own once it has started */
	const int *files;	/* written from their position on; the caller's, open to the end */
	uint64_t quota_bytes;	/* for all together; UINT64_MAX: none */
	uint64_t keep_free_bytes; /* what has to stay free on the files' disk; 0: nothing */
	uint32_t datagram_bytes; /* 0: streams; else the sockets are bound UDP ones, and datagrams
				    have this size, at most 65507, or are none of ours */
	struct net_peer from;	/* whose datagrams count */
};

struct drain_result {
	uint64_t bytes;		/* written to the file */
	uint64_t lost;		/* datagrams that the kernel had no room for */
	uint64_t refused;	/* datagrams of other senders or sizes */
	/*
	 * 0: orderly end of stream; -EPIPE the connection was reset; -EDQUOT it had more
	 * than the quota leaves; -ETIMEDOUT it had not ended when we gave up;
	 * -ENOSPC, -EFBIG, -EIO, ...: the file. -ENOSPC also if less than keep_free_bytes are free.
	 */
	int error;
};

/* Start. The arrays are copied. 0; -EINVAL; -ENOMEM; -errno, described in @err. */
int drain_start(const struct drain_conf *conf, struct drain **ret, struct err *err);

/* Bytes written so far, all connections together. Any thread may ask. */
uint64_t drain_bytes(const struct drain *d);

/* Has any connection been ended because of the quota? Any thread may ask. */
bool drain_over_quota(const struct drain *d);

/* Milliseconds since the last bytes came (or since the start). Any thread may ask. */
int64_t drain_idle_ms(const struct drain *d);

/* A descriptor that is readable once no connection is left, however they ended. */
int drain_ended_fd(const struct drain *d);

/*
 * Wait until no connection is left, or until nothing has come on any for
 * @timeout_ms (0: end at once; counted from this call at the earliest), and end
 * the thread. @ret_results takes one result a connection; it may be NULL. 0; else
 * the error of the first connection that has one. Further calls give the same.
 */
int drain_finish(struct drain *d, int timeout_ms, struct drain_result *ret_results);

/* End the thread at once, close the sockets, free. NULL is fine. */
void drain_free(struct drain *d);

#endif
