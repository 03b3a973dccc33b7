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

struct recorder;

struct recorder_conf {
	int cpu;
	int raw_fd;		/* trace_pipe_raw, opened O_NONBLOCK; owned by the recorder from start on */
	int sink_fd;		/* file or stream socket; stays the caller's, must stay open until recorder_join() */
	uint32_t page_size;	/* sub-buffer, bytes */
	bool no_splice;
	int sleep_us;		/* pause between looks when nothing can be polled; 0: only poll */
	int fifo_priority;	/* 0: none, else SCHED_FIFO at this priority */
};

/* Start. 0; -errno, described in @err. */
int recorder_start(const struct recorder_conf *conf, struct recorder **ret, struct err *err);

/*
 * Ask the recorder to drain what the buffer holds and end; does not wait. Tracing must be off by then,
 * or it drains until it has caught up once.
 */
void recorder_stop(struct recorder *r);

/* Bytes moved so far. Any thread may ask. */
uint64_t recorder_bytes(const struct recorder *r);

/*
 * Wait for the end (at most until @timeout_ms after recorder_stop() without any progress, then it is abandoned),
 * free the recorder. 0 or the -errno that ended it: -ENOSPC disk full, -EPIPE the reader of the
 * socket has gone, -ETIMEDOUT.
 */
int recorder_join(struct recorder *r, int timeout_ms, uint64_t *ret_bytes);

/* fires (is readable) when a recorder ended by itself with an error */
int recorder_failed_fd(const struct recorder *r);

#endif
