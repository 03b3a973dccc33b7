/*
 * halves.h - -m: the two files that a CPU's latest data takes turns in, as one.
 *
 * Layer 5. The first time stamp of a file tells which one is older, so that
 * nobody has to remember it: the guardian can join them, too.
 */
#ifndef SESSION_HALVES_H
#define SESSION_HALVES_H

#include "out/out.h"
#include "session/plan.h"

struct halves {
	struct out_source source;	/* must be first */
	int fd[2];			/* older, newer; -1 */
	uint64_t size[2];		/* bytes, whole sub-buffers */
	int next;
	uint64_t at;			/* bytes of it that are handed out */
	uint64_t before;		/* ... that were, one step earlier */
	bool consume;
};

/* KB of -m to bytes that one file takes; 0: not even one sub-buffer. */
uint64_t halves_bytes(int max_kb, uint32_t page_size);

/* Open both files of @cpu. @consume: give back the space of what was copied. */
void halves_open(struct halves *h, const struct plan *p, const char *output, const char *instance,
		 int cpu, uint32_t page_size, bool consume);
void halves_close(struct halves *h);

#endif
