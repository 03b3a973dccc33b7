/*
 * live.h - the events of this machine, printed as they happen, as report prints them.
 *
 * Layer 5. Formats come from a trace file without data of this machine, lines from report/.
 * The caller waits (live_poll_fds()), has us look (live_look()), and in the end, with tracing
 * off, print what is left (live_finish()).
 */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "report/plan.h"

struct live;

struct live_conf {
	int meta_fd;		/* a trace file of this machine without data; taken over */
	int out_fd;		/* where the text goes */
	bool own_out;		/* it is taken over, too */
	/* how it looks; with profile set, profiles are printed in the end; taken over */
	struct report_plan plan;
	const char *tracing;	/* the tracing directory */
	bool labels;		/* there are instances: lines tell theirs */
	int pause_us;		/* between two looks; an event waits for two of them at most */
};

/* 0; -ENOMEM; -errno; described in @err. Takes conf->meta_fd in any case. */
int live_new(const struct live_conf *conf, struct live **ret_live, struct err *err);

/* The next buffer, ""= the top one. At equal times earlier ones come first. 0; -ENOMEM. */
int live_add_buffer(struct live *l, const char *name);

/* A CPU of that buffer: @fd is its trace_pipe_raw, non-blocking, and taken over. 0; -ENOMEM. */
int live_add_cpu(struct live *l, unsigned int cpu, int fd, uint32_t page_size);

#define LIVE_POLL_FDS 2

/* What to wait for: fills in LIVE_POLL_FDS of @fds. */
void live_poll_fds(const struct live *l, struct pollfd *fds);

/*
 * Print what there is to print by now. 1; 0 when the reader has gone; -errno, described. May
 * be called at any time, and does nothing before the pause is over.
 */
int live_look(struct live *l, struct err *err);

/*
 * Print the rest, and profiles. @give_up: asked from time to time while the reader is slow; true ends it.
 * 0, also when the reader has gone; -ECANCELED given up; -errno, described in @err.
 */
int live_finish(struct live *l, bool (*give_up)(void *data), void *data, struct err *err);

/* True if events were lost. */
bool live_has_lost(const struct live *l);

void live_free(struct live *l);

#endif
