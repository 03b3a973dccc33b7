/*
 * recorder.h - one thread that moves a CPU's ring-buffer pages to a file or socket.
 *
 * Layer 3. Source: per_cpu/cpuN/trace_pipe_raw, by splice where possible, else
 * by read. Only whole sub-buffers are written; the last one is padded with zeros by the kernel.
 */
#ifndef REC_RECORDER_H
#define REC_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "zip/zip.h"

struct budget;
struct recorder;

struct recorder_conf {
	int cpu;
	int raw_fd;		/* trace_pipe_raw, opened O_NONBLOCK; the recorder's from
				   recorder_start() on, also when that fails */
	bool datagrams;		/* the sink is a UDP socket: a datagram for each sub-buffer */
	int sink_fd;		/* file or socket; stays the caller's, must stay open until
				   recorder_join(). A socket or pipe is made non-blocking. */
	uint32_t page_size;	/* sub-buffer, bytes; more than its header of 16 */
	bool no_splice;
	bool poll;		/* never sleep */
	bool block;		/* sleep until the kernel calls, without looks in between */
	const struct zip_algo *zip;	/* compress on the way into the file, which is empty; NULL: no */
	int spare_fd;		/* with full_bytes: the other file of sink_alternate(); like sink_fd */
	uint64_t full_bytes;	/* whole sub-buffers; 0: one file takes all */
	struct budget *budget;	/* NULL, or what it writes is counted there */
	int sleep_us;		/* longest pause between looks when the kernel doesn't wake us
				   earlier (buffer_percent full); 0: a quarter of a second */
	int fifo_priority;	/* 0: before all normal threads (nice -20), else SCHED_FIFO
				   at this priority; if allowed */
};

/* Start. 0; -EINVAL; -errno, described in @err. */
int recorder_start(const struct recorder_conf *conf, struct recorder **ret, struct err *err);

/*
 * Ask the recorder to drain what the buffer holds and end; does not wait. Tracing should be off by
 * then; if it isn't, as much is drained as the buffer can hold.
 */
void recorder_stop(struct recorder *r);

/*
 * Go on with the file @fd, which stays the caller's, after the sub-buffer being moved. 0; -errno.
 * recorder_switched(): has it? Also true if it has ended: then nothing more comes in any file.
 */
int recorder_switch(struct recorder *r, int fd);
bool recorder_switched(struct recorder *r);

/* Bytes moved so far. Any thread may ask. */
uint64_t recorder_bytes(const struct recorder *r);

/*
 * Stop the recorder if that wasn't asked yet, wait for its end and free it. Once it has made no
 * progress for @timeout_ms it is abandoned, together with what the buffer still holds.
 * 0 or the -errno that ended it: -ENOSPC disk full, -EPIPE the reader of the socket has gone,
 * -ETIMEDOUT abandoned. @ret_bytes (may be NULL) is always set. After a failure a file holds whole
 * sub-buffers only: a cut one at its end is taken off again.
 */
int recorder_join(struct recorder *r, int timeout_ms, uint64_t *ret_bytes);

/* fires (is readable) when a recorder ended by itself with an error */
int recorder_failed_fd(const struct recorder *r);

#endif
