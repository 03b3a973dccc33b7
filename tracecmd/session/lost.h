/*
 * lost.h - events that the kernel had to throw away because a ring buffer was full.
 *
 * Layer 5. Counted by the kernel for each CPU since the buffer was emptied; what had been lost before the
 * recording began is subtracted.
 */
#ifndef SESSION_LOST_H
#define SESSION_LOST_H

#include <stdbool.h>
#include <stdint.h>

#include "session/note.h"
#include "session/plan.h"

/* Of one CPU, events. */
struct lost {
	uint64_t overrun;	/* the oldest ones gave way to new ones */
	uint64_t commit;	/* came while one was being written: nested too deep */
	uint64_t dropped;	/* the new ones had to go (option nooverwrite) */
};

/* What CPU @cpu of the instance in @dir has lost. 0; -errno. */
int lost_read(const char *dir, int cpu, struct lost *ret);

/* Note what has been lost already. */
void lost_begin(struct note_instance *in);

/* What all CPUs of @in have lost since then. */
uint64_t lost_sum(const struct note_instance *in);

/*
 * Print the loss of each CPU of @in, unless @p says to be quiet, and return the sum; in
 * *@ret_kb (may be NULL) the size of the CPUs' ring buffers, KB, 0 if unknown.
 */
uint64_t lost_print(const struct plan *p, const struct note_instance *in, uint64_t *ret_kb);

/* Say how to lose less the next time, when buffers have @kb KB a CPU. */
void lost_advise(const struct plan *p, uint64_t events, uint64_t kb);

#endif
