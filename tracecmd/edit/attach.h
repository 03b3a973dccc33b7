/*
 * attach.h - the traces of a host and of its guest, recorded each by itself, made to belong together.
 *
 * Layer 5.
 */
#ifndef EDIT_ATTACH_H
#define EDIT_ATTACH_H

#include <stdint.h>

#include "base/err.h"
#include "wire/opt-timeshift.h"

struct attach_plan {
	const char *host, *guest;	/* files */
	uint32_t nr_cpus;		/* of the guest; 0: as its file says */
	const int *pids;		/* threads of the host that ran the guest's CPUs */
	int nr_pids;
	/* for each CPU of the guest; the last one is for all others. host = ((guest * scaling) >> fraction) + offset */
	const struct timeshift_sample *samples;
	int nr_samples;
};

/*
 * Add to the host's file which thread ran which CPU, to the guest's how its clock becomes
 * the host's. Both are as before if anything fails. 0; -errno with a message.
 */
int attach_run(const struct attach_plan *plan, struct err *err);

#endif
