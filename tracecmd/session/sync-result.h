/*
 * sync-result.h - what comes of comparing clocks: options for the guest's file.
 *
 * Layer 5. For record -A, and for a proxy, which has the guest's file at the other end.
 */
#ifndef SESSION_SYNC_RESULT_H
#define SESSION_SYNC_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "session/note.h"
#include "session/plan.h"
#include "tsync/samples.h"
#include "tsync/tsync.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"

struct sync_outcome {
	const struct plan_tsync *conf;
	const struct tsync_samples *samples;
	const struct tsync_proto *proto;	/* that gave them */
	const char *guest;			/* its name, for messages */
	const char *host_clock, *guest_clock;
	uint64_t host_id;			/* trace id of the host's file */
	bool same_machine;			/* both clocks go by one oscillator */
	int nr_cpus;				/* of the guest */
};

/*
 * The samples for readers, and how well the clock is known. Without samples, nothing. The caller
 * releases both, which are zeros before. 0; -errno described in @err.
 */
int sync_result(const struct sync_outcome *o, struct timeshift *ret_shift,
		struct opt_tsync *ret_model, struct err *err);

/* Note the threads of vCPUs that the rounds have shown, where nothing else did. */
void sync_take_threads(const struct tsync_samples *samples, struct note_guest *g);

#endif
